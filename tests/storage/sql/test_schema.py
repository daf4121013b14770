"""Making, migrating and checking the tables."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, NullPool, Table, create_engine, inspect, text

from ctsec.encryption.sealing import SealingRing
from ctsec.errors import ConfigurationError, SchemaMismatch
from ctsec.secret import Secret
from ctsec.storage.sql import SqlStorage, Tables, ignore_ctsec_tables, schema
from ctsec.storage.sql.gate import GUARD_VERSION, MAIN_VERSION
from ctsec.testing.conformance.samples import event, ignore, password, user, user_id
from tests.servers import Database, drop_database, fresh_database


def described(url: str) -> dict[str, Any]:
    """Return what a database says of its tables."""
    engine = create_engine(url, poolclass=NullPool)
    inspector = inspect(engine)
    columns, keys = inspector.get_multi_columns(), inspector.get_multi_pk_constraint()
    indexes, foreign = inspector.get_multi_indexes(), inspector.get_multi_foreign_keys()
    found = {
        place[1]: (
            [(c["name"], str(c["type"]), c["nullable"]) for c in columns[place]],
            keys[place],
            sorted((str(i["name"]), tuple(i["column_names"]), bool(i["unique"])) for i in indexes[place]),
            foreign[place],
        )
        for place in columns
    }
    engine.dispose()
    return found


def run(url: str, *statements: str) -> None:
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


@pytest.fixture
def empty(database: Database, tmp_path: Path) -> Any:
    made = fresh_database(database.kind, folder=tmp_path)
    yield made
    drop_database(made)


def test_made_and_migrated_tables_are_equal(empty: Database, tmp_path: Path) -> None:
    """A database made without Alembic and one that was migrated have the same tables, columns, keys and indexes, and no drift."""
    other = fresh_database(empty.kind, folder=tmp_path)
    schema.create(empty.sync_url)
    schema.upgrade(other.sync_url)
    for one, two in ((empty.sync_url, other.sync_url), (empty.guard_sync_url, other.guard_sync_url)):
        assert described(one) == described(two)
    assert schema.check(empty.sync_url) == schema.check(other.sync_url) == ()
    assert schema.versions(empty.sync_url) == schema.versions(other.sync_url) == (MAIN_VERSION, GUARD_VERSION)
    drop_database(other)


def test_the_store_of_a_region_is_made_and_migrated_alike(empty: Database, tmp_path: Path) -> None:
    """The tables of a region's store are the same without Alembic and with it, and from the first version on; its name stays."""
    other = fresh_database(empty.kind, folder=tmp_path)
    schema.create_region(empty.sync_url, region="eu")
    schema.upgrade_region(other.sync_url, region="eu")
    assert described(empty.sync_url) == described(other.sync_url)
    first = Tables()
    run(other.sync_url, *(f"DROP TABLE {name}" for name in first.region.tables if "audit" in name))
    run(other.sync_url, f"UPDATE {first.region_version.name} SET version_num = '0001'")
    with pytest.raises(SchemaMismatch, match="at version 0001, older than 0003; run `ctsec residency prepare`"):
        schema.create_region(other.sync_url, region="eu")
    schema.upgrade_region(other.sync_url, region="eu")
    assert described(empty.sync_url) == described(other.sync_url)
    with pytest.raises(ConfigurationError, match="store eu of region eu"):
        schema.upgrade_region(other.sync_url, region="us")
    drop_database(other)


def test_upgrading_and_making_twice_changes_nothing(empty: Database) -> None:
    """`create` and `upgrade` on tables of the right version leave them, and what is in them, as they are."""
    schema.upgrade(empty.sync_url)
    before = described(empty.sync_url)
    schema.upgrade(empty.sync_url)
    schema.create(empty.sync_url)
    assert described(empty.sync_url) == before


def test_prefix_and_schema_are_the_hosts_choice(empty: Database) -> None:
    """Tables under another prefix (and on PostgreSQL in another schema) are made, migrated, checked and used."""
    tables = Tables("acme_", schema="security" if empty.kind == "postgresql" else None)
    schema.upgrade(empty.sync_url, tables=tables)
    assert schema.check(empty.sync_url, tables=tables) == ()
    storage = SqlStorage.from_url(empty.sync_url, tables=tables)
    with storage.begin(after_commit=ignore) as store:
        assert store.users.add(user(1))
        assert store.users.get(user_id(1)) == user(1)
    storage.close()
    assert not [name for name in described(empty.sync_url) if name.startswith("ctsec_")]


