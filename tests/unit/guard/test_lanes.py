"""Known devices and strangers are counted apart: the throttle over the memory guard store, in any order of attempts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.ambient import Ambient, Request
from ctsec.guard import AllowancePolicy, Charge, Throttle, ThrottlePolicy
from ctsec.guard.counters import code_counter, counted, device_counter, password_counter, unknown_counter
from ctsec.ids import DeviceId, UserId
from ctsec.outcome import Reason, Refusal
from ctsec.principal import Factor, anonymous
from ctsec.storage.memory import MemoryStorage
from ctsec.testing import FixedClock

DEVICES = (DeviceId("dvc_00000000000000000000000001"), DeviceId("dvc_00000000000000000000000002"))
ADDRESSES = ("192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2")
ANN = UserId("usr_00000000000000000000000001")
PASSWORD, CODE = password_counter(ANN), code_counter(ANN, Factor.TOTP)
POLICY = ThrottlePolicy(
    first_backoff_at=3,
    disable_at=12,
    device_limit=4,
    longest=timedelta(seconds=64),
    addresses=AllowancePolicy(burst=4, every=timedelta(seconds=20)),
)


@dataclass
class Noted:
    """Keeps the events that the throttle notes."""

    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def note(self, name: str, **told: Any) -> None:
        self.events.append((name, told))

    note_aside = note


class Door:
    """One account behind a throttle, and everybody who knocks."""

    def __init__(self, policy: ThrottlePolicy = POLICY) -> None:
        self.clock = FixedClock()
        self.noted = Noted()
        self.policy = policy
        self.guard = MemoryStorage().guard

    def throttle(self, address: str = ADDRESSES[0]) -> Throttle:
        ambient = Ambient(clock=self.clock, request=Request(address=address))
        return Throttle(self.guard, policy=self.policy, audit=self.noted, ambient=ambient)

    def knock(self, address: str = ADDRESSES[0], device: DeviceId | None = None, along: tuple[str, ...] = ()) -> Charge | Refusal:
        return self.throttle(address).charge(CODE if along else PASSWORD, device=device, along=along)

    def fail(self, times: int, device: DeviceId | None = None, **rest: Any) -> None:
        for _ in range(times):
            self.clock.advance(timedelta(hours=1))
            charge = self.knock(device=device, **rest)
            assert isinstance(charge, Charge), charge
            self.throttle().failed(charge, subject="usr_ann")


def reason(outcome: Charge | Refusal) -> Reason | None:
    return outcome.reason if isinstance(outcome, Refusal) else None


KNOCKS = st.lists(
    st.tuples(st.integers(0, 40), st.sampled_from(ADDRESSES), st.sampled_from((None, None, *DEVICES)), st.booleans()), max_size=120
)


@pytest.mark.proves("NIST-3.2.2", "ASVS-6.3.1", "ASVS-2.4.1")
@given(knocks=KNOCKS)
def test_strangers_have_so_many_guesses_and_no_more(knocks: list[tuple[int, str, DeviceId | None, bool]]) -> None:
    """Whoever knocks in whatever order: strangers get 12 guesses in all, a block its allowance, and a device 4 in a row of its own."""
    door, guesses, blocks = Door(), Counter[str](), dict[str, list[Any]]()
    for wait, address, device, succeeds in knocks:
        door.clock.advance(timedelta(seconds=wait))
        charge = door.knock(address, device)
        if isinstance(charge, Refusal):
            continue
        lane = counted(charge.records[0].key)[1]
        if succeeds and lane:
            door.throttle(address).settle(charge)
            guesses[lane] = 0
            continue
        guesses[lane] += 1
        if charge.block is not None:
            blocks.setdefault(charge.block, []).append(door.clock.now())
    assert guesses[""] <= POLICY.disable_at
    assert all(guesses[device] <= POLICY.device_limit for device in DEVICES)
    for moments in blocks.values():
        for first, start in enumerate(moments):
            for last in range(first, len(moments)):
                assert last - first + 1 <= POLICY.addresses.burst + (moments[last] - start) / POLICY.addresses.every


@pytest.mark.proves("ASVS-6.3.1", "ASVS-6.1.1")
@given(knocks=st.lists(st.tuples(st.integers(0, 40), st.sampled_from(ADDRESSES)), max_size=80))
def test_strangers_close_the_way_for_strangers_only(knocks: list[tuple[int, str]]) -> None:
    """Whatever strangers do, from the known device's own address too, the first attempt of a known device is let through."""
    door = Door()
    for wait, address in knocks:
        door.clock.advance(timedelta(seconds=wait))
        door.knock(address)
        assert isinstance(door.knock(ADDRESSES[0], DEVICES[0]), Charge)
        door.throttle().settle(Charge((door.guard.attempts.get(device_counter(PASSWORD, DEVICES[0])),)))  # type: ignore[arg-type]


