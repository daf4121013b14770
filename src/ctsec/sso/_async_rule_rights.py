"""Whether somebody may write the roles that a connection gives (async source).

Rules that this module keeps:

- whoever writes a connection answers for all of it: every role that it gives is one that they may give at that moment;
- a role in a workspace is judged beside the role in the organization that the same group gets;
- what was judged when it was written counts as long as it stands, as an organization's decision: not as long as its writer stays.
"""

from __future__ import annotations

from typing import Final

from ctsec.ids import OrganizationId, WorkspaceId
from ctsec.outcome import Reason, Refusal
from ctsec.principal import Principal
from ctsec.sso._async_ports import AsyncSsoRights
from ctsec.sso.rules import UNGIVEN
from ctsec.sso.settings import ConnectionWish

_TOO_HIGH: Final = Refusal(Reason.INVALID_INPUT, "a provider makes nobody an owner or an admin; choose a lower role")
_NO_WORKSPACE: Final = Refusal(Reason.INVALID_INPUT, "a rule names a workspace that is not the organization's")


async def may_give(rights: AsyncSsoRights, actor: Principal, *, organization: OrganizationId, wish: ConnectionWish) -> Refusal | None:
    """Return why `actor` may not have a connection give its default role and the roles of its rules, or None."""
    if wish.default_role in UNGIVEN:
        return _TOO_HIGH
    rules = wish.provisioning.rules
    of_groups: dict[str, str] = {}
    for rule in rules:
        if rule.workspace is None:
            of_groups.setdefault(rule.group, rule.role)
    judged: dict[tuple[str, WorkspaceId | None, str | None], None] = {(wish.default_role, None, None): None}
    for rule in rules:
        place = (rule.role, None, None) if rule.workspace is None else (
            of_groups.get(rule.group, wish.default_role), rule.workspace, rule.role
        )  # fmt: skip
        judged[place] = None
    for role, workspace, workspace_role in judged:
        refusal = await rights.may_admit(actor, organization=organization, role=role, workspace=workspace, workspace_role=workspace_role)
        if refusal is not None:
            return _NO_WORKSPACE if workspace is not None and refusal.reason is Reason.NOT_FOUND else refusal
    return None
