"""Three real databases as three regions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ctsec.security import Security
from tests.residency.deployment import Places, open_security, prepare
from tests.servers import drop_database, fresh_database

KINDS = {"home": "sqlite", "eu": "sqlite", "us": "postgresql", "ap": "mariadb"}


@pytest.fixture
def places(tmp_path: Path) -> Iterator[Places]:
    """A home store and three regions: SQLite, PostgreSQL and MariaDB; workspace 1 is in eu, 2 in us, 3 in ap and 4 in eu."""
    made = {name: fresh_database(kind, folder=tmp_path) for name, kind in KINDS.items()}
    stores = {name: database.sync_url for name, database in made.items() if name != "home"}
    found = Places(made["home"].sync_url, stores, tmp_path, {})
    prepare(found, workspaces={1: "eu", 2: "us", 3: "ap", 4: "eu"})
    yield found
    for database in made.values():
        drop_database(database)


@pytest.fixture
def security(places: Places) -> Iterator[Security]:
    """A process of the deployment."""
    made = open_security(places)
    yield made
    made.close()
