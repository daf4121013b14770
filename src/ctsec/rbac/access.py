"""Access: what one principal may do in one place, resolved once per request and then asked as often as needed.

Rules that this module keeps:

- it is a picture of one instant: it is kept for a request and never longer;
- it can be narrowed, never widened;
- `require` is for the host's own code inside a request: it raises, and the host adapters answer 403 (or 404, as a guard would).
"""

from __future__ import annotations

from collections.abc import Iterable

from ctsec.errors import AccessDenied
from ctsec.ids import OrganizationId, WorkspaceId
from ctsec.rbac.decision import Decision, DecisionReason, DecisionTable, alone, narrowed
from ctsec.rbac.permission import PermissionIndex, unknown


class Access:
    """The resolved rights in the organization or in one workspace; made by `Policy.access`."""

    __slots__ = ("_answers", "_index", "_place", "_table")

    def __init__(
        self, table: DecisionTable, *, index: PermissionIndex, place: tuple[OrganizationId, WorkspaceId | None] | None = None
    ) -> None:
        self._table = table
        self._answers = table.answers
        self._index = index
        self._place = place

    def can(self, permission: str) -> bool:
        """Say whether `permission` is allowed; raise UnknownPermission for a name outside of the policy."""
        try:
            return self._answers[permission]
        except KeyError:
            raise unknown(permission) from None

    def check(self, permission: str) -> Decision:
        """Return the decision and its reason; raise UnknownPermission for a name outside of the policy."""
        try:
            return self._table.decisions[permission]
        except KeyError:
            raise unknown(permission) from None

    def require(self, permission: str) -> None:
        """Return if `permission` is allowed; raise AccessDenied otherwise, UnknownPermission for a name outside of the policy."""
        decision = self.check(permission)
        if not decision.allowed:
            organization, workspace = self._place or (None, None)
            raise AccessDenied(
                f"{permission} is refused: {decision.reason}",
                permission=str(permission),
                reason=decision.reason,
                organization=organization,
                workspace=workspace,
            )

    @property
    def index(self) -> PermissionIndex:
        """Return the index over which `mask` is meant."""
        return self._index

    @property
    def mask(self) -> int:
        """Return the allowed permissions as a mask over the policy's index."""
        return self._table.mask

    @property
    def permissions(self) -> tuple[str, ...]:
        """Return the allowed permissions, in the order of the host's enum."""
        return self._index.names_of(self._table.mask)

    def attenuate(self, scopes: Iterable[str]) -> Access:
        """Return this access narrowed to `scopes`; a name that the policy does not hold narrows like any other and grants nothing."""
        return Access(narrowed(self._table, index=self._index, mask=self._index.known(scopes)), index=self._index, place=self._place)

    def narrow(self, mask: int, *, reason: DecisionReason) -> Access:
        """Return this access without what is outside of `mask`, which is denied for `reason`; what was denied already keeps its own."""
        return Access(narrowed(self._table, index=self._index, mask=mask, reason=reason), index=self._index, place=self._place)

    def alone(self, permission: str, *, reason: DecisionReason) -> Access:
        """Return this access with one permission left; every other one answers `reason`, whatever it answered before."""
        return Access(alone(self._table, index=self._index, permission=permission, reason=reason), index=self._index, place=self._place)

    def placed(self, organization: OrganizationId, workspace: WorkspaceId | None) -> Access:
        """Return this access with the place that it is about, for the error that `require` raises."""
        return Access(self._table, index=self._index, place=(organization, workspace))

    def __repr__(self) -> str:
        return f"Access({', '.join(self.permissions)})"
