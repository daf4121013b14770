"""What a provider may and may not change by SCIM (async source of the twin)."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from ctsec.directory.record import Organization, OrganizationStatus
from ctsec.ids import UserId, WorkspaceId
from ctsec.outcome import Reason, Refusal
from ctsec.principal import Principal
from ctsec.secret import SecretText
from ctsec.security._async_settling import AsyncSettlingJobs
from ctsec.sso import ConnectionSettings, ConnectionWish, GroupRule, ProvisioningSettings
from ctsec.sso.oidc import Provider
from ctsec.sso.scim import ScimState, ScimWish
from ctsec.sso.scim._async_settling import SETTLED_A_PAGE, SETTLED_AT_ONCE
from ctsec.sso.scim.wish import GroupWish, UserWish
from ctsec.testing.conformance.samples import ignore
from ctsec.testing.conformance.scim_samples import scim_user
from tests.services._async_world import AsyncWorld
from tests.services.probing import reason


@dataclass(frozen=True)
class Scene:
    """An organization with a verified domain, its owner, and a SCIM connection."""

    world: AsyncWorld
    ann: Principal
    acme: Organization
    workspace: WorkspaceId
    source: Any

    async def do(self, verb: str, *positional: Any, **named: Any) -> Any:
        """Call `people.…` or `groups.…` as the provider, in a unit of its own that a refusal rolls back."""
        service, _, name = verb.partition(".")
        async with self.world.security.begin() as unit:
            return await getattr(getattr(unit.scim, service), name)(self.source, *positional, **named)

    async def push(self, who: str, **changed: Any) -> Any:
        """Push a user."""
        return await self.do("people.create", user(who, **changed))

    async def found(self, who: str) -> Any:
        """Return a user as it is kept."""
        async with self.world.security.begin() as unit:
            (one,) = await unit.scim.reads.users_named(self.source, name=f"{who}@acme.example")
        return one

    async def group(self, name: str, *members: str) -> Any:
        """Push a group."""
        return await self.do("groups.create", GroupWish(display_name=name, external_id=None, attributes="{}"), members=members)

    async def roles(self) -> dict[str, str]:
        """Return the roles of members by address, with those in the workspace behind a slash."""
        async with self.world.security.begin() as unit:
            members = await unit.members.members(organization=self.acme.id)
        async with self.world.storage.reading() as store:
            given = await store.assignments.of_workspace(self.acme.id, self.workspace, after="", limit=99)
        held = {each.user_id: f"/{each.role}" for each in given}
        return {each.email: each.membership.role + held.get(each.membership.user_id, "") for each in members}

    async def why(self) -> list[str]:
        """Return what the log says of each pushed user, oldest first."""
        found = await self.world.events(self.acme.id)
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


@asynccontextmanager
async def scene(rules: tuple[GroupRule, ...] = (), *, owners: bool = False, required: tuple[str, ...] = ()) -> AsyncGenerator[Scene, None]:
    """Open a world with an organization that pushes; rules without a workspace of their own name `{workspace}`."""
    async with AsyncWorld.open() as world:
        ann = await world.person("ann@elsewhere.example")
        acme = await world.organization(ann)
        await world.verified(acme.id)
        workspace = (await world.workspace(acme.id)).id
        placed = tuple(replace(each, workspace=workspace) if each.workspace is not None else each for each in rules)
        settings = ProvisioningSettings(rules=placed, required_groups=required)
        async with world.security.begin() as unit:
            wish = ScimWish(name="Directory", provisioning=settings, owners=owners)
            made: Any = await unit.scim.connections.create(world.sure(ann), organization=acme.id, wish=wish)
            issued: Any = await unit.scim.connections.issue(world.sure(ann), made.id, organization=acme.id)
            source = await unit.scim.reads.authenticate(issued.text.reveal())
        yield Scene(world, ann, acme, workspace, source)


async def test_only_addresses_of_verified_domains_become_people() -> None:
    """Another domain's address, none at all and an account that nobody confirmed give nothing; a resource is kept all the same."""
    async with scene() as here:
        await here.world.sign_up("bob@acme.example")
        assert (await here.push("bob")).user_id is None
        assert (await here.push("x", address="x@evil.example")).user_id is None
        assert (await here.push("y", address="")).user_id is None
        carl = await here.world.person("carl@acme.example")
        assert (await here.push("carl")).user_id == carl.id
        assert (await here.push("dora")).user_id is not None
        assert await here.roles() == {"ann@elsewhere.example": "owner", "carl@acme.example": "member", "dora@acme.example": "member"}
        assert sorted(await here.why()) == ["", "", "address_not_verified", "address_of_another_domain", "no_address"]
        async with here.world.storage.reading() as store:
            one = await store.users.get(UserId(carl.id))
        await here.do("people.change", (await here.found("carl")).id, user("carl", address="new@acme.example", display="Karl"))
        async with here.world.storage.reading() as store:
            assert await store.users.get(UserId(carl.id)) == one


