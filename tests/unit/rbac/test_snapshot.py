"""The snapshot of role assignments: its answers are the policy's, its ids are exact, its size is bounded."""

from __future__ import annotations

import gc
import tracemalloc
from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.errors import UnknownPermission
from ctsec.ids import OrganizationId, UserId, WorkspaceId
from ctsec.rbac import Assignment, DecisionReason, MembershipStatus, OrganizationRole, PermissionIndex, Policy, Standing, WorkspaceRole
from ctsec.rbac import loaded as loaded_module
from ctsec.rbac.loaded import Loaded
from ctsec.rbac.roster import Ids, encoded
from ctsec.rbac.snapshot import Snapshot
from tests.unit.rbac.reference import ANN, DAYS, HERE, NOW, THERE, WORKSPACES, member, policies, standings

BOB = UserId("usr_bob")
NOWHERE = WorkspaceId("wsp_nowhere")
PLACES = (None, *WORKSPACES, NOWHERE)
POLICY = Policy.preset()
RUN = "agents:run"


def expected(policy: Policy, standing: Standing | None, permission: str, place: Any, now: Any, home: Any = HERE) -> Any:
    """Return the policy's own answer."""
    belongs = home if place in WORKSPACES else None
    return policy.check(standing, permission, now=now, workspace=place, workspace_organization=belongs)


def loaded(*people: Standing, policy: Policy = POLICY, **options: Any) -> Snapshot:
    """Return a snapshot with one organization."""
    snapshot = Snapshot(policy, **options)
    snapshot.load(HERE, WORKSPACES, people)
    return snapshot


def filled(way: str, policy: Policy, people: list[Standing], warm_bytes: int) -> Snapshot:
    """Return a snapshot that came to know people in one of several ways."""
    snapshot = loaded(
        *(people if way == "load" else [replace(each, role="viewer") for each in people[:1]]), policy=policy, warm_bytes=warm_bytes
    )
    if way == "put, asked about":
        for each in (*people, Standing(user=BOB, organization=HERE, role="owner")):
            snapshot.check(each.user, HERE, policy.permissions[0], now=NOW)
    for each in people if way != "load" else ():
        snapshot.put(each)
    return snapshot


@pytest.mark.proves("CVE-2026-48794", "CVE-2026-33729")
@given(
    policies(),
    st.lists(standings(), max_size=1),
    st.lists(standings(user=BOB), max_size=1),
    st.sampled_from(["load", "put", "put, asked about"]),
    st.sampled_from([0, 1 << 20]),
)
def test_an_answer_is_that_of_the_policy(policy: Any, ann: Any, bob: Any, way: Any, warm_bytes: Any) -> None:
    """For everybody, in every place, at every instant and asked in every way, the decision is the policy's own for the same standing."""
    people = [*ann, *bob]
    snapshot = filled(way, policy, people, warm_bytes)
    known = {each.user: each for each in people}
    for _ in range(2):
        for user in (ANN, BOB, UserId("usr_eve")):
            standing = known.get(user)
            for now in DAYS:
                questions = [(user, HERE, place, name) for place in PLACES for name in policy.permissions]
                answers = [expected(policy, standing, name, place, now) for _, _, place, name in questions]
                assert [snapshot.check(user, HERE, name, workspace=place, now=now) for _, _, place, name in questions] == answers
                assert snapshot.check_many(questions, now=now) == answers
                for name in policy.permissions:
                    allowed = [w for w in WORKSPACES if expected(policy, standing, name, w, now).allowed]
                    assert snapshot.workspaces_with(user, HERE, name, now=now) == tuple(sorted(allowed))


@given(
    policies(),
    standings(),
    st.sampled_from(PLACES),
    st.one_of(st.none(), st.frozensets(st.sampled_from(["thing0:act", "thing1:act", "gone:act"]))),
    st.one_of(st.none(), st.frozensets(st.sampled_from(WORKSPACES))),
)
def test_access_is_that_of_the_policy(policy: Any, standing: Any, place: Any, scopes: Any, workspaces: Any) -> None:
    """`access` gives what `Policy.access` gives for the same standing, narrowed to the same scopes and workspaces."""
    snapshot = loaded(standing, policy=policy)
    home = HERE if place in WORKSPACES else None
    for who in (standing, None):
        found = snapshot.access(who.user if who else BOB, HERE, now=NOW, workspace=place, scopes=scopes, workspaces=workspaces)
        wanted = policy.access(who, now=NOW, workspace=place, workspace_organization=home, scopes=scopes, workspaces=workspaces)
        assert found is not None
        assert [found.check(name) for name in policy.permissions] == [wanted.check(name) for name in policy.permissions]
        assert found.mask == wanted.mask