@pytest.mark.proves("NIST-3.2.2")
def test_a_device_forgives_itself_and_not_the_strangers() -> None:
    """A success from a known device clears its own failures; those of strangers stay, so that nobody guesses on between two sign-ins."""
    door = Door()
    door.fail(5)
    door.fail(2, DEVICES[0])
    charge = door.knock(device=DEVICES[0])
    assert isinstance(charge, Charge)
    door.throttle().settle(charge)
    assert door.guard.attempts.get(device_counter(PASSWORD, DEVICES[0])) is None
    stayed = door.guard.attempts.get(PASSWORD)
    assert stayed is not None
    assert stayed.failures == 5


def test_a_device_beyond_its_limit_is_a_stranger() -> None:
    """After its four failures a device shares the counter and the allowance of strangers; other devices are not touched."""
    door = Door()
    door.fail(4, DEVICES[0])
    spent = door.knock(device=DEVICES[0])
    assert isinstance(spent, Charge)
    assert [record.key for record in spent.records] == [PASSWORD]
    assert spent.block == "192.0.2.1/32"
    assert counted(door.knock(device=DEVICES[1]).records[0].key)[1] == DEVICES[1]  # type: ignore[union-attr]
    assert [(name, told["details"]["device"]) for name, told in door.noted.events] == [("authenticator.disabled", DEVICES[0])]
    assert door.guard.attempts.untold(limit=9) == ()


@pytest.mark.proves("NIST-3.2.2")
def test_only_a_new_binding_restores_what_was_disabled() -> None:
    """Neither time nor a journey that began before lets strangers in again; binding anew does, and both are events."""
    door = Door()
    early = door.knock()
    assert isinstance(early, Charge)
    door.fail(11)
    door.clock.advance(timedelta(days=400))
    door.throttle().settle(early)
    assert reason(door.knock()) is Reason.LOCKED
    (told,) = door.guard.attempts.untold(limit=9)
    assert (told.key, told.subject, told.failures) == (PASSWORD, "usr_ann", 12)
    door.throttle().bind(PASSWORD, actor=anonymous(), subject="usr_ann")
    assert isinstance(door.knock(), Charge)
    assert [name for name, _ in door.noted.events] == ["authenticator.disabled", "authenticator.restored"]


def test_the_last_attempt_may_still_succeed() -> None:
    """The attempt that reaches the limit is let through, and if its secret is right the count begins anew; nothing was disabled then."""
    door = Door()
    door.fail(11)
    door.clock.advance(timedelta(hours=1))
    last = door.knock()
    assert isinstance(last, Charge)
    assert last.records[0].disabled_at is not None
    door.throttle().settle(last)
    assert isinstance(door.knock(), Charge)
    assert door.noted.events == []


