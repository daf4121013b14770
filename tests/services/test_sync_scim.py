# Generated from tests/services/test_async_scim.py by tools/twin.py; edit that file.
"""What a provider may and may not change by SCIM (async source of the twin)."""

from __future__ import annotations

import json
import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from ctsec.directory.record import Organization, OrganizationStatus
from ctsec.ids import UserId, WorkspaceId
from ctsec.outcome import Reason, Refusal
from ctsec.principal import Principal
from ctsec.secret import SecretText
from ctsec.security._sync_settling import SettlingJobs
from ctsec.sso import ConnectionSettings, ConnectionWish, GroupRule, ProvisioningSettings
from ctsec.sso.oidc import Provider
from ctsec.sso.scim import ScimState, ScimWish
from ctsec.sso.scim._sync_settling import SETTLED_A_PAGE, SETTLED_AT_ONCE
from ctsec.sso.scim.wish import GroupWish, UserWish
from ctsec.testing.conformance.samples import ignore
from ctsec.testing.conformance.scim_samples import scim_user
from tests.services._sync_world import World
from tests.services.probing import reason


@dataclass(frozen=True)
class Scene:
    """An organization with a verified domain, its owner, and a SCIM connection."""

    world: World
    ann: Principal
    acme: Organization
    workspace: WorkspaceId
    source: Any

    def do(self, verb: str, *positional: Any, **named: Any) -> Any:
        """Call `people.…` or `groups.…` as the provider, in a unit of its own that a refusal rolls back."""
        service, _, name = verb.partition(".")
        with self.world.security.begin() as unit:
            return getattr(getattr(unit.scim, service), name)(self.source, *positional, **named)

    def push(self, who: str, **changed: Any) -> Any:
        """Push a user."""
        return self.do("people.create", user(who, **changed))

    def found(self, who: str) -> Any:
        """Return a user as it is kept."""
        with self.world.security.begin() as unit:
            (one,) = unit.scim.reads.users_named(self.source, name=f"{who}@acme.example")
        return one

    def group(self, name: str, *members: str) -> Any:
        """Push a group."""
        return self.do("groups.create", GroupWish(display_name=name, external_id=None, attributes="{}"), members=members)

    def roles(self) -> dict[str, str]:
        """Return the roles of members by address, with those in the workspace behind a slash."""
        with self.world.security.begin() as unit:
            members = unit.members.members(organization=self.acme.id)
        with self.world.storage.reading() as store:
            given = store.assignments.of_workspace(self.acme.id, self.workspace, after="", limit=99)
        held = {each.user_id: f"/{each.role}" for each in given}
        return {each.email: each.membership.role + held.get(each.membership.user_id, "") for each in members}

    def why(self) -> list[str]:
        """Return what the log says of each pushed user, oldest first."""
        found = self.world.events(self.acme.id)
        return [json.loads(each.body)["details"]["why"] for each in found if each.name.startswith("scim_user.")]


class Calls:
    """Every call of a store, by its name."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def before(self, call: str) -> None:
        """Keep it."""
        self.calls.append(call)

    def after(self, call: str, result: object) -> None:
        """Hear nothing."""


def user(who: str, **changed: Any) -> UserWish:
    """Return what a provider tells of somebody at acme.example."""
    wish = UserWish(
        user_name=f"{who}@acme.example", external_id=None, active=True, attributes="{}", address=f"{who}@acme.example", display=who
    )
    return replace(wish, **changed)


@contextmanager
def scene(rules: tuple[GroupRule, ...] = (), *, owners: bool = False, required: tuple[str, ...] = ()) -> Generator[Scene, None, None]:
    """Open a world with an organization that pushes; rules without a workspace of their own name `{workspace}`."""
    with World.open() as world:
        ann = world.person("ann@elsewhere.example")
        acme = world.organization(ann)
        world.verified(acme.id)
        workspace = (world.workspace(acme.id)).id
        placed = tuple(replace(each, workspace=workspace) if each.workspace is not None else each for each in rules)
        settings = ProvisioningSettings(rules=placed, required_groups=required)
        with world.security.begin() as unit:
            wish = ScimWish(name="Directory", provisioning=settings, owners=owners)
            made: Any = unit.scim.connections.create(world.sure(ann), organization=acme.id, wish=wish)
            issued: Any = unit.scim.connections.issue(world.sure(ann), made.id, organization=acme.id)
            source = unit.scim.reads.authenticate(issued.text.reveal())
        yield Scene(world, ann, acme, workspace, source)


def test_only_addresses_of_verified_domains_become_people() -> None:
    """Another domain's address, none at all and an account that nobody confirmed give nothing; a resource is kept all the same."""
    with scene() as here:
        here.world.sign_up("bob@acme.example")
        assert (here.push("bob")).user_id is None
        assert (here.push("x", address="x@evil.example")).user_id is None
        assert (here.push("y", address="")).user_id is None
        carl = here.world.person("carl@acme.example")
        assert (here.push("carl")).user_id == carl.id
        assert (here.push("dora")).user_id is not None
        assert here.roles() == {"ann@elsewhere.example": "owner", "carl@acme.example": "member", "dora@acme.example": "member"}
        assert sorted(here.why()) == ["", "", "address_not_verified", "address_of_another_domain", "no_address"]
        with here.world.storage.reading() as store:
            one = store.users.get(UserId(carl.id))
        here.do("people.change", (here.found("carl")).id, user("carl", address="new@acme.example", display="Karl"))
        with here.world.storage.reading() as store:
            assert store.users.get(UserId(carl.id)) == one


