# Generated from src/ctsec/authn/_async_trust.py by tools/twin.py; edit that file.
"""Trust in devices: who may ask for it, whom it lets skip the second step, and what is told of it (async source).

Rules that this module keeps:

- the deployment allows it, the person asks for it beside a second factor, and no organization of theirs requires one, or will: where one
  does, the second step is asked for at each sign-in, whatever was trusted before. A password of eight characters, which is allowed there
  only, is never enough alone (NIST SP 800-63B-4, 3.1.1.2);
- a backup code, which is for the day when the authenticator is lost and is typed where the person happens to be, gives no trust;
- a device that reached its own limit of failures was charged as a stranger, and skips nothing;
- that a device is trusted is a mail, and both that and each step that was skipped are events.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from ctsec.audit._sync_ports import Recorder
from ctsec.audit.event import EventName, Target
from ctsec.authn._sync_devices import Devices
from ctsec.authn._sync_duties import Duties
from ctsec.authn._sync_notices import SignInNotices
from ctsec.authn.device import Device
from ctsec.guard.attempts import Charge
from ctsec.guard.counters import counted
from ctsec.ids import ID_LENGTH, UserId
from ctsec.outcome import Reason, Refusal
from ctsec.principal import Factor, Principal
from ctsec.secret import SecretText
from ctsec.user import User

_ALWAYS: Final = Refusal(Reason.INVALID_INPUT, "every device is asked for the second step here")
_NO_BACKUP: Final = Refusal(Reason.INVALID_INPUT, "a backup code makes no device trusted; use another factor, or ask for no trust")


class Trust:
    """What the sign-in journey asks about trust in a device."""

    __slots__ = ("_audit", "_devices", "_duties", "_notices")

    def __init__(self, *, devices: Devices, duties: Duties, notices: SignInNotices, audit: Recorder) -> None:
        self._devices = devices
        self._duties = duties
        self._notices = notices
        self._audit = audit

    def life(self, user_id: UserId) -> timedelta | None:
        """Return for how long this person may have a device skip the second step, None where every one is asked for it."""
        longest = self._devices.longest_trust
        return None if longest is None or self._duties.due(user_id, factors={}) is not None else longest

    def refusal(self, user_id: UserId, factor: Factor) -> Refusal | None:
        """Return why the wish for trust beside this factor is refused (INVALID_INPUT), or None."""
        if factor is Factor.BACKUP_CODE:
            return _NO_BACKUP
        return _ALWAYS if self.life(user_id) is None else None

    def skips(self, user_id: UserId, charge: Charge) -> Device | None:
        """Return the device of this request, if a right password that was charged so is not asked for the second step on it."""
        device = self._devices.trusted(user_id)
        if device is None or counted(charge.records[0].key)[1] != device.id:
            return None
        return device if self.life(user_id) is not None else None

    def skipped(self, actor: Principal, device: Device) -> None:
        """Note that a sign-in was complete without its second step."""
        self._note(EventName.USER_SECOND_STEP_SKIPPED, actor, device.id)

    def given(self, user: User, *, actor: Principal, token: SecretText) -> None:
        """Note that the device with this token, which it was given just now, is trusted; the person is told."""
        if self._devices.longest_trust is not None:
            self._notices.trusted(user, life=self._devices.longest_trust)
        self._note(EventName.DEVICE_TRUSTED, actor, token.reveal()[:ID_LENGTH])

    def _note(self, name: EventName, actor: Principal, device: str) -> None:
        targets = (Target("device", device),)
        self._audit.note(name, actor=actor, targets=targets, subject=actor.id, organization=actor.organization)
