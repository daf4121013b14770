"""What organizations ask of keys, what is due, and who is told before a key ends (async source of the twin)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any

import pytest

from ctsec.ambient import Request
from ctsec.directory.record import Organization
from ctsec.keys.attenuation import derive, root_of
from ctsec.keys.policy import KeyPolicy, KeyRequest
from ctsec.outcome import Reason
from ctsec.principal import Principal
from ctsec.security.parts import EmbeddedOptions
from tests.services._async_world import AsyncWorld
from tests.services.probing import reason

DAY = timedelta(days=1)


@pytest.fixture
async def world() -> AsyncGenerator[AsyncWorld, None]:
    async with AsyncWorld.open(options=EmbeddedOptions(keys=KeyPolicy(allow_endless=True))) as made:
        yield made


@pytest.fixture
async def ann(world: AsyncWorld) -> Principal:
    return await world.person("ann@acme.example")


@pytest.fixture
async def acme(world: AsyncWorld, ann: Principal) -> Organization:
    return await world.organization(ann)


async def ruled(world: AsyncWorld, actor: Principal, acme: Organization, life: timedelta | None, *networks: str) -> Any:
    """Set an organization's rules."""
    return await world.call("key_rules.put", actor, organization=acme.id, longest_life=life, networks=networks)


async def used(world: AsyncWorld, minted: Any, address: str = "192.0.2.9") -> Reason | None:
    """Return why a key is refused."""
    return reason(await world.gate.api_key(minted.token.reveal(), Request(address=address)))


@pytest.mark.proves("SEED-K1", "ASVS-13.3.4")
async def test_only_an_organization_lets_keys_be_without_end(world: AsyncWorld, ann: Principal, acme: Organization) -> None:
    """Never is refused until the organization says so, where the deployment lets it; said otherwise, such keys end at once by their age."""
    assert reason(await world.key(ann, acme.id, life=None)) is Reason.INVALID_INPUT
    assert reason(await ruled(world, ann, acme, None)) is None
    minted = await world.key(ann, acme.id, life=None)
    world.clock.advance(400 * DAY)
    assert await used(world, minted) is None
    assert reason(await ruled(world, ann, acme, 400 * DAY)) is None
    assert await used(world, minted) is Reason.EXPIRED
    assert reason(await world.call("api_keys.rotate", ann, organization=acme.id, key_id=minted.key.id)) is Reason.EXPIRED
    async with AsyncWorld.open() as strict:
        eve = await strict.person("eve@acme.example")
        assert reason(await ruled(strict, eve, await strict.organization(eve), None)) is Reason.INVALID_INPUT


@pytest.mark.proves("ASVS-13.3.4", "ASVS-8.2.4")
async def test_rules_hold_for_keys_that_exist(world: AsyncWorld, ann: Principal, acme: Organization) -> None:
    """A shorter life ends older keys, and is their end in lists; required networks refuse from outside, and are asked for at minting."""
    minted = await world.key(ann, acme.id, networks=("192.0.2.0/24",))
    assert await used(world, minted) is None
    assert reason(await ruled(world, ann, acme, 10 * DAY, "192.0.2.0/28", "2001:db8::/32")) is None
    assert await used(world, minted) is None
    assert await used(world, minted, "192.0.2.99") is Reason.DENIED
    (listed,) = await world.call("api_keys.of", ann, organization=acme.id)
    assert listed.expires_at == minted.key.created_at + 10 * DAY
    for wish in (
        {"life": 11 * DAY, "networks": ("192.0.2.0/30",)},
        {"life": DAY},
        {"life": DAY, "networks": ("192.0.2.0/24",)},
        {"life": DAY, "networks": ("192.0.2.0/30", "2001:db9::/48")},
        {"life": None, "networks": ("192.0.2.0/30",)},
    ):
        assert reason(await world.key(ann, acme.id, **wish)) is Reason.INVALID_INPUT, wish
    assert reason(await world.key(ann, acme.id, life=10 * DAY, networks=("192.0.2.0/30", "2001:db8:1::/48"))) is None
    world.clock.advance(10 * DAY)
    assert await used(world, minted) is Reason.EXPIRED


async def test_rules_are_changed_by_who_manages_the_organization(world: AsyncWorld, ann: Principal, acme: Organization) -> None:
    """Members neither see nor change them; what can be no rule is refused; another organization's rules are not touched."""
    bob = await world.member(acme.id, "bob@acme.example")
    assert reason(await ruled(world, bob, acme, 10 * DAY)) is Reason.DENIED
    assert reason(await world.call("key_rules.get", bob, organization=acme.id)) is Reason.DENIED
    assert reason(await world.call("key_rules.due", bob, organization=acme.id)) is Reason.DENIED
    for life, networks in ((timedelta(0), ()), (DAY / 2, ()), (40_000 * DAY, ()), (DAY, ("192.0.2.1/24",))):
        assert reason(await ruled(world, ann, acme, life, *networks)) is Reason.INVALID_INPUT
    assert reason(await ruled(world, ann, acme, DAY, *["192.0.2.0/24"] * 65)) is Reason.TOO_LARGE
    assert await world.call("key_rules.get", ann, organization=acme.id) is None
    assert (await ruled(world, ann, acme, 10 * DAY)).version == 1
    assert (await ruled(world, ann, acme, 20 * DAY)).version == 2
    other = await world.organization(ann, "Globex")
    assert reason(await world.key(ann, other.id, life=90 * DAY)) is None
    changed = [event.details()["details"] for event in await world.events(acme.id, "key_policy.changed")]
    assert sorted(each["longest_life_days"] for each in changed) == [10, 20]


