"""Random histories of two directories and their providers: nobody gets what neither a rule nor an administrator gave.

People sign in and are asked about hourly, rules change, hands give and take, providers are required and relaxed. After each step everybody
is looked at as their own session and as one through each provider shows them.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import replace
from itertools import product
from random import Random
from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st

from ctsec.authn.journey import SignedIn
from ctsec.ids import OrganizationId, UserId, WorkspaceId
from ctsec.outcome import Refusal
from ctsec.principal import CredentialKind, Principal
from ctsec.rbac import DecisionReason
from ctsec.secret import SecretText
from ctsec.sso import Connection, ConnectionSettings, ConnectionWish, GroupRule, ProvisioningSettings
from ctsec.sso.grant import Held
from ctsec.sso.oidc import ExternalIdentity, Provider
from tests.services._sync_world import World
from tests.services.probing import PASSWORD

RUNS: Final = 300 if os.environ.get("CTSEC_SOAK") else 10
DOMAINS: Final = ("acme.example", "globex.example")
PEOPLE: Final = ("ann",)
GROUPS: Final = ("a", "b")
DEFAULT: Final = "viewer"
TOLD: Final = (None, (), ("a",), ("b",), ("a", "b"))
FIRST: Final = ProvisioningSettings(rules=(GroupRule(group="a", role="member"),))


class Histories:
    """What happened, in the words of the model: who was given what by hand, and what the rules allowed when somebody last came in."""

    def __init__(self) -> None:
        self.stack = ExitStack()
        self.world = self.stack.enter_context(World.open())
        self.owners: list[Principal] = []
        self.homes: list[OrganizationId] = []
        self.places: list[WorkspaceId] = []
        self.connections: list[Connection] = []
        self.said: list[ProvisioningSettings] = [FIRST] * 2
        # Of a member: what somebody gave by hand, None where nobody did; and what the rules gave at the last sign-in with known groups.
        self.hand: dict[tuple[int, str], list[str | None]] = {}
        self.given: dict[tuple[int, str], tuple[set[str], set[str]]] = {}
        self.made: set[tuple[int, str]] = set()
        self.left: set[tuple[int, str]] = set()
        self.slept: dict[tuple[int, str], str] = {}
        self.invited: set[tuple[int, str]] = set()
        self.required = [False, False]

    def close(self) -> None:
        """Close the world."""
        self.stack.close()

    def found(self) -> None:
        """Found two organizations, each with its domain, its workspace and its provider; Eve has an account of her own."""
        world = self.world
        for home, domain in enumerate(DOMAINS):
            owner = world.person(f"owner@{domain}")
            made = world.organization(owner, domain)
            world.verified(made.id, domain)
            self.owners.append(owner)
            self.homes.append(made.id)
            self.places.append(world.workspace(made.id).id)
            where: dict[str, Any] = {"organization": made.id}
            world.call("lifecycle.set_policy", owner, **where, park_days=0 if home else 30)
            drafted = world.call("connections.create", world.sure(owner), **where, wish=self.wish(home), secret=SecretText("x"))
            tested = world.call("connections.tested", world.sure(owner), drafted, **where, problem=None)
            self.connections.append(world.call("connections.enable", world.sure(owner), tested.id, **where))
            own = ExternalIdentity(connection=tested.id, issuer="https://id", subject="owner")
            world.call("sso.link", UserId(owner.id), tested.id, own)
            world.call("sso_glass.make", world.sure(owner), **where)
        self.eve = world.person("eve@elsewhere.example")

    def wish(self, home: int) -> ConnectionWish:
        """Return what a connection is to be."""
        settings = ConnectionSettings(issuer=f"https://id.{DOMAINS[home]}")
        said = self.said[home]
        return ConnectionWish(name="L", provider=Provider.OKTA, client_id="c", settings=settings, default_role=DEFAULT, provisioning=said)

    def account(self, home: int, person: str) -> Any:
        """Return somebody's account."""
        with self.world.security.begin() as unit:
            return unit._store.users.by_email(f"{person}@{DOMAINS[home]}")

    def arrive(self, home: int, email: str, groups: tuple[str, ...] | None) -> Any:
        """Come to a connection with an address that its provider vouches for."""
        identity = ExternalIdentity(
            connection=self.connections[home].id, issuer="https://id", subject=email, email=email, email_verified=True, groups=groups
        )
        return self.world.call("sso.arrive", self.connections[home].id, identity, held=Held(subject=bytes(32)))

    def come(self, home: int, person: str, groups: tuple[str, ...] | None) -> None:
        """Somebody signs in at their provider."""
        key, said, before = (home, person), self.said[home], self.account(home, person)
        squatted = before is not None and before.email_verified_at is None
        member = key in self.hand
        opened = not said.required_groups or (groups is not None and bool(set(groups) & set(said.required_groups)))
        comes = opened and (member or key not in self.left or key in self.invited)
        answer = self.arrive(home, f"{person}@{DOMAINS[home]}", groups)
        assert isinstance(answer, SignedIn) == comes, (answer, key)
        if member and not opened and groups is not None and key in self.made:
            self.forget(key)
        if not comes:
            return
        assert not squatted or self.account(home, person).email_verified_at is not None
        if squatted:
            assert isinstance(self.world.step(f"{person}@{DOMAINS[home]}", PASSWORD), Refusal)
        if not member:
            self.hand[key], self.given[key] = [None, None], ({DEFAULT}, set())
            self.made.add(key)
            self.left.discard(key)
        if groups is not None:
            fitting = [each for each in said.rules if each.group in groups]
            inside = {each.role for each in fitting if each.workspace is None} | {DEFAULT}
            self.given[key] = (inside, {each.role for each in fitting if each.workspace is not None})

    def ask(self, home: int, person: str, groups: tuple[str, ...] | None) -> None:
        """An hour has passed: the provider is asked about somebody who came in once, which brings nobody back."""
        key, user = (home, person), self.account(home, person)
        if user is None:
            return
        email, connection = f"{person}@{DOMAINS[home]}", self.connections[home]
        told = ExternalIdentity(connection=connection.id, issuer="https://id", subject=email, email=email, groups=groups)
        with self.world.security.begin() as unit:
            found = [each for each in unit.connections.of_organization(organization=self.homes[home]) if each.id == connection.id]
            unit.provisioning.refreshed(found[0], user.id, told)
        required, rules = self.said[home].required_groups, self.said[home].rules
        if key not in self.hand or groups is None:
            return
        if required and not set(groups) & set(required):
            if key in self.made:
                self.forget(key)
            return
        fitting = [each for each in rules if each.group in groups]
        inside = {each.role for each in fitting if each.workspace is None} | {DEFAULT}
        self.given[key] = (inside, {each.role for each in fitting if each.workspace is not None})

    def turn(self, home: int, person: str, groups: tuple[str, ...] | None) -> None:
        """An owner, who came in through the provider, requires it from now on, or relaxes it."""
        owner = through(self.world.sure(self.owners[home]), self.homes[home])
        verb = "relax" if self.required[home] else "require"
        done = self.world.call(f"sso_entrance.{verb}", owner, organization=self.homes[home])
        assert not isinstance(done, Refusal), done
        self.required[home] = not self.required[home]
        self.come(home, person, groups)

    def by(self, home: int) -> Principal:
        """Return an organization's owner as they act there now."""
        return through(self.owners[home], self.homes[home])

    def everybody_is_seen_as_they_are(self) -> None:
        """An own session is nobody where the provider is required; one through a provider is somebody at its organization alone."""
        for home in range(len(self.homes)):
            for person in PEOPLE:
                user = self.account(home, person)
                if user is None:
                    continue
                own = replace(self.owners[home], id=user.id)
                member, at = (home, person) in self.hand, self.homes
                reason = self.world.gate.access(own, at[home]).check("members:manage").reason
                assert (reason is DecisionReason.NOT_A_MEMBER) == (not member)
                assert (reason is DecisionReason.SSO_REQUIRED) == (member and self.required[home])
                for way, place in product(at, at):
                    seen = self.world.gate.access(through(own, way), place).check("members:manage").reason
                    assert (seen is DecisionReason.NOT_A_MEMBER) == (not (member and way == place == at[home]))
                    assert seen is not DecisionReason.SSO_REQUIRED

    def forget(self, key: tuple[int, str]) -> None:
        """Somebody is no member any more: open invitations end with the membership; in the first organization a hand's role sleeps."""
        held = self.hand[key][1]
        if key[0] == 0 and held is not None:
            self.slept[key] = held
        del self.hand[key], self.given[key]
        self.made.discard(key)
        self.invited.discard(key)
        self.left.add(key)

    def write(self, home: int, groups: tuple[str, ...] | None, told: list[tuple[str, str, bool]], required: tuple[str, ...]) -> None:
        """An owner writes other rules."""
        rules = tuple(GroupRule(group=group, role=role, workspace=self.places[home] if there else None) for group, role, there in told)
        self.said[home] = ProvisioningSettings(rules=(*rules, GroupRule(group="none", role="member")), required_groups=required)
        owner, where = self.world.sure(self.by(home)), {"organization": self.homes[home]}
        done = self.world.call("connections.change", owner, self.connections[home].id, **where, wish=self.wish(home))
        assert isinstance(done, Connection), done
        self.come(home, "ann", groups)

    def promote(self, home: int, person: str, groups: tuple[str, ...] | None, role: str) -> None:
        """An owner gives a role in the organization by hand; giving what is held already changes nothing, nor who gave it."""
        user = UserId(self.account(home, person).id)
        before = self.world.call("roles.change_organization_role", self.by(home), organization=self.homes[home], user=user, role=role)
        assert not isinstance(before, Refusal), before
        with self.world.security.begin() as unit:
            held = unit._store.memberships.get(self.homes[home], user)
        if held is not None and held.role_given_by is None:
            self.hand[home, person][0] = role
        self.come(home, person, groups)

    def assign(self, home: int, person: str, groups: tuple[str, ...] | None) -> None:
        """An owner gives a role in the workspace by hand."""
        place: dict[str, Any] = {"organization": self.homes[home], "workspace": self.places[home]}
        done = self.world.call("roles.assign", self.by(home), **place, user=UserId(self.account(home, person).id), role="viewer")
        assert not isinstance(done, Refusal), done
        self.hand[home, person][1] = "viewer"
        self.come(home, person, groups)

    def remove(self, home: int, person: str, groups: tuple[str, ...] | None) -> None:
        """An owner removes a member."""
        key = (home, person)
        user = UserId(self.account(*key).id)
        done = self.world.call("members.remove", self.by(home), organization=self.homes[home], user=user)
        assert not isinstance(done, Refusal), done
        self.forget(key)
        self.come(*key, groups)

    def invite(self, home: int, person: str, groups: tuple[str, ...] | None) -> None:
        """An owner invites an address (again)."""
        email = f"{person}@{DOMAINS[home]}"
        done = self.world.call("members.invite", self.by(home), organization=self.homes[home], email=email)
        assert not isinstance(done, Refusal), done
        if (home, person) not in self.hand:
            self.invited.add((home, person))
        self.come(home, person, groups)

    def squat(self, home: int, person: str, groups: tuple[str, ...] | None) -> None:
        """A stranger signs up with an address before its person comes."""
        self.world.sign_up(f"{person}@{DOMAINS[home]}")
        self.come(home, person, groups)

    def lie(self, home: int, person: str, groups: tuple[str, ...] | None) -> None:
        """A provider names people of the other organization, of no verified domain, and the owner: nobody comes in."""
        told = (f"{person}@{DOMAINS[1 - home]}", "eve@elsewhere.example", f"owner@{DOMAINS[home]}")
        email = told[(len(self.given) + len(groups or ())) % len(told)]
        assert isinstance(self.arrive(home, email, groups), Refusal), email

    def nobody_holds_more_than_was_given(self) -> None:
        """Each member holds what hands gave, or else what the rules allowed at the last sign-in; others hold nothing, and link nowhere."""
        if len(self.homes) < 2:
            return
        with self.world.security.begin() as unit:
            store = unit._store
            for home, organization in enumerate(self.homes):
                owner = UserId(self.owners[home].id)
                held = {each.user: each for each in store.standings.of_organization(organization, after="", limit=10)}
                assert held.pop(owner).role == "owner"
                for person in PEOPLE:
                    user = store.users.by_email(f"{person}@{DOMAINS[home]}")
                    links = store.identities.of_user(user.id) if user is not None else ()
                    assert {each.organization_id for each in links} <= {organization}
                    standing = held.pop(user.id, None) if user is not None else None
                    assert (standing is not None) == ((home, person) in self.hand)
                    if standing is None:
                        continue
                    hand, (inside, there) = self.hand[home, person], self.given[home, person]
                    assert standing.role in ({hand[0]} if hand[0] is not None else inside)
                    assigned = standing.workspaces.get(self.places[home])
                    allowed = {hand[1]} if hand[1] is not None else {*there, None, *self.slept.get((home, person), "").split()}
                    assert (assigned.role if assigned is not None else None) in allowed
                assert held == {}
            assert store.identities.of_user(UserId(self.eve.id)) == ()


