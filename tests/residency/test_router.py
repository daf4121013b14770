"""Where content goes, and what is refused, with three real databases as three regions."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import pytest
from sqlalchemy import Column, Integer, MetaData, NullPool, create_engine, insert, select
from sqlalchemy import Table as SqlTable
from sqlalchemy.orm import Session

from ctsec.encryption import DekState
from ctsec.encryption.envelope import dek_id_of
from ctsec.errors import ConfigurationError, CorruptRecord, DecryptionFailed, ResidencyError, StoreBusy, WorkspaceMoving
from ctsec.ids import WorkspaceId
from ctsec.security import Security
from ctsec.storage.sql import SqlRegionStorage
from ctsec.storage.sql.schema import create_region
from ctsec.testing.conformance.samples import workspace_id
from tests.residency.deployment import Places, data_keys, events, open_security, raw, read, smuggle, start, write

pytestmark = [pytest.mark.server("postgresql", "mariadb")]


@pytest.mark.proves("SEED-D2")
def test_content_is_in_the_store_and_under_the_key_of_its_region(places: Places, security: Security) -> None:
    """What is written for a workspace is in the database of its region alone, sealed, under a data key that the region's key wraps."""
    for n in (1, 2, 3):
        write(security, n, greeting=f"secret {n}")
    for n, region in ((1, "eu"), (2, "us"), (3, "ap")):
        ((workspace, key, sealed),) = raw(places.stores[region])
        assert (workspace, key) == (workspace_id(n), "greeting")
        assert b"secret" not in sealed
        (dek,) = [each for each in data_keys(security) if each.id == dek_id_of(sealed)]
        assert (dek.region, dek.kek, dek.state) == (region, places.key(region).ref, DekState.ACTIVE)
        assert read(security, n) == {"greeting": f"secret {n}"}


@pytest.mark.proves("SEED-D2")
def test_another_region_than_the_pin_is_refused_and_told(places: Places, security: Security) -> None:
    """Who asks for a workspace in a region where it is not gets a ResidencyError for reading and writing; it is an event."""
    write(security, 1, a="x")
    with pytest.raises(ResidencyError, match="pinned to eu"), security.region(workspace_id(1), region="us") as content:
        content.put("note", "a", b"y")
    with pytest.raises(ResidencyError, match="pinned to eu"), security.regional.router.reading(workspace_id(1), region="us"):
        pass
    with pytest.raises(ResidencyError, match="no workspace"), security.region(WorkspaceId(workspace_id(9))):
        pass
    assert [each.name for each in events(security, "deployment")].count("residency.violated") == 3
    assert raw(places.stores["us"]) == []
    assert read(security, 1) == {"a": "x"}


@pytest.mark.proves("SEED-D2")
def test_a_store_under_another_name_is_never_used(places: Places) -> None:
    """Connections that were swapped are seen before the first byte: neither database is read or written."""
    swapped = replace(places, stores={**places.stores, "eu": places.stores["us"], "us": places.stores["eu"]})
    security = open_security(swapped)
    try:
        with pytest.raises(ResidencyError, match="expected the store eu of region eu"), security.region(workspace_id(1)) as content:
            content.put("note", "a", b"x")
        with pytest.raises(ResidencyError), security.regional.router.reading(workspace_id(2)):
            pass
    finally:
        security.close()
    assert [raw(url) for url in places.stores.values()] == [[], [], []]
    with pytest.raises(ConfigurationError, match="it can not be us of us"):
        create_region(places.stores["eu"], region="us")


def test_a_store_of_nobody_is_refused(places: Places, security: Security) -> None:
    """A store that has lost its name is refused like one with another."""
    storage = SqlRegionStorage.from_url(places.stores["eu"])
    with storage.begin() as store:
        run = store.meta._run
        run.change(storage.tables.region_meta.delete())
    storage.close()
    with pytest.raises(ResidencyError, match="has no name"):
        read(security, 1)