def test_what_an_administrator_ended_stays_ended() -> None:
    """`active` true gives back what the provider ended; whom an administrator removed comes back by an invitation alone."""
    with scene() as here:
        bob = here.push("bob")
        here.do("people.change", bob.id, user("bob", active=False))
        here.do("people.change", bob.id, user("bob"))
        assert "bob@acme.example" in here.roles()
        sure = here.world.sure(here.ann)
        here.world.call("members.remove", sure, organization=here.acme.id, user=bob.user_id)
        refused = here.do("people.change", bob.id, user("bob", external_id="2"))
        assert (reason(refused), (here.found("bob")).external_id) == (Reason.DENIED, None)
        here.do("people.remove", bob.id)
        assert reason(here.push("bob")) is Reason.DENIED
        here.world.invite(here.acme.id, "bob@acme.example")
        assert (here.push("bob")).state is ScimState.ACTIVE
        assert "bob@acme.example" in here.roles()


@pytest.mark.proves("SEED-S14")
def test_a_removal_ends_an_owner_as_anybody_and_may_take_the_last() -> None:
    """No owner's word is needed for an end; the last one leaves the organization ownerless, and nobody comes back as an owner."""
    with scene() as here:
        other = here.world.person("olga@acme.example")
        here.world.call("members.accept", other, token=here.world.invite(here.acme.id, "olga@acme.example", role="owner"))
        olga = here.push("olga")
        assert here.roles() == {"ann@elsewhere.example": "owner", "olga@acme.example": "owner"}
        here.world.call("members.remove", here.ann, organization=here.acme.id, user=here.ann.id)
        assert reason(here.do("people.change", olga.id, user("olga", active=False))) is None
        assert here.roles() == {}
        with here.world.storage.reading() as store:
            home = store.organizations.get(here.acme.id)
            assert home is not None
            assert (home.status, home.permanent_owners) == (OrganizationStatus.OWNERLESS, 0)
        here.world.drain()
        assert "organization.orphaned" in [each.name for each in here.world.events(here.acme.id)]
        here.do("people.change", olga.id, user("olga"))
        assert here.roles() == {"olga@acme.example": "member"}


@pytest.mark.parametrize("owners", [False, True])
def test_roles_of_owners_are_touched_only_where_one_allowed_it(owners: bool) -> None:
    """Groups give an owner no role in a workspace without an owner's word, and never another role in the organization."""
    with scene((GroupRule(group="Eng", role="editor", workspace=WorkspaceId("here")),), owners=owners) as here:
        other = here.world.person("olga@acme.example")
        here.world.call("members.accept", other, token=here.world.invite(here.acme.id, "olga@acme.example", role="owner"))
        olga, dora = here.push("olga"), here.push("dora")
        here.group("Eng", olga.id, dora.id)
        with here.world.storage.reading() as store:
            held = [store.assignments.of_user(here.acme.id, UserId(each.user_id or "")) for each in (olga, dora)]
        assert [[one.role for one in each] for each in held] == [["editor"] if owners else [], ["editor"]]
        assert (here.roles())["olga@acme.example"].partition("/")[0] == "owner"


