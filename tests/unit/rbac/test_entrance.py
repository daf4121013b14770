"""Whether an organization that is entered through its provider only refuses a credential: kinds, instants, and what a code opens."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ctsec.ids import OrganizationId, UserId, WorkspaceId
from ctsec.principal import Credential, CredentialKind, Principal, PrincipalKind
from ctsec.rbac import Policy, explain
from ctsec.rbac.decision import DecisionReason
from ctsec.rbac.entrance import SSO_MANAGE, lacks_sso
from ctsec.rbac.explanation import Cause, Rule
from ctsec.rbac.preset import POLICY
from ctsec.rbac.resolution import resolve_access
from ctsec.rbac.standing import MembershipStatus, Standing
from ctsec.web.guarding import standing_refusal

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TICK, HOUR = timedelta(microseconds=1), timedelta(hours=1)
ORG, SPACE = OrganizationId("org_1"), WorkspaceId("wsp_1")
OWN = Credential(kind=CredentialKind.SESSION, id="ses_1", aal=2)
BROKEN = replace(OWN, glass=(ORG, NOW + TICK))


def standing(due: datetime | None = NOW, **fields: Any) -> Standing:
    return Standing(**{"user": UserId("usr_1"), "organization": ORG, "role": "owner", "sso_required_from": due, **fields})


def access(policy: Policy, credential: Credential, *, workspace: WorkspaceId | None = None, home: OrganizationId | None = ORG) -> Any:
    person = Principal(id="usr_1", kind=PrincipalKind.USER, credential=credential, organization=ORG)
    return resolve_access(policy, person, standing(), organization=ORG, workspace=workspace, home=home, now=NOW, methods=None)


@pytest.mark.parametrize(
    ("credential", "refused"),
    [
        (OWN, True),
        (replace(OWN, aal=1), True),
        *((replace(OWN, kind=kind), False) for kind in CredentialKind if kind is not CredentialKind.SESSION),
        (BROKEN, True),
    ],
)
def test_which_credentials_are_refused(credential: Credential, refused: bool) -> None:
    """A session of the account is, however it was proved; a provider's is not, and neither is a key; a code opens no act without a name."""
    assert lacks_sso(standing(), credential, now=NOW) is refused
    assert lacks_sso(standing(None), credential, now=NOW) is False
    assert lacks_sso(standing(NOW + TICK), credential, now=NOW) is False


@pytest.mark.parametrize(
    ("who", "credential", "opened"),
    [
        ({}, BROKEN, True),
        ({}, OWN, False),
        ({}, replace(BROKEN, glass=(ORG, NOW)), False),
        ({}, replace(BROKEN, glass=(OrganizationId("org_2"), NOW + HOUR)), False),
        ({"role": "admin"}, BROKEN, False),
        ({"status": MembershipStatus.SUSPENDED}, BROKEN, False),
        ({"expires_at": NOW}, BROKEN, False),
    ],
)
def test_whom_a_code_opens_the_settings(who: dict[str, Any], credential: Credential, opened: bool) -> None:
    """An owner, whose membership counts, in the session and the organization that it was redeemed for, until its end: one permission."""
    assert lacks_sso(standing(**who), credential, now=NOW, permission=SSO_MANAGE) is not opened
    assert lacks_sso(standing(**who), credential, now=NOW, permission="organization:manage") is True


def test_with_a_code_one_permission_is_left() -> None:
    """In the organization `sso:manage` stays, whatever stands around it; in a workspace nothing does; no route takes that for a way in."""
    for names in (POLICY.permissions, (SSO_MANAGE, "b:b"), ("a:a", SSO_MANAGE)):
        policy = POLICY if names is POLICY.permissions else Policy.from_matrix(names, _matrix(names), organization_scope=names)
        assert access(policy, OWN).permissions == ()
        assert access(policy, BROKEN).permissions == (SSO_MANAGE,)
        refusal = standing_refusal(access(policy, BROKEN), policy=policy)
        assert refusal is not None
        assert refusal.reason.value == "sso_required"
    assert access(POLICY, BROKEN, workspace=SPACE).permissions == ()
    assert access(POLICY, BROKEN, workspace=SPACE).check("dashboards:view").reason is DecisionReason.SSO_REQUIRED
    assert access(POLICY, OWN, workspace=SPACE, home=OrganizationId("org_2")).check("dashboards:view").reason is (
        DecisionReason.FOREIGN_ORGANIZATION
    )


def _matrix(names: tuple[str, ...]) -> str:
    return "permission owner\n" + "\n".join(f"{name} yes" for name in names)


def test_it_is_explained() -> None:
    """The rule is named, and nothing that could be given or proved in this session is said to help."""
    told = explain(POLICY, standing(), "organization:manage", now=NOW, credential=OWN)
    assert (told.decision.reason, told.because, told.missing) == (DecisionReason.SSO_REQUIRED, (Cause(rule=Rule.SSO_REQUIREMENT),), ())
    assert explain(POLICY, standing(), SSO_MANAGE, now=NOW, credential=BROKEN).decision.allowed
    assert explain(POLICY, standing(), "organization:manage", now=NOW, credential=replace(OWN, kind=CredentialKind.SSO_SESSION)).decision
