# Generated from tests/services/test_async_key_use.py by tools/twin.py; edit that file.
"""The use of API keys: counted without a write, written once a minute, limited by rate, and found in the log (async source of the twin)."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ctsec.ambient import Request
from ctsec.directory.record import Organization
from ctsec.errors import StoreError
from ctsec.ids import KeyId, new_id
from ctsec.keys.attenuation import derive
from ctsec.keys.leak_reports import LeakedToken
from ctsec.keys.policy import KeyPolicy
from ctsec.keys.rate import Rate, RateRefusal, RateState
from ctsec.keys.token import mint
from ctsec.outcome import Reason, Refusal
from ctsec.principal import Principal, PrincipalKind
from ctsec.secret import SecretText
from ctsec.security.parts import EmbeddedOptions
from ctsec.testing import Written
from tests.services._sync_world import World
from tests.services.probing import reason

MINUTE = timedelta(minutes=1)


@pytest.fixture
def world() -> Generator[World, None, None]:
    with World.open() as made:
        yield made


def keyed(world: World, **wish: Any) -> tuple[Principal, Organization, Any]:
    """Return the owner of an organization, the organization, and a key of the owner in it."""
    ann = world.person("ann@acme.example")
    acme = world.organization(ann)
    return ann, acme, world.key(ann, acme.id, **wish)


def used(world: World, organization: Organization) -> list[tuple[Any, ...]]:
    """Return who used which key how often, as the log has it after a query by name, oldest first."""
    events = world.events(organization.id, name="api_key.used")
    with world.security.reading() as unit:
        found = [(each, dict(unit.audit.personal(each))) for each in events]
    told = [(each.actor_kind, each.target_id, each.outcome, each.reason or None, each.details()["details"], seen) for each, seen in found]
    return sorted(((*each[:4], each[4]["count"], each[5].get("address", "")) for each in told), key=str)


@pytest.mark.proves("SEED-K5")
def test_one_event_for_each_minute_block_and_outcome(world: World) -> None:
    """Uses become one event each key, minute, address block and outcome, with their count, in the log of the organization."""
    _, acme, minted = keyed(world, networks=("192.0.2.0/24", "2001:db8::/32"))
    token = minted.token.reveal()
    addresses = ["192.0.2.1"] * 40 + ["192.0.2.200"] * 2 + ["2001:db8::1"] * 3 + ["198.51.100.1"] * 5
    for address in addresses:
        world.gate.api_key(token, Request(address=address))
    assert world.security.key_uses.write_due() == 0
    world.clock.advance(MINUTE)
    world.gate.api_key(token, Request(address="192.0.2.1"))
    assert world.security.key_uses.write_due() == 3
    key = minted.key.id
    first = [
        ("user", key, "success", None, 42, "192.0.2.0"),
        ("user", key, "success", None, 3, "2001:db8::"),
        ("user", key, "refused", "denied", 5, "198.51.100.0"),
    ]
    assert used(world, acme) == sorted(first, key=str)
    world.clock.advance(MINUTE)
    assert world.security.key_uses.write_due() == 1
    assert used(world, acme) == sorted([*first, ("user", key, "success", None, 1, "192.0.2.0")], key=str)


@pytest.mark.proves("SEED-K5")
def test_days_and_the_last_use_are_shown_to_the_owner(world: World) -> None:
    """The owner sees each day's uses and refusals and the last use; a colleague, a stranger and another organization find no such key."""
    ann, acme, minted = keyed(world)
    token = minted.token.reveal()
    for day in range(3):
        world.clock.advance(timedelta(days=1))
        for _ in range(day + 1):
            world.gate.api_key(token, world.request)
        world.gate.api_key(token[:-50] + token[-50:], Request(address="10.0.0.1"))
        world.security.key_uses.write_all()
    found = world.call("key_usage.of", ann, organization=acme.id, key_id=minted.key.id)
    assert [(each.used, each.refused) for each in found.days] == [(4, 0), (3, 0), (2, 0)]
    assert found.days[0].day.date() == world.clock.now().date()
    assert (found.last_used_at, found.last_used_address) == (world.clock.now(), "10.0.0.1")
    bob = world.member(acme.id, "bob@acme.example", role="admin")
    other = world.organization(ann, "Other")
    for actor, organization in ((bob, acme.id), (ann, other.id)):
        refused = world.call("key_usage.of", actor, organization=organization, key_id=minted.key.id)
        assert reason(refused) is Reason.NOT_FOUND
    world.clock.advance(timedelta(days=401))
    assert world.security.key_uses.trim() == 3


