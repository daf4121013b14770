"""Organizations and their people: who may do what to whom, and what is not found (async source of the twin)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest

from ctsec.directory.record import Organization
from ctsec.ids import OrganizationId
from ctsec.outcome import Reason
from ctsec.principal import Principal
from tests.services._async_world import AsyncWorld
from tests.services.probing import reason

BOB = "bob@acme.example"


@pytest.fixture
async def world() -> AsyncGenerator[AsyncWorld, None]:
    async with AsyncWorld.open() as made:
        yield made


@pytest.fixture
async def ann(world: AsyncWorld) -> Principal:
    return await world.person("ann@acme.example")


@pytest.fixture
async def acme(world: AsyncWorld, ann: Principal) -> Organization:
    return await world.organization(ann)


async def change(world: AsyncWorld, actor: Principal, organization: OrganizationId, user: Principal, role: str) -> Reason | None:
    """Change an organization role and return why it was refused."""
    return reason(await world.call("roles.change_organization_role", actor, organization=organization, user=user.id, role=role))


async def test_who_creates_an_organization_owns_it(world: AsyncWorld, ann: Principal, acme: Organization) -> None:
    """The creator is the first owner; bootstrap makes an existing account one, in the name of the system."""
    assert await world.may(ann, "billing:manage", acme.id)
    made = await world.call("directory.bootstrap", owner_email_key="ann@acme.example", name="Second")
    assert await world.may(ann, "billing:manage", made.id)
    assert reason(await world.call("directory.bootstrap", owner_email_key="nobody@acme.example", name="Third")) is Reason.NOT_FOUND
    assert [event.actor_kind for event in await world.events(made.id)] == ["system"]


@pytest.mark.parametrize("method", ["members.remove", "members.suspend", "demote"])
async def test_the_last_owner_stays(world: AsyncWorld, ann: Principal, acme: Organization, method: str) -> None:
    """The last owner is neither removed, suspended nor demoted, by nobody and not by themselves; the last but one may go."""
    cid = await world.member(acme.id, "cid@acme.example", role="owner")
    org = {"organization": acme.id}

    async def end(actor: Principal, user: Principal) -> Reason | None:
        if method == "demote":
            return await change(world, actor, acme.id, user, "admin")
        return reason(await world.call(method, actor, **org, user=user.id))

    assert await end(cid, ann) is None
    wanted = Reason.SELF_CHANGE if method == "members.suspend" else Reason.LAST_OWNER
    assert await end(cid, cid) is wanted
    assert await world.may(cid, "billing:manage", acme.id)
    assert (await world.call("directory.organization", acme.id)).permanent_owners == 1


async def test_the_last_owner_can_not_leave(world: AsyncWorld, ann: Principal, acme: Organization) -> None:
    """Leaving is removing oneself: a member may, the last owner may not, and a suspended owner does not count."""
    bob, cid = await world.member(acme.id, BOB), await world.member(acme.id, "cid@acme.example", role="owner")
    org = {"organization": acme.id}
    assert reason(await world.call("members.remove", bob, **org, user=bob.id)) is None
    assert reason(await world.call("members.suspend", ann, **org, user=cid.id)) is None
    assert reason(await world.call("members.remove", ann, **org, user=ann.id)) is Reason.LAST_OWNER
    assert reason(await world.call("members.reinstate", ann, **org, user=cid.id)) is None
    assert reason(await world.call("members.remove", ann, **org, user=ann.id)) is None


@pytest.mark.proves("ASVS-8.2.1")
async def test_inviting_takes_rights(world: AsyncWorld, ann: Principal, acme: Organization) -> None:
    """Members and workspace admins invite nobody, admins no owner, strangers find nothing."""
    prod = await world.workspace(acme.id)
    member = await world.member(acme.id, BOB, workspace=prod.id, wrole="admin")
    admin = await world.member(acme.id, "cid@acme.example", role="admin")
    eve = await world.person("eve@globex.example")
    invite = {"organization": acme.id, "email": "new@acme.example"}
    assert reason(await world.call("members.invite", member, **invite)) is Reason.DENIED
    assert reason(await world.call("members.invite", admin, **invite, role="owner")) is Reason.BEYOND_OWN_RIGHTS
    assert reason(await world.call("members.invite", eve, **invite)) is Reason.NOT_FOUND
    assert reason(await world.call("members.invite", admin, **invite, role="no role")) is Reason.INVALID_INPUT
    assert reason(await world.call("members.invite", admin, **{**invite, "email": "x" * 1000})) is Reason.INVALID_INPUT
    assert reason(await world.call("members.invite", admin, **invite, workspace=prod.id)) is Reason.INVALID_INPUT
    assert reason(await world.call("members.invite", admin, **invite)) is None


async def test_an_inviter_whose_account_is_disabled_brings_nobody_in(world: AsyncWorld, ann: Principal, acme: Organization) -> None:
    """What somebody asked for whose account is disabled since is refused, though their membership stands; enabled again, it counts."""
    cid = await world.member(acme.id, "cid@acme.example", role="admin")
    assert reason(await world.call("members.invite", cid, organization=acme.id, email=BOB)) is None
    token = await world.token(BOB, "invitation")
    bob = await world.person(BOB)
    await world.call("directory.disable_user", cid.id, reason="left")
    assert reason(await world.call("members.accept", bob, token=token)) is Reason.INVALID_TOKEN
    await world.call("directory.enable_user", cid.id, reason="back")
    assert reason(await world.call("members.accept", bob, token=token)) is None


async def test_who_wakes_a_role_could_give_it(world: AsyncWorld, ann: Principal, acme: Organization) -> None:
    """A suspended owner is brought back by an owner, and not by an admin."""
    cid = await world.member(acme.id, "cid@acme.example", role="owner")
    admin = await world.member(acme.id, BOB, role="admin")
    org = {"organization": acme.id, "user": cid.id}
    await world.call("members.suspend", ann, **org)
    assert reason(await world.call("members.reinstate", admin, **org)) is Reason.BEYOND_OWN_RIGHTS
    assert reason(await world.call("members.reinstate", ann, **org)) is None


async def test_invitations_fill_nobodys_mailbox(world: AsyncWorld, ann: Principal, acme: Organization) -> None:
    """A mailbox is invited five times at once, by all organizations together; what its owner asks for is mailed all the same."""
    globex = await world.organization(ann, "Globex")
    for n, organization in enumerate([acme, globex, acme, globex, acme]):
        invited = await world.call("members.invite", ann, organization=organization.id, email=f"b.ob+{n}@acme.example")
        assert reason(invited) is None
    again = {"organization": globex.id, "email": BOB}
    assert reason(await world.call("members.invite", ann, **again)) is Reason.THROTTLED
    assert len(await world.call("members.invitations", organization=globex.id)) == 2
    await world.person(BOB)
    world.clock.advance(timedelta(minutes=5))
    assert reason(await world.call("members.invite", ann, **again)) is None


@pytest.mark.proves("GHSA-fmh4-wcc4-5jm3", "CVE-2022-23555")
async def test_an_invitation_is_accepted_once_by_its_address(world: AsyncWorld, ann: Principal, acme: Organization) -> None:
    """Another person's invitation is as if there were none; the right one accepts it, once."""
    token = await world.invite(acme.id, BOB)
    bob, eve = await world.person(BOB), await world.person("eve@acme.example")
    assert reason(await world.call("members.accept", eve, token=token)) is Reason.INVALID_TOKEN
    assert reason(await world.call("members.accept", bob, token=token)) is None
    assert reason(await world.call("members.accept", bob, token=token)) is Reason.INVALID_TOKEN
    second = await world.invite(acme.id, BOB)
    assert reason(await world.call("members.accept", bob, token=second)) is Reason.ALREADY_EXISTS
    await world.call("members.remove", ann, organization=acme.id, user=bob.id)
    assert reason(await world.call("members.accept", bob, token=token)) is Reason.INVALID_TOKEN


