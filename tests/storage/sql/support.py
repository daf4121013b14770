"""What the tests of the SQL store share: tables made once a module, emptied before each test."""

from __future__ import annotations

from sqlalchemy import NullPool, create_engine, delete

from ctsec.storage.sql import Tables, schema
from tests.servers import Database

TABLES = Tables()


def emptied(database: Database) -> Database:
    """Return the database with empty tables of the current version."""
    schema.create(database.sync_url)
    for url, metadata in ((database.sync_url, TABLES.main), (database.guard_sync_url, TABLES.guard)):
        engine = create_engine(url, poolclass=NullPool)
        with engine.begin() as connection:
            for table in metadata.tables.values():
                connection.execute(delete(table))
        engine.dispose()
    return database
