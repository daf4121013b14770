# Generated from tests/storage/sql/test_async_region_recording.py by tools/twin.py; edit that file.
"""Changes of a host's recorded models in its session on a region's database are events there (async source of the twin)."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, delete, select, update
from sqlalchemy.orm import Session

from ctsec.audit.event import LogId
from ctsec.errors import ResidencyError, WorkspaceMoving
from ctsec.ids import WorkspaceId
from ctsec.principal import Principal
from ctsec.residency import DEPLOYMENTS_KEY, Region, Regions
from ctsec.security.parts import EmbeddedOptions
from ctsec.storage.memory import MemoryStorage
from ctsec.storage.sql import SqlRegionStorage
from ctsec.storage.sql.schema import create_region
from tests.servers import available_databases, drop_database, fresh_database
from tests.services._sync_world import REQUEST, World
from tests.storage.sql.host_tables import tables
from tests.storage.sql.orders import RECORDED, Base, Customer, Order, Recording

REGIONS = Regions(
    regions=tuple(Region(name=each, store=f"memory:{each}", key=DEPLOYMENTS_KEY) for each in ("eu", "us")),
    default="eu",
)


@dataclass(frozen=True, slots=True)
class Desk:
    """Acme with two workspaces in eu, whose store is a real database, and the host's engine on that."""

    world: World
    engine: Engine
    ann: Principal
    paris: WorkspaceId
    lyon: WorkspaceId

    @contextmanager
    def session(self, workspace: WorkspaceId | None = None, *, actor: bool = True) -> Generator[Session, None, None]:
        """Open a session of the host on the region's database that has joined a workspace, as Ann; it is committed at the end."""
        opened = Recording(self.engine)
        router, ann = self.world.security.regional.router, self.ann if actor else None
        with opened as session, session.begin():
            router.join(session, workspace or self.paris, request=REQUEST, actor=ann)
            yield session

    def told(self) -> list[tuple[str, str]]:
        """Return (name, target) of the events of the host's models in the region's log, oldest first, each of Paris."""
        self.world.security.logs.flush()
        with self.world.security.regional.router.stores["eu"].reading() as store:
            rows = [each.event for each in store.log.page(self.log, first=0, limit=99)]
        assert {(each.organization_id, each.workspace_id) for each in rows} <= {(self.log, self.paris)}
        assert all(each.details()["region"] == "eu" for each in rows)
        return [(each.name, each.target_id) for each in rows]

    @property
    def log(self) -> LogId:
        """The log of Acme."""
        return LogId(self.ann.organization or "")

    def violations(self) -> int:
        """Return how many violations were told of."""
        return len(self.world.events(name="residency.violated"))

    def order(self, **values: Any) -> Order:
        """Return a new order of Paris."""
        return Order(**{"id": "o1", "organization_id": self.log, "workspace_id": self.paris, **values})


