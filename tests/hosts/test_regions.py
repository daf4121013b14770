"""Regions over HTTP, in both hosts: chosen with the workspace, moved, given up, and reported."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest

from ctsec.ambient import Ambient
from ctsec.audit.event import Target, build
from ctsec.audit.record import store_form
from ctsec.errors import StoreError
from ctsec.ids import OrganizationId
from ctsec.principal import system
from ctsec.rbac.policy import Policy
from ctsec.residency import DEPLOYMENTS_KEY, Region, Regions, Replica
from ctsec.storage.memory import MemoryRegionStorage
from tests.hosts.files import SAM, file_of
from tests.hosts.harness import HOSTS, Browser, Host, named
from tests.hosts.test_retention import again, done

REGIONS = Regions(
    regions=(
        Region(name="eu", store="memory:eu", key=DEPLOYMENTS_KEY, replicas=(Replica(name="eu-two", store="memory:eu-two"),)),
        Region(name="us", store="memory:us", key=DEPLOYMENTS_KEY),
    ),
    default="eu",
)


@pytest.fixture(params=sorted(HOSTS))
def host(request: pytest.FixtureRequest) -> Iterator[Host]:
    """A host application of each framework with two regions."""
    made = HOSTS[request.param](Policy.preset(), regions=REGIONS, shared=True)
    yield made
    made.close()


@pytest.fixture
def owner(host: Host) -> Browser:
    """The owner of an organization, who has just proved a second factor."""
    return Browser(host).sign_up("owner@example.com").enrol()


def work(host: Host) -> None:
    """Let the worker carry out what is due."""
    host.clock.advance(timedelta(seconds=20))
    host.mails("nobody@example.com")


@pytest.mark.proves("SEED-D1")
def test_a_region_is_chosen_with_the_workspace(owner: Browser) -> None:
    """A workspace is made in a configured region, the default without a word; any other is refused with the names to choose from."""
    home = f"/organizations/{owner.found('Acme')}"
    told = owner.ok(f"GET {home}/regions")
    assert told == {"regions": [{"name": "eu", "replicas": ["eu-two"]}, {"name": "us", "replicas": []}], "default": "eu"}
    made: list[Any] = [owner.ok(f"POST {home}/workspaces", {"name": "A", **body}) for body in ({}, {"region": None}, {"region": "us"})]
    assert [each["region"] for each in made] == ["eu", "eu", "us"]
    assert owner.ok(f"GET /workspaces/{made[2]['id']}/region") == {"workspace_id": made[2]["id"], "region": "us", "move": None}
    for name in ("ap", "EU", "", "default", "eu-two"):
        refused = owner.auth(f"POST {home}/workspaces", {"name": "A", "region": name})
        assert (refused.status, refused.json["reason"]) == (422, "invalid_input")
        assert "eu, us" in refused.json["detail"]
    assert len(owner.ok(f"GET {home}/workspaces")["workspaces"]) == 3


@pytest.mark.proves("SEED-D1", "SEED-D2")
def test_a_workspace_is_moved_and_the_report_proves_it(host: Host, owner: Browser) -> None:
    """A move is started, told, carried out by the worker and written down step by step; the report agrees before and after."""
    organization = owner.found("Acme")
    home, space = f"/organizations/{organization}", owner.workspace(organization)
    begun = owner.auth(f"POST /workspaces/{space}/region/move", {"region": "us"})
    assert (begun.status, begun.json["source"], begun.json["target"], begun.json["state"]) == (202, "eu", "us", "copying")
    assert owner.auth(f"POST /workspaces/{space}/region/move", {"region": "us"}).status == 409
    told = owner.ok(f"GET /workspaces/{space}/region")
    assert (told["region"], told["move"]["id"]) == ("eu", begun.json["id"])
    work(host)
    assert owner.ok(f"GET /workspaces/{space}/region") == {"workspace_id": space, "region": "us", "move": None}
    ((move,), following) = owner.ok(f"GET {home}/residency/moves").values()
    assert (move["state"], move["problem"], following) == ("done", None, None)
    report = owner.ok(f"GET {home}/residency")
    assert (report["agrees"], [each["region"] for each in report["workspaces"]]) == (True, ["us"])
    assert [each["store"] for each in report["stores"]] == ["eu", "eu-two", "us"]
    names = [each.name for each in host.events(organization)]
    steps = ("started", "copied", "switched", "settled", "finished")
    assert sorted(name for name in names if name.startswith("workspace_move")) == sorted(f"workspace_move.{step}" for step in steps)
    assert len(named(host.events(organization), "residency.reported")) == 1


@pytest.mark.proves("SEED-D2")
def test_a_move_is_given_up(host: Host, owner: Browser) -> None:
    """Given up before the worker has switched it, the workspace stays; there is nothing to give up afterwards."""
    space = owner.workspace(owner.found("Acme"))
    assert owner.auth(f"DELETE /workspaces/{space}/region/move").status == 404
    owner.ok(f"POST /workspaces/{space}/region/move", {"region": "us"})
    assert owner.ok(f"DELETE /workspaces/{space}/region/move")["state"] == "aborting"
    work(host)
    assert owner.ok(f"GET /workspaces/{space}/region") == {"workspace_id": space, "region": "eu", "move": None}
    assert owner.auth(f"DELETE /workspaces/{space}/region/move").status == 404


@pytest.mark.proves("SEED-D2")
def test_only_who_manages_workspaces_and_proves_it(host: Host, owner: Browser) -> None:
    """Members move and report nothing, and nobody moves without a fresh second factor; what is no region is refused."""
    organization = owner.found("Acme")
    home, space = f"/organizations/{organization}", owner.workspace(organization)
    guest = Browser(host).sign_up("guest@example.com")
    owner.invite(organization, guest, workspace_id=space, workspace_role="viewer")
    guest.enrol()
    for line in (f"GET {home}/residency", f"GET {home}/residency/moves"):
        assert guest.auth(line).json["reason"] == "denied"
    assert guest.auth(f"POST /workspaces/{space}/region/move", {"region": "us"}).json["reason"] == "denied"
    assert guest.auth(f"DELETE /workspaces/{space}/region/move").json["reason"] == "denied"
    assert guest.ok(f"GET /workspaces/{space}/region")["region"] == "eu"
    assert guest.ok(f"GET {home}/regions")["default"] == "eu"
    admin = Browser(host).sign_up("admin@example.com")
    owner.invite(organization, admin, role="admin")
    assert admin.auth(f"POST /workspaces/{space}/region/move", {"region": "us"}).json["reason"] == "step_up_required"
    admin.enrol()
    for region, status in (("nowhere", 422), ("eu", 409), (None, 422)):
        assert admin.auth(f"POST /workspaces/{space}/region/move", {"region": region}).status == status
    assert named(host.events(organization), "workspace_move.started") == []


def test_events_of_a_region_are_read_with_the_others(owner: Browser, host: Host) -> None:
    """Search and counts cover the regions; proof, checkpoint, key and file are of the region that is named, if there is one."""
    organization = owner.found("Acme")
    log = f"/organizations/{organization}/audit"
    state = cast(Any, host).security.regional.router.stores["us"].state
    told = build("role.assigned", ambient=Ambient(clock=host.clock), actor=system("test"), organization=OrganizationId(organization))
    with MemoryRegionStorage(region="us", state=state).begin() as store:
        store.inbox.append(store_form(replace(told, region="us"), personal=b""))
    pending = owner.ok(f"GET {log}?name=role.assigned")
    assert ([each["region"] for each in pending["pending"]], pending["events"]) == (["us"], [])
    work(host)
    found = owner.ok(f"GET {log}?name=role.assigned")
    assert [(each["region"], each["index"], each["id"]) for each in found["events"]] == [("us", 0, told.id)]
    assert (found["silent"], owner.ok(f"GET {log}/counts?name=role.assigned")["total"]) == ([], 1)
    for what in ("proof?index=0&", "checkpoint?", "consistency?old=0&", "key?", "export?"):
        answer = owner.auth(f"GET {log}/{what}region=us")
        assert answer.status == 200, what
        assert f"/us/{organization}" in answer.body.decode(), what
        assert owner.auth(f"GET {log}/{what}region=mars").status == 404, what


def test_an_alert_names_the_region_of_its_event(owner: Browser, host: Host) -> None:
    """An event in a region's log is an alert of its organization, with `<region>/<log>` and the index there; nobody else sees it."""
    organization = owner.found("Acme")
    home, bundle = f"/organizations/{organization}/audit", cast(Any, host).security
    told = build(
        "passkey.clone_suspected",
        ambient=Ambient(clock=host.clock),
        actor=system("test"),
        subject=owner.id,
        organization=OrganizationId(organization),
    )
    with MemoryRegionStorage(region="us", state=bundle.regional.router.stores["us"].state).begin() as store:
        store.inbox.append(store_form(replace(told, region="us"), personal=b""))
    host.mails("nobody@example.com")
    done(host, bundle.logs.flush())
    assert done(host, bundle.alerts.run_due()) == 1
    (alert,) = owner.ok(f"GET {home}/alerts")["alerts"]
    assert (alert["rule"], alert["source"], alert["index"]) == ("passkey_cloned", f"us/{organization}", 0)
    assert owner.ok(f"POST {home}/alerts/{alert['id']}/acknowledge", {"why": "seen"})["source"] == f"us/{organization}"
    other = Browser(host).sign_up("other@example.com").enrol()
    assert other.auth(f"GET {home}/alerts").status == 404