@pytest.mark.proves("NIST-3.2.2")
def test_a_wrong_code_counts_against_everything_that_was_tried() -> None:
    """A code that comes after a password counts on both; the password's block does not hold the code back, its end does."""
    door = Door()
    door.fail(3)
    both = door.knock(along=(PASSWORD,))
    assert isinstance(both, Charge)
    assert {record.key: record.failures for record in both.records} == {CODE: 1, PASSWORD: 4}
    door.fail(8, along=(PASSWORD,))
    assert reason(door.knock(along=(PASSWORD,))) is Reason.LOCKED
    left = door.guard.attempts.get(CODE)
    assert left is not None
    assert left.failures == 9
    door.clock.advance(timedelta(hours=1))
    assert isinstance(door.throttle().charge(CODE), Charge)


def test_what_is_refused_takes_nothing() -> None:
    """Knocking at an account that makes everybody wait costs the address block nothing and does not make the wait longer."""
    door = Door()
    door.fail(3)
    before = door.guard.allowances.get("net:192.0.2.1/32"), door.guard.attempts.get(PASSWORD)
    for _ in range(20):
        assert reason(door.knock()) is Reason.THROTTLED
    assert before == (door.guard.allowances.get("net:192.0.2.1/32"), door.guard.attempts.get(PASSWORD))


@pytest.mark.proves("ASVS-6.3.1")
def test_one_password_tried_on_many_accounts_runs_into_the_allowance() -> None:
    """A block that tries another account each time is held back after its burst, another block is not."""
    door = Door()
    tried = [reason(door.throttle().charge(unknown_counter(f"{n}@acme.example"))) for n in range(6)]
    assert tried == [None] * 4 + [Reason.THROTTLED] * 2
    assert isinstance(door.throttle(ADDRESSES[1]).charge(unknown_counter("7@acme.example")), Charge)


@pytest.mark.proves("CHANGELOG-django-allauth-65-8-1")
def test_a_success_gives_its_share_of_the_allowance_back() -> None:
    """Sign-ins of many people from one address are not held back; an account of one's own buys no guesses at others."""
    door = Door()
    for n in range(20):
        charge = door.throttle().charge(unknown_counter(f"{n}@acme.example"))
        assert isinstance(charge, Charge)
        door.throttle().settle(charge)
    door = Door()
    door.knock()
    full_at = door.guard.allowances.get("net:192.0.2.1/32")
    own = door.throttle().charge(unknown_counter("eve@acme.example"))
    assert isinstance(own, Charge)
    door.throttle().settle(own)
    assert door.guard.allowances.get("net:192.0.2.1/32") == full_at


def test_a_policy_of_devices_is_within_that_of_strangers() -> None:
    """A limit of a device above that of strangers, or none, is refused."""
    for limit in (0, 101):
        with pytest.raises(ValueError, match="device_limit"):
            ThrottlePolicy(device_limit=limit)
    assert ThrottlePolicy(device_limit=3).of_device().first_backoff_at == 3


@pytest.mark.proves("ASVS-6.3.1", "NIST-3.2.2")
def test_a_year_of_guesses_from_everywhere_is_a_hundred() -> None:
    """Thirty guesses a day at one account, each from another block, let a hundred through in a year."""
    door = Door(ThrottlePolicy())
    let_through = 0
    for n in range(30 * 365):
        door.clock.advance(timedelta(minutes=48))
        let_through += isinstance(door.knock(f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}"), Charge)
    assert let_through == 100


@pytest.mark.proves("ASVS-6.3.1")
def test_a_day_of_spraying_from_one_block_is_its_allowance() -> None:
    """One password at ten thousand accounts, from one /64 and one attempt every nine seconds, is let through as the allowance says."""
    door = Door(ThrottlePolicy())
    let_through = 0
    for n in range(9600):
        door.clock.advance(timedelta(seconds=9))
        throttle = door.throttle(f"2001:db8::{n:x}")
        let_through += isinstance(throttle.charge(unknown_counter(f"{n}@acme.example")), Charge)
    assert 50 + 24 * 120 - 2 <= let_through <= 50 + 24 * 120
