"""Guards in their frameworks: wrong parameters, unguarded routes, both kinds of functions, mounts, and the README's first block."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, cast

import flask
import httpx
import pytest
from fastapi import APIRouter, FastAPI, HTTPException, Request
from fastapi.responses import PlainTextResponse
from werkzeug.middleware.dispatcher import DispatcherMiddleware

import ctsec.fastapi
import ctsec.flask
from ctsec import AsyncSecurity, Principal, Security
from ctsec.errors import ConfigurationError, UnknownPermission
from ctsec.presets import async_in_memory, in_memory
from ctsec.rbac.policy import Policy
from ctsec.rbac.preset import Permission
from ctsec.testing import FixedClock
from tests.hosts.apps import fastapi_app, flask_app
from tests.hosts.harness import options

VIEW = Permission.DASHBOARDS_VIEW


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    """An event loop of the test's own."""
    with asyncio.Runner() as made:
        yield made


@pytest.fixture
def asynchronous(runner: asyncio.Runner) -> AsyncSecurity:
    """An async bundle in memory."""
    return runner.run(async_in_memory(policy=Policy.preset(), options=options(FixedClock())))


@pytest.fixture
def synchronous() -> Security:
    """A sync bundle in memory."""
    return in_memory(policy=Policy.preset(), options=options(FixedClock()))


def get(runner: asyncio.Runner, app: FastAPI, path: str) -> httpx.Response:
    """Make one request to an application that saw no start-up."""

    async def send() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://localhost:8000") as client:
            return await client.get(path)

    return runner.run(send())


async def start(app: FastAPI) -> None:
    """Run an application's start-up and shut-down."""
    async with app.router.lifespan_context(app):
        pass


@pytest.mark.host("fastapi")
def test_fastapi_refuses_to_start_with_a_wrong_parameter(asynchronous: AsyncSecurity, runner: asyncio.Runner) -> None:
    """A guard whose path parameter its route does not have stops the start, through included routers and mounts, and names both."""
    for nested in (False, True):
        guard = ctsec.fastapi.Guard(asynchronous)
        app, sub, router = FastAPI(), FastAPI(), APIRouter(prefix="/inner")
        app.include_router(guard.router(), prefix="/auth")
        router.get("/{project_id}", dependencies=[guard.require(VIEW, workspace="workspace_id")])(lambda: None)
        (sub if nested else app).include_router(router, prefix="/outer")
        app.mount("/sub", sub)
        path = ("/sub" if nested else "") + "/outer/inner/{project_id}"
        with pytest.raises(ConfigurationError, match=f"workspace_id in {path.replace('{', '.').replace('}', '.')}"):
            runner.run(start(app))


@pytest.mark.host("fastapi")
def test_fastapi_takes_parameters_of_prefixes_and_mounts(asynchronous: AsyncSecurity, runner: asyncio.Runner) -> None:
    """A path parameter in a router's prefix or a mount's path is the route's too."""
    guard = ctsec.fastapi.Guard(asynchronous)
    app, sub, router = FastAPI(), FastAPI(), APIRouter()
    router.get("/a", dependencies=[guard.require(VIEW, workspace="workspace_id")])(lambda: None)
    app.include_router(guard.router(), prefix="/auth")
    app.include_router(router, prefix="/workspaces/{workspace_id}")
    sub.include_router(router)
    app.mount("/mounted/{workspace_id}", sub)
    runner.run(start(app))
    assert get(runner, app, "/workspaces/x/a").status_code == 401


@pytest.mark.host("fastapi")
def test_fastapi_without_start_up_refuses_the_first_request(asynchronous: AsyncSecurity, runner: asyncio.Runner) -> None:
    """Where no start-up was seen, a wrong guard refuses every request, and so does one that was added after the check."""
    guard = ctsec.fastapi.Guard(asynchronous)
    app = FastAPI()

    @app.get("/fine")
    def fine(_: Annotated[Principal, guard.principal]) -> None: ...

    assert get(runner, app, "/fine").status_code == 401

    @app.get("/late")
    def late(_: Annotated[Principal, guard.require(VIEW, workspace="workspace_id")]) -> None: ...

    for _ in range(2):
        with pytest.raises(ConfigurationError, match="workspace_id in /late"):
            get(runner, app, "/late")


