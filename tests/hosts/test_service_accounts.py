"""Service accounts, their keys and the rules for keys over HTTP: both hosts, and one answer for each state of a key."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ctsec.ids import WorkspaceId
from ctsec.keys import derive
from ctsec.secret import SecretText
from tests.hosts.harness import Browser, Host, bearer, named


@pytest.fixture
def owner(host: Host) -> Browser:
    """The owner of an organization, signed in."""
    return Browser(host).sign_up("owner@example.com", "Olga Owner")


@pytest.mark.proves("SEED-A4", "SEED-K4", "SEED-K5")
def test_a_program_has_an_account_of_its_own(host: Host, owner: Browser) -> None:
    """Made, given a role in a workspace, given a key: the key does what that role says at the host's routes, as the account."""
    organization = owner.found("Acme")
    workspace, other = owner.workspace(organization), owner.workspace(organization, "Other")
    accounts = f"/organizations/{organization}/service-accounts"
    robot = owner.ok(f"POST {accounts}", {"name": "Deployer"})
    assert (robot["name"], robot["role"], robot["enabled"], robot["created_by"]) == ("Deployer", "member", True, owner.id)
    here = f"/workspaces/{workspace}/service-account-roles/{robot['id']}"
    assert owner.ok(f"PUT {here}", {"role": "operator"}) == {"service_account_id": robot["id"], "role": "operator"}
    minted = owner.ok(f"POST {accounts}/{robot['id']}/api-keys", {"name": "ci", "life_days": 30})
    run = bearer(host, minted["token"], "POST", f"/workspaces/{workspace}/agents-run")
    assert run.json == {"workspace": workspace, "by": robot["id"]}
    assert bearer(host, minted["token"], "POST", f"/workspaces/{other}/agents-run").status == 403
    assert bearer(host, minted["token"], "GET", f"/auth{accounts}").status == 403
    listed = owner.ok(f"GET {accounts}")
    assert ([each["id"] for each in listed["service_accounts"]], listed["next"]) == ([robot["id"]], None)
    assert [each["id"] for each in owner.ok(f"GET {accounts}/{robot['id']}/api-keys")["api_keys"]] == [minted["id"]]
    assert [each["user_id"] for each in owner.ok(f"GET /organizations/{organization}/members")["members"]] == [owner.id]
    assert owner.auth(f"DELETE {here}").status == 204
    assert bearer(host, minted["token"], "POST", f"/workspaces/{workspace}/agents-run").status == 403
    assert owner.ok(f"PUT {accounts}/{robot['id']}/role", {"role": "admin"})["role"] == "admin"
    assert bearer(host, minted["token"], "POST", f"/workspaces/{workspace}/agents-run").status == 200
    assert owner.auth(f"PUT {accounts}/{robot['id']}/role", {"role": "owner"}).status == 422
    (event,) = named(host.events(organization), "api_key.minted")
    assert event.details()["details"]["owner"] == robot["id"]


@pytest.mark.proves("SEED-K3", "SEED-K4", "SEED-K6")
def test_every_state_of_a_key_has_one_answer(host: Host, owner: Browser) -> None:
    """Disabled, enabled, narrowed by hand, rotated, its overlap ended, ruled out, removed: the next request has it, in either host."""
    organization = owner.found("Acme")
    workspace = owner.workspace(organization)
    base = f"/organizations/{organization}"
    robot = owner.ok(f"POST {base}/service-accounts", {"name": "Deployer", "role": "admin"})["id"]
    account = f"{base}/service-accounts/{robot}"
    made = owner.ok(f"POST {account}/api-keys", {"name": "ci", "derivable": True})
    ends = host.clock.now() + timedelta(hours=1)
    child = derive(SecretText(made["token"]), expires_at=ends, scopes=frozenset({"agents:run"}), workspace=WorkspaceId(workspace)).reveal()

    def answers(token: str) -> tuple[Any, ...]:
        """Return status and reason at one's own page, and the statuses of two actions in the workspace."""
        reply = bearer(host, token, "GET", "/me")
        deeds = [bearer(host, token, "POST", f"/workspaces/{workspace}/{deed}").status for deed in ("agents-run", "operations-approve")]
        return reply.status, reply.json.get("reason"), *deeds

    whole, less = (200, None, 200, 200), (200, None, 200, 403)
    assert (answers(made["token"]), answers(child)) == (whole, less)
    assert owner.ok(f"POST {account}/disable")["enabled"] is False
    off = (401, "disabled", 401, 401)
    assert (answers(made["token"]), answers(child)) == (off, off)
    assert owner.ok(f"POST {account}/enable")["enabled"] is True
    assert (answers(made["token"]), answers(child)) == (whole, less)
    fresh = owner.ok(f"POST {base}/api-keys/{made['id']}/rotate", {"overlap_hours": 9})["token"]
    assert [answers(each) for each in (made["token"], fresh, child)] == [whole, whole, less]
    assert owner.auth(f"POST {base}/api-keys/{made['id']}/end-overlap").status == 204
    late = (401, "expired", 401, 401)
    assert [answers(each) for each in (made["token"], fresh, child)] == [late, whole, late]
    assert owner.ok(f"GET {base}/api-key-rules")["longest_life_days"] is None
    assert owner.ok(f"PUT {base}/api-key-rules", {"longest_life_days": 1, "networks": ["203.0.113.0/24"]})["networks"] == ["203.0.113.0/24"]
    assert bearer(host, fresh, "GET", "/me").json["reason"] == "denied"
    assert [each["id"] for each in owner.ok(f"GET {base}/api-keys-due")["api_keys"]] == [made["id"]]
    assert owner.ok(f"PUT {base}/api-key-rules", {"longest_life_days": 100})["endless"] is False
    assert owner.ok(f"GET {base}/api-keys-due")["api_keys"] == []
    assert answers(fresh) == whole
    assert owner.auth(f"PUT {base}/api-key-rules", {"longest_life_days": None}).status == 422
    assert owner.auth(f"DELETE {account}").status == 204
    assert answers(fresh) == (401, "revoked", 401, 401)
