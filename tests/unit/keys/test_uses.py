"""What a process has seen of the use of keys: counted in lines, bounded, lost only when it dies."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.keys.usage import KeyDay, days_of, last_uses
from ctsec.keys.uses import ELSEWHERE, KeyUses, use_block
from ctsec.outcome import Reason
from ctsec.testing.conformance.samples import api_key

NOW = datetime(2026, 3, 1, 23, 58, 30, tzinfo=UTC)
KEYS = tuple(api_key(n, of=1, owner=1) for n in (1, 2, 3))
NOTES = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from([None, Reason.REVOKED, Reason.DENIED]),
        st.integers(0, 200),
        st.sampled_from(["192.0.2.1", "192.0.2.9", "198.51.100.1", "2001:db8::1", "2001:db8:0:ffff::1", "nowhere"]),
    ),
    max_size=40,
)


@pytest.mark.parametrize(
    ("address", "block"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("::ffff:192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("", ""),
        ("nowhere", ""),
        ("fe80::1%eth0", ""),
    ],
)
def test_blocks(address: str, block: str) -> None:
    """An IPv4 address counts with its /24, an IPv6 address with its /48, and what is no address with none."""
    assert use_block(address) == block


@given(notes=NOTES)
def test_every_use_is_in_exactly_one_line(notes: list[tuple[int, Reason | None, int, str]]) -> None:
    """The lines that are taken, in two goes and some given back, hold each use once, by key, minute, block and outcome."""
    uses, wanted = KeyUses(), Counter[object]()
    for which, refused, seconds, address in notes:
        now = NOW + timedelta(seconds=seconds)
        uses.note(KEYS[which], refused=refused, now=now, address=address)
        wanted[KEYS[which].id, now.replace(second=0), use_block(address), refused] += 1
    first = uses.take(before=NOW + timedelta(seconds=100))
    assert all(each.minute + timedelta(minutes=1) <= NOW + timedelta(seconds=100) for each in first)
    uses.give_back(first[:2])
    rest = uses.take()
    found = Counter[object]()
    for each in (*first[2:], *rest):
        found[each.key.id, each.minute, each.block, each.refused] += each.count
    assert found == wanted
    assert len(uses) == 0


def test_a_line_knows_its_last_use() -> None:
    """When and from where is that of the latest use, also when an older one is given back after it."""
    uses = KeyUses()
    uses.note(KEYS[0], refused=None, now=NOW, address="192.0.2.1")
    taken = uses.take()
    uses.note(replace(KEYS[0], name="renamed"), refused=None, now=NOW + timedelta(seconds=1), address="192.0.2.2")
    uses.give_back(taken)
    (line,) = uses.take()
    assert (line.count, line.last_at, line.last_address, line.key.name) == (2, NOW + timedelta(seconds=1), "192.0.2.2", "renamed")


def test_many_addresses_share_a_line() -> None:
    """A key has at most so many blocks a minute; further ones are one line, other keys and minutes are not touched by it."""
    uses = KeyUses(max_blocks=4)
    for number in range(50):
        uses.note(KEYS[0], refused=None, now=NOW, address=f"10.0.{number}.1")
    uses.note(KEYS[1], refused=None, now=NOW, address="10.1.0.1")
    uses.note(KEYS[0], refused=None, now=NOW + timedelta(minutes=1), address="10.1.0.1")
    lines = uses.take()
    assert [each.count for each in lines if each.block == ELSEWHERE] == [46]
    assert len(lines) == 4 + 1 + 1 + 1


def test_memory_is_bounded() -> None:
    """Whatever is presented, there are never more than twice the lines; what does not fit is counted as dropped."""
    uses = KeyUses(max_lines=10)
    keys = [api_key(n, of=1, owner=1) for n in range(1, 40)]
    for number, key in enumerate(keys):
        for block in range(3):
            uses.note(key, refused=None, now=NOW, address=f"10.{number}.{block}.1")
    assert len(uses) == 20
    assert sum(each.count for each in uses.take()) + uses.dropped == 3 * len(keys)
    assert uses.dropped > 0
    uses.note(keys[0], refused=None, now=NOW, address="10.0.0.1")
    assert [each.block for each in uses.take()] == ["10.0.0.0/24"]


def test_days_and_last_uses_of_lines() -> None:
    """Lines add up by the day of their minute, refusals apart; only uses that were let in are last uses."""
    uses = KeyUses()
    seen = ((0, None, "192.0.2.1"), (10, Reason.DENIED, "10.0.0.1"), (200, None, "192.0.2.2"), (230, None, "192.0.2.3"))
    for seconds, refused, address in seen:
        uses.note(KEYS[0], refused=refused, now=NOW + timedelta(seconds=seconds), address=address)
    uses.note(KEYS[1], refused=Reason.REVOKED, now=NOW, address="10.0.0.1")
    lines = uses.take()
    midnight = datetime(2026, 3, 1, tzinfo=UTC)
    assert set(days_of(lines)) == {
        KeyDay(key_id=KEYS[0].id, day=midnight, used=1, refused=1),
        KeyDay(key_id=KEYS[0].id, day=midnight + timedelta(days=1), used=2, refused=0),
        KeyDay(key_id=KEYS[1].id, day=midnight, used=0, refused=1),
    }
    assert [(each.key.id, each.last_address) for each in last_uses(lines)] == [(KEYS[0].id, "192.0.2.3")]