@pytest.mark.proves("CVE-2025-64708")
async def test_an_invitation_ends(world: AsyncWorld, ann: Principal, acme: Organization) -> None:
    """After seven days, or withdrawn, or garbled, an invitation admits nobody."""
    bob = await world.person(BOB)
    token = await world.invite(acme.id, BOB)
    world.clock.advance(timedelta(days=7))
    assert reason(await world.call("members.accept", bob, token=token)) is Reason.INVALID_TOKEN
    token = await world.invite(acme.id, BOB)
    (invitation,) = await world.call("members.invitations", organization=acme.id)
    assert await world.call("members.withdraw", ann, organization=acme.id, invitation=invitation.id) is True
    assert await world.call("members.withdraw", ann, organization=acme.id, invitation=invitation.id) is False
    for dead in (token, "", "A" * 43, "x" * (1 << 20)):
        assert reason(await world.call("members.accept", bob, token=dead)) is Reason.INVALID_TOKEN


@pytest.mark.proves("GHSA-fmh4-wcc4-5jm3")
async def test_an_unverified_address_accepts_nothing(world: AsyncWorld, ann: Principal, acme: Organization) -> None:
    """An account whose address is not confirmed, or that is disabled, can not use an invitation for it."""
    bob = await world.person(BOB)
    token = await world.invite(acme.id, BOB)
    await world.call("directory.disable_user", bob.id, reason="left")
    assert reason(await world.call("members.accept", bob, token=token)) is Reason.INVALID_TOKEN
    await world.call("directory.enable_user", bob.id, reason="back")
    async with world.storage.begin(after_commit=lambda _: None) as store:
        user = await store.users.by_email(BOB)
        assert user is not None
        unverified = type(user)(
            id=user.id,
            email=user.email,
            email_key=user.email_key,
            name=user.name,
            status=user.status,
            email_verified_at=None,
            created_at=user.created_at,
            version=user.version + 1,
        )
        assert await store.users.replace(unverified)
    assert reason(await world.call("members.accept", bob, token=token)) is Reason.INVALID_TOKEN