def test_a_decision_is_the_policys_object() -> None:
    """Decisions are interned: the snapshot hands out the very objects of the policy."""
    standing = member("member", one="editor")
    assert loaded(standing).check(ANN, HERE, RUN, workspace=WORKSPACES[0], now=NOW) is expected(POLICY, standing, RUN, WORKSPACES[0], NOW)


@pytest.mark.parametrize("organization_role", ["owner", "member"])
def test_a_workspace_of_others_and_one_of_nobody_are_foreign(organization_role: str) -> None:
    """What belongs to another organization and what does not exist are one reason; a stranger hears of neither."""
    snapshot = loaded(member(organization_role, one="editor"))
    theirs = WorkspaceId("wsp_theirs")
    snapshot.load(THERE, [theirs], [member("owner", organization=THERE)])
    for place in (theirs, NOWHERE):
        answer = snapshot.check(ANN, HERE, RUN, workspace=place, now=NOW)
        assert answer is not None
        assert answer.reason is DecisionReason.FOREIGN_ORGANIZATION
        stranger = snapshot.check(BOB, HERE, RUN, workspace=place, now=NOW)
        assert stranger is not None
        assert stranger.reason is DecisionReason.NOT_A_MEMBER


def test_an_organization_that_is_not_loaded_has_no_answer() -> None:
    """Nothing is decided about an organization that is not loaded, whoever asks and whatever; and nothing is kept for it."""
    snapshot = loaded(member("owner"))
    for forget in (lambda: None, lambda: snapshot.load(THERE, [], []) and snapshot.forget(THERE), snapshot.clear):
        forget()
        assert snapshot.check(ANN, THERE, RUN, now=NOW) is None
        assert snapshot.check_many([(ANN, THERE, None, RUN)], now=NOW) == [None]
        assert snapshot.access(ANN, THERE, now=NOW) is None
        assert snapshot.workspaces_with(ANN, THERE, RUN, now=NOW) is None
        assert snapshot.put(member("owner", organization=THERE)) is None
        assert snapshot.remove(THERE, ANN) is None
        assert THERE not in snapshot
    assert len(snapshot) == 0


@pytest.mark.parametrize("place", [None, WORKSPACES[0], NOWHERE])
@pytest.mark.parametrize("standing", [member("member", one="editor"), replace(member("member"), expires_at=DAYS[6])])
def test_an_unknown_permission_is_a_mistake(standing: Standing, place: Any) -> None:
    """A name that the policy does not hold raises for members, strangers and foreign places alike; it is never a denial."""
    snapshot = loaded(standing)
    for user in (ANN, BOB):
        with pytest.raises(UnknownPermission):
            snapshot.check(user, HERE, "agents:fly", workspace=place, now=NOW)
        with pytest.raises(UnknownPermission):
            snapshot.workspaces_with(user, HERE, "agents:fly", now=NOW)


def test_an_end_is_exact() -> None:
    """A role and a membership count up to the microsecond before their end, and from their start on."""
    tick = timedelta(microseconds=1)
    held = {WORKSPACES[0]: Assignment("editor", starts_at=DAYS[1], expires_at=DAYS[2])}
    snapshot = loaded(
        Standing(user=ANN, organization=HERE, role="member", workspaces=held),
        Standing(user=BOB, organization=HERE, role="owner", starts_at=DAYS[1], expires_at=DAYS[2]),
    )
    for user in (ANN, BOB):
        seen = [
            bool(snapshot.check(user, HERE, RUN, workspace=WORKSPACES[0], now=now))
            for now in (DAYS[1] - tick, DAYS[1], DAYS[2] - tick, DAYS[2])
            if user == ANN
        ]
        assert seen == ([False, True, True, False] if user == ANN else [])
        listed = [
            bool(snapshot.workspaces_with(user, HERE, "dashboards:view", now=now))
            for now in (DAYS[1] - tick, DAYS[1], DAYS[2] - tick, DAYS[2])
        ]
        assert listed == [False, True, True, False]


