"""A process that is killed at any moment of sealing anew, on SQLite and on PostgreSQL: nothing is lost, and the next one goes on."""

from __future__ import annotations

import random
import signal
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import NullPool, create_engine, select
from sqlalchemy.orm import Session

from ctsec.encryption import DekState
from ctsec.encryption.holding import RingPolicy
from ctsec.encryption.reencryption import Stored
from ctsec.ids import AuthenticatorId, CredentialId
from ctsec.mfa.record import Authenticator, seed_context
from ctsec.outcome import Refusal
from ctsec.secret import Secret
from ctsec.security import Security
from ctsec.storage.sql import SealedAttribute, SqlStorage
from ctsec.testing.conformance.samples import ignore, number, user_id
from ctsec.vault import VaultKind, VaultWish
from tests.residency.deployment import ORG, TABLES, Places, open_security, owner, prepare, read, write
from tests.servers import available_databases, drop_database, fresh_database
from tests.storage.sql.host_tables import tables
from tests.storage.sql.notes import Base, Note, note
from tests.victim import ROUNDS, Victim, settle

REENCRYPT = "tests.residency.test_killed_reencryption:reencrypt"
TEXTS = {f"{n}": f"text {n}" for n in range(3)}
# Under this policy every key is due at once.
RESTLESS = RingPolicy(rotate_after=timedelta(microseconds=1))


@pytest.fixture(params=[kind for kind in available_databases() if kind != "mariadb"])
def places(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Places]:
    """A home store, where the host's notes are too, and a region."""
    with ExitStack() as stack:
        made = [fresh_database(request.param, folder=tmp_path) for _ in range(2)]
        for each in made:
            stack.callback(drop_database, each)
        stack.enter_context(tables(made[0], Base))
        found = Places(made[0].sync_url, {"eu": made[1].sync_url}, tmp_path, {})
        prepare(found, workspaces={1: "eu"})
        yield found


@contextmanager
def opened(places: Places, policy: RingPolicy | None = None) -> Iterator[Security]:
    """Open a process of the deployment, and close all that it has of the databases."""
    engine = create_engine(places.home, poolclass=NullPool)
    handed = tuple(SealedAttribute(engine, each) for each in (Note.body, Note.email))
    with closing(open_security(places, sealed=handed, data_keys=policy or RingPolicy())) as security:
        yield security
    engine.dispose()


def reencrypt(home: str, eu: str, folder: str) -> None:
    """Seal everything anew, two rows at a time: what the victim does."""
    with opened(Places(home, {"eu": eu}, Path(folder), {})) as security:
        while security.jobs.reencryptions.run_due(rows=2):
            pass


def fill(places: Places) -> dict[str, CredentialId]:
    """Put something into every table that holds sealed values; return the credentials by their secrets."""
    kept: dict[str, CredentialId] = {}
    with opened(places, RESTLESS) as security:
        write(security, 1, **TEXTS)
        for name in TEXTS.values():
            wish = VaultWish(name=name, kind=VaultKind.AWS, services=None, regions=None)
            with security.begin() as unit:
                stored = unit.vault.store(owner(), organization=ORG, wish=wish, secret=Secret(name.encode()))
            assert not isinstance(stored, Refusal)
            kept[name] = stored.id
        for n, text in enumerate(TEXTS.values()):
            seed = AuthenticatorId(number("aut", n))
            with security.begin() as unit:
                sealed = unit.secrets.seal(text.encode(), context=seed_context(user_id(1), seed))
                unit._store.authenticators.add(
                    Authenticator(id=seed, user_id=user_id(1), name="", sealed_seed=sealed, created_at=datetime.now(UTC))
                )
        with session_of(places) as session:
            unit = security.join(session)
            rows = [note(ORG, name=name, body=text, email=text) for name, text in TEXTS.items()]
            unit.columns.seal(*rows)
            session.add_all(rows)
        rotate(security)
    return kept


@contextmanager
def session_of(places: Places) -> Iterator[Session]:
    """Open a session of the host, committed at the end."""
    engine = create_engine(places.home, poolclass=NullPool)
    with Session(engine) as session, session.begin():
        yield session
    engine.dispose()


def rotate(security: Security) -> None:
    """Give the deployment, and the organization in both of its regions, other data keys."""
    assert security.jobs.keys.rotate_due() > 2
    for region in ("default", "eu"):
        with security.begin() as unit:
            assert not isinstance(unit.data_keys.rotate(owner(), organization=ORG, region=region), Refusal)


def everything(security: Security, places: Places, kept: dict[str, CredentialId]) -> list[set[str]]:
    """Open all that there is: content, credentials, seeds, and the host's two columns, the second found by its index."""
    found = [set(read(security, 1).values())]
    with security.begin() as unit:
        used = [unit.vault.use(owner(), organization=ORG, credential=each) for each in kept.values()]
        found.append({each.secret.reveal().decode() for each in used if not isinstance(each, Refusal)})
        seeds = unit._store.authenticators.of_user(user_id(1))
        found.append({unit.secrets.open(each.sealed_seed, context=seed_context(user_id(1), each.id)).decode() for each in seeds})
    with session_of(places) as session:
        unit = security.join(session)
        rows = session.scalars(select(Note)).all()
        unit.columns.open(*rows)
        found.append({str(row.body) for row in rows})
        found.append({str(row.email) for text in TEXTS.values() for row in unit.columns.matching(Note.email, text, rows)})
    return found


def left(security: Security, places: Places) -> int:
    """Return how many rows are under keys that only open."""
    with closing(SqlStorage.from_url(places.home, tables=TABLES)) as storage, storage.begin(after_commit=ignore) as store:
        scopes = {scope: tuple(each.id for each in store.deks.of_scope(scope) if retired(each.state)) for scope in (ORG, "deployment")}
        rows = sum(store.reencryptions.count(stored, scope, keys=keys) for scope, keys in scopes.items() for stored in Stored)
    with security.regional.router.stores["eu"].reading() as region:
        rows += region.content.count_under(ORG, keys=scopes[ORG])
    engine = create_engine(places.home, poolclass=NullPool)
    rows += sum(SealedAttribute(engine, each).count(ORG, keys=scopes[ORG]) for each in (Note.body, Note.email))
    engine.dispose()
    return rows


def retired(state: DekState) -> bool:
    """Say whether a key only opens."""
    return state is DekState.DECRYPT_ONLY


@pytest.mark.slow
def test_killed_at_any_moment_nothing_is_lost(places: Places, victim: Victim) -> None:
    """A process that is killed while it seals anew leaves every value readable; the next run seals the rest, and no more."""
    kept = fill(places)
    every = [set(TEXTS.values())] * 5
    arguments = (places.home, places.stores["eu"], places.folder)
    code, whole = victim.run(REENCRYPT, *arguments)
    assert code == 0
    draw, seen = random.Random(13), set[int]()
    for _ in range(ROUNDS):
        last = draw.randint(1, whole)
        code, done = victim.run(REENCRYPT, *arguments, last=last)
        # The first run of all has the records of progress to insert, and so takes a few steps more.
        assert code == -signal.SIGKILL or (code == 0 and done < last)
        for url in (places.home, places.stores["eu"]):
            settle(url)
        with opened(places, RESTLESS) as security:
            assert everything(security, places, kept) == every
            rows = left(security, places)
            seen.add(rows)
            written = 0
            while more := security.jobs.reencryptions.run_due(rows=2):
                written += more
            assert (written, left(security, places)) == (rows, 0)
            assert security.jobs.reencryptions.unfinished() == ()
            assert everything(security, places, kept) == every
            rotate(security)
    assert len(seen) > 3