async def test_what_an_administrator_ended_stays_ended() -> None:
    """`active` true gives back what the provider ended; whom an administrator removed comes back by an invitation alone."""
    async with scene() as here:
        bob = await here.push("bob")
        await here.do("people.change", bob.id, user("bob", active=False))
        await here.do("people.change", bob.id, user("bob"))
        assert "bob@acme.example" in await here.roles()
        sure = here.world.sure(here.ann)
        await here.world.call("members.remove", sure, organization=here.acme.id, user=bob.user_id)
        refused = await here.do("people.change", bob.id, user("bob", external_id="2"))
        assert (reason(refused), (await here.found("bob")).external_id) == (Reason.DENIED, None)
        await here.do("people.remove", bob.id)
        assert reason(await here.push("bob")) is Reason.DENIED
        await here.world.invite(here.acme.id, "bob@acme.example")
        assert (await here.push("bob")).state is ScimState.ACTIVE
        assert "bob@acme.example" in await here.roles()


@pytest.mark.proves("SEED-S14")
async def test_a_removal_ends_an_owner_as_anybody_and_may_take_the_last() -> None:
    """No owner's word is needed for an end; the last one leaves the organization ownerless, and nobody comes back as an owner."""
    async with scene() as here:
        other = await here.world.person("olga@acme.example")
        await here.world.call("members.accept", other, token=await here.world.invite(here.acme.id, "olga@acme.example", role="owner"))
        olga = await here.push("olga")
        assert await here.roles() == {"ann@elsewhere.example": "owner", "olga@acme.example": "owner"}
        await here.world.call("members.remove", here.ann, organization=here.acme.id, user=here.ann.id)
        assert reason(await here.do("people.change", olga.id, user("olga", active=False))) is None
        assert await here.roles() == {}
        async with here.world.storage.reading() as store:
            home = await store.organizations.get(here.acme.id)
            assert home is not None
            assert (home.status, home.permanent_owners) == (OrganizationStatus.OWNERLESS, 0)
        await here.world.drain()
        assert "organization.orphaned" in [each.name for each in await here.world.events(here.acme.id)]
        await here.do("people.change", olga.id, user("olga"))
        assert await here.roles() == {"olga@acme.example": "member"}


@pytest.mark.parametrize("owners", [False, True])
async def test_roles_of_owners_are_touched_only_where_one_allowed_it(owners: bool) -> None:
    """Groups give an owner no role in a workspace without an owner's word, and never another role in the organization."""
    async with scene((GroupRule(group="Eng", role="editor", workspace=WorkspaceId("here")),), owners=owners) as here:
        other = await here.world.person("olga@acme.example")
        await here.world.call("members.accept", other, token=await here.world.invite(here.acme.id, "olga@acme.example", role="owner"))
        olga, dora = await here.push("olga"), await here.push("dora")
        await here.group("Eng", olga.id, dora.id)
        async with here.world.storage.reading() as store:
            held = [await store.assignments.of_user(here.acme.id, UserId(each.user_id or "")) for each in (olga, dora)]
        assert [[one.role for one in each] for each in held] == [["editor"] if owners else [], ["editor"]]
        assert (await here.roles())["olga@acme.example"].partition("/")[0] == "owner"


async def test_an_admin_does_not_allow_it() -> None:
    """Only an owner says that owners may be ended, however much else an administrator may do; and nobody gives what is above them."""
    async with scene() as here:
        admin = here.world.sure(await here.world.member(here.acme.id, "adam@acme.example", role="admin"))
        org = {"organization": here.acme.id}
        async with here.world.security.begin() as unit:
            made = unit.scim.connections
            assert reason(await made.create(admin, **org, wish=ScimWish(name="D", owners=True))) is Reason.BEYOND_OWN_RIGHTS
            assert reason(await made.create(admin, **org, wish=ScimWish(name="D", default_role="owner"))) is Reason.INVALID_INPUT
            assert reason(await made.create(here.ann, **org, wish=ScimWish(name="D"))) is Reason.STEP_UP_REQUIRED
            assert not isinstance(await made.create(admin, **org, wish=ScimWish(name="D")), Refusal)
            for verb in ("issue", "remove"):
                stranger = here.world.sure(replace(here.ann, id="usr_" + "0" * 26))
                assert isinstance(await getattr(made, verb)(stranger, here.source.scim.id, **org), Refusal)


