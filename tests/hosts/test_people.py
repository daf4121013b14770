"""Organizations over HTTP: two that see nothing of each other, invitations, roles, and the permission matrix at guarded routes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ctsec.operators import Operator
from ctsec.web.route import Needs, Route
from ctsec.web.table import ROUTES
from tests.hosts.apps import ORGANIZATION_ACTIONS, WORKSPACE_ACTIONS, slug
from tests.hosts.connected import connect, simulator
from tests.hosts.harness import Browser, Host, named

# The product's table; "manage members" is two permissions: of the workspace and of the organization.
MATRIX = {
    "owner": "dashboards:view agents:run recommendations:create operations:approve connections:manage workspace_members:manage "
    "members:manage organization:manage billing:manage",
    "admin": "dashboards:view agents:run recommendations:create operations:approve connections:manage workspace_members:manage "
    "members:manage organization:manage",
    "workspace admin": "dashboards:view agents:run recommendations:create operations:approve connections:manage workspace_members:manage",
    "editor": "dashboards:view agents:run recommendations:create operations:approve connections:manage",
    "operator": "dashboards:view agents:run",
    "viewer": "dashboards:view",
}


@pytest.fixture
def owner(host: Host) -> Browser:
    """The owner of an organization, signed in."""
    return Browser(host).sign_up("owner@example.com", "Olga Owner")


@pytest.fixture
def guest(host: Host) -> Browser:
    """A person without any organization, signed in."""
    return Browser(host).sign_up("guest@example.com", "Gus Guest")


CREDENTIAL: dict[str, object] = {"name": "bucket", "kind": "aws", "services": ["s3"], "regions": None}
WISH = {"role": "editor", "workspace_id": "{w}", "minutes": 30, "reason": "the night shift"}
WORKLOAD: dict[str, object] = {
    "name": "ci",
    "preset": "generic",
    "issuer": "https://id.example",
    "audience": "https://api.example",
    "claims": {"sub": "x"},
}
# Every route of the table that is about an organization or a workspace of it.
CONNECTED: dict[str, object] = {"name": "Login", "provider": "oidc", "client_id": "c", "secret": "s", "issuer": "https://id.example"}
LINES: tuple[tuple[str, dict[str, object] | None], ...] = (
    ("PATCH /organizations/{o}", {"name": "Mine"}),
    ("GET /organizations/{o}/workload-rules", None),
    ("POST /organizations/{o}/service-accounts/{robot}/workload-rules", WORKLOAD),
    ("PUT /organizations/{o}/workload-rules/{workload}", WORKLOAD),
    ("DELETE /organizations/{o}/workload-rules/{workload}", None),
    ("GET /organizations/{o}/sso/scim", None),
    ("POST /organizations/{o}/sso/scim", {"name": "Mine"}),
    ("PUT /organizations/{o}/sso/scim/{scim}", {"name": "Mine"}),
    ("DELETE /organizations/{o}/sso/scim/{scim}", None),
    ("POST /organizations/{o}/sso/scim/{scim}/tokens", {}),
    ("DELETE /organizations/{o}/sso/scim/{scim}/tokens/{token}", None),
    ("POST /organizations/{o}/sso/scim/{scim}/preview", {}),
    ("GET /organizations/{o}/sso/scim/{scim}/drift", None),
    ("GET /organizations/{o}/workspaces", None),
    ("POST /organizations/{o}/workspaces", {"name": "Mine"}),
    ("GET /organizations/{o}/mfa-policy", None),
    ("PUT /organizations/{o}/mfa-policy", {}),
    ("DELETE /organizations/{o}/mfa-policy", None),
    ("GET /organizations/{o}/members", None),
    ("DELETE /organizations/{o}/members/{owner}", None),
    ("POST /organizations/{o}/members/{owner}/suspend", None),
    ("POST /organizations/{o}/members/{owner}/reinstate", None),
    ("PUT /organizations/{o}/members/{owner}/role", {"role": "member"}),
    ("GET /organizations/{o}/members/{owner}/removal", None),
    ("GET /organizations/{o}/members/{owner}/identities", None),
    ("DELETE /organizations/{o}/members/{owner}/identities/{identity}", None),
    ("PUT /organizations/{o}/members/{owner}/period", {}),
    ("GET /organizations/{o}/lifecycle", None),
    ("PUT /organizations/{o}/lifecycle", {"remove_days": 90}),
    ("GET /organizations/{o}/lifecycle/absent", None),
    ("GET /organizations/{o}/lifecycle/report", None),
    ("GET /organizations/{o}/invitations", None),
    ("POST /organizations/{o}/invitations", {"email": "x@example.com"}),
    ("DELETE /organizations/{o}/invitations/{invitation}", None),
    ("GET /organizations/{o}/mfa-resets", None),
    ("POST /organizations/{o}/members/{owner}/mfa-reset", {"reason": "the phone is lost"}),
    ("POST /organizations/{o}/mfa-resets/{recovery}/approve", None),
    ("POST /organizations/{o}/mfa-resets/{recovery}/cancel", None),
    ("GET /organizations/{o}/recovery", None),
    ("PUT /organizations/{o}/recovery", {"approvals": 0, "delay_minutes": 0}),
    ("GET /organizations/{o}/domains", None),
    ("POST /organizations/{o}/domains", {"domain": "acme.example"}),
    ("POST /organizations/{o}/domains/acme.example/verify", None),
    ("DELETE /organizations/{o}/domains/acme.example", None),
    ("GET /organizations/{o}/sso/connections", None),
    ("POST /organizations/{o}/sso/connections", CONNECTED),
    ("PUT /organizations/{o}/sso/connections/{connection}", CONNECTED),
    ("DELETE /organizations/{o}/sso/connections/{connection}", None),
    ("POST /organizations/{o}/sso/connections/{connection}/test", None),
    ("POST /organizations/{o}/sso/connections/{connection}/doctor", None),
    ("POST /organizations/{o}/sso/connections/{connection}/dry-run", None),
    ("POST /organizations/{o}/sso/connections/{connection}/key", None),
    ("POST /organizations/{o}/sso/connections/{connection}/key/announce", None),
    ("POST /organizations/{o}/sso/connections/{connection}/key/activate", {"kid": "k1"}),
    ("POST /organizations/{o}/sso/connections/{connection}/key/retire", {"kid": "k1"}),
    ("POST /organizations/{o}/sso/connections/{connection}/enable", None),
    ("POST /organizations/{o}/sso/connections/{connection}/disable", None),
    ("POST /organizations/{o}/sso/connections/{connection}/preview", {"claims": {}}),
    ("POST /organizations/{o}/sso/metadata", {}),
    ("POST /organizations/{o}/sso/connections/{connection}/metadata", {}),
    ("POST /organizations/{o}/sso/connections/{connection}/metadata/trust", {"seen": "0" * 64}),
    ("GET /organizations/{o}/sso/requirement", None),
    ("PUT /organizations/{o}/sso/requirement", {}),
    ("DELETE /organizations/{o}/sso/requirement", None),
    ("POST /organizations/{o}/sso/break-glass-codes", None),
    ("GET /organizations/{o}/audit/retention", None),
    ("PUT /organizations/{o}/audit/retention", {"days": 365}),
    ("GET /organizations/{o}/audit/purge", None),
    ("GET /organizations/{o}/audit/prune", None),
    ("GET /organizations/{o}/audit/holds", None),
    ("GET /organizations/{o}/audit/alerts", None),
    ("POST /organizations/{o}/audit/alerts/{alert}/acknowledge", {"why": "seen"}),
    ("POST /organizations/{o}/audit/alert-mutes", {"rule": "owner_added", "until": "2026-02-01T00:00:00Z", "why": "seen"}),
    ("POST /organizations/{o}/audit/holds", {"matter": "case 1"}),
    ("POST /organizations/{o}/audit/holds/{hold}/release", None),
    ("POST /organizations/{o}/audit/holds/{hold}/release/approve", None),
    ("GET /organizations/{o}/roles", None),
    ("PUT /organizations/{o}/roles/approver", {"permissions": ["operations:approve"]}),
    ("DELETE /organizations/{o}/roles/approver", None),
    ("GET /organizations/{o}/elevations", None),
    ("POST /organizations/{o}/elevations", WISH),
    ("POST /organizations/{o}/elevations/{elevation}/approve", None),
    ("POST /organizations/{o}/elevations/{elevation}/deny", None),
    ("POST /organizations/{o}/elevations/{elevation}/end", None),
    ("GET /organizations/{o}/permissions", None),
    ("GET /workspaces/{w}/permissions", None),
    ("GET /workspaces/{w}/roles", None),
    ("PUT /workspaces/{w}/roles/{guest}", {"role": "editor"}),
    ("DELETE /workspaces/{w}/roles/{guest}", None),
    ("GET /organizations/{o}/api-keys", None),
    ("POST /organizations/{o}/api-keys", {"name": "mine"}),
    ("GET /organizations/{o}/api-keys/{key}/usage", None),
    ("POST /organizations/{o}/api-keys/{key}/rotate", {}),
    ("DELETE /organizations/{o}/api-keys/{key}", None),
    ("POST /organizations/{o}/api-keys/{key}/end-overlap", None),
    ("GET /organizations/{o}/api-keys-due", None),
    ("GET /organizations/{o}/api-key-rules", None),
    ("PUT /organizations/{o}/api-key-rules", {"longest_life_days": 30}),
    ("GET /organizations/{o}/service-accounts", None),
    ("POST /organizations/{o}/service-accounts", {"name": "mine"}),
    ("POST /organizations/{o}/service-accounts/{robot}/disable", None),
    ("POST /organizations/{o}/service-accounts/{robot}/enable", None),
    ("DELETE /organizations/{o}/service-accounts/{robot}", None),
    ("PUT /organizations/{o}/service-accounts/{robot}/role", {"role": "admin"}),
    ("GET /organizations/{o}/service-accounts/{robot}/api-keys", None),
    ("POST /organizations/{o}/service-accounts/{robot}/api-keys", {"name": "mine"}),
    ("PUT /workspaces/{w}/service-account-roles/{robot}", {"role": "editor"}),
    ("DELETE /workspaces/{w}/service-account-roles/{robot}", None),
    ("GET /organizations/{o}/encryption", None),
    ("POST /organizations/{o}/encryption/customer-keys/default", {"ref": "local:00"}),
    ("PUT /organizations/{o}/encryption/customer-keys/default", {"ref": "local:00"}),
    ("DELETE /organizations/{o}/encryption/customer-keys/default", None),
    ("POST /organizations/{o}/encryption/customer-keys/default/rotate", None),
    ("POST /organizations/{o}/encryption/customer-keys/default/forget", None),
    ("POST /organizations/{o}/encryption/data-keys/default/rotate", None),
    ("POST /organizations/{o}/encryption/destroy", {"organization_id": "{o}"}),
    ("POST /organizations/{o}/encryption/destroy-retired", None),
    ("GET /organizations/{o}/credentials", None),
    ("GET /organizations/{o}/credentials-due", None),
    ("POST /organizations/{o}/credentials", {**CREDENTIAL, "secret": "s"}),
    ("PUT /organizations/{o}/credentials/{credential}", CREDENTIAL),
    ("POST /organizations/{o}/credentials/{credential}/rotate", {"secret": "s"}),
    ("POST /organizations/{o}/credentials/{credential}/use", {}),
    ("DELETE /organizations/{o}/credentials/{credential}", None),
    ("GET /organizations/{o}/apps", None),
    ("POST /organizations/{o}/apps", {"provider": "files"}),
    ("GET /organizations/{o}/apps/{app}", None),
    ("DELETE /organizations/{o}/apps/{app}", None),
    ("GET /organizations/{o}/app-health", None),
    ("GET /organizations/{o}/rotation-due", None),
    ("GET /organizations/{o}/regions", None),
    ("GET /organizations/{o}/residency", None),
    ("GET /organizations/{o}/residency/moves", None),
    ("GET /workspaces/{w}/region", None),
    ("POST /workspaces/{w}/region/move", {"region": "us"}),
    ("DELETE /workspaces/{w}/region/move", None),
    ("GET /organizations/{o}/audit", None),
    ("GET /organizations/{o}/audit/counts", None),
    ("GET /organizations/{o}/audit/export", None),
    ("GET /organizations/{o}/audit/proof", None),
    ("GET /organizations/{o}/audit/consistency", None),
    ("GET /organizations/{o}/audit/checkpoint", None),
    ("GET /organizations/{o}/audit/key", None),
    ("POST /session/organization", {"organization_id": "{o}"}),
)

# Ids of each kind that the lines name, of nothing that exists.
NOTHINGS = {
    name: f"{kind}_{0:026d}"
    for name, kind in {
        "alert": "alr", "app": "app", "connection": "sso", "credential": "crd", "elevation": "elv", "hold": "hld", "invitation": "inv",
        "key": "key", "recovery": "rcv", "robot": "svc", "scim": "scm", "token": "sct", "workload": "wlr",
    }.items()
} | {"identity": "0" * 64}  # fmt: skip


def filled(value: object, **ids: str) -> object:
    """Return a body with ids in place of their names."""
    if isinstance(value, dict):
        return {key: filled(each, **ids) for key, each in value.items()}
    return value.format(**ids) if isinstance(value, str) else value


def placed(route: Route) -> bool:
    """Say whether a route is about an organization or a workspace that its path names."""
    return route.needs is not Needs.OPERATOR and ("{organization_id}" in route.path or "{workspace_id}" in route.path)


def fits(route: Route, line: str) -> bool:
    """Say whether a line calls the route."""
    method, path = line.split()
    pairs = list(zip(route.path.split("/"), path.split("/"), strict=False))
    same_length = route.path.count("/") == path.count("/")
    return method == route.method and same_length and all(each.startswith("{") or each == word for each, word in pairs)


def join(owner: Browser, guest: Browser, organization: str, workspace: str, role: str) -> None:
    """Bring a person into the organization in the given column of the matrix."""
    if role == "admin":
        owner.invite(organization, guest, role="admin")
    else:
        owner.invite(organization, guest, workspace_id=workspace, workspace_role=role.removeprefix("workspace "))


@pytest.mark.proves("SEED-R3", "SEED-R1", "SEED-R2")
@pytest.mark.parametrize("role", list(MATRIX))
def test_each_cell_of_the_matrix(host: Host, owner: Browser, guest: Browser, role: str) -> None:
    """Each role may at guarded routes exactly what its column says; every denial is a stored event, and the API tells the same rights."""
    organization = owner.found("Acme")
    workspace = owner.workspace(organization)
    person = owner if role == "owner" else guest
    if person is guest:
        join(owner, guest, organization, workspace, role)
    allowed = set(MATRIX[role].split())
    for action in (*WORKSPACE_ACTIONS, *ORGANIZATION_ACTIONS):
        place = f"workspaces/{workspace}" if action in WORKSPACE_ACTIONS else f"organizations/{organization}"
        reply = person.call("POST", f"/{place}/{slug(action)}")
        assert reply.status == (200 if action in allowed else 403), action
        if reply.status == 403:
            assert reply.json["reason"] == "denied"
            assert reply.headers["content-type"] == "application/problem+json"
    told = {
        *person.ok(f"GET /workspaces/{workspace}/permissions")["permissions"],
        *person.ok(f"GET /organizations/{organization}/permissions")["permissions"],
    }
    assert told & {*WORKSPACE_ACTIONS, *ORGANIZATION_ACTIONS} == allowed
    denied = [event.details()["details"]["permission"] for event in named(host.events(organization), "access.denied")]
    assert sorted(denied) == sorted({*map(str, WORKSPACE_ACTIONS), *map(str, ORGANIZATION_ACTIONS)} - allowed)


def test_an_organization_viewer_is_capped(host: Host, owner: Browser, guest: Browser) -> None:
    """The organization role viewer caps a workspace role: an editor among viewers views."""
    organization = owner.found("Acme")
    workspace = owner.workspace(organization)
    owner.invite(organization, guest, workspace_id=workspace, workspace_role="editor")
    assert guest.call("POST", f"/workspaces/{workspace}/agents-run").status == 200
    owner.ok(f"PUT /organizations/{organization}/members/{guest.id}/role", {"role": "viewer"})
    assert guest.call("POST", f"/workspaces/{workspace}/dashboards-view").status == 200
    assert guest.call("POST", f"/workspaces/{workspace}/agents-run").status == 403


@pytest.mark.proves("ASVS-8.2.2", "ASVS-8.4.1", "CVE-2025-64431")
def test_two_organizations_see_nothing_of_each_other(host: Host, owner: Browser, guest: Browser) -> None:
    """Every route of somebody else's organization answers 404, with the same bytes as one that does not exist."""
    theirs, _own = owner.found("Acme"), guest.found("Globex")
    workspace = owner.workspace(theirs)
    key = owner.ok(f"POST /organizations/{theirs}/api-keys", {"name": "robot"})["id"]
    invitation = owner.ok(f"POST /organizations/{theirs}/invitations", {"email": "y@example.com"})["id"]
    elevation = owner.ok(f"POST /organizations/{theirs}/elevations", filled(WISH, w=workspace))["id"]
    credential = owner.ok(f"POST /organizations/{theirs}/credentials", {**CREDENTIAL, "secret": "s"})["id"]
    ada = Browser(host).sign_up("ada@example.com").enrol()
    owner.invite(theirs, ada)
    operator, place = Operator(id="sam", reason="ticket 1"), {"organization": theirs, "domain": "example.com"}
    host.do(lambda unit: unit.domains.record(operator, **place, proof="seen in its DNS"))
    owner.enrol().ok(f"PUT /organizations/{theirs}/recovery", {"approvals": 1, "delay_minutes": 60})
    recovery = owner.ok(f"POST /organizations/{theirs}/members/{ada.id}/mfa-reset", {"reason": "the phone is lost"})["id"]
    hold = owner.ok(f"POST /organizations/{theirs}/audit/holds", {"matter": "case 1"})["id"]
    ids = {
        **NOTHINGS,
        "hold": hold,
        "recovery": recovery,
        "credential": credential,
        "key": key,
        "invitation": invitation,
        "elevation": elevation,
    }
    ids["robot"] = owner.ok(f"POST /organizations/{theirs}/service-accounts", {"name": "robot"})["id"]
    rule = owner.ok(f"POST /organizations/{theirs}/service-accounts/{ids['robot']}/workload-rules", WORKLOAD)
    ids["workload"] = rule["id"]
    ids["app"] = connect(owner, simulator(host), theirs)["id"]
    ids |= {"owner": owner.id, "guest": guest.id}
    absent = theirs[:-4] + ("0000" if theirs[-4:] != "0000" else "0001")
    nowhere = workspace[:-4] + ("0000" if workspace[-4:] != "0000" else "0001")
    assert [route.path for route in ROUTES if placed(route) and not any(fits(route, line) for line, _ in LINES)] == []
    before = len(host.events(theirs))
    for line, body in LINES:
        replies = []
        for o, w in ((theirs, workspace), (absent, nowhere)):
            replies.append(guest.auth(line.format(o=o, w=w, **ids), filled(body, o=o, w=w)))
        assert [reply.status for reply in replies] == [404, 404], line
        assert replies[0].body == replies[1].body, line
    for path in (f"/workspaces/{workspace}/dashboards-view", f"/organizations/{theirs}/billing-manage"):
        assert guest.call("POST", path).status == 404
    written = [event for event in host.events(theirs)[before:] if event.outcome != "refused"]
    assert written == []


