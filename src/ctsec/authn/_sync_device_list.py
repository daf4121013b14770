# Generated from src/ctsec/authn/_async_device_list.py by tools/twin.py; edit that file.
"""A person's own list of the devices that they have used before: shown, and taken back (async source)."""

from __future__ import annotations

from ctsec.ambient import Ambient
from ctsec.audit._sync_ports import Recorder
from ctsec.audit.event import Detail, EventName, Target
from ctsec.authn._sync_devices import Devices
from ctsec.authn._sync_ports import DeviceRecords
from ctsec.authn.device import KnownDevice
from ctsec.ids import DeviceId, UserId
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import CredentialKind, Principal

_NO_SESSION = Refusal(Reason.NOT_AUTHENTICATED, "sign in first")


class DeviceList:
    """The known devices of a person. Whoever is revoked is a stranger from then on; sessions are ended by `unit.sessions`."""

    __slots__ = ("_ambient", "_audit", "_devices", "_records")

    def __init__(self, records: DeviceRecords, *, devices: Devices, audit: Recorder, ambient: Ambient) -> None:
        self._records = records
        self._devices = devices
        self._audit = audit
        self._ambient = ambient

    def of(self, user_id: UserId) -> tuple[KnownDevice, ...]:
        """Return the devices of a person that have not ended, the one that was used last first; `current` is this request's."""
        now, here = self._ambient.now(), self._devices.recognise(user_id)
        live = [device for device in self._records.of_user(user_id) if now < device.expires_at]
        live.sort(key=lambda device: (device.seen_at, device.id), reverse=True)
        trusted = self._devices.trusted_until
        return tuple(KnownDevice.of(device, current=device.id == here, trusted_until=trusted(device)) for device in live)

    def revoke(self, principal: Principal, device_id: DeviceId) -> Outcome[bool]:
        """Forget one of the person's own devices; False if there is none, or it is another person's."""
        if principal.credential.kind is not CredentialKind.SESSION:
            return _NO_SESSION
        done = self._records.forget(UserId(principal.id), device_id)
        if done:
            self._record(EventName.DEVICE_REVOKED, principal, device_id, {})
        return done

    def revoke_all(self, principal: Principal, *, keep_this: bool = False) -> Outcome[int]:
        """Forget every device of the person, or every other one; return how many."""
        if principal.credential.kind is not CredentialKind.SESSION:
            return _NO_SESSION
        user_id = UserId(principal.id)
        keep = self._devices.recognise(user_id) if keep_this else None
        count = len(set(self._devices.forget(user_id, keep=keep)) - {keep})
        if count:
            self._record(EventName.DEVICE_REVOKED, principal, "all", {"revoked": count})
        return count

    def distrust(self, principal: Principal, device_id: DeviceId) -> Outcome[bool]:
        """Have one of the person's own devices asked for the second step again; False if it was asked anyway. It stays known."""
        if principal.credential.kind is not CredentialKind.SESSION:
            return _NO_SESSION
        done = bool(self._records.distrust(UserId(principal.id), device_id))
        if done:
            self._record(EventName.DEVICE_TRUST_REVOKED, principal, device_id, {})
        return done

    def _record(self, name: EventName, principal: Principal, device: str, details: dict[str, Detail]) -> None:
        self._audit.note(name, actor=principal, targets=(Target("device", device),), subject=principal.id, details=details)
