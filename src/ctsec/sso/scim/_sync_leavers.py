# Generated from src/ctsec/sso/scim/_async_leavers.py by tools/twin.py; edit that file.
"""Credentials for SCIM that somebody who leaves has seen: they end (async source).

Rules that this module keeps:

- who was shown a credential can push with it, and so end everybody's access: it does not outlive their membership for long;
- it ends at once where a person decided the removal; where one decides nothing (a provider's push, an end date, absence), it ends after
  seven days: else the end of one administrator would silently keep everybody who leaves after them;
- a credential is one event, in the transaction of the departure.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._sync_ports import Recorder
from ctsec.audit.event import Detail, EventName, Target
from ctsec.directory.lifecycle import Cause
from ctsec.ids import OrganizationId, UserId
from ctsec.principal import Principal
from ctsec.sso.scim._sync_ports import ScimConnectionRecords
from ctsec.sso.scim.record import ScimConnection, ScimToken

LEAVERS_OVERLAP: Final = timedelta(days=7)
_UNDECIDED: Final = frozenset({Cause.PROVIDER, Cause.END_DATE, Cause.INACTIVITY})


class LeaversPushing:
    """Ends credentials of SCIM connections that a leaver made."""

    __slots__ = ("_ambient", "_audit", "_records")

    def __init__(self, records: ScimConnectionRecords, *, audit: Recorder, ambient: Ambient) -> None:
        self._records = records
        self._audit = audit
        self._ambient = ambient

    def count_of_maker(self, organization: OrganizationId, user: UserId) -> int:
        """Return how many that work a person has made."""
        return len(self._made(organization, user))

    def end_of_maker(self, organization: OrganizationId, user: UserId, *, actor: Principal, cause: Cause) -> tuple[str, ...]:
        """End them, at once or soon; return the names of their connections."""
        overlap, names = LEAVERS_OVERLAP if cause in _UNDECIDED else timedelta(), list[str]()
        for connection, token in self._made(organization, user):
            if not self._records.end_token(connection.id, token.id, at=self._ambient.now() + overlap):
                continue
            details: Mapping[str, Detail] = {"token": token.id, "overlap_seconds": int(overlap.total_seconds())}
            target = Target("scim_connection", connection.id)
            self._audit.note(
                EventName.SCIM_TOKEN_REVOKED, actor=actor, targets=(target,), subject=user, organization=organization, details=details
            )
            names.append(connection.name)
        return tuple(dict.fromkeys(names))

    def _made(self, organization: OrganizationId, user: UserId) -> list[tuple[ScimConnection, ScimToken]]:
        now = self._ambient.now()
        every = [(each, self._records.tokens(each.id)) for each in self._records.of_organization(organization)]
        return [(each, token) for each, tokens in every for token in tokens if token.created_by == user and now < token.expires_at]
