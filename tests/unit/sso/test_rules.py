"""Which roles somebody gets by groups: the decision alone, over any rules, groups and held roles."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.ids import WorkspaceId
from ctsec.rbac.offer import Offer, offered
from ctsec.rbac.policy import Policy
from ctsec.sso.oidc.mapping import ClaimMap
from ctsec.sso.provisioning import MAX_PROVISIONING, MAX_REQUIRED, MAX_RULES, ProvisioningSettings
from ctsec.sso.rules import Decision, Entry, Ground, GroupRule, Held, HeldRole, Skipped, Why, decide, entry

PLACES: Final = tuple(WorkspaceId(f"wsp_{n}") for n in range(3))
# "shut" is a workspace that is not in use any more, "gone" a role that is not there any more.
SHUT: Final = WorkspaceId("wsp_shut")
OFFER: Final = Offer(
    fitting={
        "owner": frozenset({"admin", "editor", "viewer", "auditor"}),
        "admin": frozenset({"admin", "editor", "viewer", "auditor"}),
        "lead": frozenset({"admin", "editor", "viewer", "auditor"}),
        "member": frozenset({"admin", "editor", "viewer", "auditor"}),
        "viewer": frozenset({"viewer"}),
    },
    workspace_roles=frozenset({"admin", "editor", "viewer", "auditor"}),
    exclusive=(frozenset({"editor", "auditor"}),),
)
GROUND: Final = Ground(offer=OFFER, workspaces=frozenset(PLACES), default_role="member")
GROUPS: Final = ("a", "b", "c")
_PLACE_ROLES: Final = st.sampled_from(("admin", "editor", "viewer", "auditor"))
_RULES: Final = st.lists(
    st.one_of(
        st.builds(GroupRule, group=st.sampled_from(GROUPS), role=st.sampled_from(("lead", "member", "viewer", "owner", "admin", "gone"))),
        st.builds(
            GroupRule,
            group=st.sampled_from(GROUPS),
            role=_PLACE_ROLES | st.just("gone"),
            workspace=st.sampled_from((*PLACES, SHUT)),
        ),
    ),
    max_size=8,
).map(tuple)
_TOLD: Final = st.none() | st.lists(st.sampled_from((*GROUPS, "d")), unique=True).map(tuple)
_HELD: Final = st.none() | st.builds(
    Held,
    role=st.builds(HeldRole, role=st.sampled_from(("owner", "admin", "lead", "member", "viewer")), given=st.booleans()),
    workspaces=st.dictionaries(st.sampled_from((*PLACES, SHUT)), st.builds(HeldRole, role=_PLACE_ROLES, given=st.booleans()), max_size=3),
    raised=st.frozensets(_PLACE_ROLES, max_size=1),
)
_DEFAULT: Final = st.sampled_from(("member", "viewer"))


def after(held: Held | None, made: Decision) -> Held:
    """Return what somebody holds once a decision was carried out."""
    role = HeldRole(role=made.role, given=True) if made.role is not None else held.role if held is not None else None
    assert role is not None
    places = dict(held.workspaces) if held is not None else {}
    for place in made.take:
        del places[place]
    places.update({place: HeldRole(role=each, given=True) for place, each in made.give.items()})
    return Held(role=role, workspaces=places, raised=held.raised if held is not None else frozenset())


@given(_RULES, _TOLD, _HELD, _DEFAULT)
def test_nobody_gets_what_no_rule_gives(
    rules: tuple[GroupRule, ...], groups: tuple[str, ...] | None, held: Held | None, default: str
) -> None:
    """A role comes from a rule of a told group, or is the default; hands keep what they gave; no owner or admin is made or unmade."""
    made = decide(rules, groups, ground=replace(GROUND, default_role=default), held=held)
    told = frozenset(groups or ())
    named = {(rule.workspace, rule.role) for rule in rules if rule.group in told}
    assert made.role is None or made.role == default or (None, made.role) in named
    assert made.role not in {"owner", "admin"}
    assert all((place, role) in named and place != SHUT and role != "gone" for place, role in made.give.items())
    if held is None:
        assert made.role is not None
        assert not made.take
    else:
        assert made.role is None or (held.role.given and held.role.role not in {"owner", "admin"})
        assert all(held.workspaces[place].given for place in made.take)
        assert all(place not in held.workspaces or held.workspaces[place].given for place in made.give)
    # Whoever is told nothing of gains and loses nothing.
    if groups is None:
        assert made == Decision(role=default if held is None else None)
    # What is carried out stays: deciding again changes nothing.
    end = after(held, made)
    again = decide(rules, groups, ground=replace(GROUND, default_role=default), held=end)
    assert (again.role, again.give, again.take) == (None, {}, ())
    # And above what the organization role lets through, or beside what it excludes, nothing is given.
    for place, role in made.give.items():
        assert role in OFFER.fitting[end.role.role]
        others = {each.role for other, each in end.workspaces.items() if other != place} | end.raised
        assert not OFFER.excludes(role, beside=frozenset(others))


@given(_RULES, _TOLD.filter(lambda each: each is not None), _HELD)
def test_who_is_in_no_group_any_more_keeps_nothing_of_the_connection(
    rules: tuple[GroupRule, ...], groups: tuple[str, ...], held: Held | None
) -> None:
    """Leaving every group, or the rules being taken away, ends each role that was given by rules, and no other."""
    end = after(held, decide(rules, groups, ground=GROUND, held=held))
    for left, told in ((rules, ()), ((), groups)):
        last = after(end, decide(left, told, ground=GROUND, held=end))
        assert not [each for each in last.workspaces.values() if each.given]
        assert {place: each for place, each in end.workspaces.items() if not each.given} == dict(last.workspaces)
        ours = end.role.given and end.role.role not in {"owner", "admin"}
        assert last.role.role == ("member" if ours else end.role.role)


@given(_RULES, _RULES, _TOLD, _HELD)
def test_the_first_rule_that_matches_a_place_decides_it(
    rules: tuple[GroupRule, ...], more: tuple[GroupRule, ...], groups: tuple[str, ...] | None, held: Held | None
) -> None:
    """Later rules change nothing of the organization role, whether the one that decided it could be carried out or not."""
    told = frozenset(groups or ())
    decided = any(rule.workspace is None and rule.group in told for rule in rules)
    first, both = (decide(each, groups, ground=GROUND, held=held) for each in (rules, (*rules, *more)))
    if decided:
        assert first.role == both.role
    assert set(first.skipped) <= set(both.skipped)


_IN_LAB: Final = GroupRule(group="a", role="editor", workspace=PLACES[0])


@pytest.mark.parametrize(
    ("rules", "held", "expected"),
    [
        ((GroupRule(group="a", role="lead"),), None, Decision(role="lead", matched=(0,))),
        ((GroupRule(group="b", role="lead"),), None, Decision(role="member")),
        (
            (GroupRule(group="a", role="gone"), GroupRule(group="a", role="lead")),
            None,
            Decision(role="member", skipped=(Skipped(rule=0, why=Why.NO_SUCH_ROLE),)),
        ),
        ((GroupRule(group="a", role="admin"),), None, Decision(role="member", skipped=(Skipped(rule=0, why=Why.TOO_HIGH),))),
        ((_IN_LAB,), None, Decision(role="member", give={PLACES[0]: "editor"}, matched=(0,))),
        (
            (replace(_IN_LAB, workspace=SHUT), _IN_LAB),
            Held(role=HeldRole(role="owner", given=False)),
            Decision(give={PLACES[0]: "editor"}, matched=(1,), skipped=(Skipped(rule=0, why=Why.NO_SUCH_WORKSPACE),)),
        ),
        (
            (replace(_IN_LAB, role="gone"), _IN_LAB),
            None,
            Decision(role="member", skipped=(Skipped(rule=0, why=Why.NO_SUCH_ROLE),)),
        ),
        (
            (GroupRule(group="a", role="viewer"), _IN_LAB),
            Held(role=HeldRole(role="lead", given=True), workspaces={PLACES[0]: HeldRole(role="editor", given=True)}),
            Decision(role="viewer", take=(PLACES[0],), matched=(0,), skipped=(Skipped(rule=1, why=Why.ABOVE_CEILING),)),
        ),
        (
            (_IN_LAB,),
            Held(role=HeldRole(role="member", given=True), workspaces={PLACES[1]: HeldRole(role="auditor", given=False)}),
            Decision(skipped=(Skipped(rule=0, why=Why.EXCLUDED),)),
        ),
        (
            (_IN_LAB,),
            Held(role=HeldRole(role="lead", given=False), workspaces={PLACES[0]: HeldRole(role="viewer", given=False)}),
            Decision(),
        ),
    ],
)
def test_a_rule_that_can_not_be_carried_out_gives_nothing(rules: tuple[GroupRule, ...], held: Held | None, expected: Decision) -> None:
    """Each reason is told with its rule, and no later rule gives more instead; what hands gave stays."""
    assert decide(rules, ("a",), ground=GROUND, held=held) == expected


def test_required_groups_open_to_who_is_told_to_be_in_one() -> None:
    """Where groups are required, unknown ones open nothing, and neither do others; where none are, everybody comes in."""
    cases = ((("x", "y"), ("y", "z")), (("x",), ("z",)), (("x",), ()), (("x",), None), ((), None), ((), ()))
    told = [entry(required, groups) for required, groups in cases]
    assert told == [Entry.OPEN, Entry.OUTSIDE, Entry.OUTSIDE, Entry.UNKNOWN, Entry.OPEN, Entry.OPEN]


def test_an_offer_is_what_the_policy_lets_through() -> None:
    """The viewer's ceiling fits the lowest workspace role, every other role fits a member, and what excludes what is the policy's."""
    policy = Policy.preset()
    made = offered(policy)
    assert made.workspace_roles == {role.name for role in policy.workspace_roles}
    assert made.fitting["owner"] == made.workspace_roles
    assert made.fitting["viewer"] == {"viewer"}
    assert offered(replace(policy, exclusive_roles=(frozenset({"admin", "editor"}),))).excludes("admin", beside=frozenset({"editor"}))


def test_provisioning_is_bounded_and_read_back() -> None:
    """It comes back from its text as it was, and each limit is checked when it is made."""
    rules = (GroupRule(group="Ärzte", role="lead"), _IN_LAB)
    made = ProvisioningSettings(rules=rules, required_groups=("x",), claims=ClaimMap(name=("a", "b"), attributes={"team": ("t",)}))
    assert ProvisioningSettings.read(made.text()) == made
    assert ProvisioningSettings.read("{}") == ProvisioningSettings()
    for rule in (GroupRule(group="a", role="owner"), GroupRule(group="a", role="admin"), GroupRule(group="", role="lead")):
        with pytest.raises(ValueError, match=r"expected groups|makes nobody"):
            ProvisioningSettings(rules=(rule,))
    with pytest.raises(ValueError, match="expected groups"):
        ProvisioningSettings(required_groups=("g" * 256,))
    with pytest.raises(ValueError, match="expected roles"):
        ProvisioningSettings(rules=(GroupRule(group="a", role="r" * 65),))
    with pytest.raises(ValueError, match="expected at most"):
        ProvisioningSettings(rules=(_IN_LAB,) * (MAX_RULES + 1))
    with pytest.raises(ValueError, match="expected at most"):
        ProvisioningSettings(required_groups=("g",) * (MAX_REQUIRED + 1))
    with pytest.raises(ValueError, match=f"{MAX_PROVISIONING:,}"):
        ProvisioningSettings(rules=(GroupRule(group="é" * 255, role="lead"),) * MAX_RULES)
    assert ProvisioningSettings(rules=(GroupRule(group="a", role="admin", workspace=PLACES[0]),)).rules[0].role == "admin"
