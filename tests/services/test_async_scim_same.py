"""One person at sign-in and in what the provider pushes: its own id says so, and an address does not (async source of the twin)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ctsec.ids import UserId
from ctsec.outcome import Reason, Refusal
from ctsec.sso.oidc.presets import Provider
from ctsec.sso.record import LinkedBy
from ctsec.sso.scim import ScimWish
from ctsec.sso.scim.record import provider_ids
from ctsec.sso.scim.wish import UserWish
from ctsec.testing.conformance.samples import ignore
from ctsec.testing.conformance.sso_samples import identity
from tests.services import test_async_sso_trials
from tests.services._async_world import AsyncWorld
from tests.services.test_async_sso_trials import AsyncTrialScene

scene = test_async_sso_trials.scene
pytestmark = pytest.mark.parametrize("scene", ["memory"], indirect=True)
UMA = "uma@acme.example"


async def source(scene: AsyncTrialScene, **named: Any) -> Any:
    """Return a SCIM connection, of the connection for sign-in unless something else is named, as its credential opens it."""
    async with scene.world.security.begin() as unit:
        wish = ScimWish(name="Directory", **{"connection": scene.connection.id, **named})
        made: Any = await unit.scim.connections.create(scene.sure, wish=wish, **scene.org)
        issued: Any = await unit.scim.connections.issue(scene.sure, made.id, **scene.org)
        return await unit.scim.reads.authenticate(issued.text.reveal())


async def push(
    world: AsyncWorld, here: Any, *, external: str | None, active: bool = True, user: Any = None, email: str = UMA, name: str = ""
) -> Any:
    """Push Uma or somebody else, or change what was pushed."""
    wish = UserWish(user_name=name or email, external_id=external, active=active, attributes="{}", address=email, display="Uma")
    async with world.security.begin() as unit:
        return await (unit.scim.people.create(here, wish) if user is None else unit.scim.people.change(here, user.id, wish))


async def prepared(scene: AsyncTrialScene) -> None:
    """Let people sign in by a provider that vouches for no address."""
    await scene.enable()
    scene.provider.people["uma"] = {"email": UMA, "email_verified": False}


async def is_member(scene: AsyncTrialScene, user: Any) -> bool:
    """Tell whether an account is a member."""
    async with scene.world.storage.reading() as store:
        return await store.memberships.get(scene.stage.acme.id, user) is not None


@pytest.mark.proves("SEED-S13", "SEED-S14")
@pytest.mark.parametrize("external", ["uma", "somebody", None])
async def test_a_pushed_person_comes_in_as_whom_the_provider_says(scene: AsyncTrialScene, external: str | None) -> None:
    """A first sign-in with the `externalId` of a pushed user is that account's; others are refused, and whoever left is not made anew."""
    await prepared(scene)
    here = await source(scene)
    pushed = await push(scene.world, here, external=external)
    tried, step = await scene.dry_run("uma"), await scene.sign_in("uma")
    assert tried.passed is (external == "uma")
    if external != "uma":
        assert (tried.problem, step.reason) == ("address_not_verified", Reason.INVALID_CREDENTIALS)
        return
    async with scene.world.storage.reading() as store:
        (linked,) = await store.identities.of_user(pushed.user_id)
    assert (linked.subject, linked.linked_by) == ("uma", LinkedBy.PUSHED)
    assert not isinstance(step, Refusal)
    assert await is_member(scene, pushed.user_id)
    await push(scene.world, here, external="uma", active=False, user=pushed)
    assert not await is_member(scene, pushed.user_id)
    assert isinstance(await scene.sign_in("uma"), Refusal)
    assert not await is_member(scene, pushed.user_id)


async def test_who_left_before_the_first_sign_in_is_not_found_by_the_id(scene: AsyncTrialScene) -> None:
    """A pushed user that was there and is not any more says nothing of who signs in: no identity is linked to its account."""
    await prepared(scene)
    here = await source(scene)
    pushed = await push(scene.world, here, external="uma")
    await push(scene.world, here, external="uma", active=False, user=pushed)
    assert (await scene.dry_run("uma")).problem == "address_not_verified"
    assert isinstance(await scene.sign_in("uma"), Refusal)
    async with scene.world.storage.reading() as store:
        assert await store.identities.of_user(pushed.user_id) == ()