@pytest.mark.proves("SEED-D2")
def test_bytes_that_were_carried_elsewhere_open_nowhere(places: Places, security: Security) -> None:
    """A row that was copied into another workspace, or another region's store past ctsec, is refused and never decrypted."""
    write(security, 1, k="secret")
    write(security, 2, other="x")
    ((_, _, sealed),) = raw(places.stores["eu"])
    smuggle(places, "us", 2, sealed)
    smuggle(places, "eu", 4, sealed)
    with pytest.raises(ResidencyError, match="data key of region eu"):
        read(security, 2)
    with pytest.raises(DecryptionFailed):
        read(security, 4)
    smuggle(places, "ap", 3, b"not sealed at all" * 8)
    with pytest.raises(CorruptRecord):
        read(security, 3)


def test_what_raises_is_rolled_back(security: Security) -> None:
    """The unit of a region is all or nothing, and reading alone writes nothing."""

    def fail() -> None:
        with security.region(workspace_id(2)) as content:
            content.put("note", "a", b"x")
            raise KeyError("stop")

    with pytest.raises(KeyError):
        fail()
    assert read(security, 2) == {}
    with security.region(workspace_id(2)) as content:
        content.put("note", "a", b"x")
        content.put("note", "a", b"y")
        assert content.get("note", "a") == b"y"
        assert content.remove("note", "a") is True
        assert content.remove("note", "a") is False
        for kind, key in (("", "k"), ("k" * 65, "k"), ("note", ""), ("note", "é" * 129)):
            with pytest.raises(ValueError, match="expected a kind"):
                content.put(kind, key, b"")
    assert read(security, 2) == {}


def test_a_region_that_is_not_configured_is_nowhere(places: Places) -> None:
    """A workspace that is pinned to a region of another configuration is refused, not put elsewhere."""
    lacking = replace(places, stores={name: url for name, url in places.stores.items() if name != "ap"})
    with closing(open_security(lacking)) as security, pytest.raises(ResidencyError, match="no region of this configuration"):
        read(security, 3)


def test_the_hosts_session_keeps_the_workspace_where_it_is(places: Places, security: Security) -> None:
    """In the host's session content is written with the host's own rows, or not at all; the workspace can not leave until it ends."""
    things = SqlTable("host_thing", MetaData(), Column("id", Integer, primary_key=True))
    engine = create_engine(places.stores["us"], poolclass=NullPool)
    things.create(engine)
    router = security.regional.router
    begun = start(security, 2, "eu")
    with Session(engine) as session:
        session.execute(insert(things).values(id=1))
        router.join(session, workspace_id(2)).put("note", "a", b"x")
        with pytest.raises(StoreBusy):
            security.regional.moves.run(begun.id)
        session.rollback()
    assert read(security, 2) == {}
    with Session(engine) as session:
        session.execute(insert(things).values(id=2))
        router.join(session, workspace_id(2)).put("note", "a", b"y")
        session.commit()
        assert session.execute(select(things.c.id)).scalars().all() == [2]
        with pytest.raises(ConfigurationError):
            router.join(session, workspace_id(3))
    assert read(security, 2) == {"a": "y"}
    with Session(engine) as session:
        session.execute(insert(things).values(id=3))
        content = router.join(session, workspace_id(2))
        session.rollback()
        security.regional.moves.step(begun)
        session.execute(insert(things).values(id=3))
        for write in (lambda: content.put("note", "a", b"z"), lambda: content.remove("note", "a"), content.hold):
            with pytest.raises(WorkspaceMoving):
                write()
        session.rollback()
    assert read(security, 2) == {"a": "y"}
    security.regional.moves.run(begun.id)
    engine.dispose()
    create_region(f"sqlite:///{places.folder / 'other.db'}", region="other")
    engine = create_engine(f"sqlite:///{places.folder / 'other.db'}", poolclass=NullPool)
    with Session(engine) as session, pytest.raises(ResidencyError, match="expected the store eu of region eu"):
        router.join(session, workspace_id(2))
    engine.dispose()
