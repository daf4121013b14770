"""Whether an organization that is entered through its provider only refuses a credential there.

Rules that this module keeps:

- from the date on a session of the account itself is nobody in the organization, whatever was proved in it; before it, everything is as it
  was, and the date is told;
- a session through a provider is let in here: whose organization it is, and whether its connection still carries it, was judged before;
- an API key is no sign-in by password and goes on; what is done later in somebody's name was judged when it was asked for;
- a break-glass code opens one permission, `sso:manage`, of one organization, to one session of a person who is an owner there now, on
  [redeemed, an hour later).
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from ctsec.outcome import Reason, Refusal
from ctsec.principal import Credential, CredentialKind
from ctsec.rbac.role import OWNER
from ctsec.rbac.standing import Standing

SSO_MANAGE: Final = "sso:manage"
SSO_REQUIRED: Final = Refusal(
    Reason.SSO_REQUIRED,
    "this organization is entered through its provider: sign in there; an owner who can not has break-glass codes for its settings",
)


def sso_enforced(standing: Standing, *, now: datetime) -> bool:
    """Say whether the organization is entered through its provider only."""
    return standing.sso_required_from is not None and standing.sso_required_from <= now


def glass_broken(standing: Standing, credential: Credential, *, now: datetime) -> bool:
    """Say whether a break-glass code that counts now was redeemed in this session by an owner of the organization."""
    if credential.glass is None or credential.kind is not CredentialKind.SESSION:
        return False
    organization, until = credential.glass
    return organization == standing.organization and now < until and standing.role == OWNER and standing.in_force(now)


def lacks_sso(standing: Standing, credential: Credential, *, now: datetime, permission: str | None = None) -> bool:
    """Say whether the organization refuses this credential of the person an act that takes `permission` (None: none by name)."""
    if standing.sso_required_from is None or credential.kind is not CredentialKind.SESSION or not sso_enforced(standing, now=now):
        return False
    return permission != SSO_MANAGE or not glass_broken(standing, credential, now=now)