async def test_groups_give_roles_as_rules_say() -> None:
    """Coming into a group gives its roles, leaving it takes them; unpushed groups are unknown; a renamed group gives by its new name."""
    rules = (GroupRule(group="Crew", role="viewer", workspace=WorkspaceId("here")),)
    async with scene(rules) as here:
        bob, carl = await here.push("bob"), await here.push("carl")
        group = await here.group("crew", bob.id)
        assert (await here.roles())["bob@acme.example"] == "member"
        crew = GroupWish(display_name="Crew", external_id=None, attributes="{}")
        await here.do("groups.change", group.id, crew, members=None)
        assert (await here.roles())["bob@acme.example"] == "member/viewer"
        await here.do("groups.move", group.id, add=[carl.id], drop=[bob.id])
        roles = await here.roles()
        assert (roles["bob@acme.example"], roles["carl@acme.example"]) == ("member", "member/viewer")
        assert reason(await here.do("groups.move", group.id, add=["usr_" + "0" * 26])) is Reason.INVALID_INPUT
        await here.do("groups.remove", group.id)
        assert (await here.roles())["carl@acme.example"] == "member"


async def test_required_groups_let_in_and_out() -> None:
    """Where a group is required, a pushed user comes in with it, and goes with it."""
    async with scene(required=("Staff",)) as here:
        bob = await here.push("bob")
        assert "bob@acme.example" not in await here.roles()
        group = await here.group("Staff", bob.id)
        assert "bob@acme.example" in await here.roles()
        await here.do("groups.move", group.id, drop=[bob.id])
        assert "bob@acme.example" not in await here.roles()


async def test_one_member_of_a_large_group_costs_one_member() -> None:
    """In a group of thousands (50,000 in the long run) a change of one touches one row; its person is brought in line, nobody else."""
    many = 50_000 if os.environ.get("CTSEC_SOAK") else 2_000
    async with scene((GroupRule(group="Everybody", role="viewer", workspace=WorkspaceId("here")),)) as here:
        scim = here.source.scim
        async with here.world.storage.begin(after_commit=ignore) as store:
            for number in range(many):
                one = replace(scim_user(number, of=1), scim_id=scim.id, organization_id=here.acme.id, user_id=None)
                await store.scim_users.add(one)
        group = await here.group("Everybody", *(f"scu_{number:026d}" for number in range(many)))
        bob = await here.push("bob")
        with here.world.tap.to(Calls()) as heard:
            await here.do("groups.move", group.id, add=[bob.id])
        assert "scim_members.put" in heard.calls
        assert "scim_members.of_group" not in heard.calls
        assert len(heard.calls) < 60
        assert (await here.roles())["bob@acme.example"] == "member/viewer"
        async with here.world.security.begin() as unit:
            assert len(await unit.scim.reads.members(group)) == many + 1


@pytest.mark.parametrize("verb", ["remove", "rename", "empty", "create"])
async def test_what_many_lose_or_get_by_a_group_is_settled_by_pages(verb: str) -> None:
    """A change that reaches more than 500 settles nobody in its own transaction; the worker does, page by page, and goes on if killed."""
    here_rule, many = (GroupRule(group="Crew", role="viewer", workspace=WorkspaceId("here")),), SETTLED_AT_ONCE - 1
    async with scene(here_rule) as here:
        strangers = [scim_user(number, of=1) for number in range(many)]
        async with here.world.storage.begin(after_commit=ignore) as store:
            for each in strangers:
                mine = {"scim_id": here.source.scim.id, "organization_id": here.acme.id, "user_id": None}
                await store.scim_users.add(replace(each, **mine))
        bob, cid, _ = [await here.push(who) for who in ("bob", "cid", "zoe")]
        few = [*(each.id for each in strangers), bob.id]
        group = await here.group("Crew" if verb != "create" else "Few", *few)
        assert (await here.roles())["bob@acme.example"] == ("member/viewer" if verb != "create" else "member")
        await here.do("people.change", cid.id, user("cid", active=False))
        await here.do("groups.move", group.id, add=[cid.id])
        before = await here.roles()
        wish = GroupWish(display_name="Gang" if verb == "rename" else "Crew", external_id=None, attributes="{}")
        with here.world.tap.to(Calls()) as heard:
            match verb:
                case "remove":
                    await here.do("groups.remove", group.id)
                case "create":
                    await here.do("groups.create", wish, members=[*few, cid.id])
                case _:
                    await here.do("groups.change", group.id, wish, members=[] if verb == "empty" else None)
        assert len(heard.calls) < 60
        assert await here.roles() == before
        jobs = AsyncSettlingJobs(here.world.security.begin)
        async with here.world.security.begin() as unit:
            assert await unit.scim.settling.page(here.acme.id, here.source.scim.id) == SETTLED_A_PAGE
        await here.do("people.remove", strangers[SETTLED_A_PAGE + 1].id)
        assert await jobs.settle() == many - SETTLED_A_PAGE - 1 + 2
        gets = "member/viewer" if verb == "create" else "member"
        assert await here.roles() == {**before, "bob@acme.example": gets}
        assert (await here.found("zoe")).active
        assert await jobs.settle() == 0


