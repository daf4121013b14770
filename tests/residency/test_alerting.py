"""Alert rules over a home store and regions on real databases: each event once, whatever store is away and when a process is killed."""

from __future__ import annotations

import random
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import NullPool, create_engine, select

from ctsec.audit.alerts import AlertPolicy, By, Match, Occurrence, Rule, Severity
from ctsec.audit.event import LogId
from ctsec.errors import CtsecError, StoreError
from ctsec.ids import OrganizationId
from ctsec.security import Security
from tests.residency.deployment import ORG, TABLES, Places, logged, open_security, owner, prepare, write
from tests.servers import drop_database, fresh_database
from tests.victim import ROUNDS, Victim

WRITTEN = Rule(
    name="written", reason="a test", severity=Severity.LOW, looks_at=Match(names=("note.written",)), kind=Occurrence(), by=By.ACTOR
)  # fmt: skip
POLICY = AlertPolicy(rules=(WRITTEN,))
WORK = "tests.residency.test_alerting:write_and_read"
STEPS = st.sampled_from(["home", "1", "2", "3", "run", "down eu", "down us", "down ap", "up"])
REGIONS = {"1": "eu", "2": "us", "3": "ap"}


class Down:
    """The store of a region that does not answer."""

    def reading(self) -> Any:
        """Raise what a driver's error becomes."""
        raise StoreError("the database can not be reached")

    sequencing = reading


def fired(security: Security) -> Counter[str]:
    """Return the places (`<store>/<log> <index>`) of what fired, with how often."""
    with security.reading() as unit:
        found = unit.alerts.page(organization=OrganizationId(ORG), limit=500)
    return Counter(f"{each.source} {each.index}" for each in found)


def note(security: Security) -> None:
    """Write an event at home."""
    with security.begin() as unit:
        unit.audit.note("note.written", actor=owner(), organization=OrganizationId(ORG), details={"key": "home"})


def read_on(security: Security) -> None:
    """Let the rules read what answers; what does not is asked again at once."""
    try:
        security.alerts.run_due()
    except StoreError:
        cast(Any, security.alerts)._reading._down.clear()


def places_of(places: Places) -> Counter[str]:
    """Return the places of the events that the rule looks at, read raw in every database."""
    found = Counter[str]()
    for store, url in (("", places.home), *places.stores.items()):
        log = TABLES.regional.log if store else TABLES.log
        engine = create_engine(url, poolclass=NullPool)
        with engine.connect() as connection:
            for row in connection.execute(select(log.event.c.log, log.event.c.index).where(log.event.c.name == "note.written")):
                found[f"{store}/{row.log} {row.index}" if store else f"{row.log} {row.index}"] += 1
        engine.dispose()
    return found


@pytest.mark.server("postgresql", "mariadb")
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(STEPS, max_size=12))
def test_each_event_of_every_store_fires_once(alerting: tuple[Places, Security], steps: list[str]) -> None:
    """Whatever is written where, read when, and away meanwhile: in the end each event has one alert that names it, and home has no more."""
    places, security = alerting
    stores = cast("dict[str, Any]", security.logs.regions.stores)
    whole = dict(stores)
    for step in steps:
        if step == "home":
            note(security)
        elif step in REGIONS:
            write(security, int(step), a="text")
        elif step == "up":
            stores.update(whole)
        elif step.startswith("down"):
            name = step.partition(" ")[2]
            stores[name] = replace(whole[name], storage=cast(Any, Down()))
        else:
            for each in stores.values():
                if not isinstance(each.storage, Down):
                    each.logs.place()
            read_on(security)
    stores.update(whole)
    security.logs.flush()
    security.alerts.run_due()
    wanted = places_of(places)
    assert fired(security) == wanted
    assert set(wanted.values()) <= {1}
    told = [each for each in logged(places.home, regional=False) if each["name"] == "alert.fired"]
    assert len(told) == len(wanted)
    assert security.alerts.run_due() == 0


@pytest.fixture
def alerting(places: Places) -> Iterator[tuple[Places, Security]]:
    """Three databases as regions, and a process that looks at what is written there."""
    with closing(open_security(places, alerts=POLICY)) as security:
        yield places, security


