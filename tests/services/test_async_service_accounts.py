"""Service accounts: roles of their own, keys bound by who mints them, and nothing left when they end (async source of the twin)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any

import pytest

from ctsec.directory.record import Organization
from ctsec.ids import UserId
from ctsec.keys.policy import KeyRequest, MintedKey
from ctsec.mfa_policy import MfaPolicy
from ctsec.outcome import Reason
from ctsec.principal import Principal, PrincipalKind
from tests.services._async_world import AsyncWorld
from tests.services.probing import reason


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


async def robot(world: AsyncWorld, actor: Principal, acme: Organization, role: str = "member") -> Any:
    """Make a service account."""
    return await world.call("service_accounts.create", actor, organization=acme.id, name="Deployer", role=role)


async def key_of(world: AsyncWorld, actor: Principal, acme: Organization, owner: Any, **request: Any) -> Any:
    """Mint a key of a service account."""
    wish = KeyRequest(**{"name": "ci", **request})
    return await world.call("api_keys.mint", actor, organization=acme.id, request=wish, owner=owner.account.id)


async def through(world: AsyncWorld, minted: MintedKey) -> Any:
    """Return what the gate makes of a key."""
    return await world.gate.api_key(minted.token.reveal(), world.request)


@pytest.mark.proves("SEED-K4", "SEED-A4")
async def test_a_service_account_acts_by_its_own_roles(world: AsyncWorld, ann: Principal, acme: Organization) -> None:
    """Its key may what the account's roles give at that moment, within its scopes; an explanation and the log know its kind."""
    prod = await world.workspace(acme.id)
    made = await robot(world, ann, acme)
    key = await through(world, await key_of(world, ann, acme, made, scopes=frozenset({"agents:run", "billing:manage"})))
    assert (key.id, key.kind, key.organization) == (made.account.id, PrincipalKind.SERVICE_ACCOUNT, acme.id)
    assert not await world.may(key, "agents:run", acme.id, prod.id)
    place = {"organization": acme.id, "workspace": prod.id, "user": UserId(made.account.id)}
    assert reason(await world.call("roles.assign", ann, **place, role="operator")) is None
    assert await world.may(key, "agents:run", acme.id, prod.id)
    assert not await world.may(key, "dashboards:view", acme.id, prod.id)
    assert not await world.may(key, "billing:manage", acme.id)
    told = await world.call("roles.explain", ann, "agents:run", **place)
    assert told.decision.allowed
    (given,) = await world.events(acme.id, "role.assigned")
    assert given.details()["targets"] == [{"kind": "service_account", "id": made.account.id}]
    assert reason(await world.call("roles.revoke", ann, **place)) is None
    assert not await world.may(key, "agents:run", acme.id, prod.id)
    assert [each.membership.user_id for each in await world.call("members.members", organization=acme.id)] == [ann.id]


@pytest.mark.proves("ASVS-8.2.1", "ASVS-2.2.3")
async def test_nobody_makes_an_account_or_a_key_above_themselves(world: AsyncWorld, ann: Principal, acme: Organization) -> None:
    """It takes the permission; never is one an owner; a key of an account that holds more than its minter is refused until narrowed."""
    bob, cid = await world.member(acme.id, "bob@acme.example", role="admin"), await world.member(acme.id, "cid@acme.example")
    assert reason(await robot(world, cid, acme)) is Reason.DENIED
    for actor in (ann, bob):
        assert reason(await robot(world, actor, acme, role="owner")) is Reason.INVALID_INPUT
    made = await robot(world, ann, acme, role="admin")
    change = {"organization": acme.id, "user": UserId(made.account.id), "role": "owner"}
    assert reason(await world.call("roles.change_organization_role", ann, **change)) is Reason.INVALID_INPUT
    assert reason(await key_of(world, cid, acme, made)) is Reason.DENIED
    narrow = await through(world, await world.key(bob, acme.id, scopes=frozenset({"service_accounts:manage", "audit:view"})))
    assert reason(await key_of(world, narrow, acme, made)) is Reason.BEYOND_OWN_RIGHTS
    assert reason(await key_of(world, narrow, acme, made, scopes=frozenset({"audit:view", "members:manage"}))) is Reason.BEYOND_OWN_RIGHTS
    minted = await key_of(world, narrow, acme, made, scopes=frozenset({"audit:view"}))
    assert await world.may(await through(world, minted), "audit:view", acme.id)
    wide = await key_of(world, ann, acme, made)
    await world.call("service_accounts.disable", ann, organization=acme.id, account=made.account.id)
    assert reason(await key_of(world, narrow, acme, made)) is Reason.BEYOND_OWN_RIGHTS
    await world.call("service_accounts.enable", ann, organization=acme.id, account=made.account.id)
    assert reason(await world.call("api_keys.rotate", narrow, organization=acme.id, key_id=wide.key.id)) is Reason.BEYOND_OWN_RIGHTS
    ends = world.clock.now() + timedelta(days=1)
    assert reason(await world.call("roles.change_period", ann, organization=acme.id, user=bob.id, expires_at=ends)) is None
    assert reason(await key_of(world, bob, acme, made)) is Reason.BEYOND_OWN_RIGHTS