@pytest.mark.proves("SEED-R1", "GHSA-fmh4-wcc4-5jm3")
def test_invitation_is_for_one_address_once_and_for_a_week(host: Host, owner: Browser, guest: Browser) -> None:
    """A foreign, a used, a withdrawn and an expired invitation are refused alike and make nobody a member."""
    organization = owner.found("Acme")
    stranger = Browser(host).sign_up("eve@example.com")

    def invite() -> str:
        return str(owner.ok(f"POST /organizations/{organization}/invitations", {"email": guest.email})["id"])

    def refused(person: Browser, token: str) -> None:
        reply = person.auth("POST /invitations/accept", {"token": token})
        assert (reply.status, reply.json["reason"]) == (400, "invalid_token")

    first = invite()
    token = guest.mailed_token()
    refused(stranger, token)
    assert owner.auth(f"DELETE /organizations/{organization}/invitations/{first}").status == 204
    assert owner.auth(f"DELETE /organizations/{organization}/invitations/{first}").status == 404
    refused(guest, token)
    invite()
    token = guest.mailed_token()
    assert len(owner.ok(f"GET /organizations/{organization}/invitations")["invitations"]) == 1
    host.clock.advance(timedelta(days=7))
    refused(guest, token)
    owner.sign_in()
    guest.sign_in()
    invite()
    token = guest.mailed_token()
    guest.ok("POST /invitations/accept", {"token": token})
    refused(guest, token)
    members = owner.ok(f"GET /organizations/{organization}/members")["members"]
    assert sorted(each["email"] for each in members) == ["guest@example.com", "owner@example.com"]
    assert len(named(host.events(organization), "invitation.accepted")) == 1