@pytest.mark.host("flask")
def test_flask_refuses_a_wrong_parameter(synchronous: Security) -> None:
    """A guard whose path parameter its route does not have fails `check`, and refuses the first guarded request of the application."""
    guard = ctsec.flask.Guard(synchronous)
    app = flask.Flask("host", static_folder=None)
    app.testing = True
    app.get("/fine")(guard.principal(lambda: ""))
    app.get("/projects/<project_id>", endpoint="wrong")(guard.require(VIEW, workspace="workspace_id")(lambda project_id: ""))
    with pytest.raises(ConfigurationError, match="workspace_id in /projects/<project_id>"):
        guard.check(app)
    for path in ("/fine", "/projects/1"):
        with pytest.raises(ConfigurationError, match="workspace_id"):
            app.test_client().get(path)


def test_guards_that_could_never_be_right_fail_where_they_are_written(asynchronous: AsyncSecurity, synchronous: Security) -> None:
    """An unknown permission, a place of the wrong level and an impossible assurance are errors at once, in both hosts."""
    for guard in (ctsec.fastapi.Guard(asynchronous), ctsec.flask.Guard(synchronous)):
        with pytest.raises(UnknownPermission):
            guard.require("dashboards:paint", workspace="workspace_id")
        with pytest.raises(ValueError, match="expected workspace="):
            guard.require(VIEW)
        with pytest.raises(ValueError, match="expected no workspace="):
            guard.require(Permission.BILLING_MANAGE, workspace="workspace_id")
        with pytest.raises(ValueError, match="assurance level"):
            guard.require(VIEW, workspace="workspace_id", aal=3)
        with pytest.raises(ValueError, match="positive"):
            guard.require(VIEW, workspace="workspace_id", within=timedelta(0))


@pytest.mark.host("fastapi")
def test_a_guard_takes_a_bundle_of_its_colour(asynchronous: AsyncSecurity, synchronous: Security) -> None:
    """A bundle of the other colour is refused where the guard is made, and not by the first request."""
    with pytest.raises(TypeError, match="expected Security, found AsyncSecurity"):
        ctsec.flask.Guard(cast(Any, asynchronous))
    with pytest.raises(TypeError, match="expected AsyncSecurity, found Security"):
        ctsec.fastapi.Guard(cast(Any, synchronous))


def test_fastapi_lists_its_unguarded_routes(asynchronous: AsyncSecurity) -> None:
    """Unguarded routes are found through included routers, mounts and opaque applications; guarded and public ones are not listed."""
    app = fastapi_app(asynchronous)
    assert ctsec.fastapi.unguarded_routes(app) == ()
    router, sub = APIRouter(), FastAPI(openapi_url=None)
    router.get("/forgotten")(lambda: None)
    sub.include_router(router, prefix="/deep")
    app.include_router(router, prefix="/prefix")
    app.mount("/sub", sub)
    app.mount("/opaque", PlainTextResponse("x"))
    app.websocket("/socket")(lambda: None)
    found = ctsec.fastapi.unguarded_routes(app)
    assert sorted(found) == ["* /opaque/*", "* /socket", "GET /prefix/forgotten", "GET /sub/deep/forgotten"]


@pytest.mark.host("flask")
def test_flask_lists_its_unguarded_routes(synchronous: Security) -> None:
    """Unguarded routes are found through blueprints and mounted applications; guarded and public ones are not listed."""
    app = flask_app(synchronous)
    assert ctsec.flask.unguarded_routes(app) == ()
    sub, blueprint = flask.Flask("sub", static_folder=None), flask.Blueprint("inner", __name__)
    blueprint.get("/forgotten")(lambda: "")
    sub.register_blueprint(blueprint, url_prefix="/deep")
    app.register_blueprint(blueprint, url_prefix="/prefix")
    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/sub": sub, "/opaque": PlainApp()})  # type: ignore[method-assign]
    found = ctsec.flask.unguarded_routes(app)
    assert sorted(found) == ["* /opaque/*", "GET,HEAD,OPTIONS /prefix/forgotten", "GET,HEAD,OPTIONS /sub/deep/forgotten"]


class PlainApp:
    """A WSGI application that is not Flask's."""

    def __call__(self, *_: Any) -> list[bytes]:
        return []


@pytest.mark.host("fastapi")
def test_a_host_may_render_refusals_itself(asynchronous: AsyncSecurity, runner: asyncio.Runner) -> None:
    """A handler that the host registers for Refused, or for the status, goes before ours; the host's own errors stay its own."""
    guard = ctsec.fastapi.Guard(asynchronous)
    app = FastAPI()

    @app.exception_handler(ctsec.fastapi.Refused)
    async def mine(request: Request, refused: ctsec.fastapi.Refused) -> PlainTextResponse:
        return PlainTextResponse(f"mine: {refused.problem.reason}", 401)

    @app.get("/me")
    def me(_: Annotated[Principal, guard.principal]) -> None: ...

    @app.get("/teapot")
    def teapot() -> None:
        raise HTTPException(418, "short and stout")

    assert get(runner, app, "/me").text == "mine: not_authenticated"
    assert get(runner, app, "/teapot").json() == {"detail": "short and stout"}


