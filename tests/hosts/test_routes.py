"""`assert_routes_guarded`: the one assertion that a host writes about its routes."""

from __future__ import annotations

from typing import Any

import flask
import pytest
from fastapi import APIRouter, FastAPI

import ctsec.fastapi
import ctsec.flask
from ctsec.rbac import Policy
from ctsec.rbac.preset import Permission
from ctsec.testing import assert_routes_guarded
from tests.hosts.harness import HOSTS, Host


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


def test_something_else_is_refused() -> None:
    """What is no application is a mistake of the test, not a pass."""
    for other in (object(), HOSTS, Policy.preset()):
        with pytest.raises(TypeError, match="FastAPI or Flask"):
            assert_routes_guarded(other)