@pytest.mark.proves("SEED-K3", "ASVS-6.4.5")
async def test_what_ends_is_told_in_time_and_once(world: AsyncWorld, ann: Principal, acme: Organization) -> None:
    """Fourteen days before its end a key is on the list of what is due, and its owner, or its account's people, have one mail."""
    bob = await world.member(acme.id, "bob@acme.example", role="admin")
    robot = await world.call("service_accounts.create", bob, organization=acme.id, name="Deployer")
    mine = await world.key(bob, acme.id, life=20 * DAY)
    request = KeyRequest(name="deploy", life=20 * DAY)
    theirs = await world.call("api_keys.mint", bob, organization=acme.id, request=request, owner=robot.account.id)
    gone = await world.key(bob, acme.id, life=20 * DAY)
    await world.call("api_keys.revoke", bob, organization=acme.id, key_id=gone.key.id)

    async def told() -> list[int]:
        await world.security.jobs.reminders.remind()
        await world.mail()
        return [sum(mail.kind == "key_ending" for mail in world.mailer.to(f"{name}@acme.example")) for name in ("ann", "bob")]

    async def due(within: timedelta = timedelta(0)) -> set[str]:
        return {each.key.id for each in await world.call("key_rules.due", ann, organization=acme.id, within=within)}

    assert (await told(), await due(), len(await due(6 * DAY))) == ([0, 0], set(), 2)
    world.clock.advance(6 * DAY)
    assert (await told(), await due()) == ([1, 2], {mine.key.id, theirs.key.id})
    assert await told() == [1, 2]
    reminded = await world.events(acme.id, "api_key.reminded")
    assert {event.target_id: event.details()["details"]["told"] for event in reminded} == {mine.key.id: 1, theirs.key.id: 2}
    assert reason(await ruled(world, ann, acme, 10 * DAY)) is None
    assert await told() == [2, 4]
    await world.call("members.remove", ann, organization=acme.id, user=bob.id)
    assert reason(await ruled(world, ann, acme, 9 * DAY)) is None
    assert await told() == [3, 4]
    world.clock.advance(3 * DAY)
    assert (await told(), await due()) == ([3, 4], set())


async def test_an_old_secret_is_due_for_rotation(world: AsyncWorld, ann: Principal, acme: Organization) -> None:
    """Ninety days after its newest secret was made a key is due, without any end too; a rotation puts that off."""
    await ruled(world, ann, acme, None)
    minted = await world.key(ann, acme.id, life=None)
    world.clock.advance(90 * DAY)
    (found,) = await world.call("key_rules.due", ann, organization=acme.id)
    assert (found.key.id, found.due_at) == (minted.key.id, world.clock.now())
    assert reason(await world.call("api_keys.rotate", ann, organization=acme.id, key_id=minted.key.id)) is None
    assert await world.call("key_rules.due", ann, organization=acme.id) == ()


@pytest.mark.proves("SEED-K4")
async def test_a_derived_key_lives_and_dies_with_its_key(world: AsyncWorld, ann: Principal, acme: Organization) -> None:
    """It may what its caveats leave of the key; it makes and changes no key; rotation past its overlap, and revocation, end it."""
    plain, minted = await world.key(ann, acme.id), await world.key(ann, acme.id, derivable=True)
    ends = world.clock.now() + 9 * DAY

    def narrower(key: Any) -> str:
        return derive(key.token, expires_at=ends, scopes=frozenset({"audit:view"})).reveal()

    async def through(token: str) -> Any:
        return await world.gate.api_key(token, world.request)

    assert reason(await through(narrower(plain))) is Reason.INVALID_TOKEN
    token = narrower(minted)
    child = await through(token)
    assert (child.id, child.credential.id, child.credential.scopes) == (ann.id, minted.key.id, frozenset({"audit:view"}))
    assert await world.may(child, "audit:view", acme.id)
    assert not await world.may(child, "billing:manage", acme.id)
    whole = await through(derive(minted.token, expires_at=ends).reveal())
    on = {"organization": acme.id, "key_id": minted.key.id}
    for method in ("rotate", "revoke", "end_overlap"):
        assert reason(await world.call(f"api_keys.{method}", whole, **on)) is Reason.BEYOND_OWN_RIGHTS, method
    assert reason(await world.key(whole, acme.id)) is Reason.BEYOND_OWN_RIGHTS
    second = await world.call("api_keys.rotate", ann, **on, overlap=timedelta(hours=1))
    heir = narrower(second)
    assert [reason(await through(each)) for each in (token, heir)] == [None, None]
    assert await world.call("api_keys.end_overlap", ann, **on) is True
    assert [reason(await through(each)) for each in (token, heir)] == [Reason.EXPIRED, None]
    world.clock.advance(9 * DAY)
    assert reason(await through(heir)) is Reason.EXPIRED
    assert reason(await through(second.token.reveal())) is None
    await world.call("api_keys.revoke", ann, **on)
    assert reason(await through(heir)) is Reason.REVOKED


async def test_the_store_alone_mints_nothing(world: AsyncWorld, ann: Principal, acme: Organization) -> None:
    """What is stored of a root is sealed: neither it nor the MAC is the root, and a chain from either proves no key."""
    minted = await world.key(ann, acme.id, derivable=True)
    async with world.storage.reading() as store:
        found = await store.api_keys.get(minted.key.id)
    assert found is not None
    (secret,) = found[1]
    child = derive(minted.token, expires_at=world.clock.now() + DAY).reveal()
    root = root_of(minted.token.reveal().encode(), key_id=minted.key.id).reveal()
    assert secret.sealed_root is not None
    assert root not in secret.sealed_root
    assert root not in (secret.mac, secret.sealed_root[-32:])
    assert reason(await world.gate.api_key(child, world.request)) is None