def test_the_version_rises_at_each_change() -> None:
    """Every change returns a version above the last one, reading changes none, and what was refused changes nothing."""
    snapshot = Snapshot(POLICY)
    versions: list[Any] = [snapshot.version]
    standing = member("member")
    for change in (
        lambda: snapshot.load(HERE, WORKSPACES, [standing]),
        lambda: snapshot.put(replace(standing, role="owner")),
        lambda: snapshot.remove(HERE, ANN),
        lambda: snapshot.forget(HERE),
        snapshot.clear,
    ):
        versions.append(change())
        snapshot.check(ANN, HERE, RUN, now=NOW)
        assert snapshot.version == versions[-1]
    assert snapshot.put(standing) is None
    with pytest.raises(ValueError, match="organization"):
        snapshot.load(HERE, [], [member("owner", organization=THERE)])
    assert versions == sorted(set(versions))
    assert snapshot.version == versions[-1]
    assert HERE not in snapshot


def test_an_organization_can_have_a_policy_of_its_own() -> None:
    """Roles that only one organization has count there and nowhere else."""
    own = replace(POLICY, workspace_roles=(*POLICY.workspace_roles, WorkspaceRole(name="runner", mask=POLICY.index.mask([RUN]))))
    snapshot = Snapshot(POLICY)
    for home, policy in ((HERE, own), (THERE, None)):
        standing = Standing(user=ANN, organization=home, role="member", workspaces={WORKSPACES[0]: Assignment("runner")})
        snapshot.load(home, WORKSPACES, [standing], policy=policy)
    assert snapshot.check(ANN, HERE, RUN, workspace=WORKSPACES[0], now=NOW)
    denied = snapshot.check(ANN, THERE, RUN, workspace=WORKSPACES[0], now=NOW)
    assert denied is not None
    assert denied.reason is DecisionReason.UNKNOWN_ROLE


def test_more_roles_than_codes() -> None:
    """A policy with more combinations of roles than a byte can count answers for all of them as `Policy.check` does."""
    names = tuple(f"thing{number}:act" for number in range(8))
    index = PermissionIndex(names)
    everything = index.everything
    organization = [
        OrganizationRole(name=f"o{n}", organization_mask=0, base=n, ceiling=everything ^ n << 1 & everything) for n in range(20)
    ]
    owner = OrganizationRole(name="owner", organization_mask=0, base=everything, ceiling=everything, rank=1)
    policy = Policy(
        index=index,
        organization_roles=(*organization, owner),
        workspace_roles=tuple(WorkspaceRole(name=f"w{n}", mask=n * 11 & everything) for n in range(20)),
    )
    people = [
        Standing(user=UserId(f"{o.name}-{w.name}"), organization=HERE, role=o.name, workspaces={WORKSPACES[0]: Assignment(w.name)})
        for o in policy.organization_roles
        for w in policy.workspace_roles
    ]
    snapshot = loaded(*people, policy=policy)
    for each in people:
        for place in PLACES:
            for name in names:
                answer = snapshot.check(each.user, HERE, name, workspace=place, now=NOW)
                assert answer is expected(policy, each, name, place, NOW)
    assert [snapshot.workspaces_with(each.user, HERE, names[0], now=NOW) for each in people] == [
        tuple(w for w in sorted(WORKSPACES) if expected(policy, each, names[0], w, NOW)) for each in people
    ]


def test_unknown_roles_take_no_codes() -> None:
    """However many names of no role are stored, on both levels, they are one situation: nobody has to be kept whole for them."""
    people = [
        Standing(user=UserId(f"usr_{n}"), organization=HERE, role=role, workspaces={WORKSPACES[0]: Assignment(f"gone{n}")})
        for n, role in enumerate([*(f"left{n}" for n in range(300)), *["member"] * 300])
    ]
    snapshot = loaded(*people)
    assert snapshot._loaded[HERE].roster.whole == {}
    for each in people:
        assert snapshot.check(each.user, HERE, RUN, workspace=WORKSPACES[0], now=NOW) is expected(POLICY, each, RUN, WORKSPACES[0], NOW)


