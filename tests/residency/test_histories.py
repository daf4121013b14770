"""Whatever happens, in whatever order: no byte of a workspace is ever in a store of another region."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext, suppress
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import NullPool, create_engine, delete, update

from ctsec.encryption.envelope import dek_id_of
from ctsec.errors import CtsecError, ResidencyError, WorkspaceMoving
from ctsec.ids import WorkspaceId
from ctsec.outcome import Refusal
from ctsec.residency import Move, MoveState
from ctsec.security import Security
from ctsec.testing.conformance.samples import workspace_id
from tests.residency.deployment import ORG, TABLES, Places, data_keys, logged, open_security, owner, pin, raw, read

pytestmark = [pytest.mark.server("postgresql", "mariadb")]
HOMES = {1: "eu", 2: "us", 3: "ap"}
SPACES = st.sampled_from(sorted(HOMES))
REGIONS = st.sampled_from(sorted(HOMES.values()))
STEPS = st.one_of(
    st.tuples(st.just("write"), SPACES, st.sampled_from("abc"), REGIONS),
    st.tuples(st.just("misplace"), SPACES, st.sampled_from("abc"), REGIONS),
    st.tuples(st.just("remove"), SPACES, st.sampled_from("abc"), REGIONS),
    st.tuples(st.just("start"), SPACES, st.just(""), REGIONS),
    st.tuples(st.just("abort"), SPACES, st.just(""), REGIONS),
    st.tuples(st.just("step"), SPACES, st.just(""), REGIONS),
    st.tuples(st.just("late"), SPACES, st.just(""), REGIONS),
)


@dataclass
class History:
    """What was done, beside a model of what each workspace says."""

    places: Places
    security: Security
    says: dict[int, dict[str, str]]
    seen: list[Move]
    noted: list[str]
    count: int = 0

    def take(self, what: str, n: int, key: str, region: str) -> None:
        """Take a step; what is refused changes nothing."""
        self.count += 1
        if what in {"write", "misplace", "remove"}:
            self.content(what, n, key, region)
        elif what in {"start", "abort"}:
            with self.security.begin() as unit:
                if what == "start":
                    begun = unit.residency.start(owner(), organization=ORG, workspace=workspace_id(n), region=region)
                else:
                    begun = unit.residency.abort(owner(), organization=ORG, workspace=workspace_id(n))
            if not isinstance(begun, Refusal):
                self.seen.append(begun)
        else:
            self.step(n, late=what == "late")

    def content(self, what: str, n: int, key: str, region: str) -> None:
        """Write or remove; `misplace` writes through a region that the caller has made up."""
        text = f"{n} {key} {self.count}"
        try:
            with self.security.region(workspace_id(n), region=region if what == "misplace" else None) as content:
                if what == "remove":
                    content.remove("note", key)
                else:
                    content.put("note", key, text.encode())
                    content.note("note.written", actor=owner(), details={"key": key})
                    self.noted.append(f"{workspace_id(n)} {content.place.region}")
        except WorkspaceMoving:
            return
        except ResidencyError:
            assert what == "misplace"
            assert region != pin(self.security, n)
            return
        self.says[n].pop(key, None)
        if what != "remove":
            self.says[n][key] = text

    def step(self, n: int, *, late: bool) -> None:
        """Take the next step of the workspace's move; `late` takes one from a record that may be long out of date."""
        with self.security.reading() as unit:
            move = unit.residency.move_of(workspace=workspace_id(n))
        old = [each for each in self.seen if each.workspace_id == workspace_id(n)]
        chosen = old[0] if late and old else move
        if chosen is None or move is None:
            return
        self.seen.append(move)
        with suppress(CtsecError) if late else nullcontext():
            self.security.regional.moves.step(chosen)

    def judge(self) -> None:
        """Compare every byte in every store with where it may be, and what is read with the model."""
        keys = {each.id: each.region for each in data_keys(self.security)}
        allowed = {workspace_id(n): self.allowed(n) for n in HOMES}
        for region, url in self.places.stores.items():
            for workspace, _, sealed in raw(url):
                assert region in allowed[WorkspaceId(workspace)]
                assert keys[dek_id_of(sealed)] == region
        self.judge_events()
        for n in HOMES:
            assert read(self.security, n) == self.says[n]

    def judge_events(self) -> None:
        """Every event of content is in the store of the region that the workspace was in then, and says so; the home store has none."""
        there = [(region, each) for region, url in self.places.stores.items() for each in logged(url, regional=True)]
        assert all(each["region"] == region for region, each in there)
        notes = [f"{each['workspace']} {region}" for region, each in there if each["name"] == "note.written"]
        assert sorted(notes) == sorted(self.noted)
        home = logged(self.places.home, regional=False)
        assert not any("region" in each or each["name"] == "note.written" for each in home)

    def allowed(self, n: int) -> set[str]:
        """Return the regions that may hold bytes of a workspace: where it is pinned, and those of its move while that goes on."""
        with self.security.reading() as unit:
            move = unit.residency.move_of(workspace=workspace_id(n))
        moving = move is not None and move.state not in {MoveState.DONE, MoveState.ABORTED}
        return {pin(self.security, n)} | ({move.source, move.target} if move is not None and moving else set())

    def empty(self) -> None:
        """Begin anew: nothing written, nothing moved, everybody at home."""
        for url in self.places.stores.values():
            engine = create_engine(url, poolclass=NullPool)
            with engine.begin() as connection:
                for table in (TABLES.content, TABLES.residence, TABLES.regional.log.inbox):
                    connection.execute(delete(table))
            engine.dispose()
        engine = create_engine(self.places.home, poolclass=NullPool)
        with engine.begin() as connection:
            connection.execute(delete(TABLES.workspace_move))
            for n, region in HOMES.items():
                connection.execute(update(TABLES.workspace).where(TABLES.workspace.c.id == workspace_id(n)).values(region=region))
        engine.dispose()
        self.says = {n: {} for n in HOMES}
        self.seen, self.noted = [], []


@pytest.fixture
def history(places: Places) -> Iterator[History]:
    """A history that has not begun."""
    security = open_security(places)
    yield History(places, security, {}, [], [])
    security.close()


@pytest.mark.proves("SEED-D2")
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
@given(steps=st.lists(STEPS, min_size=5, max_size=25))
def test_no_byte_is_in_a_foreign_store(history: History, steps: list[tuple[str, int, str, str]]) -> None:
    """After every step of random histories each store holds bytes of workspaces of its region only, under keys of it, and all is read."""
    history.empty()
    for step in steps:
        history.take(*step)
        history.judge()
