# Generated from src/ctsec/sso/_async_rule_rights.py by tools/twin.py; edit that file.
"""Whether somebody may write the roles that a connection gives (async source).

Rules that this module keeps:

- whoever writes a connection answers for all of it: every role that it gives is one that they may give at that moment;
- a role in a workspace is judged beside the roles in the organization that the connection gives: one must let it through;
- what was judged when it was written counts as long as it stands, as an organization's decision: not as long as its writer stays.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Protocol

from ctsec.ids import OrganizationId, WorkspaceId
from ctsec.outcome import Reason, Refusal
from ctsec.principal import Principal
from ctsec.rbac.entrance import SSO_MANAGE
from ctsec.sso._sync_ports import SsoRights
from ctsec.sso.provisioning import ProvisioningSettings
from ctsec.sso.rules import UNGIVEN

_TOO_HIGH: Final = Refusal(Reason.INVALID_INPUT, "a provider makes nobody an owner or an admin; choose a lower role")
_NO_WORKSPACE: Final = Refusal(Reason.INVALID_INPUT, "a rule names a workspace that is not the organization's")


class Giving(Protocol):
    """What a connection, of whatever kind, is to give."""

    @property
    def default_role(self) -> str:
        """The role of whoever no rule speaks of."""
        ...

    @property
    def provisioning(self) -> ProvisioningSettings:
        """The rules."""
        ...


def may_give(rights: SsoRights, actor: Principal, *, organization: OrganizationId, wish: Giving) -> Refusal | None:
    """Return why `actor` may not have a connection give its default role and the roles of its rules, or None."""
    if wish.default_role in UNGIVEN:
        return _TOO_HIGH
    rules = wish.provisioning.rules
    # In the order of the rules, each once.
    inside = tuple(dict.fromkeys((wish.default_role, *(rule.role for rule in rules if rule.workspace is None))))
    for role in inside:
        refusal = rights.may_admit(actor, organization=organization, role=role, workspace=None, workspace_role=None, permission=SSO_MANAGE)
        if refusal is not None:
            return refusal
    for workspace, role in dict.fromkeys((rule.workspace, rule.role) for rule in rules if rule.workspace is not None):
        refusal = _may_give_there(rights, actor, organization=organization, beside=inside, workspace=workspace, role=role)
        if refusal is not None:
            return refusal
    return None


def _may_give_there(
    rights: SsoRights, actor: Principal, *, organization: OrganizationId, beside: Iterable[str], workspace: WorkspaceId, role: str
) -> Refusal | None:
    """Judge a role in a workspace beside each of some organization roles; one whose ceiling lets it through is enough."""
    refusal: Refusal | None = None
    for each in beside:
        refusal = rights.may_admit(
            actor, organization=organization, role=each, workspace=workspace, workspace_role=role, permission=SSO_MANAGE
        )
        if refusal is None or refusal.reason is not Reason.CEILING_EXCEEDED:
            break
    return _NO_WORKSPACE if refusal is not None and refusal.reason is Reason.NOT_FOUND else refusal
