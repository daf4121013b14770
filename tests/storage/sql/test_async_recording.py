"""Changes of a host's recorded models are events of its own transaction, on every database (async source of the twin)."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio  # sync: import pytest
from sqlalchemy import delete, event, func, insert, inspect, select, update
from sqlalchemy.dialects import sqlite as lite
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import Session, aliased  # sync: from sqlalchemy.orm import Session, aliased

from ctsec.ids import OrganizationId
from ctsec.principal import Principal, system
from ctsec.security.parts import EmbeddedOptions
from ctsec.storage.sql import AsyncSqlStorage
from tests.servers import available_databases
from tests.services._async_world import REQUEST, AsyncWorld
from tests.storage.sql.host_tables import tables
from tests.storage.sql.orders import RECORDED, TAGGED, Base, Customer, Label, Order, Point, Recording, Tag
from tests.storage.sql.support import LEVELS, place_of


@dataclass(frozen=True, slots=True)
class Desk:
    """Acme in a deployment, and the host's engine on the same database."""

    world: AsyncWorld
    engine: AsyncEngine
    ann: Principal
    acme: OrganizationId

    @asynccontextmanager
    async def session(self, *, actor: Principal | None = None, joined: bool = True) -> AsyncGenerator[AsyncSession, None]:
        """Open a session of the host in which a unit rides, with Ann as actor; it is committed at the end."""
        opened = AsyncSession(self.engine, sync_session_class=Recording)  # sync: opened = Recording(self.engine)
        async with opened as session, session.begin():
            if joined:
                self.world.security.join(session, REQUEST, actor=actor or self.ann)
            yield session

    async def flush(self, session: Any) -> None:
        """Flush, a second later, so that the events of two flushes have an order."""
        self.world.clock.advance(timedelta(seconds=1))
        await session.flush()

    async def add(self, *rows: object) -> None:
        """Write rows, a second later."""
        self.world.clock.advance(timedelta(seconds=1))
        async with self.session() as session:
            session.add_all(rows)

    async def told(self) -> list[tuple[str, str, dict[str, tuple[Any, Any]]]]:
        """Return (name, target, {path: (before, after)}) of the events of the host's models in Acme's log, oldest first."""
        found: list[tuple[str, str, dict[str, tuple[Any, Any]]]] = []
        for stored in await self.world.events(self.acme):
            if stored.target_kind in {"order", "customer"}:
                changes = stored.details().get("changes", [])
                told = {each["path"]: (each.get("before", "?"), each.get("after", "?")) for each in changes}
                found.append((stored.name, stored.target_id, told))
        return found

    def order(self, **values: Any) -> Order:
        """Return a new order of Acme."""
        return Order(**{"id": "o1", "organization_id": self.acme, **values})


@pytest_asyncio.fixture(params=["sqlite"])  # sync: @pytest.fixture(params=["sqlite"])
async def desk(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Desk, None]:
    database = place_of(request.param, LEVELS[request.param][0], folder=tmp_path.parent).database
    engine = create_async_engine(database.async_url)
    with tables(database, Base):
        options = EmbeddedOptions(events=RECORDED.schemas)
        async with AsyncWorld.over(AsyncSqlStorage.from_url(database.async_url), options=options) as world:
            ann = await world.person("ann@acme.example")
            acme = (await world.organization(ann)).id
            yield Desk(world, engine, replace(ann, organization=acme), acme)
        await engine.dispose()


