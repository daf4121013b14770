# Generated from src/ctsec/sso/scim/_async_leaks.py by tools/twin.py; edit that file.
"""Leaked credentials of SCIM: ended, and told to the owners of their organization (async source)."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Protocol

from ctsec.ambient import Ambient
from ctsec.audit._sync_ports import Recorder
from ctsec.audit.event import Detail, EventName, Target
from ctsec.ids import OrganizationId
from ctsec.outcome import Refusal
from ctsec.principal import system
from ctsec.sso.scim._sync_ports import ScimConnectionRecords
from ctsec.sso.scim.token import parse_scim_token


class ScimLeakAlarm(Protocol):
    """Who tells the owners, answered by the directory."""

    def credential_leaked(self, organization: OrganizationId, *, what: str) -> None:
        """Tell every owner, in the transaction that ends the credential."""
        ...


class ScimLeaks:
    """The judge of these credentials."""

    __slots__ = ("_alarm", "_ambient", "_audit", "_records")

    def __init__(self, records: ScimConnectionRecords, *, alarm: ScimLeakAlarm, audit: Recorder, ambient: Ambient) -> None:
        self._records = records
        self._alarm = alarm
        self._audit = audit
        self._ambient = ambient

    def token(self, text: str, *, told: Mapping[str, Detail]) -> bool:
        """End the credential of this text at once, also one in the overlap of a newer one; the newer one goes on."""
        presented, now = parse_scim_token(text), self._ambient.now()
        stored = None if isinstance(presented, Refusal) else self._records.token(presented.token_id)
        if isinstance(presented, Refusal) or stored is None or not hmac.compare_digest(presented.digest, stored.digest):
            return False
        works = now < stored.expires_at and self._records.end_token(stored.scim_id, stored.id, at=now)
        self._audit.note(
            EventName.CREDENTIAL_LEAK_REPORTED,
            actor=system("leak_report"),
            targets=(Target("scim_token", stored.id), Target("scim_connection", stored.scim_id)),
            organization=stored.organization_id,
            details={**told, "was": "valid" if works else "expired", "ended": works},
        )
        scim = self._records.get(stored.scim_id) if works else None
        if scim is not None:
            what = f"a credential of the SCIM connection {scim.name} was found in public and is revoked"
            self._alarm.credential_leaked(stored.organization_id, what=what)
        return True
