"""The permission and authentication-method table: closed by default, only ever taking away."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.errors import AccessDenied, UnknownPermission
from ctsec.principal import Credential, CredentialKind
from ctsec.rbac import DecisionReason, Method, MethodTable
from ctsec.rbac.matrix import MatrixError
from ctsec.rbac.methods import methods_of
from ctsec.rbac.preset import POLICY
from tests.unit.rbac.exhaustive import tables as drawn_tables
from tests.unit.rbac.reference import DAYS, HERE, NOW, PLACES, WORKSPACES, member, policies, standings

TICK = timedelta(microseconds=1)
FRESH = timedelta(minutes=10)
WEAK = Credential(kind=CredentialKind.SESSION, id="ses_x", factors={"pwd": NOW})
OLD = Credential(kind=CredentialKind.SESSION, id="ses_x", aal=2, factors={"pwd": NOW, "otp": NOW - FRESH - TICK})
STRONG = Credential(kind=CredentialKind.SESSION, id="ses_x", aal=2, factors={"pwd": NOW, "otp": NOW - FRESH})
KEY = Credential(kind=CredentialKind.API_KEY, id="key_x")
OTHERS = tuple(Credential(kind=kind, id="", aal=3) for kind in (CredentialKind.INTERNAL, CredentialKind.NONE))
CREDENTIALS = (WEAK, OLD, STRONG, KEY, *OTHERS)
TABLE = """
permission       session  second_factor  fresh_second_factor  api_key
dashboards:view  yes      -              -                    yes
agents:run       -        yes            -                    -
sso:manage       -        -              yes                  -
"""
MADE = MethodTable.from_matrix(POLICY.index, TABLE)
PLACE: Any = {"workspace": WORKSPACES[0], "workspace_organization": HERE}


@pytest.mark.parametrize(
    ("permission", "wanted"),
    [
        ("dashboards:view", [None, None, None, None]),
        ("agents:run", ["step_up_required", None, None, "credential_not_accepted"]),
        ("sso:manage", ["step_up_required", "step_up_required", None, "credential_not_accepted"]),
        ("billing:manage", [None, None, None, "credential_not_accepted"]),
    ],
)
def test_each_row_says_who_may(permission: str, wanted: list[Any]) -> None:
    """A weaker session is told to step up, a stronger one may what a weaker may, and what no row names is for sessions."""
    assert [MADE.refuse(permission, credential=each, now=NOW) for each in (WEAK, OLD, STRONG, KEY)] == wanted
    assert {MADE.refuse(permission, credential=each, now=NOW) for each in OTHERS} == {"credential_not_accepted"}
    access = POLICY.access(member("owner"), now=NOW, **({} if permission in {"sso:manage", "billing:manage"} else PLACE))
    narrowed = [MADE.narrow(access, credential=each, now=NOW).check(permission) for each in (WEAK, OLD, STRONG, KEY)]
    assert [None if each.allowed else each.reason for each in narrowed] == wanted


def test_a_password_is_no_second_factor() -> None:
    """The level counts as well as the proof: neither a fresh password at level 2 nor a code proved in a session of level 1 is fresh."""
    assert methods_of(replace(STRONG, factors={"pwd": NOW}), now=NOW) == {Method.SESSION, Method.SECOND_FACTOR}
    assert methods_of(replace(STRONG, aal=1), now=NOW) == {Method.SESSION}


def test_a_proof_is_fresh_for_its_time_and_not_from_the_future() -> None:
    """A second factor is fresh for exactly ten minutes, or what the table says, and a proof from after a clock went back is none."""
    fresh = {Method.SESSION, Method.SECOND_FACTOR, Method.FRESH_SECOND_FACTOR}
    assert methods_of(STRONG, now=NOW) == fresh
    assert methods_of(OLD, now=NOW) == fresh - {Method.FRESH_SECOND_FACTOR}
    assert methods_of(STRONG, now=NOW - FRESH - TICK) == fresh - {Method.FRESH_SECOND_FACTOR}
    assert methods_of(OLD, now=NOW, fresh=FRESH + TICK) == fresh


@given(policies(), st.data(), standings(), st.sampled_from(DAYS), st.sampled_from(CREDENTIALS))
def test_a_table_only_takes_away(policy: Any, data: Any, standing: Any, now: Any, credential: Any) -> None:
    """Law 6: with a table nothing is allowed that the roles deny, denials keep their reason, and `narrow` answers as `refuse` does."""
    table = data.draw(drawn_tables(policy).filter(lambda made: made is not None))
    for place in PLACES:
        before = policy.access(standing, now=now, **place)
        after = table.narrow(before, credential=credential, now=NOW)
        for permission in policy.permissions:
            refused = table.refuse(permission, credential=credential, now=NOW)
            decision = before.check(permission)
            expected = decision.reason if not decision.allowed or refused is None else refused
            assert after.check(permission).reason == expected
            assert after.can(permission) == (decision.allowed and refused is None)


def test_to_let_keys_use_everything_has_a_name() -> None:
    """`keys_unrestricted` takes nothing from sessions and keys, and still lets nothing else in."""
    table = MethodTable.keys_unrestricted(POLICY.index)
    access = POLICY.access(member("owner"), now=NOW, **PLACE)
    for credential in (WEAK, OLD, STRONG, KEY):
        assert table.narrow(access, credential=credential, now=NOW).mask == access.mask
    for credential in OTHERS:
        assert table.narrow(access, credential=credential, now=NOW).mask == 0


def test_a_permission_of_no_name_raises() -> None:
    """A table over other names than the policy's is a mistake in the host's code, and so is a question about one."""
    with pytest.raises(UnknownPermission):
        MethodTable.of(POLICY.index, {"agents:dance": [Method.SESSION]})
    for ask in (MADE.accepted, lambda name: MADE.refuse(name, credential=KEY, now=NOW)):
        with pytest.raises(UnknownPermission):
            ask("agents:dance")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("permission  session  fax\nagents:run  yes  -", "column fax"),
        ("permission  session\nagents:run  -", "line 2, row agents:run"),
        ("permission  session\nagents:run  maybe", "row agents:run, column session"),
        ("permission  session\nagents:dance  yes", "line 2"),
        ("permission  session\nagents:run  yes\nagents:run  yes", "row agents:run"),
    ],
)
def test_a_mistake_in_the_text_names_its_place(text: str, place: str) -> None:
    """An unknown method, a row of nothing, a word that is no answer, an unknown permission and a second row are errors with their place."""
    with pytest.raises(MatrixError, match=place):
        MethodTable.from_matrix(POLICY.index, text)


def test_impossible_tables_are_refused() -> None:
    """No method at all, an unknown one, a permission twice, and no time to be fresh are mistakes where the table is made."""
    tables: list[Any] = [{"agents:run": []}, {"agents:run": ["fax"]}]
    for table in tables:
        with pytest.raises(ValueError, match="expected"):
            MethodTable.of(POLICY.index, table)
    session = frozenset({Method.SESSION})
    with pytest.raises(ValueError, match="once"):
        MethodTable(index=POLICY.index, rows=(("agents:run", session), ("agents:run", session)))
    with pytest.raises(ValueError, match="positive"):
        MethodTable.of(POLICY.index, {}, fresh=timedelta(0))
    other = type(POLICY.index).of(["agents:run"])
    with pytest.raises(ValueError, match="policy that this table was made for"):
        MethodTable.of(other, {}).narrow(POLICY.access(member("owner"), now=NOW), credential=KEY, now=NOW)


def test_to_require_is_to_check_and_to_raise() -> None:
    """`require` returns for what is allowed, raises AccessDenied with permission, reason and place otherwise, and holds no secret."""
    access = POLICY.access(member("member", one="operator"), now=NOW, **PLACE).placed(HERE, WORKSPACES[0])
    access.require("agents:run")
    with pytest.raises(AccessDenied) as caught:
        access.require("operations:approve")
    error = caught.value
    assert (error.permission, error.reason) == ("operations:approve", DecisionReason.ROLE_LACKS_PERMISSION)
    assert (error.organization, error.workspace) == (HERE, WORKSPACES[0])
    assert str(error) == "operations:approve is refused: role_lacks_permission"
    with pytest.raises(UnknownPermission):
        access.require("agents:dance")
    narrowed = access.attenuate({"dashboards:view"})
    with pytest.raises(AccessDenied, match="outside_key_scope") as keyed:
        narrowed.require("agents:run")
    assert keyed.value.workspace == WORKSPACES[0]


AGES = st.integers(0, 12).map(lambda minutes: timedelta(minutes=minutes))
TIMES = st.dictionaries(
    st.sampled_from(["agents:run", "sso:manage", "billing:manage"]), st.integers(1, 11).map(lambda n: timedelta(minutes=n))
)


@pytest.mark.proves("ASVS-7.5.3")
@given(TIMES, st.integers(1, 11), AGES, st.booleans(), st.booleans())
def test_a_permission_has_a_freshness_of_its_own(times: Any, fresh: int, age: timedelta, keyed: bool, mixed: bool) -> None:
    """A timed permission takes a proof of at most its age, and a key only if its row says so; all others go by the table's age."""
    rows: dict[str, list[Method]] = {"dashboards:view": [Method.FRESH_SECOND_FACTOR]}
    if keyed and "agents:run" in times:
        rows["agents:run"] = [Method.FRESH_SECOND_FACTOR, Method.API_KEY]
    table = MethodTable.of(POLICY.index, rows, fresh=timedelta(minutes=fresh), within=times)
    session = replace(STRONG, factors={"otp": NOW - age})
    places: tuple[Any, ...] = ({}, PLACE)
    for credential in (session, replace(session, aal=1), KEY):
        for permission in (*times, "dashboards:view"):
            limit = times.get(permission, table.fresh)
            refused = table.refuse(permission, credential=credential, now=NOW)
            if credential is KEY:
                assert (refused is None) == (Method.API_KEY in rows.get(permission, ()))
            else:
                assert (refused is None) == (credential.aal == 2 and age <= limit)
                assert refused in {None, DecisionReason.STEP_UP_REQUIRED}
            assert table.max_age(permission) == limit
        for place in places if mixed else places[:1]:
            access = POLICY.access(member("owner"), now=NOW, **place)
            narrowed = table.narrow(access, credential=credential, now=NOW)
            expected = [p for p in access.permissions if table.refuse(p, credential=credential, now=NOW) is None]
            assert list(narrowed.permissions) == expected