def through(person: Principal, organization: OrganizationId) -> Principal:
    """Return somebody as a session through an organization's provider shows them."""
    return replace(person, organization=organization, credential=replace(person.credential, kind=CredentialKind.SSO_SESSION))


def written(random: Random) -> tuple[list[tuple[str, str, bool]], tuple[str, ...]]:
    """Return rules and required groups that an owner may write."""
    places = (("member", False), ("viewer", False), ("editor", True), ("viewer", True))
    told = [(random.choice(GROUPS), *random.choice(places)) for _ in range(random.randint(1, 3))]
    return told, random.choice(((), (), ("a",)))


@settings(max_examples=RUNS, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_nobody_gets_what_neither_a_rule_nor_an_administrator_gave(seed: int) -> None:
    """Over random histories of groups, rules, hands, removals, invitations, checks and requirements, with strangers and lying providers."""
    random, histories = Random(seed), Histories()
    try:
        histories.found()
        for _ in range(16):
            home, person, groups = random.randrange(2), random.choice(PEOPLE), random.choice(TOLD)
            h = histories
            of_members = (h.promote, h.promote, h.promote, h.assign, h.remove) if (home, person) in h.hand else (h.invite, h.squat)
            act = random.choice((h.come, h.come, h.ask, h.ask, h.turn, h.write, h.lie, *of_members))
            if act in {h.come, h.ask, h.turn, h.lie, h.invite, h.squat, h.assign, h.remove}:
                getattr(h, act.__name__)(home, person, groups)
            elif act == h.write:
                h.write(home, groups, *written(random))
            else:
                h.promote(home, person, groups, random.choice(("member", "viewer")))
            histories.nobody_holds_more_than_was_given()
            histories.everybody_is_seen_as_they_are()
    finally:
        histories.close()
