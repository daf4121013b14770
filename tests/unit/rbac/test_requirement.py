"""Whether a required second factor refuses a credential: the policy's roles and instants, and what meets it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.ids import OrganizationId, UserId, WorkspaceId
from ctsec.mfa_policy import MAX_ROLES, MfaPolicy
from ctsec.principal import Credential, CredentialKind
from ctsec.rbac import StepUp, UseMethod, explain
from ctsec.rbac.decision import DecisionReason
from ctsec.rbac.methods import Method, MethodTable
from ctsec.rbac.preset import POLICY
from ctsec.rbac.requirement import lacks_mfa, mfa_due, mfa_enforced
from ctsec.rbac.standing import Assignment, Elevation, MembershipStatus, Standing

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
ORG, SPACE = OrganizationId("org_1"), WorkspaceId("wsp_1")
EVERYBODY = MfaPolicy(starts_at=NOW - TICK, grace_until=NOW)
WEAK = Credential(kind=CredentialKind.SESSION, id="ses_1")


def standing(policy: MfaPolicy | None = EVERYBODY, **fields: Any) -> Standing:
    return Standing(**{"user": UserId("usr_1"), "organization": ORG, "role": "member", "mfa_policy": policy, **fields})


@pytest.mark.proves("SEED-P1")
@pytest.mark.parametrize(
    ("credential", "refused"),
    [
        (WEAK, True),
        (replace(WEAK, aal=2), False),
        (replace(WEAK, aal=2, factors={"otp": NOW - timedelta(days=9)}), False),
        (replace(WEAK, enrolled=True), True),
        (Credential(kind=CredentialKind.API_KEY, id="key_1"), True),
        (Credential(kind=CredentialKind.API_KEY, id="key_1", aal=2), True),
        (Credential(kind=CredentialKind.API_KEY, id="key_1", enrolled=True), False),
        (Credential(kind=CredentialKind.TICKET, id="t", aal=2, enrolled=True), True),
        (Credential(kind=CredentialKind.NONE, id=""), True),
        (Credential(kind=CredentialKind.INTERNAL, id="invitation"), False),
    ],
)
def test_what_meets_the_requirement(credential: Credential, refused: bool) -> None:
    """A session that proved a factor at whatever time, a key whose owner has one, and what was judged before; nothing else."""
    assert lacks_mfa(standing(), credential, now=NOW) is refused
    assert not lacks_mfa(standing(None), credential, now=NOW)


@pytest.mark.proves("SEED-P1")
def test_when_it_is_required() -> None:
    """It is told from the start on and enforced from the end of the grace on; a membership out of force owes nothing."""
    policy = MfaPolicy(starts_at=NOW, grace_until=NOW + TICK)
    assert [mfa_due(standing(policy), now=NOW + n * TICK) for n in (-1, 0, 1)] == [None, NOW + TICK, NOW + TICK]
    assert [mfa_enforced(standing(policy), now=NOW + n * TICK) for n in (-1, 0, 1)] == [False, False, True]
    for away in ({"status": MembershipStatus.SUSPENDED}, {"expires_at": NOW}, {"starts_at": NOW + TICK}):
        assert mfa_due(standing(**away), now=NOW) is None


ROLES = st.sampled_from(["owner", "admin", "member", "viewer", "editor"])
SPAN = st.sampled_from([(None, None), (NOW, None), (NOW + TICK, None), (None, NOW), (None, NOW + TICK)])


PLACED = st.lists(st.tuples(ROLES, SPAN))
RAISED = st.lists(st.tuples(ROLES, st.booleans(), SPAN))


@given(st.none() | st.frozensets(ROLES, min_size=1), st.frozensets(ROLES), ROLES, PLACED, RAISED)
def test_of_whom_it_is_required(
    wanted: frozenset[str] | None, spaces: frozenset[str], own: str, placed: list[Any], raised: list[Any]
) -> None:
    """It is required of everybody, or exactly of who holds one of the named roles at that moment, for a time or not."""
    policy = MfaPolicy(starts_at=NOW, grace_until=NOW, organization_roles=wanted, workspace_roles=frozenset() if wanted is None else spaces)
    person = standing(
        policy,
        role=own,
        workspaces={WorkspaceId(f"wsp_{n}"): Assignment(role, *span) for n, (role, span) in enumerate(placed)},
        elevations=tuple(
            Elevation(
                role=role, workspace=SPACE if here else None, starts_at=span[0] or NOW - TICK, expires_at=span[1] or NOW + timedelta(days=1)
            )
            for role, here, span in raised
        ),
    )

    def counts(span: Any) -> bool:
        return (span[0] is None or span[0] <= NOW) and (span[1] is None or span[1] > NOW)

    organization = {own, *(role for role, here, span in raised if not here and counts(span))}
    workspace = {*(role for role, span in placed if counts(span)), *(role for role, here, span in raised if here and counts(span))}
    expected = wanted is None or bool(wanted & organization) or bool(spaces & workspace)
    assert mfa_enforced(person, now=NOW) is expected


@pytest.mark.parametrize(
    "wrong",
    [
        {"grace_until": NOW - 2 * TICK},
        {"starts_at": NOW.replace(tzinfo=None)},
        {"organization_roles": frozenset[str]()},
        {"workspace_roles": frozenset({"editor"})},
        {"organization_roles": frozenset(f"role{n}" for n in range(MAX_ROLES + 1))},
    ],
)
def test_a_policy_that_fits_nobody_is_refused(wrong: Any) -> None:
    """A grace that ends before the start, a naive time, no roles, roles beside everybody and too many roles are errors."""
    with pytest.raises(ValueError, match="expected"):
        MfaPolicy(**{"starts_at": NOW - TICK, "grace_until": NOW, **wrong})
    there = NOW.astimezone(timezone(timedelta(hours=5)))
    assert MfaPolicy(starts_at=there, grace_until=there).starts_at.tzinfo is UTC


@pytest.mark.parametrize(
    ("table", "fresh"),
    [
        (None, Method.SECOND_FACTOR),
        (MethodTable.keys_unrestricted(POLICY.index), Method.SECOND_FACTOR),
        (MethodTable.of(POLICY.index, {"dashboards:view": [Method.FRESH_SECOND_FACTOR]}), Method.FRESH_SECOND_FACTOR),
    ],
)
def test_the_way_out_is_told(table: MethodTable | None, fresh: Method) -> None:
    """What a session lacks is a second factor, and a fresh one where the table asks for it; what a key lacks is another way in."""
    asked: dict[str, Any] = {"now": NOW, "workspace": SPACE, "workspace_organization": ORG, "table": table}
    found = explain(POLICY, standing(role="owner"), "dashboards:view", credential=WEAK, **asked)
    assert (found.decision.reason, found.missing) == (DecisionReason.MFA_REQUIRED, (StepUp(fresh),))
    key = Credential(kind=CredentialKind.API_KEY, id="key_1")
    found = explain(POLICY, standing(role="owner"), "dashboards:view", credential=key, **asked)
    assert (found.decision.reason, found.missing) == (DecisionReason.MFA_REQUIRED, (UseMethod(fresh),))
    elsewhere = {**asked, "workspace_organization": OrganizationId("org_2")}
    found = explain(POLICY, standing(role="owner"), "dashboards:view", credential=WEAK, **elsewhere)
    assert found.decision.reason is DecisionReason.FOREIGN_ORGANIZATION
