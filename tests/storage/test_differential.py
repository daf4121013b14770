"""The same calls on the memory store and on a database give the same answers, the same errors and the same rows."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from ctsec.storage.memory import MemoryStorage
from ctsec.storage.sql import SqlStorage
from tests.servers import available_databases
from tests.storage.differential import Run, play, runs
from tests.storage.sql.support import LEVELS, emptied, place_of

RUNS = 1000 if os.environ.get("CTSEC_SOAK") else 20
# A failing run is short already; shrinking it on a server takes minutes.
PHASES = (Phase.explicit, Phase.generate)


@pytest.mark.slow
@pytest.mark.parametrize("kind", available_databases())
def test_memory_and_database_agree(kind: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever transactions run, committed or rolled back, a database answers as the reference model does."""
    database = place_of(kind, LEVELS[kind][0], folder=Path(tmp_path_factory.mktemp("differential"))).database
    storage = SqlStorage.from_url(database.sync_url, guard=database.guard_sync_url)  # closed after each run; what it compiled stays

    @settings(max_examples=RUNS, deadline=None, database=None, phases=PHASES, suppress_health_check=list(HealthCheck))
    @given(runs())
    def agree(run: Run) -> None:
        emptied(database)
        try:
            assert play(storage, run) == play(MemoryStorage(), run)
        finally:
            storage.close()

    agree()