@pytest.mark.host("flask")
def test_async_views_of_flask_are_guarded_too(synchronous: Security) -> None:
    """The decorator keeps a view's name and refuses before an `async def` view is entered."""
    guard = ctsec.flask.Guard(synchronous)
    entered: list[bool] = []

    async def view() -> str:
        entered.append(True)
        return ""

    guarded = guard.principal(view)
    app = flask.Flask("host", static_folder=None)
    app.get("/me")(guarded)
    assert guarded.__name__ == "view"
    assert app.test_client().get("/me").status_code == 401
    assert entered == []


@pytest.mark.host("fastapi")
def test_a_router_without_a_prefix_hides_nothing(asynchronous: AsyncSecurity, runner: asyncio.Runner) -> None:
    """Included at the root, the routes answer and the host's own paths stay the host's, 404 included."""
    app = FastAPI()
    app.include_router(ctsec.fastapi.Guard(asynchronous).router())
    app.get("/mine")(lambda: "mine")
    assert get(runner, app, "/mine").json() == "mine"
    assert get(runner, app, "/session").status_code == 401
    assert get(runner, app, "/nothing").json() == {"detail": "Not Found"}


@pytest.mark.host("flask")
def test_a_blueprint_without_a_prefix_hides_nothing(synchronous: Security) -> None:
    """Registered at the root, the routes answer and the host's own paths stay the host's, 404 included."""
    app = flask.Flask("host", static_folder=None)
    app.register_blueprint(ctsec.flask.Guard(synchronous).blueprint())
    app.get("/mine")(lambda: "mine")
    client = app.test_client()
    assert client.get("/mine").text == "mine"
    assert client.get("/session").status_code == 401
    assert client.get("/nothing").mimetype == "text/html"


class May(StrEnum):
    """The permissions of the README's host."""

    VIEW = "dashboards:view"
    EDIT = "dashboards:edit"


MATRIX = """
    permission        admin  editor  viewer
    dashboards:view   yes    yes     yes
    dashboards:edit   yes    yes     -
"""


@pytest.mark.host("fastapi")
def test_the_readme_block_in_fastapi(runner: asyncio.Runner) -> None:
    """The first block of the README mounts sign-in and guards a route, and nobody gets past it unauthenticated."""
    security = runner.run(async_in_memory(policy=Policy.from_matrix(May, MATRIX), issuer="Acme"))
    guard = ctsec.fastapi.Guard(security)
    app = FastAPI()
    app.include_router(guard.router(), prefix="/auth")
    Editor = Annotated[Principal, guard.require(May.EDIT, workspace="workspace_id", aal=2)]  # noqa: N806

    @app.post("/workspaces/{workspace_id}/dashboards")
    async def create_dashboard(workspace_id: str, editor: Editor) -> dict[str, str]:
        return {"workspace": workspace_id, "created_by": editor.id}

    runner.run(start(app))
    assert get(runner, app, "/auth/session").json()["reason"] == "not_authenticated"
    assert "/sign-in" in get(runner, app, "/auth/openapi.json").json()["paths"]


@pytest.mark.host("flask")
def test_the_readme_block_in_flask() -> None:
    """The same block for Flask mounts sign-in and guards a view, and nobody gets past it unauthenticated."""
    security = in_memory(policy=Policy.from_matrix(May, MATRIX), issuer="Acme")
    guard = ctsec.flask.Guard(security)
    app = flask.Flask("host", static_folder=None)
    app.register_blueprint(guard.blueprint(), url_prefix="/auth")

    @app.post("/workspaces/<workspace_id>/dashboards")
    @guard.require(May.EDIT, workspace="workspace_id", aal=2)
    def create_dashboard(workspace_id: str) -> dict[str, str]:
        return {"workspace": workspace_id, "created_by": flask.g.principal.id}

    guard.check(app)
    client = app.test_client()
    assert client.get("/auth/session").get_json()["reason"] == "not_authenticated"
    assert client.post("/workspaces/x/dashboards").status_code == 401
    assert "/sign-in" in client.get("/auth/openapi.json").get_json()["paths"]
