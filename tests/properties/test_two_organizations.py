"""Two organizations, people in either and in both, and every operation with the ids of either: nothing of one reaches the other.

The machine plays random changes on the real services and on the naive reference, which must agree on each outcome and on what everybody
may do afterwards. Runs: few on a developer's machine, 200 of 50 steps where CTSEC_TEST_REQUIRE is set, many with CTSEC_SOAK.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule, run_state_machine_as_test

from ctsec.ids import OrganizationId, WorkspaceId
from ctsec.principal import Principal
from ctsec.storage.memory import MemoryStorage
from ctsec.storage.ports import Storage
from ctsec.storage.sql import SqlStorage
from tests.properties import reference
from tests.properties.machine import ACTOR, INDEX, SIDE, Played
from tests.properties.reference import Actor
from tests.properties.stage import Held, bare
from tests.servers import Database
from tests.storage.sql.support import emptied

SOAK, CI = bool(os.environ.get("CTSEC_SOAK")), bool(os.environ.get("CTSEC_TEST_REQUIRE"))
MEMORY_RUNS = 3000 if SOAK else 200 if CI else 50
SQL_RUNS = 100 if SOAK else 3 if CI else 2
STEPS = 50
ORGANIZATION_ROLES = st.sampled_from(["owner", "admin", "member", "viewer"])
WORKSPACE_ROLES = st.sampled_from(["admin", "editor", "operator", "viewer"])
MAX_WORKSPACES = 6


class TwoOrganizations(Played):
    """The changes of people and roles, and what must hold after every step."""

    @initialize()
    def settle(self) -> None:
        """Found both, with an owner, an admin, a member and a viewer each; the last two people are in both, one is in neither."""
        names = ["owner-a", "admin-a", "member-a", "owner-b", "admin-b", "member-b", "both", "outsider"]
        self.users = [self.stage.person(name) for name in names]
        self.people = [user.id for user in self.users]
        for n in range(len(self.people)):
            self.start_session(n)
        for side, founder in enumerate((0, 3)):
            made = self.stage.found(bare(self.people[founder]))
            self.organizations.append(made.id)
            self.world.members[made.id, self.people[founder]] = ("owner", True)
            self.known = {}
            self.create_workspace(founder, side)
            self.create_workspace(founder, side)
            for p, role in ((founder + 1, "admin"), (founder + 2, "member"), (6, "owner" if side else "viewer")):
                self.invite(founder, side, p, role, 2 * side + 1, "viewer")
                self.accept(p, len(self.sent) - 1)
        self.known = {o: self.stage.rows(o, self.people) for o in self.organizations}

    @rule(n=ACTOR, o=SIDE, p=INDEX, role=ORGANIZATION_ROLES, w=st.none() | INDEX, workspace_role=WORKSPACE_ROLES)
    def invite(self, n: int, o: int, p: int, role: str, w: int | None, workspace_role: str) -> None:
        """Invite somebody, perhaps into a workspace."""
        home, user = self.organizations[o], self.pick(self.users, p)
        place = None if w is None else self.pick(self.workspaces, w)
        there = None if place is None else workspace_role
        made = self.act(
            n,
            home,
            lambda unit, actor: unit.members.invite(
                actor, organization=home, email=user.email, role=role, workspace=place, workspace_role=there
            ),
            lambda _, actor: self.world.may_admit(actor, home, role, place, there),
        )
        if made is not None:
            by = self.pick(self.credentials, n).actor.person
            self.sent.append((made.id, home, user.id, role, place, there, by))
            self.open.add(made.id)
            self.stage.dice.given[made.id.encode()] = self.stage.dice.given[made.token_digest]

    @rule(n=ACTOR, i=INDEX, own=st.booleans())
    def accept(self, n: int, i: int, own: bool = True) -> None:
        """Accept an invitation, one's `own` or another's."""
        invitation, home, user, role, place, there, by = self.pick(self.sent, i)
        n = self.people.index(user) if own else n
        made = self.act(
            n,
            home,
            lambda unit, actor: unit.members.accept(actor, token=self.stage.dice.given[invitation.encode()]),
            lambda _, actor: (
                invitation in self.open
                and actor.person == user
                and (home, user) not in self.world.members
                and self.world.may_admit(Actor(by), home, role, place, there)
            ),
            joins=True,
        )
        if made is not None:
            self.open.discard(invitation)
            self.world.members[home, user] = (role, True)
            if place is not None and there is not None:
                self.world.roles[place, user] = there

    @rule(n=ACTOR, o=SIDE, i=INDEX)
    def withdraw(self, n: int, o: int, i: int) -> None:
        """Withdraw an invitation of this organization, or try with the other's."""
        home, (invitation, its_home, *_) = self.organizations[o], self.pick(self.sent, i)
        done = self.act(
            n,
            home,
            lambda unit, actor: unit.members.withdraw(actor, organization=home, invitation=invitation),
            lambda _, actor: self.world.may_admit(actor, home, "member", None, None),
        )
        if done is not None:
            assert done == (invitation in self.open and its_home == home)
            self.open -= {invitation} if done else set()

    @rule(n=ACTOR, o=SIDE, w=INDEX, p=INDEX, role=WORKSPACE_ROLES)
    def assign(self, n: int, o: int, w: int, p: int, role: str) -> None:
        """Give a workspace role."""
        home, place, user = self.organizations[o], self.pick(self.workspaces, w), self.pick(self.people, p)
        done = self.act(
            n,
            home,
            lambda unit, actor: unit.roles.assign(actor, organization=home, workspace=place, user=user, role=role),
            lambda _, actor: self.world.may_assign(actor, home, place, user, role),
        )
        if done is not None:
            self.world.roles[place, user] = role

    @rule(n=ACTOR, o=SIDE, w=INDEX, p=INDEX)
    def unassign(self, n: int, o: int, w: int, p: int) -> None:
        """Take a workspace role back; None is what that returns, so the reference is asked before."""
        home, place, user = self.organizations[o], self.pick(self.workspaces, w), self.pick(self.people, p)
        expected: list[bool] = []

        def predict(_: Held, actor: Actor) -> bool:
            expected.append(self.world.may_unassign(actor, home, place, user))
            return expected[0]

        self.act(n, home, lambda unit, actor: unit.roles.revoke(actor, organization=home, workspace=place, user=user), predict)
        if expected == [True]:
            self.world.roles.pop((place, user), None)

    @rule(n=ACTOR, o=SIDE, p=INDEX, role=ORGANIZATION_ROLES)
    def change_role(self, n: int, o: int, p: int, role: str) -> None:
        """Change an organization role."""
        home, user = self.organizations[o], self.pick(self.people, p)
        done = self.act(
            n,
            home,
            lambda unit, actor: unit.roles.change_organization_role(actor, organization=home, user=user, role=role),
            lambda _, actor: self.world.may_set_role(actor, home, user, role),
        )
        if done is not None:
            self.world.members[home, user] = (role, self.world.members[home, user][1])

    @rule(n=ACTOR, o=SIDE, p=INDEX)
    def suspend(self, n: int, o: int, p: int) -> None:
        """Suspend a member."""
        home, user = self.organizations[o], self.pick(self.people, p)
        done = self.act(
            n,
            home,
            lambda unit, actor: unit.members.suspend(actor, organization=home, user=user),
            lambda _, actor: self.world.may_end(actor, home, user, leaves=False),
        )
        if done is not None:
            self.world.members[home, user] = (self.world.members[home, user][0], False)

    @rule(n=ACTOR, o=SIDE, p=INDEX)
    def reinstate(self, n: int, o: int, p: int) -> None:
        """End a suspension."""
        home, user = self.organizations[o], self.pick(self.people, p)
        role = self.world.members.get((home, user), ("viewer", True))[0]
        done = self.act(
            n,
            home,
            lambda unit, actor: unit.members.reinstate(actor, organization=home, user=user),
            lambda _, actor: self.world.may_set_role(actor, home, user, role, wakes=True),
        )
        if done is not None:
            self.world.members[home, user] = (role, True)

    @rule(n=ACTOR, o=SIDE, p=INDEX)
    def remove(self, n: int, o: int, p: int) -> None:
        """Remove a member, or leave."""
        home, user = self.organizations[o], self.pick(self.people, p)
        done = self.act(
            n,
            home,
            lambda unit, actor: unit.members.remove(actor, organization=home, user=user),
            lambda _, actor: self.world.may_end(actor, home, user, leaves=True),
        )
        if done is not None:
            self.world.leave(home, user)
            self.open -= {sent[0] for sent in self.sent if sent[1] == home and user in {sent[2], sent[-1]}}
            for key in self.credentials:
                key.live = key.live and (key.kind, key.actor.organization, key.actor.person) != ("key", home, user)

    @rule(n=ACTOR, o=SIDE)
    def rename(self, n: int, o: int) -> None:
        """Give an organization another name."""
        home = self.organizations[o]
        self.act(
            n,
            home,
            lambda unit, actor: unit.directory.rename_organization(actor, organization=home, name="Acme again"),
            lambda _, actor: reference.SETTINGS in self.world.effective(actor, home),
        )

    @rule(n=ACTOR, o=SIDE)
    def create_workspace(self, n: int, o: int) -> None:
        """Create a workspace: of the policy's permissions none is for that, so it takes an owner or admin with a whole credential."""
        if len(self.workspaces) >= MAX_WORKSPACES:
            return
        home = self.organizations[o]
        made = self.act(
            n,
            home,
            lambda unit, actor: unit.directory.create_workspace(actor, organization=home, name="Another"),
            lambda _, actor: self.world.leads(actor, home),
        )
        if made is not None:
            self.world.home[made.id] = home

    @invariant()
    def access_is_the_references(self) -> None:
        """For everybody in every place the cached access, and for one person a round also the uncached, are what the reference says."""
        self.steps += 1
        for number, person in enumerate(self.people):
            uncached = self.steps % len(self.people) == number
            for o in self.organizations:
                for w in (None, *self.workspaces):
                    expected = self.world.effective(Actor(person), o, w)
                    assert self.stage.access(bare(person), o, w, cached=True) == expected
                    assert not uncached or self.stage.access(bare(person), o, w, cached=False) == expected

    @invariant()
    def credentials_open_what_they_should(self) -> None:
        """A credential of a disabled person, a revoked or replaced one proves nobody; a key opens what its owner may, within its limits."""
        for held in self.credentials:
            principal = self.stage.enter(held)
            assert isinstance(principal, Principal) == self.opens(held)
            if isinstance(principal, Principal) and held.kind == "key":
                for o in self.organizations:
                    for w in (None, *self.workspaces):
                        assert self.stage.access(principal, o, w, cached=True) == self.world.effective(held.actor, o, w)

    @invariant()
    def lists_hold_their_own_only(self) -> None:
        """Members, workspaces, keys and invitations of an organization are the reference's, so none is the other's; an owner remains."""
        for o in self.organizations:
            with self.stage.security.begin() as unit:
                members, workspaces = unit.members.members(organization=OrganizationId(o)), unit.directory.workspaces(OrganizationId(o))
                invitations = unit.members.invitations(organization=OrganizationId(o))
                roles = {
                    (w, each.user_id): each.role
                    for w in self.workspaces
                    for each in unit.roles.in_workspace(organization=OrganizationId(o), workspace=WorkspaceId(w))
                }
                keys = {p: unit.api_keys.of(bare(p), organization=OrganizationId(o)) for p in self.people}
            assert {m.membership.user_id for m in members} == {p for home, p in self.world.members if home == o}
            assert {m.membership.organization_id for m in members} == {o}
            assert [w.id for w in workspaces] == sorted(w for w, home in self.world.home.items() if home == o)
            assert roles == {(w, p): role for (w, p), role in self.world.roles.items() if self.world.home[w] == o}
            assert {i.id for i in invitations} == {i[0] for i in self.sent if i[1] == o and i[0] in self.open}
            for p in self.people:
                mine = {c.id for c in self.credentials if c.kind == "key" and c.actor.organization == o and c.actor.person == p}
                assert {k.id for k in keys[p]} == mine
            assert self.known[o][0].permanent_owners == self.world.owners(o) >= 1