@pytest.mark.proves("CVE-2025-64521", "ASVS-7.4.2")
async def test_what_ends_the_account_ends_its_keys(world: AsyncWorld, ann: Principal, acme: Organization) -> None:
    """Demoted, disabled or removed: the next request has it. Enabled again, the keys work; removed, they are revoked for good."""
    made = await robot(world, ann, acme, role="admin")
    minted = await key_of(world, ann, acme, made)
    key, place = await through(world, minted), {"organization": acme.id, "account": made.account.id}
    assert await world.may(key, "members:manage", acme.id)
    await world.call("roles.change_organization_role", ann, organization=acme.id, user=UserId(made.account.id), role="member")
    assert not await world.may(key, "members:manage", acme.id)
    assert not (await world.call("service_accounts.disable", ann, **place)).enabled
    assert reason(await through(world, minted)) is Reason.DISABLED
    assert not await world.may(key, "api_keys:manage", acme.id)
    assert (await world.call("service_accounts.enable", ann, **place)).enabled
    assert reason(await through(world, minted)) is None
    assert reason(await world.call("service_accounts.remove", ann, **place)) is None
    assert reason(await through(world, minted)) is Reason.REVOKED
    assert not await world.may(key, "api_keys:manage", acme.id)
    assert reason(await world.call("service_accounts.get", ann, **place)) is Reason.NOT_FOUND
    names = sorted(event.name for event in await world.events(acme.id) if event.name.startswith(("service_account.", "api_key.")))
    lived = ("created", "disabled", "enabled", "removed")
    assert names == ["api_key.minted", "api_key.revoked", *(f"service_account.{each}" for each in lived)]


async def test_an_account_of_another_organization_is_not_there(world: AsyncWorld, ann: Principal, acme: Organization) -> None:
    """Its id elsewhere is nobody's, for every method, and its key is nobody in another organization of the same owner."""
    other = await world.organization(ann, "Globex")
    made = await robot(world, ann, acme)
    key = await through(world, await key_of(world, ann, acme, made))
    for method in ("get", "disable", "enable", "remove"):
        found = await world.call(f"service_accounts.{method}", ann, organization=other.id, account=made.account.id)
        assert reason(found) is Reason.NOT_FOUND, method
    assert reason(await key_of(world, ann, other, made)) is Reason.NOT_FOUND
    assert not await world.may(key, "api_keys:manage", other.id)
    assert [each.account.id for each in await world.call("service_accounts.of_organization", ann, organization=acme.id)] == [
        made.account.id
    ]
    assert await world.call("service_accounts.of_organization", ann, organization=other.id) == ()


async def test_a_required_second_factor_is_asked_of_people(world: AsyncWorld, ann: Principal, acme: Organization) -> None:
    """A key of a service account works where the organization requires second factors; a key of a person without one does not."""
    made = await robot(world, ann, acme, role="admin")
    keys = [await through(world, each) for each in (await key_of(world, ann, acme, made), await world.key(ann, acme.id))]
    async with world.security.begin() as unit:
        now = world.clock.now()
        await unit._store.organizations.put_mfa_policy(acme.id, MfaPolicy(starts_at=now, grace_until=now))
        await unit._store.epochs.bump(acme.id)
    assert [await world.may(each, "members:manage", acme.id) for each in keys] == [True, False]


async def test_who_saw_a_secret_that_works_is_known(world: AsyncWorld, ann: Principal, acme: Organization) -> None:
    """A leaver's keys of service accounts are those with a secret that they were shown and that has not ended."""
    bob = await world.member(acme.id, "bob@acme.example", role="admin")
    made = await robot(world, ann, acme)
    first, second = await key_of(world, bob, acme, made), await key_of(world, ann, acme, made)

    async def seen_by(person: Principal) -> list[str]:
        async with world.storage.reading() as store:
            return [key.id for key in await store.key_lists.minted_by(acme.id, person.id, now=world.clock.now())]

    assert (await seen_by(bob), await seen_by(ann)) == ([first.key.id], [second.key.id])
    await world.call("api_keys.rotate", ann, organization=acme.id, key_id=first.key.id, overlap=timedelta(hours=1))
    assert (await seen_by(bob), len(await seen_by(ann))) == ([first.key.id], 2)
    assert await world.call("api_keys.end_overlap", ann, organization=acme.id, key_id=first.key.id) is True
    assert (await seen_by(bob), len(await seen_by(ann))) == ([], 2)
    assert reason(await through(world, first)) is Reason.EXPIRED
    assert await world.call("api_keys.end_overlap", ann, organization=acme.id, key_id=first.key.id) is False