def test_a_freshness_that_nobody_could_mean_is_refused() -> None:
    """A time of nothing, a permission of no name and a row that lets a weaker session in contradict it; the open table takes times too."""
    index = POLICY.index
    for wrong in (timedelta(0), timedelta(seconds=-1)):
        with pytest.raises(ValueError, match="positive time"):
            MethodTable.of(index, {}, within={"sso:manage": wrong})
    with pytest.raises(UnknownPermission):
        MethodTable.of(index, {}, within={"nothing:here": FRESH})
    for methods in ([Method.SESSION], [Method.SECOND_FACTOR, Method.FRESH_SECOND_FACTOR], [Method.API_KEY]):
        with pytest.raises(ValueError, match="no weaker session"):
            MethodTable.of(index, {"sso:manage": methods}, within={"sso:manage": FRESH})
    table = MethodTable.from_matrix(index, TABLE, within={"sso:manage": TICK})
    assert [table.max_age(each) for each in ("sso:manage", "agents:run", "dashboards:view", "billing:manage")] == [TICK, None, None, None]
    open_table = MethodTable.keys_unrestricted(index, within={"sso:manage": FRESH})
    assert open_table.refuse("sso:manage", credential=KEY, now=NOW) is DecisionReason.CREDENTIAL_NOT_ACCEPTED
    assert open_table.refuse("billing:manage", credential=KEY, now=NOW) is None