@pytest.fixture(params=["sqlite"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Desk, None, None]:
    database = fresh_database(request.param, folder=tmp_path)
    create_region(database.sync_url, region="eu")
    engine = create_engine(database.sync_url)
    options = EmbeddedOptions(events=RECORDED.schemas, regions=REGIONS)
    stores = {"eu": SqlRegionStorage.from_url(database.sync_url)}
    with tables(database, Base):
        with World.over(MemoryStorage(), options=options, region_stores=stores) as world:
            ann = world.person("ann@acme.example")
            acme = (world.organization(ann)).id
            paris, lyon = [(world.workspace(acme, name)).id for name in ("Paris", "Lyon")]
            yield Desk(world, engine, replace(ann, organization=acme), paris, lyon)
        engine.dispose()
    drop_database(database)


@pytest.mark.parametrize("desk", available_databases(), indirect=True)
def test_the_life_of_a_row_is_told_in_its_region(desk: Desk) -> None:
    """A row that is made, changed and removed is told in the region's log, with who and in which request, and nothing of it at home."""
    with desk.session() as session:
        session.add(desk.order(title="a", card="4111", contact="ann@acme.example"))
    desk.world.clock.advance(timedelta(seconds=1))
    with desk.session() as session:
        (session.get_one(Order, "o1")).title = "b"
    desk.world.clock.advance(timedelta(seconds=1))
    with desk.session() as session:
        session.delete(session.get_one(Order, "o1"))
    assert desk.told() == [("order.created", "o1"), ("order.changed", "o1"), ("order.removed", "o1")]
    with desk.world.security.regional.router.stores["eu"].reading() as store:
        made, changed, _ = [each.event for each in store.log.page(desk.log, first=0, limit=9)]
    assert (changed.actor_id, changed.request_id) == (desk.ann.id, REQUEST.id)
    assert {each["path"]: (each.get("before"), each.get("after")) for each in changed.details()["changes"]} == {"title": ("a", "b")}
    assert b"4111" not in made.body + made.personal
    assert b"ann@acme" not in made.body + made.personal
    opened = desk.world.security.logs.regions.stores["eu"].parts.open(made)
    assert opened["contact.after"] == "ann@acme.example"
    assert not [each for each in desk.world.events(desk.log) if each.target_kind == "order"]
    assert (desk.world.security.logs.verify()).findings == ()


def test_a_rollback_leaves_neither_row_nor_event(desk: Desk) -> None:
    """What the host rolls back, as a whole or to a savepoint, has no event; a model that says no workspace is the session's."""
    with suppress(KeyError):
        with desk.session() as session:
            session.add(desk.order())
            session.flush()
            raise KeyError("stop")
    with desk.session() as session:
        part = session.begin_nested()
        session.add(desk.order())
        session.flush()
        part.rollback()
        session.add(Customer(id="c1", name="Bob"))
    assert desk.told() == [("customer.created", "c1")]
    with desk.session() as session:
        assert (session.execute(select(Order.id))).all() == []


def test_a_row_of_another_workspace_is_a_violation(desk: Desk) -> None:
    """A row of another workspace, organization or of none, one that is taken from another or given to it, fails the flush and is told."""
    wrong: list[dict[str, Any]] = [
        {"workspace_id": desk.lyon}, {"workspace_id": None}, {"organization_id": "org_other"}, {"organization_id": None},
    ]  # fmt: skip
    for values in wrong:
        with pytest.raises(ResidencyError, match="expected an event of workspace"):
            with desk.session() as session:
                session.add(desk.order(**values))
    assert desk.violations() == len(wrong)
    with desk.session(desk.lyon) as session:
        session.add(desk.order(id="lyon", workspace_id=desk.lyon))
    with desk.session() as session:
        session.add(desk.order())
    for n, change in enumerate((take, take_unread, give, remove, remove_taken, remove_unread)):
        with pytest.raises(ResidencyError, match="expected an event of workspace"):
            with desk.session() as session:
                change(desk, session)
        assert desk.violations() == len(wrong) + n + 1, change
    desk.world.security.logs.flush()
    with desk.session() as session:
        rows = (session.execute(select(Order.id, Order.workspace_id).order_by(Order.id))).all()
    assert [tuple(each) for each in rows] == [("lyon", desk.lyon), ("o1", desk.paris)]


def take(desk: Desk, session: Any) -> None:
    """Make Lyon's row one of Paris."""
    (session.get_one(Order, "lyon")).workspace_id = desk.paris


def take_unread(desk: Desk, session: Any) -> None:
    """Do so without having read whose it is."""
    order = session.get_one(Order, "lyon")
    session.expire(order)
    order.workspace_id = desk.paris


def give(desk: Desk, session: Any) -> None:
    """Make Paris's row one of Lyon."""
    (session.get_one(Order, "o1")).workspace_id = desk.lyon


def remove(_: Desk, session: Any) -> None:
    """Delete Lyon's row."""
    session.delete(session.get_one(Order, "lyon"))


def remove_taken(desk: Desk, session: Any) -> None:
    """Delete Lyon's row, and say before that it was one of Paris."""
    order = session.get_one(Order, "lyon")
    order.workspace_id = desk.paris
    session.delete(order)


def remove_unread(desk: Desk, session: Any) -> None:
    """Do so without having read whose it is."""
    order = session.get_one(Order, "lyon")
    session.expire(order)
    order.workspace_id = desk.paris
    session.delete(order)


def test_what_can_not_be_told_is_refused(desk: Desk) -> None:
    """Without an actor no recorded row is written; a statement on a recorded table is refused, unless the host tells of it itself."""
    with pytest.raises(ValueError, match=r"router\.join\(session, workspace, actor=…\)"):
        with desk.session(actor=False) as session:
            session.add(desk.order())
    with desk.session() as session:
        session.add(desk.order())
        session.flush()
        for statement in (update(Order).values(title="x"), delete(Order)):
            with pytest.raises(ValueError, match="is not recorded"):
                session.execute(statement)
        session.execute(update(Order).values(title="x"), execution_options={"ctsec_by_hand": True})
        with RECORDED.by_hand(session):
            session.execute(update(Order).values(title="y"))
    assert desk.told() == [("order.created", "o1")]


def test_a_workspace_on_its_way_takes_no_change(desk: Desk) -> None:
    """A move fences rows of recorded models as it does content: before the session joins, and in one that goes on after its rollback."""
    router, sure = desk.world.security.regional.router, desk.world.sure(desk.ann)
    opened = Recording(desk.engine)
    with opened as session:
        content = router.join(session, desk.paris, actor=desk.ann)
        session.rollback()
        move = desk.world.call("residency.start", sure, organization=desk.log, workspace=desk.paris, region="us")
        desk.world.security.regional.moves.step(move)
        with pytest.raises(WorkspaceMoving):
            router.join(session, desk.paris, actor=desk.ann)
        session.rollback()
        with pytest.raises(WorkspaceMoving):
            content.note("order.created", actor=desk.ann)
        session.rollback()
        session.add(desk.order())
        with pytest.raises(ValueError, match="expected a unit in the session"):
            session.flush()
    assert desk.told() == []
    assert desk.violations() == 0


def test_a_joined_content_tells_of_violations(desk: Desk) -> None:
    """An event of another workspace through the content of the host's session is told of once, too, and nothing is written."""
    opened = Recording(desk.engine)
    with opened as session:
        content = desk.world.security.regional.router.join(session, desk.paris)
        with pytest.raises(ResidencyError, match="expected an event of workspace"):
            content.note("order.created", actor=desk.ann, workspace=desk.lyon)
        session.rollback()
    assert (desk.violations(), desk.told()) == (1, [])
