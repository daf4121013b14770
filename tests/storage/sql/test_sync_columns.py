# Generated from tests/storage/sql/test_async_columns.py by tools/twin.py; edit that file.
"""Encrypted columns of a host's rows, in its session, on every database (async source of the twin)."""

from __future__ import annotations

import logging
import pickle
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, insert, select, text, update
from sqlalchemy.dialects import mysql, sqlite
from sqlalchemy.exc import StatementError
from sqlalchemy.orm import Session

from ctsec.encryption import BlindIndex
from ctsec.encryption.data_key import NoDataKey
from ctsec.encryption.dek import DekState, dek_id_bytes
from ctsec.errors import DecryptionFailed
from ctsec.ids import OrganizationId
from ctsec.principal import Principal
from ctsec.security._sync_unit import Unit
from ctsec.storage.sql import SealedAttribute, SqlStorage
from ctsec.storage.sql.encrypted import guard, search_terms
from ctsec.storage.sql.encrypted_guard import held
from ctsec.storage.sql.sealed_types import BlindTerm, SealedValue
from tests.servers import Database
from tests.services._sync_world import World
from tests.storage.sql.host_tables import tables
from tests.storage.sql.notes import Base, Note, dump, note
from tests.storage.sql.support import emptied


@dataclass(frozen=True, slots=True)
class Desk:
    """Acme and Globex of one deployment, and the host's engine on the same database."""

    world: World
    engine: Engine
    ann: Principal
    acme: OrganizationId
    globex: OrganizationId

    @contextmanager
    def session(self, **options: Any) -> Generator[tuple[Session, Unit], None, None]:
        """Open a session of the host with a unit that rides in it; it is committed at the end."""
        with Session(self.engine, **options) as session, session.begin():
            guard(session)
            yield session, self.world.security.join(session)

    def write(self, *rows: Note) -> None:
        """Seal rows and write them."""
        with self.session() as (session, unit):
            unit.columns.seal(*rows)
            session.add_all(rows)

    def find(self, value: str, organization: OrganizationId) -> tuple[list[str], list[str]]:
        """Return the ids of the candidates of a search, and of those that match."""
        with self.session() as (session, unit):
            terms = search_terms(unit.columns.terms(Note.email, value, organization=organization))
            there = (Note.organization_id == organization, Note.email_index.in_(terms))
            found = (session.scalars(select(Note).where(*there).order_by(Note.id))).all()
            matching = unit.columns.matching(Note.email, value, found)
            return [each.id for each in found], [each.id for each in matching]


@pytest.fixture
def desk(database: Database) -> Generator[Desk, None, None]:
    engine = create_engine(emptied(database).sync_url)
    with tables(database, Base):
        handed = tuple(SealedAttribute(engine, each) for each in (Note.body, Note.email, Note.scan))
        with World.over(SqlStorage.from_url(database.sync_url), tables=handed) as world:
            ann = world.person("ann@acme.example")
            acme, globex = world.organization(ann), world.organization(ann, "Globex")
            yield Desk(world, engine, ann, acme.id, globex.id)
        engine.dispose()


@pytest.mark.proves("SEED-E2", "ASVS-14.2.4")
def test_what_is_stored_is_sealed_and_opens_for_its_row(desk: Desk, database: Database, caplog: pytest.LogCaptureFixture) -> None:
    """Text, bytes and NULL come back after an explicit opening; nothing plain is in the table, in the echo of statements or in a repr."""
    made = note(desk.acme, name="n", body="the secret word is Xyzzy ß", email="Ann@Acme.example", scan=b"\x00Xyzzy")
    caplog.set_level(logging.DEBUG, "sqlalchemy.engine")
    desk.write(made, note(desk.acme, name="empty"))
    with desk.session() as (session, unit):
        found = session.get_one(Note, "n")
        with pytest.raises(ValueError, match=r"Note\.body is sealed; open the row first"):
            print(found.body)
        unit.columns.open(found)
        assert (found.body, found.email, found.scan) == ("the secret word is Xyzzy ß", "Ann@Acme.example", b"\x00Xyzzy")
        assert "Xyzzy" not in repr(vars(found))
        with pytest.raises(TypeError, match="pickled"):
            pickle.dumps(found)
        empty = session.get_one(Note, "empty")
        assert (empty.body, empty.scan) == (None, None)
    assert b"Xyzzy" not in dump(database)
    assert b"cme.example" not in dump(database)
    assert "INSERT INTO host_note" in caplog.text
    assert "Xyzzy" not in caplog.text


