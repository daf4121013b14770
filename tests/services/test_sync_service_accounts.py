# Generated from tests/services/test_async_service_accounts.py by tools/twin.py; edit that file.
"""Service accounts: roles of their own, keys bound by who mints them, and nothing left when they end (async source of the twin)."""

from __future__ import annotations

from collections.abc import Generator
from datetime import timedelta
from typing import Any

import pytest

from ctsec.directory.record import Organization
from ctsec.ids import UserId
from ctsec.keys.policy import KeyRequest, MintedKey
from ctsec.mfa_policy import MfaPolicy
from ctsec.outcome import Reason
from ctsec.principal import Principal, PrincipalKind
from tests.services._sync_world import World
from tests.services.probing import reason


@pytest.fixture
def world() -> Generator[World, None, None]:
    with World.open() as made:
        yield made


@pytest.fixture
def ann(world: World) -> Principal:
    return world.person("ann@acme.example")


@pytest.fixture
def acme(world: World, ann: Principal) -> Organization:
    return world.organization(ann)


def robot(world: World, actor: Principal, acme: Organization, role: str = "member") -> Any:
    """Make a service account."""
    return world.call("service_accounts.create", actor, organization=acme.id, name="Deployer", role=role)


def key_of(world: World, actor: Principal, acme: Organization, owner: Any, **request: Any) -> Any:
    """Mint a key of a service account."""
    wish = KeyRequest(**{"name": "ci", **request})
    return world.call("api_keys.mint", actor, organization=acme.id, request=wish, owner=owner.account.id)


def through(world: World, minted: MintedKey) -> Any:
    """Return what the gate makes of a key."""
    return world.gate.api_key(minted.token.reveal(), world.request)


@pytest.mark.proves("SEED-K4", "SEED-A4")
def test_a_service_account_acts_by_its_own_roles(world: World, ann: Principal, acme: Organization) -> None:
    """Its key may what the account's roles give at that moment, within its scopes; an explanation and the log know its kind."""
    prod = world.workspace(acme.id)
    made = robot(world, ann, acme)
    key = through(world, key_of(world, ann, acme, made, scopes=frozenset({"agents:run", "billing:manage"})))
    assert (key.id, key.kind, key.organization) == (made.account.id, PrincipalKind.SERVICE_ACCOUNT, acme.id)
    assert not world.may(key, "agents:run", acme.id, prod.id)
    place = {"organization": acme.id, "workspace": prod.id, "user": UserId(made.account.id)}
    assert reason(world.call("roles.assign", ann, **place, role="operator")) is None
    assert world.may(key, "agents:run", acme.id, prod.id)
    assert not world.may(key, "dashboards:view", acme.id, prod.id)
    assert not world.may(key, "billing:manage", acme.id)
    told = world.call("roles.explain", ann, "agents:run", **place)
    assert told.decision.allowed
    (given,) = world.events(acme.id, "role.assigned")
    assert given.details()["targets"] == [{"kind": "service_account", "id": made.account.id}]
    assert reason(world.call("roles.revoke", ann, **place)) is None
    assert not world.may(key, "agents:run", acme.id, prod.id)
    assert [each.membership.user_id for each in world.call("members.members", organization=acme.id)] == [ann.id]


@pytest.mark.proves("ASVS-8.2.1", "ASVS-2.2.3")
def test_nobody_makes_an_account_or_a_key_above_themselves(world: World, ann: Principal, acme: Organization) -> None:
    """It takes the permission; never is one an owner; a key of an account that holds more than its minter is refused until narrowed."""
    bob, cid = world.member(acme.id, "bob@acme.example", role="admin"), world.member(acme.id, "cid@acme.example")
    assert reason(robot(world, cid, acme)) is Reason.DENIED
    for actor in (ann, bob):
        assert reason(robot(world, actor, acme, role="owner")) is Reason.INVALID_INPUT
    made = robot(world, ann, acme, role="admin")
    change = {"organization": acme.id, "user": UserId(made.account.id), "role": "owner"}
    assert reason(world.call("roles.change_organization_role", ann, **change)) is Reason.INVALID_INPUT
    assert reason(key_of(world, cid, acme, made)) is Reason.DENIED
    narrow = through(world, world.key(bob, acme.id, scopes=frozenset({"service_accounts:manage", "audit:view"})))
    assert reason(key_of(world, narrow, acme, made)) is Reason.BEYOND_OWN_RIGHTS
    assert reason(key_of(world, narrow, acme, made, scopes=frozenset({"audit:view", "members:manage"}))) is Reason.BEYOND_OWN_RIGHTS
    minted = key_of(world, narrow, acme, made, scopes=frozenset({"audit:view"}))
    assert world.may(through(world, minted), "audit:view", acme.id)
    wide = key_of(world, ann, acme, made)
    world.call("service_accounts.disable", ann, organization=acme.id, account=made.account.id)
    assert reason(key_of(world, narrow, acme, made)) is Reason.BEYOND_OWN_RIGHTS
    world.call("service_accounts.enable", ann, organization=acme.id, account=made.account.id)
    assert reason(world.call("api_keys.rotate", narrow, organization=acme.id, key_id=wide.key.id)) is Reason.BEYOND_OWN_RIGHTS
    ends = world.clock.now() + timedelta(days=1)
    assert reason(world.call("roles.change_period", ann, organization=acme.id, user=bob.id, expires_at=ends)) is None
    assert reason(key_of(world, bob, acme, made)) is Reason.BEYOND_OWN_RIGHTS


