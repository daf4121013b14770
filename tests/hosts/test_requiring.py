"""What a role alone does not give: conditions, what a view requires itself, and the table of methods, in both hosts."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

import ctsec.fastapi
import ctsec.flask
from ctsec.errors import ConfigurationError
from ctsec.presets import async_in_memory, in_memory
from ctsec.rbac import AllOf, FreshFactor, MethodTable, NotRequester, Policy
from ctsec.rbac.preset import Permission
from ctsec.testing import FixedClock
from ctsec.web.guarding import Demand
from tests.hosts.harness import HOSTS, Browser, Host, bearer, named, options

TABLE = """
permission                 session  second_factor  fresh_second_factor  api_key
dashboards:view            yes      -              -                    yes
agents:run                 -        yes            -                    -
workspace_members:manage   -        -              yes                  -
"""


@pytest.fixture
def owner(host: Host) -> Browser:
    """The owner of an organization, signed in."""
    return Browser(host).sign_up("owner@example.com", "Olga Owner")


@pytest.fixture
def guest(host: Host) -> Browser:
    """A person without any organization, signed in."""
    return Browser(host).sign_up("guest@example.com", "Gus Guest")


@pytest.fixture(params=sorted(HOSTS))
def closed(request: pytest.FixtureRequest) -> Iterator[Host]:
    """A host whose bundle has a method table."""
    made = HOSTS[request.param](Policy.preset(), methods=MethodTable.from_matrix(Policy.preset().index, TABLE))
    yield made
    made.close()


@pytest.mark.parametrize(("path", "undone"), [("settings", False), ("settings-in-a-unit", True)])
def test_what_a_view_requires_is_answered_as_a_guard_would(host: Host, owner: Browser, guest: Browser, path: str, undone: bool) -> None:
    """A permission that a view requires itself is refused with 403 and a reason, recorded, and rolls the view's unit back."""
    organization = owner.found("Acme")
    workspace = owner.workspace(organization)
    owner.invite(organization, guest, workspace_id=workspace, workspace_role="operator")
    guest.ok("POST /session/organization", {"organization_id": organization})
    refused = guest.call("POST", f"/workspaces/{workspace}/{path}")
    assert (refused.status, refused.json["reason"]) == (403, "denied")
    assert refused.headers["content-type"] == "application/problem+json"
    assert owner.call("POST", f"/workspaces/{workspace}/{path}").status == 200
    (event,) = named(host.events(organization), "access.denied")
    assert (event.actor_id, event.workspace_id, event.organization_id) == (guest.id, workspace, organization)
    organizations = [each["name"] for each in guest.ok("GET /organizations")["organizations"]]
    assert ("Undone" in organizations) is False
    assert ("Undone" in [each["name"] for each in owner.ok("GET /organizations")["organizations"]]) is undone


def test_a_condition_is_asked_of_the_request(host: Host, owner: Browser) -> None:
    """Behind a condition only a request from the network, in the hours, gets through; a proxy that is not trusted moves nobody."""
    workspace = owner.workspace(owner.found("Acme"))
    assert owner.call("GET", f"/workspaces/{workspace}/office").status == 200
    assert owner.call("GET", f"/workspaces/{workspace}/office", headers={"x-forwarded-for": "192.0.2.7"}).status == 200
    host.clock.advance(timedelta(hours=9))
    refused = owner.call("GET", f"/workspaces/{workspace}/office")
    assert (refused.status, refused.json["detail"]) == (403, "refused: outside_hours")


def test_a_table_closes_what_it_does_not_open(closed: Host) -> None:
    """Sessions may use what no row names, keys may not; a weaker session is told to step up, and does what it may after that."""
    owner = Browser(closed).sign_up("owner@example.com", "Olga Owner")
    organization = owner.found("Acme")
    workspace = owner.workspace(organization)
    owner.ok("POST /session/organization", {"organization_id": organization})
    minted = owner.ok(f"POST /organizations/{organization}/api-keys", {"name": "ci"})["token"]

    def by_session(permission: str) -> Any:
        return owner.call("POST", f"/workspaces/{workspace}/{permission}")

    def by_key(permission: str) -> Any:
        return bearer(closed, minted, "POST", f"/workspaces/{workspace}/{permission}")

    assert [by_session(each).status for each in ("dashboards-view", "operations-approve")] == [200, 200]
    assert [by_key(each).status for each in ("dashboards-view", "operations-approve", "agents-run")] == [200, 403, 403]
    assert by_key("operations-approve").json["detail"] == "refused: credential_not_accepted"
    for permission in ("agents-run", "workspace_members-manage"):
        assert (by_session(permission).status, by_session(permission).json["reason"]) == (403, "step_up_required")
    owner.enrol()
    assert [by_session(each).status for each in ("agents-run", "workspace_members-manage")] == [200, 200]
    closed.clock.advance(timedelta(minutes=11))
    assert by_session("agents-run").status == 200
    assert by_session("workspace_members-manage").json["reason"] == "step_up_required"


def test_a_condition_that_no_guard_can_judge_is_refused_where_it_is_written() -> None:
    """Whose request is approved only the view knows: a guard that asks for it would refuse everybody, so it can not be made."""
    for condition in (NotRequester(), AllOf((FreshFactor(), NotRequester()))):
        with pytest.raises(ValueError, match="only the view knows"):
            Demand(permission=Permission.OPERATIONS_APPROVE, condition=condition)


def test_a_table_of_other_permissions_is_refused() -> None:
    """A method table that was made for another policy stops the bundle from being built."""
    other = Policy.from_matrix(("dashboards:view",), "permission admin editor viewer\ndashboards:view yes yes yes")
    with pytest.raises(ConfigurationError, match="method table"):
        in_memory(policy=Policy.preset(), options=options(FixedClock(), methods=MethodTable.of(other.index, {})))


def test_guards_take_conditions_in_both_frameworks() -> None:
    """Both guards refuse such a condition as they are written, before any request."""
    synchronous = in_memory(policy=Policy.preset(), options=options(FixedClock()))
    with asyncio.Runner() as runner:
        asynchronous = runner.run(async_in_memory(policy=Policy.preset(), options=options(FixedClock())))
    for guard in (ctsec.flask.Guard(synchronous), ctsec.fastapi.Guard(asynchronous)):
        with pytest.raises(ValueError, match="only the view knows"):
            guard.require(Permission.OPERATIONS_APPROVE, workspace="workspace_id", condition=NotRequester())
