"""The rights of the page are enough for the application, and no more than reading and writing rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import NullPool, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError

from ctsec.encryption import Context
from ctsec.storage.sql import SqlStorage, schema
from tests.architecture.source import ROOT
from tests.servers import Database, drop_database, fresh_database
from tests.services._sync_world import World

PAGE: Final = ROOT / "docs" / "reference" / "connections.md"
BLOCK: Final = {"postgresql": 0, "mariadb": 1}


@pytest.fixture(params=[pytest.param(kind, marks=pytest.mark.server(kind)) for kind in BLOCK])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database of its own, with tables that its owner made."""
    made = fresh_database(request.param, folder=tmp_path)
    schema.create(made.sync_url)
    yield made
    drop_database(made)


def granted(database: Database) -> str:
    """Make an account with the rights of the page, and return the URL by which it connects."""
    kind, name = database.kind, f"app_{database.name}"[:30]
    block = re.findall(r"```sql\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)[BLOCK[kind]]
    account = f'CREATE ROLE "{name}" LOGIN' if kind == "postgresql" else f"CREATE USER '{name}'@'%' IDENTIFIED BY 'a word'"
    statements = [
        account,
        *block.replace("TO app;", f'TO "{name}";').replace("'app'", f"'{name}'").replace("acme.*", f"`{database.name}`.*").split(";"),
    ]
    engine = create_engine(database.sync_url, poolclass=NullPool)
    with engine.begin() as connection:
        for statement in filter(str.strip, statements):
            connection.exec_driver_sql(statement.replace("%", "%%"))
    url = make_url(database.sync_url).set(username=name, password=None if kind == "postgresql" else "a word")
    return url.render_as_string(hide_password=False)


@pytest.mark.proves("ASVS-13.2.2")
def test_reading_and_writing_rows_is_enough(database: Database) -> None:
    """People sign up, make organizations and keep secrets under the rights of the page, which neither make, change nor drop a table."""
    url = granted(database)
    with World.over(SqlStorage.from_url(url)) as world:
        ann = world.person("ann@acme.example")
        device = world.enrol(ann)
        acme = world.organization(ann)
        world.workspace(acme.id)
        context = Context(organization=acme.id, purpose="note")
        blob = world.call("secrets.seal", b"a token", context=context)
        assert world.call("secrets.open", blob, context=context) == b"a token"
        assert world.login_with(device, "ann@acme.example").principal.id == ann.id
        world.drain()
        assert world.events(acme.id)
    engine = create_engine(url, poolclass=NullPool)
    for statement in ("CREATE TABLE mine (i INTEGER)", "DROP TABLE ctsec_user", "ALTER TABLE ctsec_user ADD COLUMN x INTEGER"):
        with engine.connect() as connection, pytest.raises(DBAPIError, match=r"(?i)denied|permission|owner"):
            connection.execute(text(statement))
