"""What both hosts leave in the log: their own events, and the reads that their guards declare."""

from __future__ import annotations

import json
from typing import Any

import pytest

import ctsec.fastapi
import ctsec.flask
from ctsec.errors import ConfigurationError
from ctsec.rbac.preset import Permission
from ctsec.web.guarding import Demand
from ctsec.web.reading import Read, target_id
from tests.hosts.harness import Browser, Host, bearer, named

OPEN = "/workspaces/{}/reports/q3"


@pytest.fixture
def owner(host: Host) -> Browser:
    """The owner of an organization, signed in."""
    return Browser(host).sign_up("owner@example.com", "Olga Owner")


def found(person: Browser, organization: str, query: str = "") -> list[dict[str, Any]]:
    """Return the events that a search of the log finds, oldest first."""
    events = person.ok(f"GET /organizations/{organization}/audit?limit=500&{query}")["events"]
    return [event for event in reversed(events) if event["name"] != "audit.searched"]


@pytest.mark.proves("SEED-L1")
def test_every_area_is_found_in_the_log(host: Host, owner: Browser) -> None:
    """Reads and changes, conversations and actions of agents, administration, keys and the members' sign-ins are found."""
    organization = owner.found("Acme")
    workspace = owner.workspace(organization)
    guest = Browser(host).sign_up("guest@example.com", "Guest")
    owner.invite(organization, guest, workspace_id=workspace, workspace_role="viewer")
    owner.ok(f"PATCH /organizations/{organization}", {"name": "Acme Ltd"})
    owner.ok(f"PUT /organizations/{organization}/members/{guest.id}/role", {"role": "admin"})
    assert owner.call("GET", f"/workspaces/{workspace}/reports/q3").status == 200
    assert owner.call("POST", f"/workspaces/{workspace}/agents/alex").status == 200
    token = owner.ok(f"POST /organizations/{organization}/api-keys", {"name": "robot"})["token"]
    assert bearer(host, token, "GET", f"/workspaces/{workspace}/reports/q4").status == 200
    host.events(organization)
    names = [event["name"] for event in found(owner, organization)]
    assert {"organization.created", "workspace.created", "invitation.accepted", "api_key.minted", "report.viewed"} <= set(names)
    agents = {event["name"] for event in found(owner, organization, f"actor={owner.id}&name=agent.*")}
    assert agents == {"agent.message_sent", "agent.action_taken"}
    read = found(owner, organization, "name=report.viewed")
    by = {each["targets"][0]["id"]: (each["actor"]["credential"]["kind"], each["targets"][0]["kind"]) for each in read}
    assert by == {"q3": ("session", "report"), "q4": ("api_key", "report")}
    (renamed,) = found(owner, organization, "name=organization.changed")
    assert renamed["changes"] == [{"path": "name", "before": "Acme", "after": "Acme Ltd"}]
    (promoted,) = found(owner, organization, f"name=role.changed&person={guest.id}")
    assert promoted["changes"] == [{"path": "role", "before": "member", "after": "admin"}]
    guest.sign_in()
    host.events(organization)
    (entered,) = found(owner, organization, f"name=user.*&actor={guest.id}")
    assert (entered["name"], entered["details"]["factors"]) == ("user.signed_in", ["pwd"])


def test_what_people_type_is_sealed_and_secrets_are_nowhere(host: Host, owner: Browser) -> None:
    """The text of a conversation is in the sealed part, a secret in neither, and the search shows the one and masks the other."""
    organization = owner.found("Acme")
    workspace = owner.workspace(organization)
    owner.call("POST", f"/workspaces/{workspace}/agents/alex")
    stored = [event for event in host.events(organization) if event.name.startswith("agent.")]
    assert len(stored) == 2
    assert b"stop what is idle" not in b"".join(event.body + event.personal for event in stored)
    (sent,), (taken,) = (found(owner, organization, f"name={name}") for name in ("agent.message_sent", "agent.action_taken"))
    assert (sent["details"], sent["personal"]["text"]) == ({"agent": "alex"}, "stop what is idle")
    assert taken["changes"] == [
        {"path": "instances", "before": 3, "after": 2},
        {"path": "token", "before": "set", "after": "changed", "class": "secret"},
    ]
    assert "hush" not in json.dumps(taken)


