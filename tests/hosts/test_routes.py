"""`assert_routes_guarded`: the one assertion that a host writes about its routes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any, ClassVar

import flask
import pytest
from fastapi import APIRouter, Depends, FastAPI
from flask.views import MethodView

import ctsec.fastapi
import ctsec.flask
from ctsec.presets import async_in_memory, in_memory
from ctsec.rbac import Policy
from ctsec.rbac.preset import Permission
from ctsec.testing import FixedClock, assert_routes_guarded
from tests.hosts.harness import HOSTS, Host, options


@pytest.fixture(params=sorted(HOSTS))
def host(request: pytest.FixtureRequest) -> Iterator[Host]:
    """A host with an application of its own, which may get routes."""
    made = HOSTS[request.param](Policy.preset())
    yield made
    made.close()


def application(host: Host) -> Any:
    """Return the host's application."""
    return getattr(host, "app")  # noqa: B009


def opened(host: Host) -> str:
    """Add an open route below a prefix, as a nested router or blueprint would, and return its name."""
    app = application(host)
    if isinstance(app, FastAPI):
        router = APIRouter(prefix="/inner")
        router.get("/open-door")(lambda: None)
        app.include_router(router, prefix="/outer")
        return "GET /outer/inner/open-door"
    blueprint = flask.Blueprint("inner", __name__)
    blueprint.get("/open-door")(lambda: "")
    outer = flask.Blueprint("outer", __name__)
    outer.register_blueprint(blueprint, url_prefix="/inner")
    app.register_blueprint(outer, url_prefix="/outer")
    return "GET,HEAD,OPTIONS /outer/inner/open-door"


@pytest.mark.proves("ASVS-8.3.1")
def test_guarded_routes_pass_and_an_open_one_does_not(host: Host) -> None:
    """An application whose routes are guarded or marked passes; one open route, nested or not, fails by its name."""
    app = application(host)
    excused = ["GET /docs", "GET /docs/oauth2-redirect", "GET /redoc"] if isinstance(app, FastAPI) else []
    unguarded = (ctsec.fastapi if isinstance(app, FastAPI) else ctsec.flask).unguarded_routes(app)
    assert_routes_guarded(app, public=unguarded)
    assert set(unguarded) <= {*excused, *(f"GET,HEAD {each.partition(' ')[2]}" for each in excused)}
    name = opened(host)
    with pytest.raises(AssertionError, match="open-door is open to everybody"):
        assert_routes_guarded(app, public=unguarded)
    assert_routes_guarded(app, public=[*unguarded, name])


@pytest.mark.parametrize("name", ["GET /nowhere", f"POST /workspaces/{{workspace_id}}/{Permission.AGENTS_RUN.replace(':', '-')}"])
def test_a_name_that_excuses_nothing_fails(host: Host, name: str) -> None:
    """A name in `public` that no route has, or that is guarded, is an error: the list does not outlive what it excuses."""
    app = application(host)
    unguarded = (ctsec.fastapi if isinstance(app, FastAPI) else ctsec.flask).unguarded_routes(app)
    with pytest.raises(AssertionError, match="is no open route"):
        assert_routes_guarded(app, public=[*unguarded, name])


def test_a_guard_above_a_route_counts() -> None:
    """With FastAPI, a guard of the router and a dependency's dependency protect; what is mounted in something mounted is looked at."""
    guard = ctsec.fastapi.Guard(asyncio.run(async_in_memory(policy=Policy.preset(), options=options(FixedClock()))))
    app, inner, innermost = (FastAPI(openapi_url=None) for _ in range(3))
    router = APIRouter()
    router.get("/all")(lambda: None)
    app.include_router(router, prefix="/of/{workspace_id}", dependencies=[guard.require(Permission.AGENTS_RUN, workspace="workspace_id")])

    def dependency(_principal: Any = guard.principal) -> None:
        """Do nothing but depend."""

    app.get("/deep", dependencies=[Depends(dependency)])(lambda: None)
    innermost.get("/open-door")(lambda: None)
    inner.mount("/innermost", innermost)
    app.mount("/inner", inner)
    with pytest.raises(AssertionError, match=r"a guard: GET /inner/innermost/open-door is open to everybody$"):
        assert_routes_guarded(app)


def test_a_guard_that_flask_does_not_call_does_not_count() -> None:
    """With Flask, a class-based view is guarded by its decorators; a guard above `route`, which has the bare view, guards nothing."""
    guard = ctsec.flask.Guard(in_memory(policy=Policy.preset(), options=options(FixedClock())))
    app = flask.Flask("host", static_folder=None)

    class View(MethodView):
        decorators: ClassVar[Any] = [guard.principal]

        def get(self) -> str:
            return ""

    app.add_url_rule("/view", view_func=View.as_view("view"))
    guard.principal(app.get("/wrong", endpoint="wrong")(lambda: ""))
    with pytest.raises(AssertionError, match=r"a guard: GET,HEAD,OPTIONS /wrong is open to everybody$"):
        assert_routes_guarded(app)


def test_something_else_is_refused() -> None:
    """What is no application is a mistake of the test, not a pass."""
    for other in (object(), HOSTS, Policy.preset()):
        with pytest.raises(TypeError, match="FastAPI or Flask"):
            assert_routes_guarded(other)