def test_ten_thousand_uses_are_one_write(world: World) -> None:
    """A key that is used ten thousand times in a minute is written in one transaction, after the minute; until then nothing is."""
    _, _, minted = keyed(world, rate=60_000)
    token = minted.token.reveal()
    with world.tap.to(Written()) as probe:
        for _ in range(10_000):
            world.gate.api_key(token, world.request)
        assert world.security.key_uses.write_due() == 0
    assert probe.writes == []
    world.clock.advance(MINUTE)
    with world.tap.to(Written()) as probe:
        for _ in range(3):
            world.security.key_uses.write_due()
    assert probe.calls.count("commit") == 1
    assert probe.writes == ["api_keys.touch", "key_days.add", "inbox.append"]


def test_a_process_that_ends_writes_what_it_has(tmp_path: Path) -> None:
    """Closing the bundle writes the running minute; what could not be written is kept and written later."""
    with World.open("sqlite", folder=tmp_path) as world:
        ann, acme, minted = keyed(world)
        world.gate.api_key(minted.token.reveal(), world.request)
        with world.tap.to(Broken("key_days.add")), pytest.raises(StoreError):
            world.security.key_uses.write_all()
        world.gate.api_key(minted.token.reveal(), world.request)
        world.security.close()
        found = world.call("key_usage.of", ann, organization=acme.id, key_id=minted.key.id)
        assert [(each.used, each.refused) for each in found.days] == [(2, 0)]


class Broken:
    """Breaks one call of the store."""

    def __init__(self, name: str) -> None:
        self.name = name

    def before(self, name: str) -> None:
        """Raise where the call has the name."""
        if name == self.name:
            raise StoreError("broken")

    def after(self, name: str, result: object) -> None:
        """Nothing."""


def test_each_request_is_an_event_where_the_policy_says_so() -> None:
    """With `audit_each_request` every request is in the log, with its address and id, before it goes on; nothing is told twice."""
    with World.open(options=EmbeddedOptions(keys=KeyPolicy(audit_each_request=True))) as world:
        _, acme, minted = keyed(world)
        for number in range(3):
            world.gate.api_key(minted.token.reveal(), Request(id=f"req_{number}", address=f"192.0.2.{number}"))
        world.security.key_uses.write_all()
        key = minted.key.id
        assert used(world, acme) == [("user", key, "success", None, 1, f"192.0.2.{number}") for number in range(3)]
        found = [each for each in world.events(acme.id) if each.name == "api_key.used"]
        assert {each.request_id for each in found} == {"req_0", "req_1", "req_2"}


def test_who_presents_a_wrong_secret_is_nobody(world: World) -> None:
    """A well-formed token with the id of a key and another secret is counted for that key, with an anonymous actor."""
    _, acme, minted = keyed(world)
    forged = mint(minted.key.id, random=lambda count: b"\7" * count).reveal()
    assert reason(world.gate.api_key(forged, world.request)) is Reason.INVALID_TOKEN
    world.security.key_uses.write_all()
    assert used(world, acme) == [("anonymous", minted.key.id, "refused", "invalid_token", 1, "198.51.100.0")]


def test_a_key_has_its_rate(world: World) -> None:
    """A key makes as many requests a minute as it was made for, then 429 with the wait; another key and later minutes are free."""
    ann, acme, minted = keyed(world, rate=3)
    other = world.key(ann, acme.id)
    told = [world.gate.admit_key(minted.token.reveal(), world.request) for _ in range(4)]
    assert [each.rate.remaining for each in told[:3]] == [2, 1, 0]  # type: ignore[union-attr]
    assert isinstance(told[3], RateRefusal)
    assert (told[3].reason, told[3].retry_after) == (Reason.THROTTLED, timedelta(seconds=20))
    assert isinstance(world.gate.api_key(other.token.reveal(), world.request), Principal)
    world.clock.advance(timedelta(seconds=20))
    assert isinstance(world.gate.api_key(minted.token.reveal(), world.request), Principal)
    world.security.key_uses.write_all()
    assert [each[2:5] for each in used(world, acme) if each[1] == minted.key.id and each[3]] == [("refused", "throttled", 1)]
    for rate in (-1, 60_001):
        assert reason(world.key(ann, acme.id, rate=rate)) is Reason.INVALID_INPUT


