"""The table of permissions and ways of authenticating: closed by default, only taking away, the same through every path."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.errors import UnknownPermission
from ctsec.principal import FRESH, Credential, CredentialKind, anonymous, system
from ctsec.rbac import DecisionReason, MatrixError, Method, MethodTable, Question
from ctsec.rbac.methods import IMPLIED, methods_of
from ctsec.rbac.permission import PermissionIndex
from ctsec.rbac.preset import POLICY, Permission
from ctsec.rbac.question import decide
from tests.unit.rbac.exhaustive import PLACES, tables
from tests.unit.rbac.reference import HERE, NOW, PRESETS, WORKSPACES, member, policies, standings

TICK = timedelta(microseconds=1)
RUN = Permission.AGENTS_RUN
ONE: dict[str, Any] = {"workspace": WORKSPACES[0], "workspace_organization": HERE}
WEAK = Credential(kind=CredentialKind.SESSION, id="ses_x", factors={"pwd": NOW})
STALE = Credential(kind=CredentialKind.SESSION, id="ses_x", aal=2, factors={"pwd": NOW, "otp": NOW - FRESH - TICK})
STRONG = replace(STALE, factors={"pwd": NOW, "otp": NOW})
KEY = Credential(kind=CredentialKind.API_KEY, id="key_x")
CREDENTIALS = (WEAK, STALE, STRONG, KEY, anonymous().credential, system("worker").credential)
any_policy = st.one_of(st.sampled_from(PRESETS), policies())
TEXT = """
    permission          session  second_factor  fresh_second_factor  api_key
    dashboards:view     yes      -              -                    yes
    members:manage      -        yes            -                    -
    connections:manage  -        -              yes                  -
    agents:run          -        -              -                    yes