HOSTILE = (
    "", "\0", "\0\0", "a", "a\0", "\0a", "a\0b", "ab", "b", "a,b", "a/b", "a b", "a ", " a", "A", "á", "a\u0301", "ﬁ", "fi", "\ud83d\ude00",
    "😀", "\udcff", "ÿ", "ß", "ss", "İ", "i̇", "x" * (1 << 20), "x" * ((1 << 20) - 1) + "y", "x" * ((1 << 20) - 1),
)  # fmt: skip


@pytest.mark.proves("CVE-2026-48096")
@pytest.mark.parametrize("warm_bytes", [0, 1 << 30])
@pytest.mark.parametrize("way", ["load", "put"])
def test_an_id_is_never_mistaken_for_another(way: str, warm_bytes: int) -> None:
    """Users, workspaces and organizations whose ids differ in one character, case, form or length are different ones."""
    chosen = HOSTILE[::2]
    people = [
        Standing(
            user=UserId(u), organization=HERE, role="member", workspaces={WorkspaceId(w): Assignment("editor") for w in chosen if w != u}
        )
        for u in chosen
    ]
    snapshot = Snapshot(POLICY, warm_bytes=warm_bytes)
    snapshot.load(HERE, map(WorkspaceId, HOSTILE), people if way == "load" else [])
    for each in people if way == "put" else ():
        snapshot.put(each)
    for user in HOSTILE:
        for place in HOSTILE:
            answer = snapshot.check(UserId(user), HERE, RUN, workspace=WorkspaceId(place), now=NOW)
            assert answer is not None
            assert answer.allowed == (user in chosen and place in chosen and user != place)
        assert snapshot.check(UserId(user), OrganizationId(HERE + user), RUN, now=NOW) is None or user == ""
    assert snapshot.workspaces_with(UserId(chosen[3]), HERE, RUN, now=NOW) == tuple(sorted(set(chosen) - {chosen[3]}))


@given(st.sets(st.text(st.characters(exclude_categories=[]), max_size=4)), st.text(st.characters(exclude_categories=[]), max_size=4))
def test_packed_ids_come_back(texts: set[str], other: str) -> None:
    """Packing loses and adds nothing: every id is found at its number in the order of texts, and no other is found."""
    ids = Ids(sorted(map(encoded, texts)))
    assert ids.texts() == tuple(sorted(texts))
    assert [ids.find(text) for text in sorted(texts)] == list(range(len(texts)))
    assert (ids.find(other) >= 0) == (other in texts)


def test_an_assignment_takes_a_few_bytes() -> None:
    """Ten workspace roles of a person, with the person's id, are packed into less than 100 bytes."""
    roles = ("admin", "editor", "operator", "viewer")
    here = [WorkspaceId(f"wsp_{number:026d}") for number in range(10)]

    def people() -> Any:
        for number in range(2000):
            held = {place: Assignment(roles[(number + spot) % 4]) for spot, place in enumerate(here)}
            yield Standing(user=UserId(f"usr_{number:026d}"), organization=HERE, role="member", workspaces=held)

    snapshot = Snapshot(POLICY, warm_bytes=0)
    snapshot.load(THERE, here, ())
    snapshot.check(ANN, THERE, RUN, now=NOW)
    gc.collect()
    tracemalloc.start()
    try:
        snapshot.load(HERE, here, people())
        gc.collect()
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken < 2000 * 100


