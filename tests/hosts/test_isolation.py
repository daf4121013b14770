"""What reaches nothing: ids of others in one's own places, ids of another kind, left-over roles, and what a client says of itself."""

from __future__ import annotations

from typing import Any

import pytest

from tests.hosts.apps import slug
from tests.hosts.harness import PASSWORD, Browser, Host


@pytest.fixture
def owner(host: Host) -> Browser:
    """The owner of an organization, signed in."""
    return Browser(host).sign_up("owner@example.com", "Olga Owner")


@pytest.fixture
def guest(host: Host) -> Browser:
    """A person without any organization, signed in."""
    return Browser(host).sign_up("guest@example.com", "Gus Guest")


def whole(owner: Browser, organization: str, workspace: str) -> list[Any]:
    """Return what an owner sees of an organization, without the log."""
    paths = ("workspaces", "members", "invitations", "roles", "elevations", "api-keys")
    seen = [owner.ok(f"GET /organizations/{organization}/{path}") for path in paths]
    return [*seen, owner.ok(f"GET /workspaces/{workspace}/roles"), owner.ok("GET /organizations")]


@pytest.mark.proves("ASVS-8.2.2", "ASVS-8.4.1", "CVE-2025-64431", "CVE-2026-40264")
def test_ids_of_another_organization_do_not_fit_into_ones_own(host: Host, owner: Browser, guest: Browser) -> None:
    """Another organization's people, keys, invitations and requests, named below one's own, are not found, and nothing of them changes."""
    theirs, own = owner.found("Acme"), guest.found("Globex")
    workspace, mine = owner.workspace(theirs), guest.workspace(own)
    member = Browser(host).sign_up("member@example.com")
    owner.invite(theirs, member, workspace_id=workspace, workspace_role="operator")
    key = owner.ok(f"POST /organizations/{theirs}/api-keys", {"name": "robot"})["id"]
    invitation = owner.ok(f"POST /organizations/{theirs}/invitations", {"email": "y@example.com"})["id"]
    wish = {"role": "editor", "workspace_id": workspace, "minutes": 30, "reason": "the night shift"}
    elevation = member.ok(f"POST /organizations/{theirs}/elevations", wish)["id"]
    before = whole(owner, theirs, workspace)
    home, place = f"/organizations/{own}", f"/workspaces/{mine}"
    for line, body in (
        (f"DELETE {home}/members/{member.id}", None),
        (f"POST {home}/members/{member.id}/suspend", None),
        (f"POST {home}/members/{member.id}/reinstate", None),
        (f"PUT {home}/members/{member.id}/role", {"role": "admin"}),
        (f"DELETE {home}/invitations/{invitation}", None),
        (f"POST {home}/elevations/{elevation}/approve", None),
        (f"POST {home}/elevations/{elevation}/deny", None),
        (f"POST {home}/elevations/{elevation}/end", None),
        (f"POST {home}/api-keys/{key}/rotate", {}),
        (f"DELETE {home}/api-keys/{key}", None),
        (f"PUT {place}/roles/{member.id}", {"role": "viewer"}),
        (f"DELETE {place}/roles/{member.id}", None),
        (f"POST {home}/invitations", {"email": "z@example.com", "workspace_id": workspace, "workspace_role": "admin"}),
        (f"POST {home}/elevations", wish),
    ):
        assert guest.auth(line, body).status == 404, line
    assert whole(owner, theirs, workspace) == before


@pytest.mark.proves("ASVS-8.2.2", "CVE-2026-48096")
def test_an_id_of_another_kind_is_no_workspace(host: Host, owner: Browser) -> None:
    """Where a view takes a workspace from the client, ids of sessions, keys, people and organizations are like an unknown one."""
    organization = owner.found("Acme")
    workspace = owner.workspace(organization)
    session = owner.ok("GET /session")["session_id"]
    key = owner.ok(f"POST /organizations/{organization}/api-keys", {"name": "ci"})["id"]
    assert owner.call("POST", f"/workspaces/{workspace}/people?other={workspace}").status == 200
    unknown = owner.call("POST", f"/workspaces/{workspace}/people?other=wsp_00000000000000000000000000")
    assert unknown.status == 404
    for other in (session, key, owner.id, organization, f"{organization}/{owner.id}", f"{workspace}/", ""):
        reply = owner.call("POST", f"/workspaces/{workspace}/people?other={other}")
        assert (reply.status, reply.body) == (404, unknown.body), other


