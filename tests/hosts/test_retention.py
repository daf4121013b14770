"""An organization chooses how long its log is kept, and holds what a matter needs; in both hosts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.hosts.harness import Browser, FastapiHost, Host


def done(host: Host, answer: Any) -> Any:
    """Return an answer of the host's bundle, awaited where the host is asynchronous."""
    return host.runner.run(answer) if isinstance(host, FastapiHost) else answer


def again(person: Browser) -> Browser:
    """Sign a person in anew, with both factors."""
    person.cookie = person.csrf = ""
    ticket = person.sign_in()["ticket"]
    person.ok("POST /sign-in/code", {"ticket": ticket, "code": person.code()})
    return person


def sealed(host: Host, bundle: Any) -> None:
    """Let the worker run, and everything be signed."""
    host.mails("nobody@example.com")
    done(host, bundle.logs.flush())
    done(host, bundle.retention.run_due())
    done(host, bundle.logs.flush())


@pytest.mark.proves("SEED-L4", "ASVS-16.4.2")
def test_a_log_is_kept_by_plan_and_a_hold_keeps_more(host: Host) -> None:
    """A plan of 90 days is in force after a week; what is older goes, but what a hold covers, until two people release that."""
    bundle: Any = host.security  # type: ignore[attr-defined]
    olga, amy, bob = [Browser(host).sign_up(f"{name}@acme.example") for name in ("olga", "amy", "bob")]
    home = f"/organizations/{olga.found('Acme')}/audit"
    for each, role in ((amy, "admin"), (bob, "member")):
        olga.invite(home.split("/")[2], each, role=role)
    assert olga.auth(f"PUT {home}/retention", {"days": 365}).json["reason"] == "step_up_required"
    for each in (olga, amy, bob):
        each.enrol()
    before = olga.ok(f"GET {home}/retention")
    assert (before["days"], before["following"], before["floor"]) == (2557, None, 90)
    chosen = olga.ok(f"PUT {home}/retention", {"days": 90, "classes": {"invitation.": 365}})
    assert chosen["following"] == {"days": 90, "classes": {"invitation.": 365}}
    for wrong in ({"days": 89}, {"days": 2558}, {"days": 90, "classes": {"Invitation": 365}}, {"days": 90, "classes": {"a.": 89}}):
        assert olga.auth(f"PUT {home}/retention", wrong).status == 422, wrong
    for line, body in ((f"PUT {home}/retention", {"days": 365}), (f"POST {home}/holds", {"matter": "case 1"})):
        assert bob.auth(line, body).status == 403
    assert [bob.auth(f"GET {home}/{each}").status for each in ("holds", "prune")] == [403, 403]
    for each in (olga, amy):
        each.workspace(home.split("/")[2])
    hold = amy.ok(f"POST {home}/holds", {"matter": "case 1", "person": amy.id})
    assert (hold["state"], hold["placed_by"]) == ("active", amy.id)
    sealed(host, bundle)
    host.clock.advance(timedelta(days=100))
    again(olga)
    sealed(host, bundle)
    assert olga.ok(f"GET {home}/retention")["days"] == 90
    made = olga.ok(f"GET {home}?limit=500&name=workspace.created")["events"]
    assert [event["actor"]["id"] for event in made] == [amy.id]
    assert len(olga.ok(f"GET {home}?name=invitation.created")["events"]) == 2
    assert olga.ok(f"GET {home}/purge")["holds"] == [hold["id"]]
    assert olga.ok(f"GET {home}/prune") == {"minimum": 0, "following": 0, "tiles": 0}
    release = f"POST {home}/holds/{hold['id']}/release"
    assert olga.auth(f"{release}/approve").json["reason"] == "conflict"
    assert olga.ok(release)["state"] == "releasing"
    assert olga.auth(f"{release}/approve").json["reason"] == "self_change"
    assert again(amy).ok(f"{release}/approve")["released_by"] == amy.id
    assert [each["state"] for each in olga.ok(f"GET {home}/holds")["holds"]] == ["released"]
    host.clock.advance(timedelta(days=1))
    sealed(host, bundle)
    assert again(olga).ok(f"GET {home}?name=workspace.created")["events"] == []
    assert done(host, bundle.logs.verify()).findings == ()


def test_a_preview_without_a_key_says_what_is_missing(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing signs what is purged, the two previews are refused and say so, to those alone who may see the log."""
    bundle: Any = host.security  # type: ignore[attr-defined]
    olga, eve = Browser(host).sign_up("olga@acme.example"), Browser(host).sign_up("eve@globex.example")
    home = f"/organizations/{olga.found('Acme')}/audit"
    for part in ("_purger", "_pruner"):
        monkeypatch.setattr(bundle.retention, part, None)
    for each in ("purge", "prune"):
        answer = olga.auth(f"GET {home}/{each}")
        assert (answer.status, answer.json["reason"]) == (409, "conflict")
        assert "retention_signer" in answer.json["detail"]
        assert eve.auth(f"GET {home}/{each}").status == 404
