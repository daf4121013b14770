"""The same small host application twice: once for FastAPI, once for Flask."""

from datetime import time, timedelta
from typing import Annotated, Any

import flask
from fastapi import FastAPI, HTTPException
from werkzeug.exceptions import NotFound

import ctsec.fastapi
import ctsec.flask
from ctsec import AsyncSecurity, Principal, Security
from ctsec.audit import Change, EventSchema, Target, personal, public, secret
from ctsec.fastapi import Read
from ctsec.ids import OrganizationId, WorkspaceId
from ctsec.operators import Operator
from ctsec.principal import anonymous
from ctsec.rbac import AllOf, During, FromNetwork
from ctsec.rbac.preset import Permission
from ctsec.security import AsyncUnit
from ctsec.web import WebRequest

READ = Read(name="report.viewed", kind="report", target="report_id")
EVENTS = (
    EventSchema("report.viewed"),
    EventSchema("workspace.opened"),
    EventSchema("agent.message_sent", {"agent": public(), "text": personal()}),
    EventSchema("agent.action_taken", {"agent": public()}, {"instances": public(int), "token": secret()}),
)
PROXY = "203.0.113.0/24"
STAFF = "the-secret-of-the-staff"
OFFICE = AllOf((FromNetwork(("198.51.100.0/24",)), During(zone="UTC", start=time(8), end=time(18))))
WORKSPACE_ACTIONS = (
    Permission.DASHBOARDS_VIEW,
    Permission.AGENTS_RUN,
    Permission.RECOMMENDATIONS_CREATE,
    Permission.OPERATIONS_APPROVE,
    Permission.CONNECTIONS_MANAGE,
    Permission.WORKSPACE_MEMBERS_MANAGE,
)
ORGANIZATION_ACTIONS = (Permission.MEMBERS_MANAGE, Permission.ORGANIZATION_MANAGE, Permission.BILLING_MANAGE)


def slug(permission: str) -> str:
    """Return the path segment of a permission."""
    return permission.replace(":", "-")


def operator_of(request: WebRequest) -> Operator | None:
    """Return who runs the deployment: in this host, whoever has its staff's secret."""
    secret, _, name = (request.header("x-staff") or "").partition(" ")
    return Operator(id=name, reason="ticket 7") if secret == STAFF else None


async def async_operator_of(request: WebRequest) -> Operator | None:
    """Return who runs the deployment, for an event loop."""
    return operator_of(request)


def fastapi_app(security: AsyncSecurity) -> FastAPI:
    """Return the FastAPI host: workspace actions are `async def`, organization actions plain `def`."""
    guard = ctsec.fastapi.Guard(security, trusted_proxies=[PROXY], operators=async_operator_of)
    app = FastAPI(openapi_url=None)
    app.include_router(guard.router(), prefix="/auth")
    for action in WORKSPACE_ACTIONS:
        May = Annotated[Principal, guard.require(action, workspace="workspace_id")]  # noqa: N806

        async def act(workspace_id: str, principal: May) -> dict[str, str]:
            return {"workspace": workspace_id, "by": principal.id}

        app.post(f"/workspaces/{{workspace_id}}/{slug(action)}")(act)
    for action in ORGANIZATION_ACTIONS:

        def administer(organization_id: str) -> dict[str, str]:
            return {"organization": organization_id}

        needed = guard.require(action, organization="organization_id")
        app.post(f"/organizations/{{organization_id}}/{slug(action)}", dependencies=[needed])(administer)

    Strong = Annotated[Principal, guard.require(Permission.DASHBOARDS_VIEW, workspace="workspace_id", aal=2)]  # noqa: N806
    Fresh = Annotated[Principal, guard.require(Permission.DASHBOARDS_VIEW, workspace="workspace_id", aal=2, within=timedelta(minutes=5))]  # noqa: N806

    @app.get("/workspaces/{workspace_id}/strong")
    async def strong(principal: Strong) -> dict[str, str]:
        return {"by": principal.id}

    @app.get("/workspaces/{workspace_id}/fresh")
    def fresh(principal: Fresh) -> dict[str, str]:
        return {"by": principal.id}

    _fastapi_requiring(app, guard, security)

    @app.get("/active")
    def active(principal: Annotated[Principal, guard.require(Permission.ORGANIZATION_MANAGE)]) -> dict[str, str]:
        return {"organization": str(principal.organization)}

    @app.get("/me")
    def me(principal: Annotated[Principal, guard.principal]) -> dict[str, Any]:
        return {"id": principal.id, "via": principal.credential.kind.value}

    @app.post("/found")
    async def found(name: str, principal: Annotated[Principal, guard.principal], unit: Annotated[AsyncUnit, guard.unit]) -> dict[str, str]:
        made = await unit.directory.create_organization(principal, name=name)
        if name == "fail":
            raise HTTPException(418)
        return {"id": getattr(made, "id", "")}

    _fastapi_reading(app, guard)

    @app.get("/open")
    @guard.public
    async def open_to_all() -> dict[str, str]:
        return {"hello": "world"}

    return app


