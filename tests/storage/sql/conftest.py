"""Each database at each isolation level that it has."""

from __future__ import annotations

import pytest

from tests.storage.sql.support import PLACE_IDS, PLACES, Place, place_of


@pytest.fixture(params=PLACES, ids=PLACE_IDS)
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Place:
    kind, level = request.param
    return place_of(kind, level, folder=tmp_path_factory.getbasetemp())
