"""The life cycle of people in both hosts: a removal looked ahead, rules of absence, the report, and an owner appointed by operators."""

from __future__ import annotations

import pytest

from tests.hosts.apps import STAFF
from tests.hosts.harness import Browser, Host

SAM = {"x-staff": f"{STAFF} sam"}


@pytest.mark.proves("SEED-P5", "SEED-S14")
def test_people_come_and_go_over_http(host: Host) -> None:
    """A look ahead, rules and their dry run, an end date, a report of who came and went, and an organization that lost its owner."""
    olga, bob = (Browser(host).sign_up(f"{name}@life.example") for name in ("olga", "bob"))
    home = olga.found("Acme")
    olga.invite(home, bob)
    place = f"/organizations/{home}"
    rules = {"park_days": 30, "heir": olga.id, "warn_days": 30, "suspend_days": 0, "remove_days": 90}
    assert bob.auth(f"PUT {place}/lifecycle", rules).status == 403
    assert olga.ok(f"PUT {place}/lifecycle", rules) == olga.ok(f"GET {place}/lifecycle") == rules
    assert olga.auth(f"PUT {place}/lifecycle", {"heir": "nobody"}).status == 422
    assert olga.auth(f"PUT {place}/lifecycle", {"warn_days": 2, "remove_days": 1}).status == 422
    assert olga.ok(f"GET {place}/lifecycle/absent") == {"due": []}
    assert bob.auth(f"GET {place}/lifecycle/absent").status == bob.auth(f"GET {place}/lifecycle/report").status == 403
    ends = olga.ok(f"PUT {place}/members/{bob.id}/period", {"expires_at": "2099-01-01T00:00:00Z"})
    assert ends["expires_at"].startswith("2099-01-01")
    seen = olga.ok(f"GET {place}/members/{bob.id}/removal")
    assert (seen["role"], seen["api_keys"], seen["last_owner"], seen["heir"]) == ("member", [], False, olga.id)
    assert bob.auth(f"GET {place}/members/{olga.id}/removal").status == 403
    olga.ok(f"DELETE {place}/members/{bob.id}")
    report = olga.ok(f"GET {place}/lifecycle/report")
    assert [each["name"] for each in report["joiners"]] == ["organization.created", "invitation.accepted"]
    assert [(each["name"], each["user_id"]) for each in report["movers"]] == [("membership.changed", bob.id)]
    assert [(each["user_id"], each["by"], each["details"]["cause"]) for each in report["leavers"]] == [(bob.id, olga.id, "administrator")]
    assert report["complete"] is True
    assert olga.auth(f"GET {place}/lifecycle/report?since=soon").status == 422
    olga.invite(home, bob)
    appoint = (f"POST /operator{place}/owner", {"user_id": bob.id})
    assert bob.auth(*appoint, headers=SAM).json["reason"] == "conflict"
    assert bob.auth(f"POST /operator/people/{olga.id}/close", headers=SAM).status == 204
    assert olga.auth(f"GET {place}/members").status == 401
    made = bob.auth(*appoint, headers=SAM).json
    assert (made["user_id"], made["role"], made["status"]) == (bob.id, "owner", "active")
    assert [each["user_id"] for each in bob.ok(f"GET {place}/members")["members"]] == [bob.id]