def flask_app(security: Security) -> flask.Flask:
    """Return the Flask host."""
    guard = ctsec.flask.Guard(security, trusted_proxies=[PROXY], operators=operator_of)
    app = flask.Flask("host", static_folder=None)
    app.register_blueprint(guard.blueprint(), url_prefix="/auth")
    for action in WORKSPACE_ACTIONS:

        def act(workspace_id: str) -> dict[str, str]:
            return {"workspace": workspace_id, "by": flask.g.principal.id}

        view = guard.require(action, workspace="workspace_id")(act)
        app.post(f"/workspaces/<workspace_id>/{slug(action)}", endpoint=slug(action))(view)
    for action in ORGANIZATION_ACTIONS:

        def administer(organization_id: str) -> dict[str, str]:
            return {"organization": organization_id}

        guarded = guard.require(action, organization="organization_id")(administer)
        app.post(f"/organizations/<organization_id>/{slug(action)}", endpoint=slug(action))(guarded)

    @app.get("/workspaces/<workspace_id>/strong")
    @guard.require(Permission.DASHBOARDS_VIEW, workspace="workspace_id", aal=2)
    def strong(workspace_id: str) -> dict[str, str]:
        return {"by": flask.g.principal.id}

    @app.get("/workspaces/<workspace_id>/fresh")
    @guard.require(Permission.DASHBOARDS_VIEW, workspace="workspace_id", aal=2, within=timedelta(minutes=5))
    def fresh(workspace_id: str) -> dict[str, str]:
        return {"by": flask.g.principal.id}

    _flask_requiring(app, guard, security)

    @app.get("/active")
    @guard.require(Permission.ORGANIZATION_MANAGE)
    def active() -> dict[str, str]:
        return {"organization": flask.g.principal.organization}

    @app.get("/me")
    @guard.principal
    def me() -> dict[str, Any]:
        return {"id": flask.g.principal.id, "via": flask.g.principal.credential.kind.value}

    @app.post("/found")
    @guard.principal
    def found() -> dict[str, str]:
        name = flask.request.args["name"]
        with guard.unit() as unit:
            made = unit.directory.create_organization(flask.g.principal, name=name)
            if name == "fail":
                flask.abort(418)
        return {"id": getattr(made, "id", "")}

    _flask_reading(app, guard)

    @app.get("/open")
    @guard.public
    def open_to_all() -> dict[str, str]:
        return {"hello": "world"}

    return app


