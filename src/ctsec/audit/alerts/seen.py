"""An event as rules see it, and the places that a host may find for addresses.

Rules that this module keeps:

- an address never gets into what is remembered or shown: its block (IPv4 /24, IPv6 /48) stands as a keyed digest;
- a place is coarse: a country and whole degrees, whatever the host's data say;
- what could not be kept in the home store is not seen: the store of a region may hold anything.
"""

from __future__ import annotations

import hmac
import math
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, ip_network
from typing import Any, Final, Protocol, cast

from ctsec.audit.event import LogId
from ctsec.audit.record import SealedEvent, microseconds
from ctsec.errors import CorruptRecord
from ctsec.ids import EventId, is_id
from ctsec.network import parse_address
from ctsec.principal import PrincipalKind

_RADIUS: Final = 6371
_LONGEST: Final = 256  # bytes of an id, or of what a host calls its things


@dataclass(frozen=True, slots=True)
class Place:
    """A coarse place: a country code, and latitude and longitude in degrees, kept as whole ones. Raises ValueError."""

    country: str
    latitude: float
    longitude: float

    def __post_init__(self) -> None:
        if not 1 <= len(self.country) <= 8 or not -90 <= self.latitude <= 90 or not -180 <= self.longitude <= 180:
            raise ValueError("expected a country code and degrees of latitude and longitude")
        object.__setattr__(self, "latitude", round(self.latitude))
        object.__setattr__(self, "longitude", round(self.longitude))


class Locate(Protocol):
    """Where addresses are, from the host's own data; ctsec asks nobody."""

    def __call__(self, address: str) -> Place | None:
        """Return the coarse place of an address, None where it is not known."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What rules see of an event: ids, numbers and digests. `time` is in microseconds since 1970.

    `person` is whom the event concerns: its subject, else the person who acts. `store` is that of a region, empty for the home store.
    """

    id: EventId
    log: LogId
    index: int
    time: int
    name: str
    outcome: str
    reason: str
    actor: str
    person: str
    credential_kind: str
    credential: str
    target: str
    details: Mapping[str, object]
    network: str = ""
    place: Place | None = None
    store: str = ""


def block_of(address: str) -> str:
    """Return the block that an address is in (IPv4 /24, IPv6 /48), empty for what is no address."""
    found = parse_address(address)
    if found is None:
        return ""
    return str(ip_network((found, 24 if isinstance(found, IPv4Address) else 48), strict=False))


def seen_of(sealed: SealedEvent, *, address: str, salt: bytes, locate: Locate | None = None, store: str = "") -> Seen:
    """Return what rules see of an event of a store that came from `address` (empty: not known); `salt` keys the digest of its block.

    Raises CorruptRecord if the body of the event is not what was written, or a text of it can not be.
    """
    event = sealed.event
    said = event.details()
    who, details = _mapping(_mapping(said.get("actor")).get("credential")), dict(_mapping(said.get("details")))
    for change in cast(list[Any], said.get("changes") or []):
        told = _mapping(change)
        details[f"{told.get('path')}.after"] = told.get("after")
    block = block_of(address)
    credential = str(who.get("id", ""))
    texts = (event.name, event.outcome, event.reason, event.actor_kind, event.actor_id, event.target_id, event.subject_id, credential)
    if not is_id(EventId, event.id) or not all(map(_keepable, texts)):
        raise CorruptRecord("an event says what no log has: an id of another form, or a text that is too long or none")
    return Seen(
        id=event.id,
        log=event.log,
        index=sealed.index,
        time=microseconds(event.time),
        name=event.name,
        outcome=event.outcome,
        reason=event.reason,
        actor=event.actor_id,
        person=event.subject_id or (event.actor_id if event.actor_kind == PrincipalKind.USER.value else ""),
        credential_kind=str(who.get("kind", "")),
        credential=credential,
        target=event.target_id,
        details=details,
        network=_digest(block, salt) if block else "",
        place=locate(address) if locate is not None and block else None,
        store=store,
    )


def distance(one: tuple[int, int], other: tuple[int, int]) -> float:
    """Return the kilometers between two points in whole degrees, along the surface (haversine)."""
    (a, b), (c, d) = ((math.radians(lat), math.radians(lon)) for lat, lon in (one, other))
    half = math.sin((c - a) / 2) ** 2 + math.cos(a) * math.cos(c) * math.sin((d - b) / 2) ** 2
    return 2 * _RADIUS * math.asin(min(1.0, math.sqrt(half)))


def _mapping(value: object) -> Mapping[str, Any]:
    return cast(Mapping[str, Any], value) if isinstance(value, dict) else {}


def _keepable(text: str) -> bool:
    """Say whether every store takes a text: a surrogate or NUL in it is refused by some."""
    try:
        return "\0" not in text and len(text.encode()) <= _LONGEST
    except UnicodeEncodeError:
        return False


def _digest(block: str, salt: bytes) -> str:
    return "net-" + hmac.digest(salt, block.encode(), "sha256")[:10].hex()