@pytest.mark.parametrize("desk", available_databases(), indirect=True)
async def test_the_life_of_a_row_is_told(desk: Desk) -> None:
    """A row that is made, changed twice in one transaction and removed is told: before and after, by whom and in which request."""
    await desk.add(
        desk.order(title="a", card="4111", contact="ann@acme.example", price=Decimal("9.50"), due=date(2026, 1, 2), place=Point(1, 2))
    )
    async with desk.session() as session:
        order = await session.get_one(Order, "o1")
        order.title, order.card = "b", "4222"
        await desk.flush(session)
        order.title, order.contact, order.place, order.seen = "c", None, Point(1, 3), 9
        await desk.flush(session)
        await desk.flush(session)
    desk.world.clock.advance(timedelta(seconds=1))
    async with desk.session() as session:
        await session.delete(await session.get_one(Order, "o1"))
    made, first, second, removed = await desk.told()
    whole = {"title": "a", "price": "9.50", "due": "2026-01-02", "place.x": 1, "place.y": 2}
    hidden = {"card": ("unset", "set"), "contact": ("?", "?")}
    assert made == ("order.created", "o1", {path: (None, value) for path, value in whole.items()} | hidden)
    assert first == ("order.changed", "o1", {"title": ("a", "b"), "card": ("set", "changed")})
    assert second == ("order.changed", "o1", {"title": ("b", "c"), "contact": ("?", "?"), "place.y": (2, 3)})
    assert removed[:2] == ("order.removed", "o1")
    gone = {path: (value, None) for path, value in (whole | {"title": "c", "place.y": 3}).items()}
    assert removed[2] == gone | {"card": ("set", "unset")}
    events = [each for each in await desk.world.events(desk.acme) if each.target_kind == "order"]
    assert {(each.actor_id, each.request_id) for each in events} == {(desk.ann.id, REQUEST.id)}
    assert b"4111" not in b"".join(each.body for each in events)
    assert b"ann@acme.example" not in b"".join(each.body + each.personal for each in events)
    async with desk.world.security.begin() as unit:
        assert (await unit.audit.personal(events[2]))["contact.before"] == "ann@acme.example"


async def test_an_event_of_a_row_is_of_its_workspace(desk: Desk) -> None:
    """The workspace that a row names is that of its events; a row that names none has events of none."""
    workspace = (await desk.world.workspace(desk.acme)).id
    await desk.add(desk.order(workspace_id=workspace))
    await desk.add(desk.order(id="o2"))
    events = [each for each in await desk.world.events(desk.acme) if each.target_kind == "order"]
    assert [(each.target_id, each.workspace_id) for each in events] == [("o1", workspace), ("o2", None)]


@pytest.mark.parametrize("read", [True, False])
async def test_a_row_that_goes_is_told_of_whose_it_was(desk: Desk, *, read: bool) -> None:
    """A row that is given to another organization and deleted in one flush is told in the log of its own, read before or not."""
    await desk.add(desk.order())
    other = (await desk.world.organization(desk.ann, "Other")).id
    desk.world.clock.advance(timedelta(seconds=1))
    async with desk.session() as session:
        order = await session.get_one(Order, "o1")
        if not read:
            session.expire(order)
        order.organization_id = other
        await session.delete(order)
    assert [name for name, *_ in await desk.told()] == ["order.created", "order.removed"]
    assert not [each for each in await desk.world.events(other) if each.target_kind == "order"]


async def test_what_the_session_does_not_know_is_read_first(desk: Desk) -> None:
    """Of a row that was expired, changed in place or given an expression the values are told as the database has them."""
    await desk.add(desk.order(title="a", extra={"k": 1}))
    async with desk.session() as session:
        order = await session.get_one(Order, "o1")
        session.expire(order)
        order.title = "b"
        await desk.flush(session)
        await session.refresh(order)
        assert order.extra is not None
        order.extra["k"] = 2
        await desk.flush(session)
        order.title = func.upper("c")
        await desk.flush(session)
    told = [changes for _, _, changes in await desk.told()][1:]
    assert told == [{"title": ("a", "b")}, {"extra": ({"k": 1}, {"k": 2})}, {"title": ("b", "C")}]


async def test_relationships_are_told_by_what_is_stored(desk: Desk) -> None:
    """A customer given by a relationship is a change of the order, a collection tells its ids, an orphan goes; what is equal is nothing."""
    await desk.add(Customer(id="c1"), Customer(id="c2"), Tag(id="t1"), Tag(id="t2"), desk.order())
    async with desk.session() as session:
        order = await session.get_one(Order, "o1")
        order.customer = await session.get_one(Customer, "c1")
        await desk.flush(session)
        (await loaded(session, order)).append(await session.get_one(Tag, "t1"))
        await desk.flush(session)
        order.title = str(order.title)
        order.seen += 1
    desk.world.clock.advance(timedelta(seconds=1))
    async with desk.session() as session:
        customer = await session.get_one(Customer, "c1")
        await session.refresh(customer, ["orders"])
        customer.orders.clear()
    told = (await desk.told())[3:]
    assert told[:2] == [("order.changed", "o1", {"customer_id": (None, "c1")}), ("order.changed", "o1", {"tags": ([], ["t1"])})]
    assert [name for name, _, _ in told[2:]] == ["order.removed"]