"""
CLOSED, STEP = "credential_not_accepted", "step_up_required"


@pytest.mark.parametrize(
    ("permission", "expected"),
    [
        ("dashboards:view", (None, None, None, None)),
        ("members:manage", (STEP, None, None, CLOSED)),
        ("connections:manage", (STEP, STEP, None, CLOSED)),
        ("agents:run", (CLOSED, CLOSED, CLOSED, None)),
        ("operations:approve", (None, None, None, CLOSED)),
    ],
)
def test_each_cell_means_what_it_says(permission: Any, expected: Any) -> None:
    """Weak, strong and fresh sessions and keys get what their columns say; a permission that is not named is for sessions."""
    table = MethodTable.from_matrix(POLICY.index, TEXT)
    assert tuple(table.refuse(permission, credential=each, now=NOW) for each in (WEAK, STALE, STRONG, KEY)) == expected
    place = {} if permission == "members:manage" else ONE
    access = POLICY.access(member("owner"), now=NOW, **place)
    narrowed = [table.narrow(access, credential=each, now=NOW).check(permission) for each in (WEAK, STALE, STRONG, KEY)]
    assert tuple(None if each.allowed else each.reason for each in narrowed) == expected


@given(data=st.data(), policy=any_policy)
def test_what_is_not_named_is_closed_to_keys(data: Any, policy: Any) -> None:
    """Closed by default: every permission without a row refuses each credential that is no session, in an empty table all of them do."""
    table = data.draw(tables(policy)) or MethodTable(index=policy.index)
    named = {permission for permission, _ in table.rows}
    for permission in policy.permissions:
        for credential in CREDENTIALS:
            refused = table.refuse(permission, credential=credential, now=NOW)
            if permission not in named:
                assert (refused is None) == (credential.kind is CredentialKind.SESSION)
            if credential.kind in {CredentialKind.NONE, CredentialKind.INTERNAL}:
                assert refused == CLOSED


@given(data=st.data(), policy=any_policy, credential=st.sampled_from(CREDENTIALS), place=st.sampled_from(PLACES))
def test_a_table_only_takes_away_and_says_the_same_everywhere(data: Any, policy: Any, credential: Any, place: Any) -> None:
    """Narrowed access, a question decided and `refuse` agree on every permission; a denial of the roles stays the denial it was."""
    table = data.draw(tables(policy)) or MethodTable(index=policy.index)
    standing = data.draw(standings())
    scopes = data.draw(st.none() | st.frozensets(st.sampled_from(policy.permissions)))
    before = policy.access(standing, now=NOW, scopes=scopes, **place)
    after = table.narrow(before, credential=credential, now=NOW)
    for permission in policy.permissions:
        expected = before.check(permission)
        if expected.allowed and (refused := table.refuse(permission, credential=credential, now=NOW)) is not None:
            assert after.check(permission).reason is refused
        else:
            assert after.check(permission) is expected
        asked = Question(
            standing=standing, permission=permission, scopes=scopes, methods=methods_of(credential, now=NOW, fresh=table.fresh), **place
        )
        assert decide(policy, asked, now=NOW, table=table) is after.check(permission)


@given(data=st.data(), policy=any_policy)
def test_a_stronger_session_may_what_a_weaker_one_may(data: Any, policy: Any) -> None:
    """Stepping up takes nothing away, and whoever is told to step up gets there by a fresh second factor."""
    table = data.draw(tables(policy)) or MethodTable(index=policy.index)
    for permission in policy.permissions:
        weak, stale, strong = (table.refuse(permission, credential=each, now=NOW) for each in (WEAK, STALE, STRONG))
        assert weak is not None or stale is None
        assert stale is not None or strong is None
        assert strong in {None, DecisionReason.CREDENTIAL_NOT_ACCEPTED}
        assert (DecisionReason.STEP_UP_REQUIRED in {weak, stale}) <= (strong is None)


@given(policy=any_policy, standing=standings(), place=st.sampled_from(PLACES), credential=st.sampled_from(CREDENTIALS[:4]))
def test_keys_unrestricted_takes_nothing_away(policy: Any, standing: Any, place: Any, credential: Any) -> None:
    """The table with that name leaves to sessions and keys exactly what they have without any table."""
    access = policy.access(standing, now=NOW, **place)
    narrowed = MethodTable.keys_unrestricted(policy.index).narrow(access, credential=credential, now=NOW)
    assert all(narrowed.check(each) is access.check(each) for each in policy.permissions)


@pytest.mark.parametrize(("age", "fresh"), [(timedelta(0), True), (FRESH, True), (FRESH + TICK, False), (-TICK, False), (-FRESH, False)])
def test_a_factor_is_fresh_as_long_as_the_clock_says_so(age: Any, fresh: Any) -> None:
    """A second factor is fresh up to `fresh` after its proof; after a clock jumped back, before the proof, it is not."""
    table = MethodTable.of(POLICY.index, {RUN: [Method.FRESH_SECOND_FACTOR]})
    assert (table.refuse(RUN, credential=STRONG, now=NOW + age) is None) == fresh
    longer = MethodTable.of(POLICY.index, {RUN: [Method.FRESH_SECOND_FACTOR]}, fresh=FRESH + timedelta(hours=1))
    assert (longer.refuse(RUN, credential=STRONG, now=NOW + age) is None) == (age >= timedelta(0))


def test_a_password_is_no_second_factor() -> None:
    """The level counts as well as the proof: neither a fresh password at level 2 nor a code proved in a session of level 1 is fresh."""
    assert methods_of(replace(STRONG, factors={"pwd": NOW}), now=NOW) == IMPLIED[Method.SECOND_FACTOR]
    assert methods_of(replace(STRONG, aal=1), now=NOW) == IMPLIED[Method.SESSION]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("permission session\nagents:dance yes", "agents:dance"),
        ("permission telepathy\nagents:run yes", "expected one of session"),
        ("permission session api_key\nagents:run - -", "at least one method"),
        ("permission session\nagents:run maybe", "maybe"),
        ("permission session\nagents:run yes\nagents:run yes", "agents:run"),
        ("", "expected"),
    ],
)
def test_a_mistake_in_the_text_names_its_place(text: Any, problem: Any) -> None:
    """A permission, a method or a cell that means nothing is an error that quotes it, and so is a row that nobody could use."""
    with pytest.raises(MatrixError, match=problem):
        MethodTable.from_matrix(POLICY.index, text)


def test_what_can_not_be_meant_is_refused() -> None:
    """Unknown names, no methods, repeated rows and no time of freshness are errors when the table is built."""
    index = POLICY.index
    with pytest.raises(UnknownPermission):
        MethodTable.of(index, {"agents:dance": [Method.SESSION]})
    with pytest.raises(ValueError, match="methods of 'agents:run' to be among"):
        MethodTable.of(index, {RUN: ["telepathy"]})  # type: ignore[list-item]
    with pytest.raises(ValueError, match="at least one method"):
        MethodTable.of(index, {RUN: []})
    with pytest.raises(ValueError, match="each permission once"):
        MethodTable(index=index, rows=((RUN, frozenset({Method.SESSION})), (RUN, frozenset({Method.API_KEY}))))
    with pytest.raises(ValueError, match="positive"):
        MethodTable(index=index, fresh=timedelta(0))
    access = POLICY.access(member("owner"), now=NOW)
    with pytest.raises(ValueError, match="of the policy"):
        MethodTable(index=PermissionIndex(("agents:run",))).narrow(access, credential=KEY, now=NOW)
    for ask in (MethodTable(index=index).accepted, lambda name: MethodTable(index=index).refuse(name, credential=KEY, now=NOW)):
        with pytest.raises(UnknownPermission):
            ask("agents:dance")


def test_an_access_is_narrowed_for_the_reason_of_a_denial_only() -> None:
    """A reason that allows can not be given to what is taken away."""
    with pytest.raises(ValueError, match="reason of a denial"):
        POLICY.access(member("owner"), now=NOW).narrow(0, reason=DecisionReason.ALLOWED_BY_ORGANIZATION_ROLE)
