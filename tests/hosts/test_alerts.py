"""What rules find in the logs, over HTTP in both hosts: seen, acknowledged and muted by owners and admins, and by operators."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.hosts.apps import STAFF
from tests.hosts.harness import Browser, Host
from tests.hosts.test_retention import done

SAM = {"x-staff": f"{STAFF} sam"}


def found(host: Host, bundle: Any) -> None:
    """Let the worker place what waits, and the rules read it."""
    host.mails("nobody@example.com")
    done(host, bundle.logs.flush())
    done(host, bundle.alerts.run_due())


@pytest.mark.proves("SEED-P4")
def test_owners_are_alerted_and_acknowledge_and_mute(host: Host) -> None:
    """A new owner is an alert in the organization's list and in each owner's mail; an owner acknowledges and mutes, nobody else does."""
    bundle: Any = host.security  # type: ignore[attr-defined]
    olga, amy, bob, eve = [Browser(host).sign_up(f"{name}@acme.example") for name in ("olga", "amy", "bob", "eve")]
    organization = olga.found("Acme")
    eve.found("Other")
    home = f"/organizations/{organization}/audit"
    for each, role in ((amy, "admin"), (bob, "member")):
        olga.invite(organization, each, role=role)
    for each in (olga, amy, bob, eve):
        each.enrol()
    olga.ok(f"PUT /organizations/{organization}/members/{amy.id}/role", {"role": "owner"})
    found(host, bundle)
    listed = olga.ok(f"GET {home}/alerts")
    (alert,) = listed["alerts"]
    assert (alert["rule"], alert["key"], alert["state"], alert["severity"]) == ("owner_added", amy.id, "open", "high")
    assert (listed["mutes"], listed["next"]) == ([], None)
    for name in ("olga", "amy"):
        assert "owner_added" in "".join(str(mail) for mail in host.mails(f"{name}@acme.example"))
    event = olga.ok(f"GET {home}?name=alert.fired")["events"][0]
    assert event["details"]["rule"] == "owner_added"
    assert amy.ok(f"GET {home}/alerts?limit=1&state=open")["next"] == alert["id"]
    assert amy.ok(f"GET {home}/alerts?after={alert['id']}")["alerts"] == []
    assert amy.auth(f"GET {home}/alerts?state=closed").status == 422
    until = (host.clock.now() + timedelta(days=1)).isoformat()
    wish = {"rule": "owner_added", "key": amy.id, "until": until, "why": "a change of owners"}
    one = f"POST {home}/alerts/{alert['id']}/acknowledge"
    for line, body in ((one, {"why": "no"}), (f"POST {home}/alert-mutes", wish)):
        assert bob.auth(line, body).status == 403
        assert eve.auth(line, body).status == 404
    assert bob.auth(f"GET {home}/alerts").status == 403
    assert eve.auth(f"GET {home}/alerts").status == 404
    assert amy.ok(one, {"why": "she takes over"})["state"] == "acknowledged"
    assert amy.auth(one, {"why": "again"}).status == 409
    assert amy.ok(f"POST {home}/alert-mutes", wish)["muted_by"] == amy.id
    assert [each["rule"] for each in olga.ok(f"GET {home}/alerts")["mutes"]] == ["owner_added"]
    host.clock.advance(timedelta(seconds=1))
    for role in ("member", "owner"):
        olga.ok(f"PUT /organizations/{organization}/members/{amy.id}/role", {"role": role})
    found(host, bundle)
    assert [each["state"] for each in olga.ok(f"GET {home}/alerts")["alerts"]] == ["muted", "acknowledged"]


@pytest.mark.proves("SEED-P4")
def test_operators_see_the_deployments_alerts_and_no_organizations(host: Host) -> None:
    """Guesses at an account are the deployment's: its operators list, acknowledge and mute them, for the reason that the host gives."""
    bundle: Any = host.security  # type: ignore[attr-defined]
    olga = Browser(host).sign_up("olga@acme.example")
    home = f"/organizations/{olga.found('Acme')}/audit"
    for _ in range(40):
        Browser(host).auth("POST /sign-in", {"email": "olga@acme.example", "password": "a wrong password, this one"})
        host.clock.advance(timedelta(seconds=45))
    found(host, bundle)
    staff = Browser(host)
    (alert,) = [each for each in staff.ok("GET /operator/alerts", headers=SAM)["alerts"] if each["rule"] == "many_refused_sign_ins"]
    assert alert["key"] == olga.id
    line = f"POST /operator/alerts/{alert['id']}/acknowledge"
    assert staff.ok(line, headers=SAM)["state"] == "acknowledged"
    assert staff.auth(line, headers=SAM).status == 409
    until = (host.clock.now() + timedelta(days=1)).isoformat()
    wish = {"rule": "many_refused_sign_ins", "until": until}
    assert staff.ok("POST /operator/alert-mutes", wish, headers=SAM)["key"] == ""
    assert len(staff.ok("GET /operator/alerts", headers=SAM)["mutes"]) == 1
    assert staff.auth("POST /operator/alert-mutes", {**wish, "rule": "no_rule"}, headers=SAM).status == 422
    assert olga.ok(f"GET {home}/alerts")["alerts"] == []
