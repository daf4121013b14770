"""Random histories of a directory that pushes by SCIM, of hands and of people: each role is one that a rule or a hand explains."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st

from ctsec.ids import UserId, WorkspaceId
from ctsec.outcome import Reason, Refusal
from ctsec.sso import GroupRule
from ctsec.sso.scim.wish import GroupWish
from tests.services.probing import reason
from tests.services.test_sync_scim import Scene, scene, user

RUNS: Final = 400 if os.environ.get("CTSEC_SOAK") else 6
PEOPLE: Final = ("bob", "carl")
NAMES: Final = ("A", "B", "C", "D")
HERE: Final = WorkspaceId("here")
RULES: Final = (
    GroupRule(group="A", role="viewer"),
    GroupRule(group="C", role="viewer", workspace=HERE),
    GroupRule(group="B", role="editor", workspace=HERE),
)


@dataclass
class Known:
    """What the model knows of somebody: `hand` is what a person gave them in the organization and in the workspace."""

    id: Any = None
    user: Any = None
    active: bool = False
    member: bool = False
    barred: bool = False
    invited: bool = False
    hand: list[str | None] = field(default_factory=lambda: [None, None])

    def goes(self, *, barred: bool) -> None:
        """The membership ends, with everything that hung on it."""
        if self.member:
            self.member, self.barred, self.invited, self.hand = False, barred, False, [None, None]

    def comes(self) -> bool:
        """Tell whether a provider brings them in, and have them in if it does."""
        if not self.member and self.barred and not self.invited:
            return False
        self.member, self.barred = True, False
        return True


def named(name: str) -> GroupWish:
    """Return a group of a name."""
    return GroupWish(display_name=name, external_id=None, attributes="{}")


class History:
    """A directory, its groups, and whoever acts."""

    def __init__(self, here: Scene, random: Random) -> None:
        self.here = here
        self.random = random
        self.people = {who: Known() for who in PEOPLE}
        self.groups: dict[str, tuple[Any, set[str]]] = {}

    def call(self, verb: str, who: str, **more: Any) -> Any:
        """Have the owner do something about somebody."""
        here = self.here
        about = {"organization": here.acme.id, "user": UserId(self.people[who].user), **more}
        return here.world.call(verb, here.world.sure(here.ann), **about)

    def push(self, who: str) -> None:
        """The provider creates somebody, or says that they are there, or not."""
        known, on = self.people[who], self.random.random() < 0.6
        wish = user(who, active=on)
        done = self.here.do("people.change", known.id, wish) if known.id is not None else self.here.do("people.create", wish)
        if on and not known.comes():
            assert reason(done) is Reason.DENIED
            return
        assert not isinstance(done, Refusal), done
        if not on:
            known.goes(barred=False)
        known.id, known.active, known.user = done.id, on, done.user_id or known.user

    def forget(self, who: str) -> None:
        """The provider deletes somebody."""
        known = self.people[who]
        if known.id is None:
            return
        assert not isinstance(self.here.do("people.remove", known.id), Refusal)
        known.goes(barred=False)
        known.id, known.active = None, False
        for _, members in self.groups.values():
            members.discard(who)

    def group(self, who: str) -> None:
        """The provider founds a group with somebody, renames or disbands it, lets somebody in or out, or names all."""
        name, other = self.random.sample(NAMES, 2)
        people = {each: known.id for each, known in self.people.items() if known.id is not None}
        if name not in self.groups:
            members = {who} & set(people)
            made = self.here.group(name, *(people[each] for each in members))
            assert not isinstance(made, Refusal), made
            self.groups[name] = made.id, members
            self.settled({name}, members)
            return
        made, members = self.groups[name]
        act = self.random.choice(("rename", "disband", "move", "move", "all"))
        if act == "disband":
            done = self.here.do("groups.remove", made)
            del self.groups[name]
            self.settled({name}, members)
        elif act == "rename" and other not in self.groups:
            done = self.here.do("groups.change", made, named(other), members=None)
            self.groups[other] = self.groups.pop(name)
            self.settled({name, other}, members)
        elif act == "all":
            after = {each for each in people if self.random.random() < 0.5}
            done = self.here.do("groups.change", made, named(name), members=[people[each] for each in after])
            self.groups[name] = made, after
            self.settled({name}, after ^ members)
        elif who in people:
            verb = {"drop": [people[who]]} if who in members else {"add": [people[who]]}
            done = self.here.do("groups.move", made, **verb)
            self.groups[name] = made, members ^ {who}
            self.settled({name}, {who})
        else:
            return
        assert not isinstance(done, Refusal), done

    def settled(self, names: set[str], members: set[str]) -> None:
        """A group that a rule speaks of brings in line whoever it moved: who may come back does."""
        for who in members if names & {"A", "B", "C"} else ():
            if self.people[who].active:
                self.people[who].comes()

    def hand(self, who: str) -> None:
        """An owner gives a role in the workspace, or one in the organization."""
        known = self.people[who]
        if not known.member:
            return
        if self.random.random() < 0.5:
            assert reason(self.call("roles.assign", who, workspace=self.here.workspace, role="viewer")) is None
            known.hand[1] = "viewer"
            return
        role = self.random.choice(("member", "viewer"))
        assert reason(self.call("roles.change_organization_role", who, role=role)) is None
        with self.here.world.storage.reading() as store:
            held: Any = store.memberships.get(self.here.acme.id, UserId(known.user))
        if held.role_given_by is None:
            known.hand[0] = role

    def remove(self, who: str) -> None:
        """An owner removes somebody."""
        if self.people[who].member:
            assert reason(self.call("members.remove", who)) is None
            self.people[who].goes(barred=True)

    def invite(self, who: str) -> None:
        """An owner invites somebody who is not there."""
        known = self.people[who]
        if not known.member and not known.invited:
            self.here.world.invite(self.here.acme.id, f"{who}@acme.example")
            known.invited = True

    def everybody_holds_what_is_explained(self) -> None:
        """Whoever is there holds what hands gave, or else just what the rules give for the groups that they are in now."""
        held = self.here.roles()
        assert held.pop("ann@elsewhere.example") == "owner"
        for who, known in self.people.items():
            found = held.pop(f"{who}@acme.example", None)
            assert (found is not None) == known.member, (who, found, known)
            if found is None:
                continue
            mine = {name for name, (_, members) in self.groups.items() if who in members}
            role, _, there = found.partition("/")
            inside = "viewer" if "A" in mine else "member"
            assert role == (known.hand[0] or inside), (who, found, mine, known)
            given = "viewer" if "C" in mine else "editor" if "B" in mine else ""
            allowed = {known.hand[1]} if known.hand[1] else {given, "" if "viewer" in {role, inside} else given}
            assert there in allowed, (who, found, mine, known)
        assert held == {}


@settings(max_examples=RUNS, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_whoever_holds_a_role_holds_it_by_a_rule_or_by_a_hand(seed: int) -> None:
    """After every step of provider and owner, members and roles are exactly what pushes, groups and hands explain, and nothing besides."""
    random = Random(seed)
    with scene(RULES) as here:
        history = History(here, random)
        for _ in range(20):
            act = random.choice(("push", "push", "push", "group", "group", "group", "hand", "hand", "remove", "invite", "forget"))
            getattr(history, act)(random.choice(PEOPLE))
            history.everybody_holds_what_is_explained()