async def test_a_large_change_while_another_is_settled_begins_anew() -> None:
    """Whoever was looked at before it is looked at again; a connection that was removed meanwhile is passed over."""
    async with scene((GroupRule(group="Crew", role="viewer", workspace=WorkspaceId("here")),)) as here:
        bob = await here.push("bob")
        await here.group("Crew", bob.id)
        async with here.world.storage.begin(after_commit=ignore) as store:
            await store.scim_connections.settle(here.source.scim.id, after="")
            await store.scim_connections.settle(here.source.scim.id, after=bob.id)
        jobs = AsyncSettlingJobs(here.world.security.begin)
        assert await jobs.settle() == 0
        async with here.world.storage.begin(after_commit=ignore) as store:
            await store.scim_connections.settle(here.source.scim.id, after="")
        async with here.world.security.begin() as unit:
            await unit.scim.connections.remove(here.world.sure(here.ann), here.source.scim.id, organization=here.acme.id)
        async with here.world.security.begin() as unit:
            assert await unit.scim.settling.page(here.acme.id, here.source.scim.id) is None
        assert await jobs.settle() == 0
        assert (await here.roles())["bob@acme.example"] == "member/viewer"


async def test_a_directory_whose_rules_are_gone_lets_nobody_in() -> None:
    """Without the connection for sign-in that it belongs to, nobody comes and no role changes, and who is gone goes."""
    async with scene() as here:
        world, ann = here.world, here.world.sure(here.ann)
        settings = ConnectionSettings(issuer="https://id.example")
        login = ConnectionWish(name="Login", provider=Provider.GENERIC, client_id="c", settings=settings, default_role="viewer")
        async with world.security.begin() as unit:
            made: Any = await unit.connections.create(ann, organization=here.acme.id, wish=login, secret=SecretText("s"))
            wish = ScimWish(name="Its people", connection=made.id)
            scim: Any = await unit.scim.connections.create(ann, organization=here.acme.id, wish=wish)
            issued: Any = await unit.scim.connections.issue(ann, scim.id, organization=here.acme.id)

        async def pushing() -> Scene:
            async with world.security.begin() as unit:
                return replace(here, source=await unit.scim.reads.authenticate(issued.text.reveal()))

        bob, cid = [await (await pushing()).push(who) for who in ("bob", "cid")]
        assert await here.roles() == {"ann@elsewhere.example": "owner", "bob@acme.example": "viewer", "cid@acme.example": "viewer"}
        async with world.security.begin() as unit:
            assert not isinstance(await unit.connections.remove(ann, made.id, organization=here.acme.id), Refusal)
        adrift = await pushing()
        await adrift.push("dan")
        await adrift.do("people.change", bob.id, user("bob"))
        await adrift.do("people.change", cid.id, user("cid", active=False))
        assert await here.roles() == {"ann@elsewhere.example": "owner", "bob@acme.example": "viewer"}
        assert sorted(await here.why()) == ["", "", "connection_removed", "connection_removed", "inactive"]


async def test_a_suspension_is_not_washed_away() -> None:
    """Whom an administrator suspended a provider ends, and does not bring back by saying that they are there again: an invitation does."""
    async with scene() as here:
        bob = await here.push("bob")
        async with here.world.security.begin() as unit:
            done = await unit.members.suspend(here.world.sure(here.ann), organization=here.acme.id, user=bob.user_id)
        assert not isinstance(done, Refusal)
        await here.do("people.change", bob.id, user("bob", active=False))
        assert "bob@acme.example" not in await here.roles()
        assert reason(await here.do("people.change", bob.id, user("bob"))) is Reason.DENIED
        assert "bob@acme.example" not in await here.roles()
