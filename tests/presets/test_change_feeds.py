"""Two processes that tell each other what changed: through the store, and through Redis."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO

import pytest
import redis

from ctsec import Security
from ctsec.errors import ConfigurationError
from ctsec.ids import UserId
from ctsec.rbac.preset import POLICY
from ctsec.security import EmbeddedOptions
from ctsec.security.parts import new_memory
from ctsec.storage.redis.stream import Names
from tests.presets.pair import CHANGES, Pair, opened
from tests.servers import find, fresh_redis
from tests.storage.redis.support import own_redis

SECOND = timedelta(seconds=1)
FEEDS = ["store", *(["redis"] if find("redis") else [])]


def told(url: str) -> int:
    """Return how many changes a Redis was told of."""
    if url == "store":
        return 0
    with redis.Redis.from_url(url) as client:
        return int(client.xlen(Names().changes))


@pytest.fixture(params=FEEDS)
def place(request: pytest.FixtureRequest) -> str:
    """Where the processes meet."""
    return fresh_redis() if request.param == "redis" else "store"


@pytest.fixture
def pair(tmp_path: Path, place: str) -> Iterator[Pair]:
    """A pair that asks every second, as they are before anything changes."""
    with opened(tmp_path, changes=place) as made:
        settle(made, place)
        yield made


def settle(pair: Pair, place: str) -> None:
    """Let what the set-up changed be told, heard and cached again."""
    deadline = time.monotonic() + 10
    while place != "store" and pair.here._feed is not None and not told(place) and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.05 if place != "store" else 0)
    pair.clock.advance(SECOND)
    for process in (pair.here, pair.there):
        assert pair.session(process)
        assert pair.api_key(process)
        assert pair.role(process)


def wait_until(there: Callable[[], bool]) -> None:
    """Wait until something is so, for ten seconds."""
    deadline = time.monotonic() + 10
    while not there():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.proves("GHSA-x883-2vmg-xwf7")
@pytest.mark.parametrize("name", CHANGES)
def test_another_process_knows_when_it_asks(pair: Pair, place: str, name: str) -> None:
    """A process that asks every second refuses a second after the change was told, long before its record dies; and asks no more often."""
    change, opens = CHANGES[name]
    before = told(place)
    with pair.here.begin() as unit:
        change(pair, unit)
    wait_until(lambda: place == "store" or told(place) > before)
    assert not opens(pair, pair.here)
    assert opens(pair, pair.there)
    pair.clock.advance(SECOND)
    assert not opens(pair, pair.there)


def test_a_change_that_is_rolled_back_is_not_told(pair: Pair, place: str) -> None:
    """A revocation whose transaction rolls back leaves both processes as they were, and nobody is told."""
    before = told(place)

    def revoke_and_fail() -> None:
        with pair.here.begin() as unit:
            unit.sessions.revoke_others(UserId(pair.member.user.id), keep=None)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        revoke_and_fail()
    pair.clock.advance(SECOND)
    assert pair.session(pair.here)
    assert pair.session(pair.there)
    assert told(place) == before


@pytest.mark.server("redis")
def test_without_an_answer_the_store_is_read(tmp_path: Path) -> None:
    """While Redis is away a process believes nothing that it could not ask for: a change is seen a second later, not when records die."""
    with own_redis() as server, opened(tmp_path, changes=server.url) as pair:
        settle(pair, server.url)
        server.kill()
        with pair.here.begin() as unit:
            unit.directory.disable_user(UserId(pair.member.user.id), reason="left")
        assert pair.session(pair.there)
        pair.clock.advance(SECOND)
        assert not pair.session(pair.there)
        assert not pair.api_key(pair.there)
        server.start()
        pair.clock.advance(SECOND)
        assert not pair.session(pair.there)


CHILD = """
import sys
from ctsec import Principal, Security
from ctsec.authn import Argon2Parameters
from ctsec.rbac.preset import POLICY
from ctsec.security import EmbeddedOptions

path, place, token = sys.argv[1:]
options = EmbeddedOptions(password_hash=Argon2Parameters.for_tests(), worker=False, changes=place, ask_every=0.2)
security = Security.embedded(path, policy=POLICY, issuer="Acme", options=options)
for _ in sys.stdin:
    print("open" if isinstance(security.gate.session(token), Principal) else "shut", flush=True)
security.close()
"""


def test_two_processes_of_the_system(tmp_path: Path, place: str) -> None:
    """With real processes and the real clock: what one revokes, the other refuses before its cached record would have died."""
    with opened(tmp_path, changes=place, starts=datetime.now(UTC)) as pair:
        arguments = [sys.executable, "-c", CHILD, str(tmp_path / "app.db"), place, pair.member.token.reveal()]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment) as child:
            asks, answers = child.stdin, child.stdout
            assert asks is not None
            assert answers is not None

            def answer(asks: IO[str] = asks, answers: IO[str] = answers) -> str:
                asks.write("\n")
                asks.flush()
                return answers.readline().strip()

            assert answer() == "open"
            with pair.here.begin() as unit:
                unit.sessions.revoke_others(UserId(pair.member.user.id), keep=None)
            deadline = time.monotonic() + 4.5
            while answer() != "shut":
                assert time.monotonic() < deadline
                time.sleep(0.02)
            asks.close()
            assert child.wait(10) == 0


def test_a_feed_and_a_memory_that_asks_go_together(tmp_path: Path) -> None:
    """A memory that would ask nobody, and a feed that nobody would ask, are refused where the bundle is made."""
    for wrong in (5.1, -0.1):
        with pytest.raises(ValueError, match="seconds"):
            Security.embedded(
                str(tmp_path / "a.db"),
                policy=POLICY,
                issuer="Acme",
                options=EmbeddedOptions(changes="store", ask_every=wrong, worker=False),
            )
    made = Security.embedded(str(tmp_path / "b.db"), policy=POLICY, issuer="Acme", options=EmbeddedOptions(worker=False))
    parts = replace(made.parts, memory=new_memory(made.parts.clock, ask_every=1.0))
    with pytest.raises(ConfigurationError, match="feed"):
        Security(storage=made._storage, kms=None, slow_hash=None, parts=parts, random=os.urandom)  # type: ignore[arg-type]
    made.close()
