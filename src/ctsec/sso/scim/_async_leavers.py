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
from ctsec.audit._async_ports import AsyncRecorder
from ctsec.audit.event import Detail, EventName, Target
from ctsec.directory.lifecycle import Cause
from ctsec.ids import OrganizationId, UserId
from ctsec.principal import Principal
from ctsec.sso.scim._async_ports import AsyncScimConnectionRecords
from ctsec.sso.scim.record import ScimConnection, ScimToken

LEAVERS_OVERLAP: Final = timedelta(days=7)
_UNDECIDED: Final = frozenset({Cause.PROVIDER, Cause.END_DATE, Cause.INACTIVITY})


class AsyncLeaversPushing:
    """Ends credentials of SCIM connections that a leaver made."""

    __slots__ = ("_ambient", "_audit", "_records")

    def __init__(self, records: AsyncScimConnectionRecords, *, audit: AsyncRecorder, ambient: Ambient) -> None:
        self._records = records
        self._audit = audit
        self._ambient = ambient

    async def count_of_maker(self, organization: OrganizationId, user: UserId) -> int:
        """Return how many that work a person has made."""
        return len(await self._made(organization, user))

    async def end_of_maker(self, organization: OrganizationId, user: UserId, *, actor: Principal, cause: Cause) -> tuple[str, ...]:
        """End them, at once or soon; return the names of their connections."""
        overlap, names = LEAVERS_OVERLAP if cause in _UNDECIDED else timedelta(), list[str]()
        for connection, token in await self._made(organization, user):
            if not await self._records.end_token(connection.id, token.id, at=self._ambient.now() + overlap):
                continue
            details: Mapping[str, Detail] = {"token": token.id, "overlap_seconds": int(overlap.total_seconds())}
            target = Target("scim_connection", connection.id)
            await self._audit.note(
                EventName.SCIM_TOKEN_REVOKED, actor=actor, targets=(target,), subject=user, organization=organization, details=details
            )
            names.append(connection.name)
        return tuple(dict.fromkeys(names))

    async def _made(self, organization: OrganizationId, user: UserId) -> list[tuple[ScimConnection, ScimToken]]:
        now = self._ambient.now()
        every = [(each, await self._records.tokens(each.id)) for each in await self._records.of_organization(organization)]
        return [(each, token) for each, tokens in every for token in tokens if token.created_by == user and now < token.expires_at]