def test_a_person_takes_away_what_a_region_says_of_her(host: Host, owner: Browser) -> None:
    """Lists name the region, the file is of that store's log and verifies by its keys, and what is in no region is not found."""
    guest = Browser(host).sign_up("guest@example.com")
    home = owner.found("Acme")
    owner.invite(home, guest)
    stores = cast(Any, host).security.regional.router.stores
    for region, subject, target in (("us", guest.id, guest.id), ("us", guest.id, owner.id), ("eu", owner.id, owner.id)):
        told = build(
            "role.assigned",
            ambient=Ambient(clock=host.clock),
            actor=system("test"),
            targets=(Target("user", target),),
            subject=subject,
            organization=OrganizationId(home),
        )
        with MemoryRegionStorage(region=region, state=stores[region].state).begin() as store:
            store.inbox.append(store_form(replace(told, region=region), personal=b""))
    work(host)
    path = f"GET /operator/people/{guest.id}"
    for lists, route in (("GET /activity/logs", "GET /activity/export"), (f"{path}/logs", f"{path}/export")):
        found = owner.auth(lists, headers=SAM).json if "/operator/" in lists else guest.ok(lists)
        logs = {(each["region"], each["log"]): each for each in found["logs"]}
        assert (logs.keys(), found["silent"]) == ({(None, "deployment"), (None, home), ("us", home)}, [])
        there = logs["us", home]
        assert (there["events"], all(f"/us/{home}" in key for key in there["keys"])) == (2, True)
        file, masked = file_of(guest, f"{route}?log={home}&region=us", there["keys"])
        assert (masked, b"role.assigned" in file, owner.id.encode() in file) == (1, True, False)
        host.clock.advance(timedelta(seconds=5))
        for place in (f"log={home}&region=eu", f"log={home}&region=mars", "log=deployment&region=us", "log=logs&region=us"):
            reply = guest.auth(f"{route}?{place}", headers=SAM if "/operator/" in route else {})
            assert reply.status == 404, place


