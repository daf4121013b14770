"""How an actor authenticated, in the write rules: only ever taking away, and never the first thing that is said."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.outcome import Reason
from ctsec.principal import Credential, CredentialKind
from ctsec.rbac import Assignment, Method, MethodTable
from ctsec.rbac.bounds import Actor, actor_of
from ctsec.rbac.manner import Manner, manner_of
from ctsec.rbac.preset import POLICY
from ctsec.rbac.writes import may_end_membership, may_end_workspace_role, may_set_organization_role, may_set_workspace_role
from tests.unit.rbac.exhaustive import tables
from tests.unit.rbac.reference import ANN, HERE, NOW, PRESETS, WORKSPACES, member, standings

ROLES = ("viewer", "member", "admin", "owner")
KEY = Credential(kind=CredentialKind.API_KEY, id="key_x")
WEAK = Credential(kind=CredentialKind.SESSION, id="ses_x", factors={"pwd": NOW})
STRONG = Credential(kind=CredentialKind.SESSION, id="ses_x", aal=2, factors={"pwd": NOW, "otp": NOW})
INTERNAL = Credential(kind=CredentialKind.INTERNAL, id="invitation")


def judged(policy: Any, actor: Any, target: Any, role: Any) -> Any:
    """Return the outcomes of every kind of change of `target` by `actor`."""
    place: dict[str, Any] = {"workspace": WORKSPACES[0], "workspace_organization": HERE}
    return (
        may_set_organization_role(policy, actor=actor, before=target, after=member(role, user=target.user), now=NOW),
        may_end_membership(policy, actor=actor, target=target, now=NOW),
        may_set_workspace_role(policy, actor=actor, target=target, grant=Assignment("viewer"), now=NOW, **place),
        may_end_workspace_role(policy, actor=actor, target=target, now=NOW, **place),
    )


def reasons(outcomes: Any) -> Any:
    """Return why each of them was refused, or None."""
    return [each.reason if each is not None else None for each in outcomes]


@given(st.sampled_from(PRESETS), st.data(), standings(ROLES), st.sampled_from(ROLES), st.sampled_from([KEY, WEAK, STRONG]))
def test_a_manner_only_takes_away(policy: Any, data: Any, standing: Any, role: Any, credential: Any) -> None:
    """Law 6: a change that the roles refuse stays refused, and one that they allow becomes at most a step-up or a denial."""
    table = data.draw(tables(policy).filter(lambda made: made is not None))
    target = member(data.draw(st.sampled_from(ROLES)), user=data.draw(st.sampled_from([ANN, "usr_ben"])), one="viewer")
    plain = judged(policy, actor_of(standing, credential, methods=None, now=NOW), target, role)
    held = judged(policy, actor_of(standing, credential, methods=table, now=NOW), target, role)
    for before, after in zip(plain, held, strict=True):
        assert before is None or after is not None
        assert before is not None or after is None or after.reason in {Reason.DENIED, Reason.STEP_UP_REQUIRED}


def test_a_refusal_by_role_is_said_first() -> None:
    """Nobody is told to step up for people whom they do not manage."""
    table = MethodTable.of(POLICY.index, {"members:manage": [Method.SECOND_FACTOR], "workspace_members:manage": [Method.SECOND_FACTOR]})
    target = member("member", user="usr_ben", one="viewer")
    stranger, owner = (actor_of(member(role), WEAK, methods=table, now=NOW) for role in ("member", "owner"))
    assert reasons(judged(POLICY, stranger, target, "viewer")) == [Reason.DENIED] * 4
    assert reasons(judged(POLICY, owner, target, "viewer")) == [Reason.STEP_UP_REQUIRED] * 4
    assert judged(POLICY, actor_of(member("owner"), STRONG, methods=table, now=NOW), target, "viewer") == (None,) * 4


@pytest.mark.parametrize(("credential", "refused"), [(WEAK, None), (STRONG, None), (KEY, Reason.DENIED)])
def test_what_takes_no_permission_is_for_sessions(credential: Any, refused: Any) -> None:
    """Leaving and laying down one's own role takes no permission: a session may, a key only where keys are unrestricted."""
    own = member("member", one="viewer")
    actor = actor_of(own, credential, methods=MethodTable(index=POLICY.index), now=NOW)
    outcomes = judged(POLICY, actor, own, "viewer")
    assert reasons((outcomes[1], outcomes[3])) == [refused, refused]
    free = actor_of(own, credential, methods=MethodTable.keys_unrestricted(POLICY.index), now=NOW)
    assert judged(POLICY, free, own, "viewer") == judged(POLICY, Actor(standing=own), own, "viewer")


def test_what_was_judged_before_and_what_nobody_judges_has_no_manner() -> None:
    """Without a table, and for an act in the name of somebody who asked for it before, nothing is judged."""
    table = MethodTable(index=POLICY.index)
    assert manner_of(None, KEY, now=NOW) is None
    assert manner_of(table, INTERNAL, now=NOW) is None
    assert manner_of(table, KEY, now=NOW) == Manner(table, KEY, NOW)