@pytest.mark.proves("ASVS-11.7.2")
def test_an_opened_value_ends_with_the_rows_state(desk: Desk) -> None:
    """After the row expires or is read again, its value has to be opened again."""
    desk.write(note(desk.acme, name="n", body="open"))
    with desk.session() as (session, unit):
        found = session.get_one(Note, "n")
        unit.columns.open(found)
        session.expire(found, ["title"])
        assert found.body == "open"
        session.refresh(found)
        with pytest.raises(ValueError, match="sealed"):
            print(found.body)
        unit.columns.open(found)
        assert list(held(found)) == ["body", "email", "scan"]
        session.expire(found)
        assert held(found) == {}
        session.refresh(found)
        unit.columns.open(found)
        (session.scalars(select(Note).execution_options(populate_existing=True))).all()
        assert held(found) == {}


def test_a_value_that_was_not_sealed_is_not_written(desk: Desk, database: Database) -> None:
    """A flush and a commit of a row whose value was only set are refused, for new rows and for changed ones."""
    with Session(desk.engine) as session:
        session.add(note(desk.acme, body="lost"))
        with pytest.raises(ValueError, match="was set and not sealed"):
            session.flush()

    def bulk(inner: Session) -> None:
        inner.bulk_save_objects([note(desk.acme, body="lost")])

    with Session(desk.engine) as session:
        with pytest.raises(StatementError, match="expected a value that"):
            bulk(session)
    desk.write(note(desk.acme, name="n", body="first"))
    with Session(desk.engine) as session:
        found = session.get_one(Note, "n")
        found.body = "second"
        assert found.body == "second"
        with pytest.raises(ValueError, match=r"Note\.body was set and not sealed"):
            session.commit()
    with desk.session() as (session, unit):
        found = session.get_one(Note, "n")
        unit.columns.open(found)
        assert found.body == "first"
        found.body = "second"
        unit.columns.seal(found)
        found.title = "renamed"
    with desk.session() as (session, unit):
        found = session.get_one(Note, "n")
        unit.columns.open(found)
        assert (found.body, found.title) == ("second", "renamed")
        found.body = None
        unit.columns.seal(found)
    assert b"None" in dump(database)


def test_a_new_row_is_sealed_before_it_is_added_and_has_a_key(desk: Desk) -> None:
    """A row without primary key or organization, one that is in a session already, and a detached one are refused with what to do."""
    with desk.session() as (session, unit):
        with pytest.raises(ValueError, match="made before the row is sealed"):
            unit.columns.seal(Note(organization_id=desk.acme, body="x"))
        with pytest.raises(ValueError, match="organization_id to be set"):
            unit.columns.seal(note("", body="x"))
        added = note(desk.acme, body="x")
        session.add(added)
        with pytest.raises(ValueError, match="before it is added"):
            unit.columns.seal(added)
        session.expunge(added)
    desk.write(note(desk.acme, name="n", body="x"))
    with Session(desk.engine) as session:
        gone = session.get_one(Note, "n")
    with pytest.raises(ValueError, match="detached"):
        gone.body = "y"
    with pytest.raises(TypeError, match="expected str or None for body"):
        note(desk.acme, body=b"bytes")