@pytest.mark.proves("CVE-2026-55670", "ASVS-8.3.2")
def test_who_comes_back_finds_nothing_of_before(owner: Browser, guest: Browser) -> None:
    """Somebody who was removed and is invited again is what the new invitation says: no role, request or elevation of before wakes."""
    organization = owner.found("Acme")
    workspace = owner.workspace(organization)
    owner.invite(organization, guest, workspace_id=workspace, workspace_role="operator")
    wish = {"role": "editor", "workspace_id": workspace, "minutes": 480, "reason": "the night shift"}
    for _ in range(2):
        elevation = guest.ok(f"POST /organizations/{organization}/elevations", wish)["id"]
    owner.ok(f"POST /organizations/{organization}/elevations/{elevation}/approve")
    assert guest.call("POST", f"/workspaces/{workspace}/{slug('operations:approve')}").status == 200
    owner.ok(f"DELETE /organizations/{organization}/members/{guest.id}")
    owner.invite(organization, guest)
    assert guest.ok(f"GET /workspaces/{workspace}/permissions")["permissions"] == []
    assert owner.ok(f"GET /organizations/{organization}/elevations")["elevations"] == []
    assert owner.ok(f"GET /workspaces/{workspace}/roles")["roles"] == []


@pytest.mark.proves("CVE-2026-27946")
@pytest.mark.parametrize("claim", [{"email_verified": True}, {"email_verified_at": "2026-01-01T00:00:00Z"}, {"status": "active"}])
def test_nobody_verifies_an_address_themselves(host: Host, owner: Browser, claim: dict[str, Any]) -> None:
    """An address is verified by its mailed token only: not by a field, a guess, or the token that somebody else was mailed."""
    fresh = {"email": "eve@example.com", "password": PASSWORD, "name": "Eve"}
    eve, other = Browser(host, email="eve@example.com"), Browser(host, email="other@example.com")
    assert eve.auth("POST /sign-up", {**fresh, **claim}).status == 422
    eve.ok("POST /sign-up", fresh)
    for line in ("POST /sign-in", "POST /verification", "POST /password/reset-request"):
        assert eve.auth(line, {"email": eve.email, **({"password": PASSWORD} if line.endswith("in") else {}), **claim}).status == 422

    def signs_in() -> bool:
        reply = eve.auth("POST /sign-in", {"email": eve.email, "password": PASSWORD})
        assert reply.status == 200 or reply.json["reason"] == "email_not_verified"
        return reply.status == 200

    assert eve.auth("POST /verify-email", {"token": "A" * 43}).json["reason"] == "invalid_token"
    assert eve.auth("POST /verify-email", {"token": "A" * 43, "email": eve.email}).status == 422
    assert not signs_in()
    other.ok("POST /sign-up", {**fresh, "email": other.email})
    eve.ok("POST /verify-email", {"token": other.mailed_token()})
    assert not signs_in()
    eve.ok("POST /verify-email", {"token": eve.mailed_token()})
    assert signs_in()


@pytest.mark.proves("ASVS-8.3.1")
def test_what_a_client_says_of_itself_counts_for_nothing(owner: Browser, guest: Browser) -> None:
    """Roles, people and organizations in headers, cookies, the query or the body of a request change no answer of a guard or a route."""
    organization = owner.found("Acme")
    workspace = owner.workspace(organization)
    owner.invite(organization, guest, workspace_id=workspace, workspace_role="viewer")
    claims = {"role": "owner", "user_id": owner.id, "organization_id": organization, "permissions": "agents:run", "is_admin": "true"}
    query = "&".join(f"{name}={value}" for name, value in claims.items())
    headers = {
        **{f"x-{name.replace('_', '-')}": value for name, value in claims.items()},
        "x-forwarded-user": owner.email,
        "remote-user": owner.id,
        "x-original-url": f"/workspaces/{workspace}/dashboards-view",
        "x-http-method-override": "GET",
        "cookie": f"ctsec_session={guest.cookie}; role=owner; user_id={owner.id}",
    }
    path = f"/workspaces/{workspace}/{slug('agents:run')}"
    for target, body in ((path, None), (f"{path}?{query}", None), (path, claims)):
        for said in ({}, headers):
            assert guest.call("POST", target, body, headers=said).status == 403
    seat = f"PUT /organizations/{organization}/members/{guest.id}/role"
    assert guest.auth(seat, {"role": "owner"}, headers=headers).status == 403
    assert guest.auth(seat, {"role": "owner", "actor": owner.id}, headers=headers).status == 422
    assert guest.auth(f"GET /organizations/{organization}/audit", headers=headers).status == 403
    assert guest.call("POST", f"/workspaces/{workspace}/{slug('dashboards:view')}", headers=headers).json["by"] == guest.id
