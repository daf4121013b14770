"""The example applications in this process, each with a second route: the handler of the dashboards without its guard.

Rules that this module keeps:

- the route without a guard is a route of the same application, beside the guarded one, and runs the very handler of the guarded one: the
  same session, the same statement on the same rows, the same answer;
- an application is imported anew on a new database in a folder of its own, and nothing of it stays: neither modules nor environment;
- the bundle's worker is off, so that nothing but the requests runs while they are timed.
"""

import inspect
import os
import sys
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Generic, ParamSpec, TypeVar
from unittest.mock import patch

import flask
from fastapi import FastAPI

from benchmarks.bundle import Settled, async_settled, settled
from ctsec import presets
from examples.cloudthinker import catalogue

A = TypeVar("A")
P = ParamSpec("P")
BASE = "http://localhost:8000"
UNGUARDED = "/dashboards-unguarded"
# The handler has its principal injected and does not look at it.
NOBODY: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Example(Generic[A]):
    """An example application that is ready to answer, with somebody who may view the dashboards of one workspace."""

    app: A
    people: Settled

    @property
    def guarded(self) -> str:
        """The path of the dashboards, as the example has it."""
        return f"/v1/workspaces/{self.people.workspace}/dashboards"

    @property
    def unguarded(self) -> str:
        """The path of the same dashboards without a guard."""
        return f"/v1/workspaces/{self.people.workspace}{UNGUARDED}"


@asynccontextmanager
async def fastapi_example() -> AsyncGenerator[Example[FastAPI]]:
    """Open the FastAPI example: its tables made, its lifespan entered."""
    with _anew("examples.cloudthinker_fastapi"):
        from examples.cloudthinker_fastapi import parts, workspace

        async def dashboards(workspace_id: str, session: parts.Session) -> dict[str, Any]:
            return await workspace.dashboards(workspace_id, NOBODY, session)

        workspace.router.add_api_route(UNGUARDED, dashboards)
        # Routes are tried in order: directly before the guarded one, neither is farther down the table.
        workspace.router.routes.insert(0, workspace.router.routes.pop())
        from examples.cloudthinker_fastapi.app import app

        async with app.router.lifespan_context(app):
            people = await async_settled(parts.security)
            async with parts.sessions.begin() as session:
                session.add_all(catalogue.first_dashboards(people.workspace))
            yield Example(app=app, people=people)


@contextmanager
def flask_example() -> Generator[Example[flask.Flask]]:
    """Open the Flask example."""
    with _anew("examples.cloudthinker_flask"):
        from examples.cloudthinker_flask import parts, workspace

        workspace.routes.add_url_rule(UNGUARDED, "unguarded", inspect.unwrap(workspace.dashboards))
        from examples.cloudthinker_flask.app import app

        people = settled(parts.security)
        with parts.sessions.begin() as session:
            session.add_all(catalogue.first_dashboards(people.workspace))
        try:
            yield Example(app=app, people=people)
        finally:
            parts.engine.dispose()
            parts.security.close()


@contextmanager
def _anew(package: str) -> Generator[None]:
    """Let `package` be imported as if for the first time, with its data in a new folder and no worker; forget it at the end."""
    with TemporaryDirectory(prefix="ctsec-benchmark-") as folder:
        settings = {"CLOUDTHINKER_DATABASE": str(Path(folder) / "cloudthinker.db"), "CLOUDTHINKER_BASE_URL": BASE}
        _forget(package)
        try:
            with (
                patch.dict(os.environ, settings),
                patch.object(presets, "sync_embedded", _workless(presets.sync_embedded)),
                patch.object(presets, "async_embedded", _workless(presets.async_embedded)),
            ):
                yield
        finally:
            _forget(package)


def _workless(make: Callable[P, A]) -> Callable[P, A]:
    def embedded(*args: P.args, **kwargs: P.kwargs) -> A:
        chosen: Any = kwargs["options"]
        kwargs["options"] = replace(chosen, worker=False)
        return make(*args, **kwargs)

    return embedded


def _forget(package: str) -> None:
    for name in [name for name in sys.modules if name == package or name.startswith(f"{package}.")]:
        del sys.modules[name]