@pytest.mark.parametrize(
    ("policy", "limit"), [(KeyPolicy(rate=2), 2), (KeyPolicy(rate=2, stored_rates=True), 2), (KeyPolicy(rate=None), 99)]
)
def test_the_deployment_says_the_rate_of_other_keys(policy: KeyPolicy, limit: int) -> None:
    """Keys without a rate of their own have the policy's, wherever it is counted; None limits nothing."""
    with World.open(options=EmbeddedOptions(keys=policy)) as world:
        _, _, minted = keyed(world)
        outcomes = [world.gate.api_key(minted.token.reveal(), world.request) for _ in range(5)]
        assert [isinstance(each, Principal) for each in outcomes] == [number < limit for number in range(5)]
        world.clock.advance(MINUTE)
        assert isinstance(world.gate.api_key(minted.token.reveal(), world.request), Principal)


class Away:
    """A shared counter that answers with what it is told to, or not at all."""

    def __init__(self) -> None:
        self.asked = 0
        self.answer: Rate | None = None

    def take(self, key_id: KeyId, *, limit: int) -> Rate:
        """Answer, or raise."""
        self.asked += 1
        if self.answer is None:
            raise StoreError("away")
        return self.answer

    def close(self) -> None:
        """Nothing to close."""


def test_a_process_counts_by_itself_while_the_shared_counter_is_away() -> None:
    """Without an answer nothing is let through uncounted, and for five seconds nobody asks again."""
    with World.open(options=EmbeddedOptions(keys=KeyPolicy(rate=2))) as world:
        shared = Away()
        world.gate._rating._shared = shared
        _, _, minted = keyed(world)
        outcomes = [world.gate.api_key(minted.token.reveal(), world.request) for _ in range(4)]
        assert [isinstance(each, Principal) for each in outcomes] == [True, True, False, False]
        assert shared.asked == 1
        shared.answer = RateState(limit=2)
        world.clock.advance(timedelta(seconds=5))
        assert isinstance(world.gate.api_key(minted.token.reveal(), world.request), Principal)
        assert shared.asked == 2


def test_an_unknown_id_costs_one_read(world: World) -> None:
    """A well-formed token of nobody is looked up once; after that it costs its block attempts and no read, until it is throttled."""
    unknown = mint(new_id(KeyId, now=world.clock.now(), random=lambda n: b"\1" * n), random=lambda n: b"\2" * n).reveal()
    with world.tap.to(Written()) as probe:
        outcomes = [reason(world.gate.api_key(unknown, Request(address="203.0.113.9"))) for _ in range(60)]
    assert probe.calls.count("api_keys.get") == 1
    assert outcomes == [Reason.INVALID_TOKEN] * 50 + [Reason.THROTTLED] * 10
    assert reason(world.gate.api_key(unknown, Request(address="203.0.114.9"))) is Reason.INVALID_TOKEN


def test_unknown_ids_drive_no_key_out(world: World) -> None:
    """However many ids are tried, the memory for them is bounded, and a key that is in use is not read again."""
    _, _, minted = keyed(world)
    world.gate.api_key(minted.token.reveal(), world.request)
    for number in range(20):
        moment = world.clock.now() + timedelta(seconds=number)
        unknown = mint(new_id(KeyId, now=moment, random=lambda n: b"\1" * n), random=lambda n: b"\2" * n).reveal()
        world.gate.api_key(unknown, Request(address=f"203.0.113.{number}"))
    assert len(world.parts.memory.unknown_keys) == 20
    assert world.parts.memory.unknown_keys._capacity == 4_096
    with world.tap.to(Written()) as probe:
        world.gate.api_key(minted.token.reveal(), world.request)
    assert probe.calls == []


def leaked(*tokens: str) -> tuple[LeakedToken, ...]:
    """Return a report of tokens."""
    return tuple(LeakedToken(SecretText(token), "ctsec_api_key", "https://example.com/paste") for token in tokens)


