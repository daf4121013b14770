"""What the product page means by each built-in role, written out by hand, and hosts with a guarded route for every built-in permission.

A line of the tables is something that somebody wants to do, and who may: the eight roles in the page's words, each as a person has it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

import flask
from fastapi import FastAPI

import ctsec.fastapi
import ctsec.flask
from ctsec import Principal
from ctsec.ids import OrganizationId, UserId, WorkspaceId
from ctsec.outcome import Refusal
from ctsec.security import AsyncSecurity, AsyncUnit, Security
from tests.hosts.apps import fastapi_app, flask_app, slug
from tests.hosts.harness import FastapiHost, FlaskHost, Host, shared_app

# Each role with the organization role and the workspace role of somebody who has it, and how many of the two workspaces they may enter.
ROLES: Final[Mapping[str, tuple[str, str, int]]] = {
    "owner": ("owner", "none", 2),
    "admin": ("admin", "none", 2),
    "member": ("member", "none", 0),
    "viewer": ("viewer", "viewer", 1),
    "capped": ("viewer", "admin", 1),
    "ws-admin": ("member", "admin", 1),
    "editor": ("member", "editor", 1),
    "operator": ("member", "operator", 1),
    "ws-viewer": ("member", "viewer", 1),
}
# Guarded routes in the workspace that somebody is assigned to. In any other one owners and admins may the same, and nobody else anything.
IN_WORKSPACE: Final = """
                           owner  admin  member  viewer  capped  ws-admin  editor  operator  ws-viewer
dashboards:view            yes    yes    -       yes     yes     yes       yes     yes       yes
reports:view               yes    yes    -       yes     yes     yes       yes     yes       yes
recommendations:view       yes    yes    -       -       -       yes       yes     yes       yes
agents:run                 yes    yes    -       -       -       yes       yes     yes       -
recommendations:create     yes    yes    -       -       -       yes       yes     -         -
operations:approve         yes    yes    -       -       -       yes       yes     -         -
connections:manage         yes    yes    -       -       -       yes       yes     -         -
workspace_settings:manage  yes    yes    -       -       -       yes       yes     -         -
workspace_members:manage   yes    yes    -       -       -       yes       -       -         -
"""
IN_ORGANIZATION: Final = """
                           owner  admin  member  viewer  capped  ws-admin  editor  operator  ws-viewer
billing:manage             yes    -      -       -       -       -         -       -         -
members:manage             yes    yes    -       -       -       -         -       -         -
organization:manage        yes    yes    -       -       -       -         -       -         -
workspaces:manage          yes    yes    -       -       -       -         -       -         -
audit:view                 yes    yes    -       -       -       -         -       -         -
sso:manage                 yes    yes    -       -       -       -         -       -         -
member_mfa:reset           yes    yes    -       -       -       -         -       -         -
api_keys:manage            yes    yes    yes     yes     yes     yes       yes     yes       yes
service_accounts:manage    yes    yes    -       -       -       -         -       -         -
"""
# What ctsec's own routes do, in this order: {c} is a colleague who starts as a member, {w} the person's workspace, {x} another one.
AT_JSON_ROUTES: Final = """
                           owner  admin  member  viewer  capped  ws-admin  editor  operator  ws-viewer
see-members                yes    yes    yes     yes     yes     yes       yes     yes       yes
see-invitations            yes    yes    -       -       -       -         -       -         -
invite                     yes    yes    -       -       -       -         -       -         -
see-who-works-here         yes    yes    -       yes     yes     yes       yes     yes       yes
let-in-here                yes    yes    -       -       -       yes       -       -         -
let-out-here               yes    yes    -       -       -       yes       -       -         -
let-in-elsewhere           yes    yes    -       -       -       -         -       -         -
new-workspace              yes    yes    -       -       -       -         -       -         -
rename                     yes    yes    -       -       -       -         -       -         -
define-role                yes    yes    -       -       -       -         -       -         -
read-audit-log             yes    yes    -       -       -       -         -       -         -
see-elevations             yes    yes    -       -       -       -         -       -         -
own-api-key                yes    yes    yes     yes     yes     yes       yes     yes       yes
suspend                    yes    yes    -       -       -       -         -       -         -
reinstate                  yes    yes    -       -       -       -         -       -         -
change-role                yes    yes    -       -       -       -         -       -         -
make-owner                 yes    -      -       -       -       -         -       -         -
remove                     yes    yes    -       -       -       -         -       -         -
"""
JSON_ROUTES: Final[Mapping[str, tuple[str, Any]]] = {
    "see-members": ("GET /organizations/{o}/members", None),
    "see-invitations": ("GET /organizations/{o}/invitations", None),
    "invite": ("POST /organizations/{o}/invitations", {"email": "new@example.com"}),
    "see-who-works-here": ("GET /workspaces/{w}/roles", None),
    "let-in-here": ("PUT /workspaces/{w}/roles/{c}", {"role": "viewer"}),
    "let-out-here": ("DELETE /workspaces/{w}/roles/{c}", None),
    "let-in-elsewhere": ("PUT /workspaces/{x}/roles/{c}", {"role": "viewer"}),
    "new-workspace": ("POST /organizations/{o}/workspaces", {"name": "Third"}),
    "rename": ("PATCH /organizations/{o}", {"name": "Acme again"}),
    "define-role": ("PUT /organizations/{o}/roles/approver", {"permissions": ["operations:approve"]}),
    "read-audit-log": ("GET /organizations/{o}/audit", None),
    "see-elevations": ("GET /organizations/{o}/elevations", None),
    "own-api-key": ("POST /organizations/{o}/api-keys", {"name": "ci"}),
    "suspend": ("POST /organizations/{o}/members/{c}/suspend", None),
    "reinstate": ("POST /organizations/{o}/members/{c}/reinstate", None),
    "change-role": ("PUT /organizations/{o}/members/{c}/role", {"role": "viewer"}),
    "make-owner": ("PUT /organizations/{o}/members/{c}/role", {"role": "owner"}),
    "remove": ("DELETE /organizations/{o}/members/{c}", None),
}


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a role may: guarded routes in a workspace and in the organization, and ctsec's own routes."""

    workspace: frozenset[str]
    organization: frozenset[str]
    routes: frozenset[str]


