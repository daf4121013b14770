"""A process that is killed at any moment of writing content with its event: both are there, or neither, and each event once."""

from __future__ import annotations

import random
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ctsec.audit.event import LogId
from tests.residency.deployment import ORG, Places, logged, open_security, prepare, raw, write
from tests.servers import available_databases, drop_database, fresh_database
from tests.victim import ROUNDS, Victim, settle

WRITE = "tests.residency.test_killed_writing:write_and_seal"


@pytest.fixture(params=[kind for kind in available_databases() if kind != "mariadb"])
def places(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Places]:
    """A home store and a region."""
    made = [fresh_database(request.param, folder=tmp_path) for _ in range(2)]
    found = Places(made[0].sync_url, {"eu": made[1].sync_url}, tmp_path, {})
    prepare(found, workspaces={1: "eu"})
    yield found
    for database in made:
        drop_database(database)


def write_and_seal(home: str, eu: str, folder: str, first: str) -> None:
    """Write three pieces, each with its event, and seal after the second: what the victim does."""
    with closing(open_security(Places(home, {"eu": eu}, Path(folder), {}))) as security:
        for n in range(3):
            write(security, 1, **{f"{first}-{n}": "text"})
            if n == 1:
                security.logs.flush()


@pytest.mark.slow
def test_killed_at_any_moment_content_and_event_are_both_there_or_neither(places: Places, victim: Victim) -> None:
    """After each kill every piece has exactly one event, in its region; sealed in the end, the log is sound and gapless."""
    arguments = (places.home, places.stores["eu"], places.folder)
    draw, whole, kept = random.Random(7), 0, 0
    for n in range(ROUNDS + 1):
        last = draw.randrange(whole // 4, whole) if whole else 0
        code, done = victim.run(WRITE, *arguments, f"round {n}", last=last)
        assert code == -signal.SIGKILL or (code == 0 and (done < last or not whole))
        whole = whole or done
        settle(places.stores["eu"])
        pieces = Counter(key for _, key, _ in raw(places.stores["eu"]))
        events = Counter(each["details"]["key"] for each in logged(places.stores["eu"], regional=True))
        assert events == pieces
        kept += code != 0
    assert kept
    with closing(open_security(places)) as security:
        security.logs.flush()
        report = security.logs.verify()
        assert (report.findings, report.waiting) == ((), 0)
        sizes = [each.size for each in report.logs if (each.store, each.log) == ("eu", LogId(ORG))]
    assert sizes == [sum(pieces.values())]
    assert not any(each["name"] == "note.written" for each in logged(places.home, regional=False))
