"""What a role alone does not give: conditions, what a view requires itself, and the table of methods, in both hosts."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from fastapi import Depends, Request
from fastapi.responses import PlainTextResponse

import ctsec.fastapi
import ctsec.flask
from ctsec.errors import AccessDenied, ConfigurationError, CtsecError
from ctsec.outcome import Reason, Refusal
from ctsec.presets import async_in_memory, in_memory
from ctsec.principal import anonymous
from ctsec.rbac import AllOf, DecisionReason, FreshFactor, FromNetwork, MethodTable, NotRequester, Policy, Situation
from ctsec.rbac.decision import DECISIONS
from ctsec.rbac.preset import MATRIX, Permission
from ctsec.testing import FixedClock
from ctsec.web.guarding import Demand, denial_refusal, under_condition
from tests.hosts.apps import ORGANIZATION_ACTIONS, WORKSPACE_ACTIONS
from tests.hosts.harness import HOSTS, Browser, FastapiHost, Host, bearer, named, options

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


def test_what_a_view_requires_elsewhere_hides_what_a_guard_would_hide(host: Host, owner: Browser, guest: Browser) -> None:
    """A workspace of another organization and one that is nowhere are 404, in the same bytes, and nobody writes into another's log."""
    workspace = owner.workspace(owner.found("Acme"))
    theirs = guest.found("Globex")
    foreign, nowhere = guest.workspace(theirs), "wsp_00000000000000000000000000"
    answers = [owner.call("POST", f"/workspaces/{workspace}/people?other={other}") for other in (foreign, nowhere)]
    assert [each.status for each in answers] == [404, 404]
    assert answers[0].body == answers[1].body == owner.call("POST", f"/workspaces/{nowhere}/dashboards-view").body
    assert owner.call("POST", f"/workspaces/{workspace}/people?other={workspace}").status == 200
    assert named(host.events(theirs), "access.denied") == []
    events = named(host.events(), "access.denied")
    assert [(event.actor_id, event.organization_id, event.reason) for event in events] == [(owner.id, None, "not_found")] * 2


def test_what_the_code_of_a_unit_requires_is_answered_without_a_guard_too(host: Host, owner: Browser) -> None:
    """In a view that is open to all, a unit answers a denial and names as actor whoever makes the request, or nobody."""
    workspace = owner.workspace(owner.found("Acme"))
    for caller, actor in ((owner, owner.id), (Browser(host), "anonymous")):
        refused = caller.call("POST", f"/open/{workspace}")
        assert (refused.status, refused.json["reason"]) == (404, "not_found")
        assert named(host.events(), "access.denied")[-1].actor_id == actor


def test_a_view_asks_for_a_step_up_as_a_guard_does(closed: Host) -> None:
    """What the table wants a fresh second factor for is refused with the challenge of RFC 9470, in a view as in a guard, and recorded."""
    owner = Browser(closed).sign_up("owner@example.com", "Olga Owner")
    organization = owner.found("Acme")
    workspace = owner.workspace(organization)
    guarded = owner.call("POST", f"/workspaces/{workspace}/workspace_members-manage")
    required = owner.call("POST", f"/workspaces/{workspace}/people?other={workspace}")
    assert (required.status, required.json["reason"]) == (403, "step_up_required")
    assert (required.body, required.headers["www-authenticate"]) == (guarded.body, guarded.headers["www-authenticate"])
    events = named(closed.events(organization), "access.denied")
    assert [(event.reason, event.workspace_id, event.details()["details"]["permission"]) for event in events] == [
        ("step_up_required", workspace, "workspace_members:manage")
    ] * 2


def test_a_key_reads_no_log_that_the_table_closes(closed: Host) -> None:
    """The table holds for ctsec's own routes too: a key may neither read the log nor invite, whatever its owner may."""
    owner = Browser(closed).sign_up("owner@example.com", "Olga Owner")
    organization = owner.found("Acme")
    owner.workspace(organization)
    minted = owner.ok(f"POST /organizations/{organization}/api-keys", {"name": "ci"})["token"]
    assert owner.auth(f"GET /organizations/{organization}/audit").status == 200
    for method, path, body in (
        ("GET", "audit", None),
        ("POST", "invitations", {"email": "new@example.com", "role": "member"}),
        ("POST", "api-keys", {"name": "another"}),
    ):
        assert bearer(closed, minted, method, f"/auth/organizations/{organization}/{path}", body).status == 403


@pytest.mark.parametrize("name", sorted(HOSTS))
@pytest.mark.parametrize(("table", "status"), [("permission  session\ndashboards:view  yes", 403), (None, 200)])
def test_what_no_permission_covers_is_for_sessions_where_there_is_a_table(name: str, table: str | None, status: int) -> None:
    """Where the policy names no permission for the log, owners read it: by session always, by key only if there is no table."""
    policy = Policy.from_matrix([*WORKSPACE_ACTIONS, *ORGANIZATION_ACTIONS], MATRIX, organization_scope=ORGANIZATION_ACTIONS)
    host = HOSTS[name](policy, methods=MethodTable.from_matrix(policy.index, table) if table is not None else None)
    owner = Browser(host).sign_up("owner@example.com", "Olga Owner")
    path = f"/organizations/{owner.found('Acme')}"
    minted = owner.ok(f"POST {path}/api-keys", {"name": "ci"})["token"]
    assert owner.auth(f"GET {path}/audit").status == 200
    assert bearer(host, minted, "GET", f"/auth{path}/audit").status == status
    host.close()