def test_an_admin_does_not_allow_it() -> None:
    """Only an owner says that owners may be ended, however much else an administrator may do; and nobody gives what is above them."""
    with scene() as here:
        admin = here.world.sure(here.world.member(here.acme.id, "adam@acme.example", role="admin"))
        org = {"organization": here.acme.id}
        with here.world.security.begin() as unit:
            made = unit.scim.connections
            assert reason(made.create(admin, **org, wish=ScimWish(name="D", owners=True))) is Reason.BEYOND_OWN_RIGHTS
            assert reason(made.create(admin, **org, wish=ScimWish(name="D", default_role="owner"))) is Reason.INVALID_INPUT
            assert reason(made.create(here.ann, **org, wish=ScimWish(name="D"))) is Reason.STEP_UP_REQUIRED
            assert not isinstance(made.create(admin, **org, wish=ScimWish(name="D")), Refusal)
            for verb in ("issue", "remove"):
                stranger = here.world.sure(replace(here.ann, id="usr_" + "0" * 26))
                assert isinstance(getattr(made, verb)(stranger, here.source.scim.id, **org), Refusal)


def test_groups_give_roles_as_rules_say() -> None:
    """Coming into a group gives its roles, leaving it takes them; unpushed groups are unknown; a renamed group gives by its new name."""
    rules = (GroupRule(group="Crew", role="viewer", workspace=WorkspaceId("here")),)
    with scene(rules) as here:
        bob, carl = here.push("bob"), here.push("carl")
        group = here.group("crew", bob.id)
        assert (here.roles())["bob@acme.example"] == "member"
        crew = GroupWish(display_name="Crew", external_id=None, attributes="{}")
        here.do("groups.change", group.id, crew, members=None)
        assert (here.roles())["bob@acme.example"] == "member/viewer"
        here.do("groups.move", group.id, add=[carl.id], drop=[bob.id])
        roles = here.roles()
        assert (roles["bob@acme.example"], roles["carl@acme.example"]) == ("member", "member/viewer")
        assert reason(here.do("groups.move", group.id, add=["usr_" + "0" * 26])) is Reason.INVALID_INPUT
        here.do("groups.remove", group.id)
        assert (here.roles())["carl@acme.example"] == "member"


def test_required_groups_let_in_and_out() -> None:
    """Where a group is required, a pushed user comes in with it, and goes with it."""
    with scene(required=("Staff",)) as here:
        bob = here.push("bob")
        assert "bob@acme.example" not in here.roles()
        group = here.group("Staff", bob.id)
        assert "bob@acme.example" in here.roles()
        here.do("groups.move", group.id, drop=[bob.id])
        assert "bob@acme.example" not in here.roles()


def test_one_member_of_a_large_group_costs_one_member() -> None:
    """In a group of thousands (50,000 in the long run) a change of one touches one row; its person is brought in line, nobody else."""
    many = 50_000 if os.environ.get("CTSEC_SOAK") else 2_000
    with scene((GroupRule(group="Everybody", role="viewer", workspace=WorkspaceId("here")),)) as here:
        scim = here.source.scim
        with here.world.storage.begin(after_commit=ignore) as store:
            for number in range(many):
                one = replace(scim_user(number, of=1), scim_id=scim.id, organization_id=here.acme.id, user_id=None)
                store.scim_users.add(one)
        group = here.group("Everybody", *(f"scu_{number:026d}" for number in range(many)))
        bob = here.push("bob")
        with here.world.tap.to(Calls()) as heard:
            here.do("groups.move", group.id, add=[bob.id])
        assert "scim_members.put" in heard.calls
        assert "scim_members.of_group" not in heard.calls
        assert len(heard.calls) < 60
        assert (here.roles())["bob@acme.example"] == "member/viewer"
        with here.world.security.begin() as unit:
            assert len(unit.scim.reads.members(group)) == many + 1


@pytest.mark.parametrize("verb", ["remove", "rename", "empty", "create"])
def test_what_many_lose_or_get_by_a_group_is_settled_by_pages(verb: str) -> None:
    """A change that reaches more than 500 settles nobody in its own transaction; the worker does, page by page, and goes on if killed."""
    here_rule, many = (GroupRule(group="Crew", role="viewer", workspace=WorkspaceId("here")),), SETTLED_AT_ONCE - 1
    with scene(here_rule) as here:
        strangers = [scim_user(number, of=1) for number in range(many)]
        with here.world.storage.begin(after_commit=ignore) as store:
            for each in strangers:
                mine = {"scim_id": here.source.scim.id, "organization_id": here.acme.id, "user_id": None}
                store.scim_users.add(replace(each, **mine))
        bob, cid, _ = [here.push(who) for who in ("bob", "cid", "zoe")]
        few = [*(each.id for each in strangers), bob.id]
        group = here.group("Crew" if verb != "create" else "Few", *few)
        assert (here.roles())["bob@acme.example"] == ("member/viewer" if verb != "create" else "member")
        here.do("people.change", cid.id, user("cid", active=False))
        here.do("groups.move", group.id, add=[cid.id])
        before = here.roles()
        wish = GroupWish(display_name="Gang" if verb == "rename" else "Crew", external_id=None, attributes="{}")
        with here.world.tap.to(Calls()) as heard:
            match verb:
                case "remove":
                    here.do("groups.remove", group.id)
                case "create":
                    here.do("groups.create", wish, members=[*few, cid.id])
                case _:
                    here.do("groups.change", group.id, wish, members=[] if verb == "empty" else None)
        assert len(heard.calls) < 60
        assert here.roles() == before
        jobs = SettlingJobs(here.world.security.begin)
        with here.world.security.begin() as unit:
            assert unit.scim.settling.page(here.acme.id, here.source.scim.id) == SETTLED_A_PAGE
        here.do("people.remove", strangers[SETTLED_A_PAGE + 1].id)
        assert jobs.settle() == many - SETTLED_A_PAGE - 1 + 2
        gets = "member/viewer" if verb == "create" else "member"
        assert here.roles() == {**before, "bob@acme.example": gets}
        assert (here.found("zoe")).active
        assert jobs.settle() == 0