@pytest.mark.proves("SEED-R1", "ASVS-8.3.2")
def test_roles_change_suspend_and_remove(host: Host, owner: Browser, guest: Browser) -> None:
    """A changed role, a suspension, its end and a removal take effect with the next request, and each is an event."""
    organization = owner.found("Acme")
    workspace = owner.workspace(organization)
    owner.invite(organization, guest, workspace_id=workspace, workspace_role="operator")
    path, seat = f"/workspaces/{workspace}/recommendations-create", f"/organizations/{organization}/members/{guest.id}"
    assert guest.call("POST", path).status == 403
    owner.ok(f"PUT /workspaces/{workspace}/roles/{guest.id}", {"role": "editor"})
    assert guest.call("POST", path).status == 200
    owner.ok(f"POST {seat}/suspend")
    assert guest.call("POST", path).status == 403
    owner.ok(f"POST {seat}/reinstate")
    assert guest.call("POST", path).status == 200
    assert [each["user_id"] for each in owner.ok(f"GET /workspaces/{workspace}/roles")["roles"]] == [guest.id]
    assert owner.auth(f"DELETE /workspaces/{workspace}/roles/{guest.id}").status == 204
    assert guest.call("POST", path).status == 403
    owner.ok(f"PUT {seat}/role", {"role": "admin"})
    assert guest.call("POST", path).status == 200
    assert owner.auth(f"DELETE {seat}").status == 204
    assert guest.call("POST", path).status == 404
    names = {event.name for event in host.events(organization)}
    assert names >= {"role.assigned", "role.revoked", "role.changed", "member.suspended", "member.reinstated", "member.removed"}