def _fastapi_requiring(app: FastAPI, guard: ctsec.fastapi.Guard, security: AsyncSecurity) -> None:
    """Add routes behind a condition, and routes that require more than their guard."""
    Office = Annotated[  # noqa: N806
        Principal, guard.require(Permission.DASHBOARDS_VIEW, workspace="workspace_id", condition=OFFICE)
    ]

    @app.get("/workspaces/{workspace_id}/office")
    async def office(principal: Office) -> dict[str, str]:
        return {"by": principal.id}

    Viewer = Annotated[Principal, guard.require(Permission.DASHBOARDS_VIEW, workspace="workspace_id")]  # noqa: N806

    @app.post("/workspaces/{workspace_id}/settings")
    async def settings(workspace_id: str, principal: Viewer) -> dict[str, str]:
        workspace = WorkspaceId(workspace_id)
        home = await security.gate.organization_of(workspace)
        access = await security.gate.access(principal, home or OrganizationId(""), workspace=workspace)
        access.require(Permission.WORKSPACE_SETTINGS_MANAGE)
        return {"by": principal.id}

    @app.post("/workspaces/{workspace_id}/settings-in-a-unit")
    async def settings_in_a_unit(workspace_id: str, principal: Viewer, unit: Annotated[AsyncUnit, guard.unit]) -> dict[str, str]:
        await unit.directory.create_organization(principal, name="Undone")
        organization = principal.organization or OrganizationId("")
        (await unit.roles.access(principal, organization, workspace=WorkspaceId(workspace_id))).require(
            Permission.WORKSPACE_SETTINGS_MANAGE
        )
        return {"by": principal.id}

    @app.post("/workspaces/{workspace_id}/people")
    async def people(workspace_id: str, other: str, principal: Viewer) -> dict[str, str]:
        home = await security.gate.organization_of(WorkspaceId(other)) or OrganizationId("")
        (await security.gate.access(principal, home, workspace=WorkspaceId(other))).require(Permission.WORKSPACE_MEMBERS_MANAGE)
        return {"by": principal.id}

    @app.post("/open/{workspace_id}")
    @guard.public
    async def half_open(workspace_id: str, unit: Annotated[AsyncUnit, guard.unit]) -> dict[str, str]:
        access = await unit.roles.access(anonymous(), OrganizationId(""), workspace=WorkspaceId(workspace_id))
        access.require(Permission.DASHBOARDS_VIEW)
        return {}


def _flask_requiring(app: flask.Flask, guard: ctsec.flask.Guard, security: Security) -> None:
    """Add the same routes to the Flask host."""

    @app.get("/workspaces/<workspace_id>/office")
    @guard.require(Permission.DASHBOARDS_VIEW, workspace="workspace_id", condition=OFFICE)
    def office(workspace_id: str) -> dict[str, str]:
        return {"by": flask.g.principal.id}

    @app.post("/workspaces/<workspace_id>/settings")
    @guard.require(Permission.DASHBOARDS_VIEW, workspace="workspace_id")
    def settings(workspace_id: str) -> dict[str, str]:
        workspace = WorkspaceId(workspace_id)
        home = security.gate.organization_of(workspace)
        access = security.gate.access(flask.g.principal, home or OrganizationId(""), workspace=workspace)
        access.require(Permission.WORKSPACE_SETTINGS_MANAGE)
        return {"by": flask.g.principal.id}

    @app.post("/workspaces/<workspace_id>/settings-in-a-unit")
    @guard.require(Permission.DASHBOARDS_VIEW, workspace="workspace_id")
    def settings_in_a_unit(workspace_id: str) -> dict[str, str]:
        with guard.unit() as unit:
            unit.directory.create_organization(flask.g.principal, name="Undone")
            organization = flask.g.principal.organization
            unit.roles.access(flask.g.principal, organization, workspace=WorkspaceId(workspace_id)).require(
                Permission.WORKSPACE_SETTINGS_MANAGE
            )
        return {"by": flask.g.principal.id}

    @app.post("/workspaces/<workspace_id>/people")
    @guard.require(Permission.DASHBOARDS_VIEW, workspace="workspace_id")
    def people(workspace_id: str) -> dict[str, str]:
        other = WorkspaceId(flask.request.args["other"])
        home = security.gate.organization_of(other) or OrganizationId("")
        security.gate.access(flask.g.principal, home, workspace=other).require(Permission.WORKSPACE_MEMBERS_MANAGE)
        return {"by": flask.g.principal.id}

    @app.post("/open/<workspace_id>")
    @guard.public
    def half_open(workspace_id: str) -> dict[str, str]:
        with guard.unit() as unit:
            access = unit.roles.access(anonymous(), OrganizationId(""), workspace=WorkspaceId(workspace_id))
            access.require(Permission.DASHBOARDS_VIEW)
        return {}