async def test_a_rollback_leaves_no_event(desk: Desk) -> None:
    """What was rolled back, whole or to a savepoint, is told by nothing, and what goes on after it is."""
    async with desk.session() as session:
        session.add(desk.order())
        await desk.flush(session)
        await session.rollback()
    assert await desk.told() == []
    async with desk.session() as session:
        session.add(desk.order())
        savepoint = await session.begin_nested()
        session.add(desk.order(id="o2"))
        await desk.flush(session)
        await savepoint.rollback()
    assert [(name, target) for name, target, _ in await desk.told()] == [("order.created", "o1")]


async def test_without_a_unit_or_an_actor_nothing_is_written(desk: Desk) -> None:
    """A session without a unit, one whose transaction has ended since, and a unit without an actor refuse; a job names itself."""
    async with desk.session(joined=False) as session:
        session.add(desk.order())
        with pytest.raises(ValueError, match=r"expected a unit in the session that changes order: call security.join"):
            await session.flush()
    async with desk.session(joined=False) as session:
        desk.world.security.join(session)
        session.add(desk.order())
        with pytest.raises(ValueError, match=r"expected an actor for order.created: security.join\(session, actor=principal\)"):
            await session.flush()
    opened = AsyncSession(desk.engine, sync_session_class=Recording)  # sync: opened = Recording(desk.engine)
    async with opened as session:
        desk.world.security.join(session, actor=desk.ann)
        session.add(desk.order())
        await session.commit()
        session.add(desk.order(id="o2"))
        with pytest.raises(ValueError, match="expected a unit in the session"):
            await session.commit()
    desk.world.clock.advance(timedelta(seconds=1))
    async with desk.session(actor=system("billing")) as session:
        desk.world.security.join(session)
        session.add(desk.order(id="o3"))
    actors = [(each.target_id, each.actor_id) for each in await desk.world.events(desk.acme) if each.target_kind == "order"]
    assert actors == [("o1", desk.ann.id), ("o3", "billing")]


async def test_a_session_that_nobody_hears_is_refused(desk: Desk) -> None:
    """A session of another class than those that are listened to can not change a recorded row, although a unit rides in it."""
    async with AsyncSession(desk.engine) as session:
        desk.world.security.join(session, actor=desk.ann)
        session.add(desk.order())
        with pytest.raises(ValueError, match=r"expected a session of a class that RecordedModels.listen was given, to change order"):
            await session.flush()


async def test_listening_twice_tells_once(desk: Desk) -> None:
    """Models that are listened to again leave one event a change, and further models on the same sessions refuse their own statements."""
    RECORDED.listen(Recording)
    await desk.add(desk.order())
    assert [(name, target) for name, target, _ in await desk.told()] == [("order.created", "o1")]
    async with desk.session() as session:
        for statement in (delete(Order), delete(Label)):
            with pytest.raises(ValueError, match="is not recorded"):
                await session.execute(statement)


TABLE: Any = inspect(Order).local_table
WRITES: tuple[Callable[[Any], Any], ...] = (
    lambda session: session.execute(update(Order).values(title="x")),
    lambda session: session.execute(update(TABLE).values(title="x")),
    lambda session: session.execute(insert(Order), [{"id": "o9", "version": 1}]),
    lambda session: session.execute(delete(Order)),
    lambda session: session.execute(update(aliased(Order)).values(title="x")),
    lambda session: session.execute(delete(TABLE.alias("o"))),
    lambda session: session.scalars(insert(Order).returning(Order.id), [{"id": "o9", "version": 1}]),
    lambda session: session.execute(lite.insert(Order).values(id="o1", version=1).on_conflict_do_nothing()),
    lambda session: session.execute(
        insert(TABLE).from_select(["id", "version"], select(TABLE.c.id, TABLE.c.version).where(TABLE.c.id == "o9"))
    ),
    lambda session: _connected(session, update(TABLE).values(title="x")),
    lambda session: _sync(session, lambda plain: plain.connection().execute(update(TABLE).values(title="x"))),
    lambda session: session.execute(TAGGED.delete()),
    lambda session: _sync(session, lambda plain: plain.query(Order).update({"title": "x"})),
    lambda session: _sync(session, lambda plain: plain.query(Order).delete()),
    lambda session: _sync(session, lambda plain: plain.bulk_save_objects([Order(id="o8", version=1)])),
    lambda session: _sync(session, lambda plain: plain.bulk_insert_mappings(inspect(Order), [{"id": "o7", "version": 1}])),
    lambda session: _sync(session, lambda plain: plain.bulk_update_mappings(inspect(Order), [{"id": "o1", "title": "x", "version": 1}])),
)