@pytest.mark.proves("SEED-R1")
def test_the_last_owner_stays(host: Host, owner: Browser) -> None:
    """The only owner can neither leave nor step down: 409, a refusal in the log, and still owner."""
    organization = owner.found("Acme")
    for line, body in (
        (f"DELETE /organizations/{organization}/members/{owner.id}", None),
        (f"PUT /organizations/{organization}/members/{owner.id}/role", {"role": "member"}),
    ):
        reply = owner.auth(line, body)
        assert (reply.status, reply.json["reason"]) == (409, "last_owner")
    assert owner.ok("GET /organizations")["organizations"][0]["role"] == "owner"
    assert [event.reason for event in named(host.events(organization), "access.denied")] == ["last_owner"] * 2


def test_people_see_the_workspaces_that_they_work_in(host: Host, owner: Browser, guest: Browser) -> None:
    """The list of workspaces holds those in which the person may do something, page by page."""
    organization = owner.found("Acme")
    workspaces = [owner.workspace(organization, f"W{number}") for number in range(3)]
    owner.invite(organization, guest, workspace_id=workspaces[1], workspace_role="viewer")
    assert [each["id"] for each in guest.ok(f"GET /organizations/{organization}/workspaces")["workspaces"]] == [workspaces[1]]
    first = owner.ok(f"GET /organizations/{organization}/workspaces?limit=2")
    second = owner.ok(f"GET /organizations/{organization}/workspaces?limit=2&after={first['next']}")
    assert [each["id"] for each in (*first["workspaces"], *second["workspaces"])] == workspaces
    assert second["next"] is None


def test_the_active_organization_is_where_a_guard_without_place_looks(host: Host, owner: Browser) -> None:
    """Without an active organization such a route is refused; after choosing one it names it."""
    assert owner.call("GET", "/active").json["detail"] == "choose an organization first"
    organization = owner.found("Acme")
    assert owner.call("GET", "/active").json == {"organization": organization}


def test_the_unit_commits_with_the_route_and_rolls_back_when_it_raises(host: Host, owner: Browser) -> None:
    """What a route writes through its unit is there when the response is, and is gone, events too, when the route raised."""
    made = owner.call("POST", "/found?name=Acme").json["id"]
    assert [each["id"] for each in owner.ok("GET /organizations")["organizations"]] == [made]
    assert owner.call("POST", "/found?name=fail").status == 418
    assert len(owner.ok("GET /organizations")["organizations"]) == 1
    assert len(named(host.events(made), "organization.created")) == 1