@pytest.mark.proves("CVE-2025-64521", "ASVS-7.4.2")
def test_what_ends_the_account_ends_its_keys(world: World, ann: Principal, acme: Organization) -> None:
    """Demoted, disabled or removed: the next request has it. Enabled again, the keys work; removed, they are revoked for good."""
    made = robot(world, ann, acme, role="admin")
    minted = key_of(world, ann, acme, made)
    key, place = through(world, minted), {"organization": acme.id, "account": made.account.id}
    assert world.may(key, "members:manage", acme.id)
    world.call("roles.change_organization_role", ann, organization=acme.id, user=UserId(made.account.id), role="member")
    assert not world.may(key, "members:manage", acme.id)
    assert not (world.call("service_accounts.disable", ann, **place)).enabled
    assert reason(through(world, minted)) is Reason.DISABLED
    assert not world.may(key, "api_keys:manage", acme.id)
    assert (world.call("service_accounts.enable", ann, **place)).enabled
    assert reason(through(world, minted)) is None
    assert reason(world.call("service_accounts.remove", ann, **place)) is None
    assert reason(through(world, minted)) is Reason.REVOKED
    assert not world.may(key, "api_keys:manage", acme.id)
    assert reason(world.call("service_accounts.get", ann, **place)) is Reason.NOT_FOUND
    names = sorted(event.name for event in world.events(acme.id) if event.name.startswith(("service_account.", "api_key.")))
    lived = ("created", "disabled", "enabled", "removed")
    assert names == ["api_key.minted", "api_key.revoked", *(f"service_account.{each}" for each in lived)]


def test_an_account_of_another_organization_is_not_there(world: World, ann: Principal, acme: Organization) -> None:
    """Its id elsewhere is nobody's, for every method, and its key is nobody in another organization of the same owner."""
    other = world.organization(ann, "Globex")
    made = robot(world, ann, acme)
    key = through(world, key_of(world, ann, acme, made))
    for method in ("get", "disable", "enable", "remove"):
        found = world.call(f"service_accounts.{method}", ann, organization=other.id, account=made.account.id)
        assert reason(found) is Reason.NOT_FOUND, method
    assert reason(key_of(world, ann, other, made)) is Reason.NOT_FOUND
    assert not world.may(key, "api_keys:manage", other.id)
    assert [each.account.id for each in world.call("service_accounts.of_organization", ann, organization=acme.id)] == [made.account.id]
    assert world.call("service_accounts.of_organization", ann, organization=other.id) == ()


def test_a_required_second_factor_is_asked_of_people(world: World, ann: Principal, acme: Organization) -> None:
    """A key of a service account works where the organization requires second factors; a key of a person without one does not."""
    made = robot(world, ann, acme, role="admin")
    keys = [through(world, each) for each in (key_of(world, ann, acme, made), world.key(ann, acme.id))]
    with world.security.begin() as unit:
        now = world.clock.now()
        unit._store.organizations.put_mfa_policy(acme.id, MfaPolicy(starts_at=now, grace_until=now))
        unit._store.epochs.bump(acme.id)
    assert [world.may(each, "members:manage", acme.id) for each in keys] == [True, False]


def test_who_saw_a_secret_that_works_is_known(world: World, ann: Principal, acme: Organization) -> None:
    """A leaver's keys of service accounts are those with a secret that they were shown and that has not ended."""
    bob = world.member(acme.id, "bob@acme.example", role="admin")
    made = robot(world, ann, acme)
    first, second = key_of(world, bob, acme, made), key_of(world, ann, acme, made)

    def seen_by(person: Principal) -> list[str]:
        with world.storage.reading() as store:
            return [key.id for key in store.key_lists.minted_by(acme.id, person.id, now=world.clock.now())]

    assert (seen_by(bob), seen_by(ann)) == ([first.key.id], [second.key.id])
    world.call("api_keys.rotate", ann, organization=acme.id, key_id=first.key.id, overlap=timedelta(hours=1))
    assert (seen_by(bob), len(seen_by(ann))) == ([first.key.id], 2)
    assert world.call("api_keys.end_overlap", ann, organization=acme.id, key_id=first.key.id) is True
    assert (seen_by(bob), len(seen_by(ann))) == ([], 2)
    assert reason(through(world, first)) is Reason.EXPIRED
    assert world.call("api_keys.end_overlap", ann, organization=acme.id, key_id=first.key.id) is False