@pytest.mark.proves("SEED-K7")
def test_a_leaked_key_is_revoked_and_told(world: World) -> None:
    """What is ours is revoked, its owner mailed, the report an event; other tokens are answered alike; again changes nothing."""
    _, acme, minted = keyed(world)
    token = minted.token.reveal()
    unknown = mint(new_id(KeyId, now=world.clock.now(), random=lambda n: b"\1" * n), random=lambda n: b"\2" * n).reveal()
    forged = mint(minted.key.id, random=lambda n: b"\7" * n).reveal()
    assert world.call("leaks.report", leaked(forged, unknown, "rubbish"), reporter="github") == (False, False, False)
    assert isinstance(world.gate.api_key(token, world.request), Principal)
    world.mail()
    before = len(world.mailer.to("ann@acme.example"))
    for _ in range(2):
        assert world.call("leaks.report", leaked(token, token), reporter="github") == (True, True)
        assert reason(world.gate.api_key(token, world.request)) is Reason.REVOKED
    world.mail()
    mails = world.mailer.to("ann@acme.example")
    assert len(mails) == before + 1
    assert "was found in public and is revoked" in mails[-1].text.reveal()
    told = [each for each in world.events(acme.id) if each.name == "api_key.leak_reported"]
    assert [(each.target_id, each.details()["details"]["reporter"], each.details()["details"]["was"]) for each in told] == [
        (minted.key.id, "github", "valid")
    ]
    assert token.encode() not in b"".join(each.body for each in world.events(acme.id))


@pytest.mark.proves("SEED-K7")
def test_a_secret_that_had_ended_revokes_nothing(world: World) -> None:
    """A secret that was rotated away in time is ours, and the key with its new one goes on; in its overlap it ends the key."""
    ann, acme, first = keyed(world)
    second = world.call("api_keys.rotate", ann, organization=acme.id, key_id=first.key.id, overlap=timedelta(hours=1))
    world.clock.advance(timedelta(hours=1))
    assert world.call("leaks.report", leaked(first.token.reveal()), reporter="github") == (True,)
    assert isinstance(world.gate.api_key(second.token.reveal(), world.request), Principal)
    world.call("api_keys.rotate", ann, organization=acme.id, key_id=first.key.id, overlap=timedelta(hours=1))
    assert world.call("leaks.report", leaked(second.token.reveal()), reporter="github") == (True,)
    assert isinstance(world.gate.api_key(second.token.reveal(), world.request), Refusal)


@pytest.mark.proves("SEED-K7")
def test_a_derived_key_that_leaked_ends_the_key_that_it_comes_from(world: World) -> None:
    """One that has ended is known and ends nothing, one that is made up is unknown, and one that works ends its key with all others."""
    ann = world.person("ann@acme.example")
    acme = world.organization(ann)
    minted = world.key(ann, acme.id, derivable=True)
    now = world.clock.now()
    short, long = (derive(minted.token, expires_at=now + timedelta(hours=hours)) for hours in (1, 2))
    made_up = derive(mint(minted.key.id, random=lambda n: b"\7" * n), expires_at=now + timedelta(hours=2))
    world.clock.advance(timedelta(hours=1))
    found = world.call("leaks.report", leaked(short.reveal(), made_up.reveal()), reporter="github")
    assert found == (True, False)
    assert isinstance(world.gate.api_key(long.reveal(), world.request), Principal)
    assert world.call("leaks.report", leaked(long.reveal()), reporter="github") == (True,)
    for text in (long, minted.token):
        assert reason(world.gate.api_key(text.reveal(), world.request)) is Reason.REVOKED
    told = [each.details()["details"]["was"] for each in world.events(acme.id) if each.name == "api_key.leak_reported"]
    assert sorted(told) == ["expired", "valid"]


def test_a_key_without_a_person_is_told_to_the_owners(world: World) -> None:
    """Whose key is no person's, each owner of the organization is mailed."""
    _, _, minted = keyed(world)
    with world.security.begin() as unit:
        judge: Any = unit.leaks._judges["ctsec-api-key"]
        judge.__self__._parts.notice.key_leaked(replace(minted.key, owner_id="svc_1", owner_kind=PrincipalKind.SERVICE_ACCOUNT))
    world.mail()
    assert "found in public" in world.mailer.to("ann@acme.example")[-1].text.reveal()
