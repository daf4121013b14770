"""Two processes on one store: what one of them changes, the other knows within five seconds, and the changing one at once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from ctsec.cache import LIFE
from ctsec.ids import UserId
from tests.presets.pair import CHANGES, Pair, opened


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    """A pair without a change feed."""
    with opened(tmp_path) as made:
        yield made


@pytest.mark.proves("GHSA-x883-2vmg-xwf7", "ASVS-8.3.2")
@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_known_here_at_once_and_there_within_five_seconds(pair: Pair, name: str) -> None:
    """The process that revokes refuses at the next request; another one does at the latest when its cached record dies."""
    change, opens = CHANGES[name]
    with pair.here.begin() as unit:
        change(pair, unit)
    assert not opens(pair, pair.here)
    pair.clock.advance(timedelta(seconds=LIFE))
    assert not opens(pair, pair.there)


def test_a_change_that_is_rolled_back_ends_nothing(pair: Pair) -> None:
    """A revocation whose transaction rolls back leaves both processes as they were."""

    def revoke_and_fail() -> None:
        with pair.here.begin() as unit:
            unit.sessions.revoke_others(UserId(pair.member.user.id), keep=None)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        revoke_and_fail()
    assert pair.session(pair.here)
    pair.clock.advance(timedelta(seconds=LIFE))
    assert pair.session(pair.there)


@pytest.mark.proves("GHSA-x883-2vmg-xwf7")
def test_a_wall_clock_that_goes_back_keeps_no_record_alive(pair: Pair) -> None:
    """The life of a cached record is monotonic seconds: setting the clock back does not lengthen it."""
    with pair.here.begin() as unit:
        unit.directory.disable_user(pair.member.user.id, reason="left")
    pair.clock.advance(timedelta(seconds=LIFE))
    pair.clock.set(pair.clock.now() - timedelta(minutes=1))
    assert not pair.session(pair.there)