def test_a_large_change_while_another_is_settled_begins_anew() -> None:
    """Whoever was looked at before it is looked at again; a connection that was removed meanwhile is passed over."""
    with scene((GroupRule(group="Crew", role="viewer", workspace=WorkspaceId("here")),)) as here:
        bob = here.push("bob")
        here.group("Crew", bob.id)
        with here.world.storage.begin(after_commit=ignore) as store:
            store.scim_connections.settle(here.source.scim.id, after="")
            store.scim_connections.settle(here.source.scim.id, after=bob.id)
        jobs = SettlingJobs(here.world.security.begin)
        assert jobs.settle() == 0
        with here.world.storage.begin(after_commit=ignore) as store:
            store.scim_connections.settle(here.source.scim.id, after="")
        with here.world.security.begin() as unit:
            unit.scim.connections.remove(here.world.sure(here.ann), here.source.scim.id, organization=here.acme.id)
        with here.world.security.begin() as unit:
            assert unit.scim.settling.page(here.acme.id, here.source.scim.id) is None
        assert jobs.settle() == 0
        assert (here.roles())["bob@acme.example"] == "member/viewer"


def test_a_directory_whose_rules_are_gone_lets_nobody_in() -> None:
    """Without the connection for sign-in that it belongs to, nobody comes and no role changes, and who is gone goes."""
    with scene() as here:
        world, ann = here.world, here.world.sure(here.ann)
        settings = ConnectionSettings(issuer="https://id.example")
        login = ConnectionWish(name="Login", provider=Provider.GENERIC, client_id="c", settings=settings, default_role="viewer")
        with world.security.begin() as unit:
            made: Any = unit.connections.create(ann, organization=here.acme.id, wish=login, secret=SecretText("s"))
            wish = ScimWish(name="Its people", connection=made.id)
            scim: Any = unit.scim.connections.create(ann, organization=here.acme.id, wish=wish)
            issued: Any = unit.scim.connections.issue(ann, scim.id, organization=here.acme.id)

        def pushing() -> Scene:
            with world.security.begin() as unit:
                return replace(here, source=unit.scim.reads.authenticate(issued.text.reveal()))

        bob, cid = [(pushing()).push(who) for who in ("bob", "cid")]
        assert here.roles() == {"ann@elsewhere.example": "owner", "bob@acme.example": "viewer", "cid@acme.example": "viewer"}
        with world.security.begin() as unit:
            assert not isinstance(unit.connections.remove(ann, made.id, organization=here.acme.id), Refusal)
        adrift = pushing()
        adrift.push("dan")
        adrift.do("people.change", bob.id, user("bob"))
        adrift.do("people.change", cid.id, user("cid", active=False))
        assert here.roles() == {"ann@elsewhere.example": "owner", "bob@acme.example": "viewer"}
        assert sorted(here.why()) == ["", "", "connection_removed", "connection_removed", "inactive"]


def test_a_suspension_is_not_washed_away() -> None:
    """Whom an administrator suspended a provider ends, and does not bring back by saying that they are there again: an invitation does."""
    with scene() as here:
        bob = here.push("bob")
        with here.world.security.begin() as unit:
            done = unit.members.suspend(here.world.sure(here.ann), organization=here.acme.id, user=bob.user_id)
        assert not isinstance(done, Refusal)
        here.do("people.change", bob.id, user("bob", active=False))
        assert "bob@acme.example" not in here.roles()
        assert reason(here.do("people.change", bob.id, user("bob"))) is Reason.DENIED
        assert "bob@acme.example" not in here.roles()