@pytest.mark.proves("SEED-E2")
def test_a_swapped_value_does_not_open(desk: Desk) -> None:
    """A sealed value in another row, another column or another organization does not open, whoever put it there."""
    desk.write(note(desk.acme, name="a", body="of a"), note(desk.acme, name="b", body="of b"), note(desk.globex, name="g", body="of g"))
    swaps = (
        "UPDATE host_note SET body_sealed = (SELECT s FROM (SELECT body_sealed AS s FROM host_note WHERE id = 'a') AS t) WHERE id = 'b'",
        "UPDATE host_note SET email_sealed = body_sealed, body_sealed = NULL WHERE id = 'a'",
        f"UPDATE host_note SET organization_id = '{desk.acme}' WHERE id = 'g'",
    )
    with desk.session() as (session, unit):
        for swap in swaps:
            session.execute(text(swap))
        for name in ("a", "b", "g"):
            found = session.get_one(Note, name)
            with pytest.raises((DecryptionFailed, NoDataKey)):
                unit.columns.open(found)
            with pytest.raises(ValueError, match="sealed"):
                print(found.email if name == "a" else found.body)


def test_a_row_that_moves_is_sealed_again(desk: Desk) -> None:
    """Another organization or primary key is refused until the opened row is sealed for it; then it opens there."""
    desk.write(note(desk.acme, name="n", body="mine", email="ann@acme.example"))
    for column, value in (("organization_id", desk.globex), ("id", "m")):
        with Session(desk.engine) as session:
            found = session.get_one(Note, "n")
            setattr(found, column, value)
            with pytest.raises(ValueError, match="was not sealed for this row"):
                session.flush()
        with Session(desk.engine) as session:
            found = session.get_one(Note, "n")
            setattr(found, column, value)
            with session.no_autoflush, pytest.raises(ValueError, match="opened before it moved"):
                desk.world.security.join(session).columns.seal(found)
    with desk.session() as (session, unit):
        found = session.get_one(Note, "n")
        unit.columns.open(found)
        with session.no_autoflush:
            found.organization_id = desk.globex
            unit.columns.seal(found)
    with desk.session() as (session, unit):
        found = session.get_one(Note, "n")
        unit.columns.open(found)
        assert (found.organization_id, found.body, found.email) == (desk.globex, "mine", "ann@acme.example")
    assert desk.find("ann@acme.example", desk.globex) == (["n"], ["n"])


def test_a_move_that_could_not_be_sealed_is_not_committed(desk: Desk) -> None:
    """A row whose new organization has no key stays unwritten, even for a host that goes on after the failure."""
    desk.write(note(desk.acme, name="n", body="mine"))
    with Session(desk.engine) as session:
        found = session.get_one(Note, "n")
        unit = desk.world.security.join(session)
        unit.columns.open(found)
        found.organization_id = "org_00000000000000000000000000"
        with pytest.raises(ValueError, match="an organization that is there"):
            unit.columns.seal(found)
        with pytest.raises(ValueError, match="was set and not sealed"):
            session.commit()
    with desk.session() as (session, unit):
        found = session.get_one(Note, "n")
        unit.columns.open(found)
        assert (found.organization_id, found.body) == (desk.acme, "mine")


