"""The example applications as benchmarks drive them: with and without a guard they do the same work, and nothing of them stays."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from benchmarks.entries import ENTRIES
from benchmarks.entries.requests import REQUESTS, Answer, Headers, asgi, credentials, wsgi
from benchmarks.example import Example, fastapi_example, flask_example
from benchmarks.measure import run
from ctsec import fastapi, flask
from examples.cloudthinker.catalogue import FIRST_DASHBOARDS

Ask: TypeAlias = Callable[[str, Headers], Awaitable[Answer]]
Look: TypeAlias = Callable[[Example[Any], Ask, tuple[str, ...]], Awaitable[None]]


def opened(host: str, look: Look) -> None:
    """Open an example and look at it: how it is asked, and which of its own routes no guard protects."""

    async def over_asgi() -> None:
        async with fastapi_example() as example:
            await look(example, lambda path, headers: asgi(example.app, path, headers), fastapi.unguarded_routes(example.app))

    async def over_wsgi() -> None:
        with flask_example() as example:

            async def ask(path: str, headers: Headers) -> Answer:
                return wsgi(example.app, path, headers)()

            await look(example, ask, flask.unguarded_routes(example.app))

    asyncio.run(over_asgi() if host == "fastapi" else over_wsgi())


@pytest.mark.parametrize("host", ["fastapi", "flask"])
def test_both_routes_answer_the_same(host: str) -> None:
    """With each credential the guarded route answers what the one without a guard answers to anybody: the rows of the database."""

    async def look(example: Example[Any], ask: Ask, _: tuple[str, ...]) -> None:
        floor = await ask(example.unguarded, {})
        assert floor[0] == 200
        assert [each["title"] for each in json.loads(floor[1])["dashboards"]] == sorted(FIRST_DASHBOARDS)
        asked = credentials(example)
        assert [name for name, _ in asked] == ["session cookie", "API key"]
        for _name, headers in asked:
            assert await ask(example.guarded, headers) == floor

    opened(host, look)


@pytest.mark.parametrize("host", ["fastapi", "flask"])
def test_only_the_one_route_has_a_guard(host: str) -> None:
    """The guarded route refuses a stranger and another's workspace, and of the routes under /v1 only the added one has no guard."""

    async def look(example: Example[Any], ask: Ask, unguarded: tuple[str, ...]) -> None:
        assert (await ask(example.guarded, {}))[0] == 401
        elsewhere = example.guarded.replace(example.people.workspace, example.people.workspace[:-4] + "0000")
        for _, headers in credentials(example):
            assert (await ask(elsewhere, headers))[0] == 404
        assert [route.rsplit("/", 1)[-1] for route in unguarded if "/v1/" in route] == ["dashboards-unguarded"]

    opened(host, look)


@pytest.mark.parametrize("host", ["fastapi", "flask"])
def test_nothing_of_an_example_stays(host: str) -> None:
    """No worker runs meanwhile, and afterwards modules, environment and folder are gone, so that the next one begins anew."""
    folders: list[Path] = []
    environment, running = dict(os.environ), set(threading.enumerate())

    async def look(_example: Example[Any], _ask: Ask, _: tuple[str, ...]) -> None:
        folders.append(Path(os.environ["CLOUDTHINKER_DATABASE"]).parent)
        assert "ctsec-worker" not in {each.name for each in set(threading.enumerate()) - running}

    for _ in range(2):
        opened(host, look)
        assert not folders[-1].exists()
        assert dict(os.environ) == environment
        assert [name for name in sys.modules if name.startswith(f"examples.cloudthinker_{host}")] == []
    assert len(set(folders)) == 2


def test_the_entry_shows_requests_per_second() -> None:
    """Each host has a row for the session cookie and one for the API key, with the rate of both sides."""
    rows = [row for race in ENTRIES["requests"]() for row in run(race, rounds=1)]
    expected = [f"{host}, {name}" for host in ("FastAPI", "Flask") for name in ("session cookie", "API key")]
    assert [row.name for row in rows] == expected
    assert {row.floor for row in rows} == {"FastAPI, no guard", "Flask, no guard"}
    assert all(row.rate_unit == "req/s" and row.rates is not None for row in rows)


def test_the_guard_judges_every_request_but_the_floors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each request of a contestant is judged once by the example's guard, and none of the floor's is."""
    judged: list[str] = []

    def counting(judge: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*given: object) -> object:
            judged.append(judge.__module__)
            return judge(*given)

        return counted

    for host in (fastapi, flask):
        monkeypatch.setattr(host.Guard, "judge", counting(host.Guard.judge))
    seen: dict[str, int] = {}
    for race in ENTRIES["requests"]():
        for each in (race.floor, *race.contestants):
            judged.clear()
            each.slice()
            seen[each.name] = len(judged)
    assert {name: count for name, count in seen.items() if "no guard" in name} == {"FastAPI, no guard": 0, "Flask, no guard": 0}
    assert [count for name, count in seen.items() if "no guard" not in name] == [REQUESTS] * 4