@pytest.mark.proves("SEED-S14")
@pytest.mark.parametrize("uma", ["active", "inactive", "signed in, and forgotten"])
async def test_who_is_pushed_with_a_colleagues_address_is_not_the_colleague(scene: AsyncTrialScene, uma: str) -> None:
    """Max, whom the provider pushes with the address of Uma, comes in as nobody, while she is pushed, is away, or signs in as herself."""
    await prepared(scene)
    here = await source(scene)
    pushed = await push(scene.world, here, external="uma")
    if uma == "inactive":
        await push(scene.world, here, external="uma", active=False, user=pushed)
    elif uma != "active":
        assert not isinstance(await scene.sign_in("uma"), Refusal)
        async with scene.world.security.begin() as unit:
            await unit.scim.people.remove(here, pushed.id)
    scene.provider.people["max"] = {"email": UMA, "email_verified": False}
    false = await push(scene.world, here, external="max", name="max")
    assert false.user_id == pushed.user_id
    tried, step = await scene.dry_run("max"), await scene.sign_in("max")
    assert (tried.problem, getattr(step, "reason", step)) == ("address_not_verified", Reason.INVALID_CREDENTIALS)


async def test_what_stands_before_a_slash_is_part_of_the_id(scene: AsyncTrialScene) -> None:
    """Uma of another realm is not the pushed one, except where what is before the slash is a tenant that this library put there."""
    await prepared(scene)
    await push(scene.world, await source(scene), external="uma")
    scene.provider.people["other/uma"] = {"email": UMA, "email_verified": False}
    assert isinstance(await scene.sign_in("other/uma"), Refusal)
    assert [provider_ids("tid/oid", provider=each) for each in (Provider.ENTRA, Provider.GENERIC)] == [("tid/oid", "oid"), ("tid/oid",)]


async def test_only_the_connections_own_directory_speaks_for_it(scene: AsyncTrialScene) -> None:
    """A SCIM connection of no connection for sign-in lets nobody in by an id, nor does a push of somebody else, or of somebody gone."""
    await prepared(scene)
    await push(scene.world, await source(scene), external="uma", email="max@acme.example")
    await push(scene.world, await source(scene, connection=None), external="uma")
    assert isinstance(await scene.sign_in("uma"), Refusal)
    await push(scene.world, await source(scene), external="uma", active=False)
    assert isinstance(await scene.sign_in("uma"), Refusal)


@pytest.mark.proves("SEED-S14")
@pytest.mark.parametrize("external", ["uma", "somebody"])
async def test_whom_a_sign_in_made_the_directory_can_end(scene: AsyncTrialScene, external: str) -> None:
    """An account that a sign-in made of an address nobody vouched for is the pushed user's by the id; who leaves is out in either case."""
    await prepared(scene)
    assert not isinstance(await scene.sign_in("uma"), Refusal)
    here = await source(scene)
    async with scene.world.storage.reading() as store:
        account: Any = await store.users.by_email(UMA)
    uma = account.id
    pushed = await push(scene.world, here, external=external)
    assert pushed.user_id == (uma if external == "uma" else None)
    assert await is_member(scene, uma)
    await push(scene.world, here, external=external, active=False, user=pushed)
    assert not await is_member(scene, uma)


async def test_a_member_by_invitation_is_not_the_directorys_to_end(scene: AsyncTrialScene) -> None:
    """Whom people made a member, of an address nobody confirmed, is not the pushed user by an id elsewhere, and stays when they leave."""
    await prepared(scene)
    uma = UserId((await scene.world.member(scene.stage.acme.id, UMA)).id)
    async with scene.world.storage.begin(after_commit=ignore) as store:
        one: Any = await store.users.get(uma)
        await store.users.replace(replace(one, email_verified_at=None, version=one.version + 1))
        await store.identities.add(replace(identity(7, of=7, subject="uma"), user_id=uma))
    here = await source(scene)
    pushed = await push(scene.world, here, external="uma")
    gone = await push(scene.world, here, external="uma", active=False, user=pushed)
    assert (pushed.user_id, gone.user_id) == (None, None)
    assert await is_member(scene, uma)