def lines(table: str) -> dict[str, dict[str, bool]]:
    """Return the cells of a table by line and role."""
    first, *rows = [line.split() for line in table.splitlines() if line]
    assert first == list(ROLES)
    return {row[0]: {role: cell == "yes" for role, cell in zip(first, row[1:], strict=True)} for row in rows}


def meaning(role: str) -> Meaning:
    """Return the column of a role in each table."""

    def column(table: str) -> frozenset[str]:
        return frozenset(name for name, cells in lines(table).items() if cells[role])

    return Meaning(workspace=column(IN_WORKSPACE), organization=column(IN_ORGANIZATION), routes=column(AT_JSON_ROUTES))


def furnish(host: Host) -> None:
    """Serve an application with a guarded route for every line of the first two tables, and one that tells why somebody is refused."""
    if isinstance(host, FastapiHost):
        host.serve(shared_app(_furnished_fastapi, host.security))
    else:
        assert isinstance(host, FlaskHost)
        host.serve(shared_app(_furnished_flask, host.security))


def _furnished_fastapi(security: AsyncSecurity) -> FastAPI:
    app, guard = fastapi_app(security), ctsec.fastapi.Guard(security)
    for permission in lines(IN_WORKSPACE):
        needed = guard.require(permission, workspace="workspace_id")
        app.get(f"/in/{{workspace_id}}/{slug(permission)}", dependencies=[needed])(lambda: None)
    for permission in lines(IN_ORGANIZATION):
        needed = guard.require(permission, organization="organization_id")
        app.get(f"/at/{{organization_id}}/{slug(permission)}", dependencies=[needed])(lambda: None)

    @app.get("/why/{workspace_id}/{user_id}")
    async def why(
        workspace_id: str,
        user_id: str,
        permission: str,
        principal: Annotated[Principal, guard.principal],
        unit: Annotated[AsyncUnit, guard.unit],
    ) -> dict[str, Any]:
        place: Any = {"organization": principal.organization, "workspace": WorkspaceId(workspace_id), "user": UserId(user_id)}
        return told(await unit.roles.explain(principal, permission, **place))

    return app


def _furnished_flask(security: Security) -> flask.Flask:
    app, guard = flask_app(security), ctsec.flask.Guard(security)
    for permission in lines(IN_WORKSPACE):
        view = guard.require(permission, workspace="workspace_id")(lambda **_: {})
        app.get(f"/in/<workspace_id>/{slug(permission)}", endpoint=f"in {permission}")(view)
    for permission in lines(IN_ORGANIZATION):
        view = guard.require(permission, organization="organization_id")(lambda **_: {})
        app.get(f"/at/<organization_id>/{slug(permission)}", endpoint=f"at {permission}")(view)

    @app.get("/why/<workspace_id>/<user_id>")
    @guard.principal
    def why(workspace_id: str, user_id: str) -> dict[str, Any]:
        principal: Principal = flask.g.principal
        home = principal.organization or OrganizationId("")
        with guard.unit() as unit:
            place: Any = {"organization": home, "workspace": WorkspaceId(workspace_id), "user": UserId(user_id)}
            return told(unit.roles.explain(principal, flask.request.args["permission"], **place))

    return app


def told(explanation: Any) -> dict[str, Any]:
    """Return an explanation, or the refusal to give one, as JSON."""
    if isinstance(explanation, Refusal):
        return {"refused": explanation.reason.value}
    return {"reason": explanation.decision.reason.value, "missing": [str(change) for change in explanation.missing]}