@pytest.mark.parametrize("late", [member("viewer"), replace(member("viewer"), expires_at=DAYS[6]), None])
@pytest.mark.parametrize("packed", [True, False])
def test_a_late_reader_brings_nothing_back(late: Standing | None, packed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a reader saw before a change is not kept after it, whether the change is a row, a whole standing or a removal."""
    snapshot = loaded(member("owner") if packed else member("viewer"), warm_bytes=0)
    if not packed:
        snapshot.put(member("owner"))
    looked_up = Loaded.entry

    def slow(self: Loaded, user: str) -> Standing | bytes | None:
        seen = looked_up(self, user)
        monkeypatch.setattr(Loaded, "entry", looked_up)
        snapshot._warm_bytes = 1 << 20
        if late is None:
            snapshot.remove(HERE, ANN)
        else:
            snapshot.put(late)
        return seen

    monkeypatch.setattr(Loaded, "entry", slow)
    first, then = (snapshot.check(ANN, HERE, "members:manage", now=NOW) for _ in range(2))
    assert first is expected(POLICY, member("owner"), "members:manage", None, NOW)
    assert then is expected(POLICY, late, "members:manage", None, NOW)


@pytest.mark.parametrize("way", [1, -1])
def test_of_two_standings_the_later_counts(way: int) -> None:
    """Whoever is loaded twice is what came last, a standing that is kept whole before a packed one and after it."""
    both = [member("owner"), replace(member("viewer"), expires_at=DAYS[6])][::way]
    snapshot = loaded(*both)
    for name in ("members:manage", "dashboards:view"):
        for place in PLACES:
            assert snapshot.check(ANN, HERE, name, workspace=place, now=NOW) is expected(POLICY, both[1], name, place, NOW)


def test_a_list_knows_roles_that_came_later() -> None:
    """A list of workspaces that was asked for before a role was first held is right for who holds it afterwards."""
    snapshot = loaded(member("member", one="viewer"))
    assert snapshot.workspaces_with(ANN, HERE, RUN, now=NOW) == ()
    snapshot.put(member("member", one="operator", two="viewer"))
    assert snapshot.workspaces_with(ANN, HERE, RUN, now=NOW) == WORKSPACES[:1]


def test_packing_anew_packs_everybody_who_fits() -> None:
    """After many changes of an organization that nobody asks about, only who has to be asked whole is kept whole."""
    snapshot = loaded(warm_bytes=0)
    with patch.object(loaded_module, "_ROOM", 4000):
        for number in range(60):
            snapshot.put(replace(member("member", one="editor"), user=UserId(f"usr_{number}"), expires_at=None if number % 10 else DAYS[6]))
    kept = snapshot._loaded[HERE]
    assert len(kept.roster) + len(kept.late) == 60
    assert {int(user[4:]) % 10 for user in kept.roster.whole} == {0}
    assert len(kept.late) < 30


def test_strangers_take_no_room() -> None:
    """However many strangers are asked about, and however long their ids, what is kept of them stays within the bound."""
    snapshot = loaded(member("owner"), warm_bytes=100_000)
    for number in range(5000):
        snapshot.check(UserId(f"usr_{number}"), HERE, RUN, now=NOW)
        assert sum(len(view.rows) for view in snapshot._views.values()) <= 500
    snapshot.put(replace(member("member"), user=BOB, expires_at=DAYS[6]))
    snapshot.check(BOB, HERE, RUN, now=NOW)
    taken = snapshot._warm
    for _ in range(3):
        snapshot.check(BOB, HERE, RUN, now=NOW)
    assert snapshot._warm == taken
    snapshot.check(UserId("x" * 1_000_000), HERE, RUN, now=NOW)
    assert all(len(user) < 1000 for view in snapshot._views.values() for user in view.rows)


def test_a_bound_below_nothing_is_refused() -> None:
    """A negative bound is a mistake that is found when the snapshot is made."""
    with pytest.raises(ValueError, match="0 bytes"):
        Snapshot(POLICY, warm_bytes=-1)


def test_a_workspace_that_was_not_loaded_counts_nowhere() -> None:
    """A left-over role in a workspace that is not the organization's gives nothing, and the others stay what they are."""
    standing = Standing(
        user=ANN, organization=HERE, role="member", workspaces={NOWHERE: Assignment("admin"), WORKSPACES[1]: Assignment("viewer")}
    )
    snapshot = loaded(standing, replace(standing, user=BOB, status=MembershipStatus.SUSPENDED))
    for user in (ANN, BOB):
        assert not snapshot.check(user, HERE, RUN, workspace=NOWHERE, now=NOW)
    assert snapshot.workspaces_with(ANN, HERE, "dashboards:view", now=NOW) == (WORKSPACES[1],)
    assert snapshot.workspaces_with(BOB, HERE, "dashboards:view", now=NOW) == ()
