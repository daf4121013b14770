"""What a guard costs a request: the same tiny route with and without it, in process, in wall time.

One host is driven through ASGI (httpx) and one through WSGI (werkzeug's test client); the client's own work is in both numbers, so the
added time is what to look at, and the ratio says how much of a request it is.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Annotated, TypeAlias

import flask
import httpx
from fastapi import FastAPI

import ctsec.fastapi
import ctsec.flask
from benchmarks.bundle import Settled, async_settled, settled
from benchmarks.measure import Contestant, Race
from ctsec import AsyncSecurity, Principal, Security
from ctsec.presets import async_in_memory, in_memory
from ctsec.rbac import Policy
from ctsec.rbac.preset import Permission

REQUESTS = 25
PERMISSION = Permission.DASHBOARDS_VIEW
BASE = "http://localhost:8000"
Headers: TypeAlias = dict[str, str]


def _credentials(people: Settled) -> tuple[tuple[str, Headers], ...]:
    return (
        ("guarded, session", {"authorization": f"Session {people.session}"}),
        ("guarded, API key", {"authorization": f"Bearer {people.key}"}),
    )


def fastapi_app(security: AsyncSecurity) -> FastAPI:
    """Return a FastAPI application with an open and a guarded route."""
    guard = ctsec.fastapi.Guard(security)
    app = FastAPI(openapi_url=None)
    app.include_router(guard.router(), prefix="/auth")

    @app.get("/open/{workspace_id}")
    @guard.public
    async def open_route(workspace_id: str) -> dict[str, str]:
        return {"workspace": workspace_id, "by": "anybody"}

    @app.get("/guarded/{workspace_id}")
    async def guarded_route(
        workspace_id: str, principal: Annotated[Principal, guard.require(PERMISSION, workspace="workspace_id")]
    ) -> dict[str, str]:
        return {"workspace": workspace_id, "by": principal.id}

    return app


def flask_app(security: Security) -> flask.Flask:
    """Return a Flask application with the same two routes."""
    guard = ctsec.flask.Guard(security)
    app = flask.Flask("benchmark", static_folder=None)
    app.register_blueprint(guard.blueprint(), url_prefix="/auth")

    @app.get("/open/<workspace_id>")
    @guard.public
    def open_route(workspace_id: str) -> dict[str, str]:
        return {"workspace": workspace_id, "by": "anybody"}

    @app.get("/guarded/<workspace_id>")
    @guard.require(PERMISSION, workspace="workspace_id")
    def guarded_route(workspace_id: str) -> dict[str, str]:
        return {"workspace": workspace_id, "by": flask.g.principal.id}

    return app


def _fastapi(runner: asyncio.Runner) -> Race:
    security = runner.run(async_in_memory(policy=Policy.preset()))
    people = runner.run(async_settled(security))
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app=fastapi_app(security)), base_url=BASE)

    def contestant(name: str, path: str, headers: Headers) -> Contestant:
        async def ask() -> float:
            start = time.perf_counter()
            for _ in range(REQUESTS):
                (await client.get(path, headers=headers)).raise_for_status()
            return (time.perf_counter() - start) / REQUESTS

        return Contestant(name=name, slice=lambda: runner.run(ask()))

    return _race("FastAPI", contestant, people)


def _flask() -> Race:
    security = in_memory(policy=Policy.preset())
    people = settled(security)
    client = flask_app(security).test_client(use_cookies=False)

    def contestant(name: str, path: str, headers: Headers) -> Contestant:
        def ask() -> float:
            start = time.perf_counter()
            for _ in range(REQUESTS):
                if client.get(path, headers=headers, base_url=BASE).status_code != 200:
                    raise RuntimeError(f"expected {path} to answer")
            return (time.perf_counter() - start) / REQUESTS

        return Contestant(name=name, slice=ask)

    return _race("Flask", contestant, people)


def _race(host: str, contestant: Callable[[str, str, Headers], Contestant], people: Settled) -> Race:
    floor = contestant(f"{host}, open route", f"/open/{people.workspace}", {})
    guarded = tuple(contestant(f"{host}, {name}", f"/guarded/{people.workspace}", headers) for name, headers in _credentials(people))
    return Race(title=f"a request in process: {host}", floor=floor, contestants=guarded, rounds=21)


def entry() -> Iterable[Race]:
    """Return a race for each host; each must be run before the next is asked for."""
    with asyncio.Runner() as runner:
        yield _fastapi(runner)
    yield _flask()