class Down:
    """The store of a region that does not answer."""

    def reading(self) -> Any:
        """Raise what a driver's error becomes."""
        raise StoreError("the database can not be reached")

    sequencing = reading


@pytest.mark.proves("SEED-L4")
def test_plans_and_holds_say_where_they_stand_in_regions(host: Host, owner: Browser) -> None:
    """What is decided is told to the regions that answer, before the answer; one that does not is pending, and is told later."""
    organization = owner.found("Acme")
    log = f"/organizations/{organization}/audit"
    security = cast(Any, host).security
    for region in ("eu", "us"):
        told = build("role.assigned", ambient=Ambient(clock=host.clock), actor=system("test"), organization=OrganizationId(organization))
        with MemoryRegionStorage(region=region, state=security.regional.router.stores[region].state).begin() as store:
            store.inbox.append(store_form(replace(told, region=region), personal=b""))
    work(host)
    chosen = owner.ok(f"PUT {log}/retention", {"days": 90})
    assert [(each["store"], each["days"], each["following"]["days"]) for each in chosen["regions"]] == [("eu", None, 90), ("us", None, 90)]
    stores = security.logs.regions.stores
    answering, stores["us"] = stores["us"], replace(stores["us"], storage=Down())
    hold = owner.ok(f"POST {log}/holds", {"matter": "case 1"})
    assert hold["regions"] == [
        {"store": "eu", "state": "active", "pending": False, "problem": None},
        {"store": "us", "state": None, "pending": True, "problem": "store"},
    ]
    found = owner.ok(f"GET {log}/purge")
    assert ([each["store"] for each in found["regions"]], found["silent"]) == (["eu"], {"us": "store"})
    stores["us"] = answering
    waiting = owner.ok(f"GET {log}/holds")["holds"][0]["regions"]
    assert [(each["state"], each["pending"]) for each in waiting] == [("active", False), (None, True)]
    host.clock.advance(timedelta(minutes=1))
    work(host)
    (listed,) = owner.ok(f"GET {log}/holds")["holds"]
    assert [(each["state"], each["pending"]) for each in listed["regions"]] == [("active", False)] * 2
    host.clock.advance(timedelta(days=8))
    again(owner)
    found = owner.ok(f"GET {log}/purge")["regions"]
    assert [(each["store"], each["plan"]["days"], each["holds"]) for each in found] == [(name, 90, [hold["id"]]) for name in ("eu", "us")]
    assert [each["days"] for each in owner.ok(f"GET {log}/retention")["regions"]] == [90, 90]