@pytest.mark.parametrize("where", ["reports", "before", "after"])
def test_an_allowed_read_is_one_event(host: Host, owner: Browser, where: str) -> None:
    """A read that the guard allows is one event about the target in the path, with and without a unit, whichever comes first."""
    organization = owner.found("Acme")
    workspace = owner.workspace(organization)
    assert owner.call("GET", f"/workspaces/{workspace}/{where}/q3").json == {"report": "q3"}
    # What is in the inbox was committed with the unit; what was written aside comes there when the worker runs.
    waiting = owner.ok(f"GET /organizations/{organization}/audit")["pending"]
    assert [each["name"] for each in waiting].count("report.viewed") == (0 if where == "reports" else 1)
    (event,) = named(host.events(organization), "report.viewed")
    assert (event.actor_id, event.target_kind, event.target_id, event.workspace_id) == (owner.id, "report", "q3", workspace)
    assert event.request_id != ""


@pytest.mark.parametrize("where", ["reports", "before", "after"])
def test_what_was_not_read_is_no_event(host: Host, owner: Browser, where: str) -> None:
    """A view that finds nothing leaves no event of a read, and neither does a refusal, which is recorded as one."""
    organization = owner.found("Acme")
    workspace = owner.workspace(organization)
    assert owner.call("GET", f"/workspaces/{workspace}/{where}/missing").status == 404
    guest = Browser(host).sign_up("guest@example.com")
    owner.invite(organization, guest)
    assert guest.call("GET", f"/workspaces/{workspace}/{where}/q3").status == 403
    assert named(host.events(organization), "report.viewed") == []
    assert [event.actor_id for event in named(host.events(organization), "access.denied")] == [guest.id]


def test_a_read_without_a_target_is_about_its_place(host: Host, owner: Browser) -> None:
    """A declared read that names no target is about the workspace of its guard."""
    organization = owner.found("Acme")
    workspace = owner.workspace(organization)
    assert owner.call("GET", f"/workspaces/{workspace}/front").status == 200
    (event,) = named(host.events(organization), "workspace.opened")
    assert (event.target_kind, event.target_id) == ("workspace", workspace)


def test_a_read_that_can_never_be_recorded_stops_the_start(host: Host) -> None:
    """An unregistered event, a target without its kind, and a path parameter that the route lacks are errors where the guard is written."""
    guards: dict[str, Any] = {"fastapi": ctsec.fastapi.Guard, "flask": ctsec.flask.Guard}
    guard = guards[host.name](getattr(host, "security"))  # noqa: B009 - each host has its colour of one
    with pytest.raises(ValueError, match=r"'report.printed' is not registered: give the bundle its schema"):
        guard.require(Permission.DASHBOARDS_VIEW, workspace="workspace_id", reads=Read(name="report.printed"))
    for wrong in ({"kind": "report"}, {"target": "report_id"}, {"kind": "Report", "target": "report_id"}):
        with pytest.raises(ValueError, match="expected a kind"):
            Read(name="report.viewed", **wrong)
    demand = Demand(reads=Read(name="report.viewed", kind="report", target="report_id"))
    with pytest.raises(ConfigurationError, match="report_id"):
        demand.refuse_route("/reports", parameters=())


@pytest.mark.parametrize(("parameter", "kept"), [("q3", "q3"), ("x" * 300, "x" * 256), ("\ud800", "?"), ("\N{SNOWMAN}", "\N{SNOWMAN}")])
def test_the_id_of_a_target_can_always_be_stored(parameter: str, kept: str) -> None:
    """What stands in a path is cut to 256 characters, and what no log can hold is replaced."""
    assert target_id(parameter) == kept