async def test_the_inviter_is_judged_again(world: AsyncWorld, ann: Principal, acme: Organization) -> None:
    """An invitation by somebody who was demoted, or who left, before it was accepted admits nobody."""
    cid, bob = await world.member(acme.id, "cid@acme.example", role="admin"), await world.person(BOB)
    await world.call("members.invite", cid, organization=acme.id, email=BOB)
    token = await world.token(BOB, "invitation")
    assert await change(world, ann, acme.id, cid, "member") is None
    assert reason(await world.call("members.accept", bob, token=token)) is Reason.DENIED
    await world.call("members.remove", ann, organization=acme.id, user=cid.id)
    # What somebody sent goes with them.
    assert reason(await world.call("members.accept", bob, token=token)) is Reason.INVALID_TOKEN
    assert not await world.call("members.is_member", bob.id, acme.id)


@pytest.mark.proves("ASVS-8.4.1", "ASVS-8.2.2")
async def test_other_organizations_are_not_found(world: AsyncWorld, ann: Principal, acme: Organization) -> None:
    """An owner of one organization reaches nothing of another: not its people, its workspaces, nor by mixing their ids."""
    eve = await world.person("eve@globex.example")
    globex = await world.organization(eve, "Globex")
    prod, bob = await world.workspace(acme.id), await world.member(acme.id, BOB)
    for organization, user in ((acme.id, bob.id), (globex.id, bob.id)):
        for method in ("members.remove", "members.suspend", "members.reinstate"):
            assert reason(await world.call(method, eve, organization=organization, user=user)) is Reason.NOT_FOUND
        place = {"organization": organization, "workspace": prod.id}
        assert reason(await world.call("roles.revoke", eve, **place, user=user)) is Reason.NOT_FOUND
    assert (
        reason(await world.call("roles.assign", eve, organization=acme.id, workspace=prod.id, user=bob.id, role="viewer"))
        is Reason.NOT_FOUND
    )
    mixed = {"organization": globex.id, "workspace": prod.id}
    assert reason(await world.call("roles.assign", eve, **mixed, user=eve.id, role="viewer")) is Reason.NOT_FOUND
    invited = await world.call("members.invite", eve, **mixed, email="new@globex.example", workspace_role="viewer")
    assert reason(invited) is Reason.NOT_FOUND
    assert reason(await world.call("directory.rename_organization", eve, organization=acme.id, name="Mine")) is Reason.NOT_FOUND
    assert reason(await world.call("directory.create_workspace", eve, organization=acme.id, name="Mine")) is Reason.NOT_FOUND
    assert not await world.may(eve, "dashboards:view", acme.id, prod.id)
    assert not await world.may(eve, "dashboards:view", globex.id, prod.id)