def play(storage: Callable[[], Storage], *, runs: int) -> None:
    """Run the machine on a kind of storage."""
    machine = type("Machine", (TwoOrganizations,), {"storage": staticmethod(storage)})
    chosen = settings(
        max_examples=runs, stateful_step_count=STEPS, deadline=None, database=None, suppress_health_check=list(HealthCheck), print_blob=True
    )
    run_state_machine_as_test(machine, settings=chosen)


def test_what_chance_rarely_meets() -> None:
    """Who was demoted since lets nobody in, no admin removes a suspended owner, and who goes takes keys and invitations along."""
    machine = TwoOrganizations()
    machine.settle()
    machine.invite(1, 0, 7, "member", None, "viewer")
    machine.change_role(0, 0, 1, "member")
    machine.accept(7, len(machine.sent) - 1)
    machine.suspend(3, 1, 6)
    machine.remove(4, 1, 6)
    assert (machine.organizations[0], machine.people[7]) not in machine.world.members
    assert machine.world.members[machine.organizations[1], machine.people[6]] == ("owner", False)
    machine.invite(4, 1, 7, "viewer", None, "viewer")
    machine.mint(4, 1, None, None)
    machine.remove(3, 1, 4)
    machine.credentials_open_what_they_should()
    assert not [sent for sent in machine.sent if sent[0] in machine.open and sent[1] == machine.organizations[1]]
    machine.lists_hold_their_own_only()


@pytest.mark.proves("ASVS-8.4.1", "CVE-2025-64431", "CVE-2026-33729")
@pytest.mark.slow
def test_two_organizations_in_memory() -> None:
    """On the memory storage no sequence of changes lets one organization see or change the other, or anybody do what the design forbids."""
    play(MemoryStorage, runs=MEMORY_RUNS)


@pytest.mark.proves("ASVS-8.4.1")
@pytest.mark.slow
def test_two_organizations_in_a_database(database: Database) -> None:
    """The same holds on each SQL database of this machine."""
    storage = SqlStorage.from_url(emptied(database).sync_url)

    def empty() -> Storage:
        emptied(database)
        return storage

    try:
        play(empty, runs=SQL_RUNS)
    finally:
        storage.close()