async def test_no_statement_is_missed(desk: Desk) -> None:
    """Every statement on a recorded table is refused with the way out, also after a flush; where the host tells of it itself, it passes."""
    await desk.add(desk.order())
    for write in WRITES:
        async with desk.session() as session:
            session.add(Tag(id="t1"))
            await session.flush()
            with pytest.raises(ValueError, match=r"is not recorded: change its rows through the session, .*'ctsec_by_hand': True"):
                await write(session)
            await session.rollback()
        async with desk.session() as session:
            with RECORDED.by_hand(session):
                await write(session)
            with pytest.raises(ValueError, match="is not recorded"):
                await write(session)
            await session.rollback()
    async with desk.session() as session:
        await session.execute(update(Order).values(title="y"), execution_options={"ctsec_by_hand": True})
        await session.refresh(order := await session.get_one(Order, "o1"))
        assert order.title == "y"


async def test_a_statement_inside_of_a_statement_is_refused(desk: Desk) -> None:
    """What a CTE would change is refused before anything is sent (only PostgreSQL takes such), and the host may say that it tells of it."""
    inside = update(TABLE).values(title="x").returning(TABLE.c.id).cte()
    async with desk.session() as session:
        for outside in (select(inside), select(Tag).add_cte(inside), insert(Tag).from_select(["id"], select(inside.c.id))):
            with pytest.raises(ValueError, match=r"a statement on host_order is not recorded"):
                await session.execute(outside)
        with pytest.raises(OperationalError):
            await session.execute(select(inside), execution_options={"ctsec_by_hand": True})


@pytest.mark.parametrize("desk", [kind for kind in available_databases() if kind != "postgresql"], indirect=True)
async def test_a_table_that_another_ones_statement_sets_is_not_missed(desk: Desk) -> None:
    """An UPDATE of a table that is not recorded may not set a recorded one that it joins, as MariaDB lets it; it may read from one."""
    await desk.add(desk.order(title="t1"), Tag(id="t1"))
    joined = (
        update(Tag).where(Tag.id == Order.title).values({Order.title: "x"}),
        update(Tag).where(Tag.id == Order.title).ordered_values((Order.title, "x")),
        update(Tag).where(Tag.id == TABLE.c.title).values({TABLE.c.title: "x"}),
    )
    for statement in joined:
        async with desk.session() as session:
            with pytest.raises(ValueError, match=r"a statement on host_order is not recorded"):
                await session.execute(statement, execution_options={"synchronize_session": False})
    async with desk.session() as session:
        options = {"synchronize_session": False}
        await session.execute(update(Tag).where(Tag.id == Order.title).values(id=Order.title), execution_options=options)
        if desk.engine.dialect.name != "sqlite":
            await session.execute(joined[0], execution_options={**options, "ctsec_by_hand": True})
            assert (await session.get_one(Order, "o1")).title == "x"


async def test_a_flush_without_work_opens_no_door(desk: Desk) -> None:
    """After a flush that had nothing to do, a statement is refused as before."""
    async with desk.session() as session:
        plain = session.sync_session  # sync: plain = session
        event.listen(plain, "before_flush", lambda flushing, *_: flushing.expunge_all(), once=True)
        session.add(Tag(id="t1"))
        await session.flush()
        with pytest.raises(ValueError, match="is not recorded"):
            await session.execute(delete(Order))


async def _connected(session: Any, statement: Any) -> Any:
    """Run a statement of Core on the session's connection."""
    return await (await session.connection()).execute(statement)


async def _sync(session: Any, work: Callable[[Session], Any]) -> Any:
    """Run what only a plain session has."""
    return await session.run_sync(work)  # sync: return work(session)


async def loaded(session: Any, order: Order) -> list[Tag]:
    """Return the tags of an order, read before they are changed."""
    await session.refresh(order, ["tags"])
    return order.tags