def test_statements_write_no_encrypted_column(desk: Desk, database: Database) -> None:
    """ORM inserts and updates that set the column, the key or the organization are refused; Core and bulk writes of plain bytes too."""
    desk.write(note(desk.acme, name="n", body="safe"))
    table: Any = Note.__table__
    theirs = SealedValue(b"whatever")
    row = {"id": "x", "organization_id": desk.acme}

    def upsert(set_: Any) -> Any:
        return sqlite.insert(Note).values(row).on_conflict_do_update(index_elements=["id"], set_=set_)

    statements: list[tuple[Any, Any]] = [
        (insert(Note), [{**row, "body_sealed": theirs}]),
        (insert(Note).values({**row, "body_sealed": theirs}), None),
        (insert(Note).values([{**row, "email_index": BlindTerm(b"x")}]), None),
        (update(Note).where(Note.id == "n").values(body_sealed=theirs), None),
        (update(Note).where(Note.id == "n").values(body_sealed=Note.email_sealed), None),
        (update(Note).where(Note.id == "n").values(organization_id=desk.globex), None),
        (update(Note), [{"id": "n", "email_sealed": theirs}]),
        (update(Note).ordered_values((Note.title, "x"), (Note.body_sealed, Note.email_sealed)), None),
        (insert(Note).from_select(["id", "organization_id", "body_sealed"], select(Note.title, Note.title, Note.email_sealed)), None),
        *(
            (upsert(set_), None)
            for set_ in ({"body_sealed": Note.email_sealed}, {Note.email_index: None}, {"organization_id": desk.globex})
        ),
        (mysql.insert(Note).values(row).on_duplicate_key_update(body_sealed=Note.email_sealed), None),
        (mysql.insert(Note).values(row).on_duplicate_key_update([("organization_id", desk.globex)]), None),
    ]
    for statement, parameters in statements:
        with desk.session() as (session, _):
            with pytest.raises(ValueError, match="a statement can not seal"):
                session.execute(statement, parameters)
    for core in (insert(table).values({**row, "body_sealed": b"plain"}), update(table).values(email_index=b"plain")):
        with Session(desk.engine) as session:
            with pytest.raises(StatementError, match=r"expected a value that `unit\.columns\.seal` made"):
                session.execute(core)
    with Session(desk.engine) as session:
        stolen = (session.get_one(Note, "n")).body_sealed
        session.add(Note(id="thief", organization_id=desk.acme, body_sealed=stolen))
        with pytest.raises(ValueError, match="was not sealed for this row"):
            session.flush()
    with desk.session() as (session, _):
        session.execute(update(Note).where(Note.id == "n").values(title="allowed"))
    assert b"allowed" in dump(database)
    assert b"plain" not in dump(database)


@pytest.mark.proves("SEED-E2")
def test_equality_search_by_blind_index(desk: Desk) -> None:
    """A search finds candidates by a short term and keeps those that match, whatever their case; other organizations have other terms."""
    people = [f"person{number}@acme.example" for number in range(20)]
    desk.write(*(note(desk.acme, name=f"{number:02}", email=email) for number, email in enumerate(people)))
    desk.write(note(desk.globex, name="other", email=people[7]), note(desk.acme, name="none"))
    found = [desk.find(email.upper(), desk.acme) for email in people]
    assert [matching for _, matching in found] == [[f"{number:02}"] for number in range(20)]
    counts = [len(candidates) for candidates, _ in found]
    assert sum(counts) > 20  # more values than terms: some share one
    assert max(counts) < 20
    assert (desk.find("nobody@acme.example", desk.acme))[1] == []
    assert (desk.find(people[7], desk.globex))[1] == ["other"]
    with desk.session() as (_, unit):
        ours = unit.columns.terms(Note.email, people[7], organization=desk.acme)
        assert len(ours) == 1
        assert all(len(term) == 1 and term[0] % 16 == 0 for term in ours)
        with pytest.raises(TypeError, match="with a blind index"):
            unit.columns.terms(Note.body, "x", organization=desk.acme)


def test_index_keys_outlive_the_rotation_of_data_keys(desk: Desk) -> None:
    """After the organization gets another data key, old and new rows are found by the same term."""
    desk.write(note(desk.acme, name="old", email="ann@acme.example"))
    desk.world.call("data_keys.rotate", desk.world.sure(desk.ann), organization=desk.acme)
    desk.write(note(desk.acme, name="new", email="ann@acme.example"))
    assert (desk.find("ann@acme.example", desk.acme))[1] == ["new", "old"]


