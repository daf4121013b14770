"""A device that a person has used before, and the text that it holds.

Rules that this module keeps:

- the text is the device's id, a dot and 43 characters for 256 random bits; only a digest of the secret is stored, and it is compared in
  constant time;
- it is given after a complete sign-in and is bound to one account; it proves nothing about the person and takes the place of no factor: all
  that it changes is which counter its failures go to, and whether a second step is asked for where its person said so;
- that is trust: given with a second factor and never without, to a new text, for 30 days at most and as long as the deployment allows
  now; a sign-in by it has the assurance of the password alone;
- it ends 180 days after its last sign-in, with a new password that was set by a mailed link, and when it reached its own limit of failures;
- a person has at most 20; the one that was used longest ago makes room.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ctsec.authn.device_name import device_name
from ctsec.guard.proof import TOKEN_LENGTH, mint_token, token_digest
from ctsec.ids import ID_LENGTH, DeviceId, Random, UserId, is_id
from ctsec.outcome import Refusal
from ctsec.secret import SecretText

DEVICE_TOKEN_LENGTH: Final = ID_LENGTH + 1 + TOKEN_LENGTH
DEVICE_LIFE: Final = timedelta(days=180)
MOST_DEVICES: Final = 20
LONGEST_TRUST: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A known device; `user_agent` is what it said of itself when it was first seen.

    Until `trusted_until` it is asked for no second step; that begins when the device is first seen, so that its text is new then.
    """

    id: DeviceId
    user_id: UserId
    secret_digest: bytes
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    user_agent: str = ""
    trusted_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownDevice:
    """A device as its person sees it, without its secret; `current` says that the request came from it.

    `name` is made from the user agent, which is what the device says of itself.
    """

    id: DeviceId
    name: str
    user_agent: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    trusted_until: datetime | None
    current: bool

    @classmethod
    def of(cls, device: Device, *, current: bool, trusted_until: datetime | None) -> KnownDevice:
        """Return what a person sees of a device."""
        return cls(
            id=device.id,
            name=device_name(device.user_agent),
            user_agent=device.user_agent,
            created_at=device.created_at,
            seen_at=device.seen_at,
            expires_at=device.expires_at,
            trusted_until=trusted_until,
            current=current,
        )


@dataclass(frozen=True, slots=True)
class PresentedDevice:
    """A well-formed device token: the id to look up and the digest of its secret."""

    device_id: DeviceId
    digest: bytes


def mint_device_token(device_id: DeviceId, *, random: Random) -> tuple[SecretText, bytes]:
    """Return the token of a new device, and the digest that is stored."""
    secret, digest = mint_token(random=random)
    return SecretText(f"{device_id}.{secret.reveal()}"), digest


def parse_device_token(text: str) -> PresentedDevice | None:
    """Return the parts of a device token, or None for anything of another form."""
    if len(text) != DEVICE_TOKEN_LENGTH or text[ID_LENGTH] != "." or not is_id(DeviceId, text[:ID_LENGTH]):
        return None
    digest = token_digest(text[ID_LENGTH + 1 :])
    return None if isinstance(digest, Refusal) else PresentedDevice(DeviceId(text[:ID_LENGTH]), digest)


def proves(presented: PresentedDevice, *, device: Device | None, now: datetime) -> bool:
    """Say whether what was presented is the secret of the stored device, which has not ended."""
    stored = device.secret_digest if device is not None else hashlib.sha256(b"").digest()
    return hmac.compare_digest(presented.digest, stored) and device is not None and now < device.expires_at


def trusted_until(device: Device, *, longest: timedelta | None, now: datetime) -> datetime | None:
    """Return until when a device is asked for no second step, None if it is asked; `longest` is what the deployment allows now."""
    if device.trusted_until is None or longest is None:
        return None
    ends = min(device.trusted_until, device.created_at + longest)
    return ends if now < ends else None


def to_make_room(devices: tuple[Device, ...]) -> tuple[DeviceId, ...]:
    """Return the devices to forget before another one is added: those that were used longest ago."""
    by_use = sorted(devices, key=lambda device: (device.seen_at, device.id))
    return tuple(device.id for device in by_use[: max(0, len(devices) - MOST_DEVICES + 1)])