def test_drift_is_named(empty: Database) -> None:
    """A lost index and a lost table are each a line of `check`."""
    schema.create(empty.sync_url)
    drop = "DROP INDEX ctsec_session_by_user" + (" ON ctsec_session" if empty.kind == "mariadb" else "")
    run(empty.sync_url, drop, "DROP TABLE ctsec_outbox")
    lines = "\n".join(schema.check(empty.sync_url))
    assert "ctsec_session_by_user" in lines
    assert "ctsec_outbox" in lines


@pytest.mark.parametrize("version", ["0000", "9999"])
def test_another_version_is_refused_by_name(empty: Database, version: str) -> None:
    """A store of an older or a newer version refuses its first statement, says which version it found, and changes nothing."""
    schema.create(empty.sync_url)
    run(empty.sync_url, f"UPDATE ctsec_alembic_version SET version_num = '{version}'")
    storage = SqlStorage.from_url(empty.sync_url)
    with pytest.raises(SchemaMismatch, match=version), storage.begin(after_commit=ignore) as store:
        store.users.add(user(1))
    storage.close()
    with pytest.raises(SchemaMismatch, match=version):
        schema.create(empty.sync_url)
    assert version in schema.check(empty.sync_url)[0]


def at_first(url: str) -> None:
    """Take the main tables back to the first version, as an older package left them."""
    place, part = next(iter(schema._places(url, None, Tables())))
    with schema._alone(place, part) as connection:
        schema._command("downgrade", connection, part, revision="0001")


def test_an_older_store_is_upgraded_with_what_it_holds(empty: Database) -> None:
    """From the first version on: the upgrade keeps accounts, passwords and the database's own name, and ends without drift.

    The name of a password's pepper is read from its sealed record. The trees grow out of the events that the logs have; what waits for
    its index gets it afterwards.
    """
    schema.create(empty.sync_url)
    storage = SqlStorage.from_url(empty.sync_url)
    names = ("1", "local:0123456789abcdef0123456789abcdef", "p" * 64)
    rings = [SealingRing(current=each, keys={each: Secret(bytes(32))}) for each in names]
    sealed = [ring.seal(b"\xff\x00'", context=b"", random=bytes) for ring in rings]
    with storage.begin(after_commit=ignore) as store:
        store.users.add(user(1))
        for n, each in enumerate(sealed):
            store.passwords.put(replace(password(n), sealed=each))
    with storage.sequencing() as store:
        for n in range(300):
            store.inbox.append(event(n, of=1))
        store.log.place(limit=300)
        store.inbox.append_all([event(302, of=1), event(301)])
    with storage.reading() as store:
        name = store.epochs.recent().incarnation
        grown = store.tree.head(event(1, of=1).log), store.tree.tiles(event(1, of=1).log, level=0, first=0, end=9)
    storage.close()
    at_first(empty.sync_url)
    run(empty.sync_url, "UPDATE ctsec_audit_head SET frontier = NULL")
    assert schema.versions(empty.sync_url) == ("0001", GUARD_VERSION)
    with pytest.raises(SchemaMismatch, match="0001"):
        schema.create(empty.sync_url)
    schema.upgrade(empty.sync_url)
    assert schema.check(empty.sync_url) == ()
    storage = SqlStorage.from_url(empty.sync_url)
    with storage.reading() as store:
        assert store.users.get(user_id(1)) == user(1)
        for n, pepper in enumerate(names):
            assert store.passwords.get(user_id(n)) == replace(password(n), sealed=sealed[n], pepper=pepper, scheme="", minimum=0)
        assert store.epochs.recent().incarnation == name != ""
        assert (store.tree.head(event(1, of=1).log), store.tree.tiles(event(1, of=1).log, level=0, first=0, end=9)) == grown
        assert len(grown[1]) == 1
        assert store.inbox.pending(limit=9) == (event(301), event(302, of=1))
    with storage.sequencing() as store:
        assert store.log.place(limit=9) == 2
    storage.close()


def test_a_newer_version_is_not_upgraded(empty: Database) -> None:
    """`upgrade` leaves a newer database alone, in both parts."""
    schema.create(empty.sync_url)
    for url, table in ((empty.sync_url, "ctsec_alembic_version"), (empty.guard_sync_url, "ctsec_guard_alembic_version")):
        run(url, f"UPDATE {table} SET version_num = '9999'")
        with pytest.raises(SchemaMismatch, match="newer"):
            schema.upgrade(empty.sync_url)
        run(url, f"UPDATE {table} SET version_num = '{MAIN_VERSION if url == empty.sync_url else GUARD_VERSION}'")