def test_the_worker_seals_a_hosts_columns_anew(desk: Desk, database: Database) -> None:
    """After a rotation every sealed column of every row comes under the new key, page by page, opens, and is found as before."""
    texts = {f"{n:02}": f"secret {n}" for n in range(7)}
    desk.write(*(note(desk.acme, name=name, body=text, email=f"{text}@acme.example") for name, text in texts.items()))
    desk.write(note(desk.acme, name="empty"), note(desk.globex, name="other", body="other", scan=b"scan"))
    desk.world.call("data_keys.rotate", desk.world.sure(desk.ann), organization=desk.acme)
    others = {part for part in dump(database).split(b"|") if b"other" in part}
    job = desk.world.security.jobs.reencryptions
    written = [job.run_due(pages=1, rows=3) for _ in range(20)]
    assert sum(written) == 15  # two columns of seven rows, and the key of the index
    assert max(written) == 3
    keys = {each.state: each.id for each in desk.world.call("data_keys.of_organization", organization=desk.acme)}
    assert dek_id_bytes(keys[DekState.DECRYPT_ONLY]) not in dump(database)
    assert dump(database).count(dek_id_bytes(keys[DekState.ACTIVE])) == 14
    assert {part for part in dump(database).split(b"|") if b"other" in part} == others
    with desk.session() as (session, unit):
        for name, text in texts.items():
            found = session.get_one(Note, name)
            unit.columns.open(found)
            assert (found.body, found.email) == (text, f"{text}@acme.example")
        other = session.get_one(Note, "other")
        unit.columns.open(other)
        assert other.scan == b"scan"
    assert (desk.find("SECRET 3@acme.example", desk.acme))[1] == ["03"]


def test_an_index_is_renewed_with_two_keys_and_can_be_resumed(desk: Desk) -> None:
    """While an index is renewed rows of both keys are found; doing a page again changes nothing; then the old key is dropped."""
    emails = [f"p{number}@acme.example" for number in range(12)]
    rows = [note(desk.acme, name=f"{number:02}", email=email) for number, email in enumerate(emails)]
    desk.write(*rows)
    with desk.session() as (_, unit):
        assert unit.columns.begin_reindex(Note.email, organization=desk.acme) == 2

    def renew(below: str) -> int:
        with desk.session() as (session, unit):
            found = (session.scalars(select(Note).where(Note.id < below).order_by(Note.id))).all()
            return unit.columns.reindex(*found)

    assert 0 < renew("06") <= 6
    assert [(desk.find(email, desk.acme))[1] for email in emails] == [[f"{number:02}"] for number in range(12)]
    desk.write(note(desk.acme, name="13", email=emails[3]))
    assert (desk.find(emails[3], desk.acme))[1] == ["03", "13"]
    assert renew("06") == 0
    assert renew("99") > 0
    with desk.session() as (_, unit):
        assert unit.columns.end_reindex(Note.email, organization=desk.acme) == 1
        assert unit.columns.end_reindex(Note.email, organization=desk.acme) == 0
        assert len(unit.columns.terms(Note.email, "x", organization=desk.acme)) == 1
    assert [(desk.find(email, desk.acme))[1] for email in emails[4:]] == [[f"{number:02}"] for number in range(4, 12)]
    names = [event.name for event in desk.world.events(desk.acme)]
    assert (names.count("index_key.created"), names.count("index_key.retired")) == (2, 1)
    with pytest.raises(TypeError, match="expected a row with encrypted columns"):
        with desk.session() as (_, unit):
            unit.columns.open(object())


def test_rows_of_an_earlier_definition_are_found_until_they_are_renewed(desk: Desk) -> None:
    """With other bits and another transformation, rows with terms of the earlier definition are found while that is named."""
    desk.write(note(desk.acme, name="n", email="ann@acme.example"))
    before = Note.email.index
    assert before is not None
    try:
        Note.email._index = BlindIndex(column="email_index", bits=20)
        assert desk.find("ann@acme.example", desk.acme) == ([], [])
        Note.email._index = BlindIndex(column="email_index", bits=20, earlier=(before,))
        assert desk.find("ann@acme.example", desk.acme) == (["n"], ["n"])
        with desk.session() as (session, unit):
            assert unit.columns.reindex(session.get_one(Note, "n")) == 1
        Note.email._index = BlindIndex(column="email_index", bits=20)
        assert desk.find("ann@acme.example", desk.acme) == (["n"], ["n"])
    finally:
        Note.email._index = before
