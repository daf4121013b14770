# Generated from src/ctsec/rbac/_async_lists.py by tools/twin.py; edit that file.
"""Lists of the workspaces in which somebody has a permission (async source)."""

from __future__ import annotations

from typing import Final

from ctsec.ambient import Ambient
from ctsec.ids import OrganizationId, UserId
from ctsec.principal import CredentialKind, Principal
from ctsec.rbac._sync_ports import ListRecords, PolicySource, StandingRecords
from ctsec.rbac.entrance import lacks_sso
from ctsec.rbac.listing import Page, Reach, reach
from ctsec.rbac.methods import MethodTable
from ctsec.rbac.requirement import lacks_mfa
from ctsec.rbac.subject import subject

MAX_PAGE: Final = 1000
_NOBODY: Final = UserId("")


class Lists:
    """The workspaces of an organization in which a check of a permission allows; the list is exactly that, on every page."""

    __slots__ = ("_ambient", "_methods", "_policies", "_records", "_standings")

    def __init__(
        self,
        *,
        policies: PolicySource,
        standings: StandingRecords,
        methods: MethodTable | None,
        records: ListRecords,
        ambient: Ambient,
    ) -> None:
        self._policies = policies
        self._standings = standings
        self._methods = methods
        self._records = records
        self._ambient = ambient

    def workspaces(self, principal: Principal, permission: str, *, organization: OrganizationId, after: str = "", limit: int = 100) -> Page:
        """Return a page of 1 to 1000 workspaces in the order of their ids, and the cursor to pass as `after` for the next one.

        A cursor stays good whatever is added or taken away meanwhile: nothing is listed twice, and nothing that was there is left out.
        Raises UnknownPermission for a name outside of the policy, ValueError for a permission of the organization or a limit out of range.
        """
        if not 1 <= limit <= MAX_PAGE:
            raise ValueError(f"expected a page of 1 to {MAX_PAGE}")
        found = self._records.workspaces(self.reach(principal, permission, organization=organization), after=after, limit=limit + 1)
        return Page(found[:limit], found[limit - 1] if len(found) > limit else None)

    def count(self, principal: Principal, permission: str, *, organization: OrganizationId) -> int:
        """Return how many workspaces the list has; raises as `workspaces` does."""
        return self._records.count(self.reach(principal, permission, organization=organization))

    def reach(self, principal: Principal, permission: str, *, organization: OrganizationId) -> Reach:
        """Return what the list looks for, as a value: `ctsec.storage.sql.within_reach` makes a condition on a host's table of it."""
        person, now, scopes = subject(principal, organization=organization), self._ambient.now(), principal.credential.scopes
        refused = self._methods is not None and self._methods.refuse(permission, credential=principal.credential, now=now) is not None
        credential = principal.credential
        if not refused and person is not None and (not credential.multi_factor or credential.kind is CredentialKind.SESSION):
            standing = self._standings.standing(organization, person)
            refused = standing is not None and (lacks_sso(standing, credential, now=now) or lacks_mfa(standing, credential, now=now))
        if refused:
            # A check would refuse it everywhere.
            scopes = frozenset[str]()
        policy = self._policies.of(organization, self._standings.revision(organization))
        return reach(
            policy,
            permission,
            organization=organization,
            user=person if person is not None else _NOBODY,
            now=now,
            scopes=scopes,
            workspaces=principal.credential.workspaces,
        )