def test_missing_tables_say_what_to_do(empty: Database) -> None:
    """Without tables, main or guard, the first call raises SchemaMismatch that names the command."""
    storage = SqlStorage.from_url(empty.sync_url)
    with pytest.raises(SchemaMismatch, match="ctsec db upgrade"), storage.reading() as store:
        store.users.get(user_id(1))
    with pytest.raises(SchemaMismatch, match="ctsec db upgrade"):
        storage.guard.steps.last("aut_1")
    storage.close()


def test_a_stamp_writes_the_version_only(empty: Database) -> None:
    """`stamp` gives tables that were made by other means their versions: each part has a count of its own."""
    schema.create(empty.sync_url)
    run(empty.sync_url, "DELETE FROM ctsec_alembic_version")
    schema.stamp(empty.sync_url)
    assert schema.versions(empty.sync_url) == (MAIN_VERSION, GUARD_VERSION)


def test_asking_changes_nothing(empty: Database) -> None:
    """`versions` and `check` on an empty database, and a schema of PostgreSQL that is not there, answer and make nothing."""
    tables = Tables(schema="nowhere" if empty.kind == "postgresql" else None)
    assert schema.versions(empty.sync_url, tables=tables) == (None, None)
    assert "ctsec db upgrade" in schema.check(empty.sync_url, tables=tables)[0]
    assert described(empty.sync_url) == {}
    if empty.kind == "postgresql":
        engine = create_engine(empty.sync_url, poolclass=NullPool)
        assert "nowhere" not in inspect(engine).get_schema_names()
        engine.dispose()


def test_several_processes_may_make_the_tables_at_once(empty: Database) -> None:
    """Four upgrades side by side end well: one makes the tables, the others find them."""
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: schema.create(empty.sync_url), range(4)))
    assert schema.check(empty.sync_url) == ()


def test_the_hosts_autogenerate_ignores_our_tables(empty: Database) -> None:
    """With `ignore_ctsec_tables` the host's own comparison sees its own tables only, and drops none of ours."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    schema.create(empty.sync_url)
    run(empty.sync_url, "CREATE TABLE forgotten (id INTEGER PRIMARY KEY)")
    hosts = MetaData()
    Table("fresh", hosts, Column("id", Integer, primary_key=True))
    engine = create_engine(empty.sync_url, poolclass=NullPool)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": ignore_ctsec_tables()})
        differences = compare_metadata(context, hosts)
    engine.dispose()
    assert sorted((kind, table.name) for kind, table in differences) == [("add_table", "fresh"), ("remove_table", "forgotten")]


def test_alembic_is_needed_for_migrations_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Alembic a fresh database is made and used; an upgrade says which extra is missing."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "alembic"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "alembic", None)
    url = f"sqlite:///{tmp_path}/a.db"
    schema.create(url)
    storage = SqlStorage.from_url(url)
    with storage.begin(after_commit=ignore) as store:
        assert store.users.add(user(1))
    storage.close()
    schema.upgrade(url)
    with pytest.raises(ConfigurationError, match=r"ctsec\[migrations\]"):
        schema.upgrade(f"sqlite:///{tmp_path}/b.db")


def test_names_fit_every_database() -> None:
    """With the longest prefix every table, index and key has a name of at most 63 characters, with that prefix."""
    tables = Tables("a" * 20)
    for metadata in (tables.main, tables.guard):
        for table in metadata.tables.values():
            names = [table.name, str(table.primary_key.name), *(str(index.name) for index in table.indexes)]
            assert all(name.startswith("a" * 20) and len(name) <= 63 for name in names)


def test_guard_tables_have_no_foreign_keys() -> None:
    """No table has a foreign key: one from a counter to its user would wait for the host."""
    assert all(not table.foreign_keys for table in (*Tables().main.tables.values(), *Tables().guard.tables.values()))


@pytest.mark.parametrize("prefix", ["", "Ctsec_", "1a", "a-b", "a" * 21, 'a"; drop'])
def test_a_bad_prefix_is_refused(prefix: str) -> None:
    """A prefix that would need quoting, or leaves no room for names, is refused at once."""
    with pytest.raises(ConfigurationError):
        Tables(prefix)