@pytest.mark.proves("CVE-2026-55866", "ASVS-8.2.4")
def test_a_condition_is_asked_of_the_request(host: Host, owner: Browser) -> None:
    """Behind a condition only a request from the network, in the hours, gets through; a proxy that is not trusted moves nobody."""
    workspace = owner.workspace(owner.found("Acme"))
    assert owner.call("GET", f"/workspaces/{workspace}/office").status == 200
    assert owner.call("GET", f"/workspaces/{workspace}/office", headers={"x-forwarded-for": "192.0.2.7"}).status == 200
    host.clock.advance(timedelta(hours=9))
    refused = owner.call("GET", f"/workspaces/{workspace}/office")
    assert (refused.status, refused.json["detail"]) == (403, "refused: outside_hours")


@pytest.mark.proves("ASVS-8.4.2")
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


@pytest.mark.parametrize("reason", ["allowed_by_workspace_role", "no reason at all", "", "denied"])
def test_an_error_that_gives_no_reason_of_a_denial_refuses_all_the_same(reason: str) -> None:
    """A host that raises AccessDenied itself is answered 403, whatever it gives as reason, and the text is not passed on."""
    assert denial_refusal(reason) == Refusal(Reason.DENIED, "refused")


def test_a_step_up_is_asked_for_only_where_it_would_do() -> None:
    """Where the table asks for a step-up and the condition is not met either, the guard says what a step-up would not mend."""
    stepping, allowing = DECISIONS[DecisionReason.STEP_UP_REQUIRED], DECISIONS[DecisionReason.ALLOWED_BY_WORKSPACE_ROLE]
    denying = DECISIONS[DecisionReason.ROLE_LACKS_PERMISSION]
    office, nobody = FromNetwork(("192.0.2.0/24",)), anonymous()
    outside, inside = (Situation(principal=nobody, now=FixedClock().now(), address=each) for each in ("203.0.113.9", "192.0.2.9"))
    assert [under_condition(each, office, outside).reason for each in (stepping, allowing, denying)] == [
        "outside_network",
        "outside_network",
        "role_lacks_permission",
    ]
    assert [under_condition(each, office, inside) for each in (stepping, allowing, denying)] == [stepping, allowing, denying]


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


def deny() -> None:
    """A view that requires what its caller may not."""
    raise AccessDenied("no", permission="agents:run", reason="role_lacks_permission")


@pytest.mark.host("fastapi")
def test_fastapi_answers_what_is_behind_a_guard_and_nothing_else() -> None:
    """Views and dependencies behind a guard are answered and recorded; a view without one raises, before and after others were guarded."""
    host = FastapiHost(Policy.preset())
    guard = ctsec.fastapi.Guard(host.security)

    def behind(principal: Any = guard.principal) -> None:
        deny()

    host.app.get("/view", dependencies=[guard.principal])(deny)
    host.app.get("/dependency", dependencies=[Depends(behind)])(lambda: None)
    host.app.get("/naked")(deny)
    ann = Browser(host).sign_up("ann@example.com")
    for _ in range(2):
        with pytest.raises(AccessDenied):
            ann.call("GET", "/naked")
        assert [ann.call("GET", path).json["reason"] for path in ("/view", "/dependency")] == ["denied"] * 2
    events = named(host.events(), "access.denied")
    assert [(event.actor_id, event.reason, event.organization_id) for event in events] == [(ann.id, "denied", None)] * 4
    host.close()


def plain(request: Request, error: Any) -> PlainTextResponse:
    """Render as a host does in a plain function."""
    return PlainTextResponse(f"mine: {type(error).__name__}")


async def awaited(request: Request, error: Any) -> PlainTextResponse:
    """Render as a host does in a coroutine."""
    return plain(request, error)


@pytest.mark.host("fastapi")
@pytest.mark.parametrize("render", [plain, awaited])
@pytest.mark.parametrize(
    ("kind", "view", "naked"),
    [
        (ctsec.fastapi.Refused, b"mine: Refused", None),
        (403, b"mine: Refused", None),
        (AccessDenied, b"mine: AccessDenied", b"mine: AccessDenied"),
        (CtsecError, b'"reason":"denied"', b"mine: AccessDenied"),
    ],
)
def test_fastapi_lets_the_host_render_a_denial(render: Any, kind: Any, view: Any, naked: Any) -> None:
    """A handler that the host registers for a refusal, its status or AccessDenied renders a view's; one for all errors the rest."""
    host = FastapiHost(Policy.preset())
    guard = ctsec.fastapi.Guard(host.security)
    host.app.exception_handler(kind)(render)
    host.app.get("/view", dependencies=[guard.principal])(deny)
    host.app.get("/naked")(deny)
    ann = Browser(host).sign_up("ann@example.com")
    for _ in range(2):
        assert view in ann.call("GET", "/view").body
        if naked is None:
            with pytest.raises(AccessDenied):
                ann.call("GET", "/naked")
        else:
            assert ann.call("GET", "/naked").body == naked
    host.close()
