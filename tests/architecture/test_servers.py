"""The servers that the tests start are real and answer."""

from __future__ import annotations

import pytest
import redis
from sqlalchemy import create_engine, text
from sqlalchemy.ext.asyncio import create_async_engine

from tests.servers import Database

VERSION = {"sqlite": "SELECT sqlite_version()", "postgresql": "SELECT version()", "mariadb": "SELECT version()"}


@pytest.mark.server
def test_database_answers_a_sync_query(database: Database) -> None:
    """Each database found here answers through its sync driver and is empty."""
    engine = create_engine(database.sync_url)
    with engine.begin() as connection:
        assert connection.execute(text(VERSION[database.kind])).scalar_one()
        connection.execute(text("CREATE TABLE t (name VARCHAR(20))"))
        connection.execute(text("INSERT INTO t VALUES ('é😀')"))
        assert connection.execute(text("SELECT name FROM t")).scalar_one() == "é😀"
        connection.execute(text("DROP TABLE t"))
    engine.dispose()


@pytest.mark.server
async def test_database_answers_an_async_query(database: Database) -> None:
    """Each database found here answers through its async driver, and a changed row is counted."""
    engine = create_async_engine(database.async_url)
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE t (name VARCHAR(20), n INTEGER)"))
        await connection.execute(text("INSERT INTO t VALUES (:name, 1)"), {"name": "é😀"})
        changed = await connection.execute(text("UPDATE t SET n = n + 1 WHERE name = :name AND n = 1"), {"name": "é😀"})
        assert changed.rowcount == 1
        again = await connection.execute(text("UPDATE t SET n = n + 1 WHERE name = :name AND n = 1"), {"name": "é😀"})
        assert again.rowcount == 0
        await connection.execute(text("DROP TABLE t"))
    await engine.dispose()


@pytest.mark.server("redis")
def test_redis_answers(redis_url: str) -> None:
    """The Redis database that a test gets is empty and its own."""
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        assert client.set("a", "b")
        assert client.get("a") == b"b"