async def test_role_changes_have_bounds(world: AsyncWorld, ann: Principal, acme: Organization) -> None:
    """An admin touches no owner and makes none; nobody raises themselves; a workspace admin acts in that workspace only."""
    prod, test = await world.workspace(acme.id), await world.workspace(acme.id, "Test")
    admin = await world.member(acme.id, "cid@acme.example", role="admin")
    head = await world.member(acme.id, BOB, workspace=prod.id, wrole="admin")
    dan = await world.member(acme.id, "dan@acme.example")
    assert await change(world, admin, acme.id, ann, "member") is Reason.BEYOND_OWN_RIGHTS
    assert await change(world, admin, acme.id, dan, "owner") is Reason.BEYOND_OWN_RIGHTS
    assert await change(world, admin, acme.id, admin, "owner") is Reason.SELF_CHANGE
    assert await change(world, dan, acme.id, head, "admin") is Reason.DENIED
    assert reason(await world.call("members.remove", admin, organization=acme.id, user=ann.id)) is Reason.BEYOND_OWN_RIGHTS
    grant = {"organization": acme.id, "user": dan.id, "role": "editor"}
    assert reason(await world.call("roles.assign", head, **grant, workspace=test.id)) is Reason.DENIED
    assert reason(await world.call("roles.assign", head, **grant, workspace=prod.id)) is None
    assert await world.may(dan, "operations:approve", acme.id, prod.id)
    assert not await world.may(dan, "operations:approve", acme.id, test.id)


@pytest.mark.proves("ASVS-8.3.2")
async def test_suspension_is_at_once_and_reversible(world: AsyncWorld, ann: Principal, acme: Organization) -> None:
    """A suspended member loses everything with the commit, though the gate knew them a moment before, and has it back when reinstated."""
    prod = await world.workspace(acme.id)
    bob = await world.member(acme.id, BOB, workspace=prod.id, wrole="operator")
    target = {"organization": acme.id, "user": bob.id}
    for method, after in (("members.suspend", False), ("members.reinstate", True), ("members.remove", False)):
        assert await world.may(bob, "agents:run", acme.id, prod.id) is not after
        assert reason(await world.call(method, ann, **target)) is None
        assert await world.may(bob, "agents:run", acme.id, prod.id) is after


@pytest.mark.proves("ASVS-7.4.2")
async def test_a_disabled_account_stops_everywhere(world: AsyncWorld, ann: Principal, acme: Organization) -> None:
    """Disabling ends what the sessions and keys of a person can do with the commit, in the name of the system."""
    login = await world.login("ann@acme.example")
    token = (await world.key(ann, acme.id)).token.reveal()
    assert reason(await world.gate.api_key(token, world.request)) is None
    await world.call("directory.disable_user", ann.id, reason="left")
    assert reason(await world.gate.session(login.token)) is Reason.DISABLED
    assert reason(await world.gate.api_key(token, world.request)) is Reason.DISABLED
    assert reason(await world.call("directory.disable_user", "usr_00000000000000000000000000", reason="x")) is Reason.NOT_FOUND
