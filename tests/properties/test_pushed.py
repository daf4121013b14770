"""Random histories of providers that push by SCIM too: nobody holds a role that neither the provider's rules nor somebody's hand explain.

The people of `test_provisioning` sign in, are asked about, are invited, promoted and removed by hand; beside that their provider
pushes them, switches them off and on, deletes them, and lets them into groups and out of them. The SCIM connection is of the connection
for sign-in, so the rules are the same.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from random import Random
from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st

from ctsec.outcome import Reason, Refusal
from ctsec.sso.scim import ScimWish
from ctsec.sso.scim.wish import GroupWish, UserWish
from tests.properties.test_provisioning import DEFAULT, DOMAINS, GROUPS, TOLD, Histories, written

RUNS: Final = 300 if os.environ.get("CTSEC_SOAK") else 5
STEPS: Final = 24


class Pushing(Histories):
    """What happened, with what providers pushed: `pushed` are the ids of resources, `theirs` whom a provider ended last."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens: list[str] = []
        self.crews: list[dict[str, Any]] = [{}, {}]
        self.pushed: dict[tuple[int, str], Any] = {}
        self.linked: set[tuple[int, str]] = set()
        self.inside: dict[tuple[int, str], set[str]] = {}
        self.theirs: set[tuple[int, str]] = set()

    def found(self) -> None:
        """Found the organizations, each with a SCIM connection of its connection for sign-in."""
        super().found()
        for home, organization in enumerate(self.homes):
            owner = self.world.sure(self.owners[home])
            where: dict[str, Any] = {"organization": organization}
            with self.world.security.begin() as unit:
                made: Any = unit.scim.connections.create(owner, **where, wish=ScimWish(name="D", connection=self.connections[home].id))
                issued: Any = unit.scim.connections.issue(owner, made.id, **where)
                self.tokens.append(issued.text.reveal())

    def do(self, home: int, verb: Callable[[Any, Any], Any]) -> Any:
        """Do something as the provider, as its connection is now."""
        with self.world.security.begin() as unit:
            return verb(unit.scim, unit.scim.reads.authenticate(self.tokens[home]))

    def push(self, home: int, person: str, *, active: bool = True) -> None:
        """The provider pushes somebody as there, or as gone."""
        key, email = (home, person), f"{person}@{DOMAINS[home]}"
        wish = UserWish(user_name=email, external_id=None, active=active, attributes="{}", address=email, display=person)
        before, resource = self.account(home, person), self.pushed.get(key)
        linked = key in self.linked or (active if before is None else before.email_verified_at is not None)
        barred = linked and active and key not in self.hand and key in self.left and key not in self.theirs | self.invited
        if resource is None:
            done = self.do(home, lambda scim, source: scim.people.create(source, wish))
        else:
            done = self.do(home, lambda scim, source: scim.people.change(source, resource, wish))
        assert isinstance(done, Refusal) == barred, (done, key)
        if isinstance(done, Refusal):
            assert done.reason is Reason.DENIED
            return
        assert (done.user_id is not None) == linked
        self.pushed[key] = done.id
        if linked:
            self.linked.add(key)
            self.settled(key, active=active)

    def settled(self, key: tuple[int, str], *, active: bool) -> None:
        """Somebody with an account was pushed: what the rules make of it."""
        said, member = self.said[key[0]], key in self.hand
        if not active:
            if member:
                self.forget(key)
            return
        groups = self.inside.get(key, set()) if self.crews[key[0]] else None
        if said.required_groups and not set(groups or ()) & set(said.required_groups):
            if member and groups is not None and key in self.made:
                self.forget(key)
            return
        if not member:
            self.hand[key], self.given[key] = [None, None], ({DEFAULT}, set())
            self.made.add(key)
            self.left.discard(key)
        if groups is not None:
            fitting = [each for each in said.rules if each.group in groups]
            inside = {each.role for each in fitting if each.workspace is None} | {DEFAULT}
            self.given[key] = (inside, {each.role for each in fitting if each.workspace is not None})

    def delete(self, home: int, person: str) -> None:
        """The provider deletes somebody whom it pushed."""
        key = (home, person)
        resource = self.pushed.pop(key, None)
        if resource is None:
            return
        done = self.do(home, lambda scim, source: scim.people.remove(source, resource))
        assert not isinstance(done, Refusal), done
        self.inside.pop(key, None)
        if key in self.linked:
            self.linked.discard(key)
            self.settled(key, active=False)

    def regroup(self, home: int, person: str, group: str) -> None:
        """The provider lets somebody into a group or out of it, and pushes them again."""
        key, crews = (home, person), self.crews[home]
        if key not in self.pushed:
            self.push(home, person)
        if key not in self.pushed:
            return
        if group not in crews:
            named = GroupWish(display_name=group, external_id=None, attributes="{}")
            crews[group] = self.do(home, lambda scim, source: scim.groups.create(source, named)).id
        inside = self.inside.setdefault(key, set())
        way = "drop" if group in inside else "add"
        inside ^= {group}
        done = self.do(home, lambda scim, source: scim.groups.move(source, crews[group], **{way: [self.pushed[key]]}))
        assert not isinstance(done, Refusal), done
        self.push(home, person)

    def forget(self, key: tuple[int, str]) -> None:
        """Somebody is no member any more; who ended that was the provider, unless `remove` says otherwise."""
        super().forget(key)
        self.theirs.add(key)

    def remove(self, home: int, person: str, groups: tuple[str, ...] | None) -> None:
        """An owner removes a member, whom a provider does not bring back."""
        super().remove(home, person, groups)
        self.theirs.discard((home, person))


def step(histories: Pushing, random: Random) -> None:
    """Let something happen."""
    home, person, groups, h = random.randrange(2), "ann", random.choice(TOLD), histories
    if random.random() < 0.5:
        push: tuple[Callable[[], None], ...] = (
            lambda: h.push(home, person),
            lambda: h.push(home, person, active=False),
            lambda: h.regroup(home, person, random.choice(GROUPS)),
            lambda: h.regroup(home, person, random.choice(GROUPS)),
            lambda: h.delete(home, person),
        )
        random.choice(push)()
        return
    if (home, person) in h.hand:
        by_hand = random.choice(("promote", "assign", "remove", "come", "ask"))
    else:
        by_hand = random.choice(("invite", "squat", "come", "ask"))
    if by_hand == "promote":
        h.promote(home, person, groups, random.choice(("member", "viewer")))
    elif random.random() < 0.2:
        h.write(home, groups, *written(random))
    else:
        getattr(h, by_hand)(home, person, groups)


@settings(max_examples=RUNS, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_nobody_holds_what_neither_the_provider_nor_a_hand_explains(seed: int) -> None:
    """Over random histories of pushes, groups, sign-ins, rules and hands; whom an administrator removed no push brings back."""
    random, histories = Random(seed), Pushing()
    try:
        histories.found()
        for _ in range(STEPS):
            step(histories, random)
            histories.nobody_holds_more_than_was_given()
            histories.everybody_is_seen_as_they_are()
    finally:
        histories.close()