@pytest.fixture
def files(tmp_path: Path) -> Iterator[Places]:
    """A home store and a region in files."""
    made = [fresh_database("sqlite", folder=tmp_path) for _ in range(2)]
    found = Places(made[0].sync_url, {"eu": made[1].sync_url}, tmp_path, {})
    prepare(found, workspaces={1: "eu"})
    yield found
    for database in made:
        drop_database(database)


LONG = "x" * 300
TAMPERING = tuple(rule for rule in AlertPolicy().rules if rule.name == "log_tampered")
HOSTILE = {
    "a long id": "UPDATE {event} SET id = '" + LONG + "'",
    "a long actor": "UPDATE {event} SET actor_id = '" + "\N{EURO SIGN}" * 200 + "'",
    "an actor of no text": "UPDATE {event} SET actor_id = x'ff00'",
    "an index of no number": "UPDATE {event} SET \"index\" = 'x'",
    "a time that is none": "UPDATE {event} SET time = 1 << 62",
    "a body that is none": "UPDATE {event} SET body = x'5b'",
    "a log of a long name": "INSERT INTO {head} (log, size, signed) VALUES ('" + LONG + "', 5, 0)",
    "a log of another store": "INSERT INTO {head} (log, size, signed) VALUES ('us/deployment', 5, 0)",
    "a size that is none": "UPDATE {head} SET size = 'x'",
}


def at_home(security: Security) -> int:
    """Return how many events of the home store fired."""
    return sum(place.startswith(f"{ORG} ") for place in fired(security).elements())


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_store_keeps_no_alert_of_others_from_being_told(files: Places, what: str) -> None:
    """Whatever stands in the tables of a region, what happened at home fires, and at most the region itself is not read on."""
    log = TABLES.regional.log
    with closing(open_security(files, alerts=AlertPolicy(rules=(WRITTEN, *TAMPERING)))) as security:
        write(security, 1, a="text")
        security.logs.flush()
        engine = create_engine(files.stores["eu"], poolclass=NullPool)
        with engine.begin() as connection:
            connection.exec_driver_sql(HOSTILE[what].format(event=log.event.name, head=log.head.name))
        engine.dispose()
        note(security)
        security.logs.place()
        for _ in range(2):
            with suppress(CtsecError):
                security.alerts.run_due()
        assert at_home(security) == 1
        note(security)
        security.logs.place()
        with suppress(CtsecError):
            security.alerts.run_due()
        assert at_home(security) == 2
        with security._storage.reading() as store:
            known = store.alerts.positions("eu", after="", limit=9)
    assert {each for each, _ in known} <= {LogId(ORG)}


def write_and_read(home: str, eu: str, folder: str) -> None:
    """Write at home and in the region, and let the rules read both: what the victim does."""
    with closing(open_security(Places(home, {"eu": eu}, Path(folder), {}), alerts=POLICY)) as security:
        write(security, 1, a="text", b="text")
        note(security)
        security.logs.flush()
        security.alerts.run_due()


@pytest.mark.slow
def test_killed_at_any_moment_each_event_fires_once(files: Places, victim: Victim) -> None:
    """After each kill no event has two alerts and no alert is without its event; read on in the end, each event has its one."""
    arguments = (files.home, files.stores["eu"], files.folder)
    draw, whole, killed = random.Random(11), 0, 0
    for _ in range(ROUNDS // 2 + 1):
        last = draw.randrange(whole // 2, whole) if whole else 0
        code, done = victim.run(WORK, *arguments, last=last)
        assert code == -signal.SIGKILL or (code == 0 and (done < last or not whole))
        whole = whole or done
        killed += code != 0
        with closing(open_security(files, alerts=POLICY)) as security:
            found = fired(security)
        assert set(found.values()) <= {1}
        assert not found - places_of(files)
        told = [each for each in logged(files.home, regional=False) if each["name"] == "alert.fired"]
        assert len(told) == len(found)
    assert killed
    with closing(open_security(files, alerts=POLICY)) as security:
        security.logs.flush()
        security.alerts.run_due()
        assert fired(security) == places_of(files)
        with security._storage.reading() as store:
            (position,) = store.alerts.positions("eu", after="", limit=9)
    assert position == (LogId(ORG), sum(place.startswith("eu/") for place in places_of(files)))