def _fastapi_reading(app: FastAPI, guard: ctsec.fastapi.Guard) -> None:
    """Add what the FastAPI host has agents do, and what it tells of reads: without a unit, before one, and after one."""
    Reader = Annotated[Principal, guard.require(Permission.DASHBOARDS_VIEW, workspace="workspace_id", reads=READ)]  # noqa: N806
    Opener = Annotated[  # noqa: N806
        Principal, guard.require(Permission.DASHBOARDS_VIEW, workspace="workspace_id", reads=Read(name="workspace.opened"))
    ]
    Runner = Annotated[Principal, guard.require(Permission.AGENTS_RUN, workspace="workspace_id")]  # noqa: N806
    Work = Annotated[AsyncUnit, guard.unit]  # noqa: N806

    @app.get("/workspaces/{workspace_id}/reports/{report_id}")
    async def report(report_id: str, _: Reader) -> dict[str, str]:
        return read(report_id, HTTPException(404))

    @app.get("/workspaces/{workspace_id}/before/{report_id}")
    async def before(report_id: str, _: Reader, unit: Work) -> dict[str, str]:
        return read(report_id, HTTPException(404))

    @app.get("/workspaces/{workspace_id}/after/{report_id}")
    async def after(report_id: str, unit: Work, _: Reader) -> dict[str, str]:
        return read(report_id, HTTPException(404))

    @app.get("/workspaces/{workspace_id}/front")
    def front(_: Opener) -> dict[str, str]:
        return {}

    @app.post("/workspaces/{workspace_id}/agents/{agent}")
    async def converse(workspace_id: str, agent: str, principal: Runner, unit: Work) -> dict[str, str]:
        for told in messages(agent):
            await unit.audit.note(
                told.pop("name"), actor=principal, organization=principal.organization, workspace=WorkspaceId(workspace_id), **told
            )
        return {}


def _flask_reading(app: flask.Flask, guard: ctsec.flask.Guard) -> None:
    """Add the same to the Flask host."""
    reader = guard.require(Permission.DASHBOARDS_VIEW, workspace="workspace_id", reads=READ)

    @app.get("/workspaces/<workspace_id>/reports/<report_id>")
    @reader
    def report(workspace_id: str, report_id: str) -> dict[str, str]:
        return read(report_id, NotFound())

    def within(workspace_id: str, report_id: str) -> dict[str, str]:
        with guard.unit():
            return read(report_id, NotFound())

    app.get("/workspaces/<workspace_id>/before/<report_id>", endpoint="before")(reader(within))
    app.get("/workspaces/<workspace_id>/after/<report_id>", endpoint="after")(reader(within))

    @app.get("/workspaces/<workspace_id>/front")
    @guard.require(Permission.DASHBOARDS_VIEW, workspace="workspace_id", reads=Read(name="workspace.opened"))
    def front(workspace_id: str) -> dict[str, str]:
        return {}

    @app.post("/workspaces/<workspace_id>/agents/<agent>")
    @guard.require(Permission.AGENTS_RUN, workspace="workspace_id")
    def converse(workspace_id: str, agent: str) -> dict[str, str]:
        principal = flask.g.principal
        with guard.unit() as unit:
            for told in messages(agent):
                unit.audit.note(
                    told.pop("name"), actor=principal, organization=principal.organization, workspace=WorkspaceId(workspace_id), **told
                )
        return {}


def read(report: str, missing: Exception) -> dict[str, str]:
    """Return a report, unless there is none."""
    if report == "missing":
        raise missing
    return {"report": report}


def messages(agent: str) -> tuple[dict[str, Any], ...]:
    """Return what a conversation with an agent leaves in the log: what it was asked, and what it did."""
    changes = (Change(path="instances", before=3, after=2), Change(path="token", before="hush", after="hush hush"))
    return (
        {"name": "agent.message_sent", "targets": (Target("agent", agent),), "details": {"agent": agent, "text": "stop what is idle"}},
        {"name": "agent.action_taken", "targets": (Target("agent", agent),), "details": {"agent": agent}, "changes": changes},
    )
