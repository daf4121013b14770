"""Dry runs of connections that speak SAML, in both hosts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ctsec.testing.saml import answer
from tests.hosts.harness import COOKIE, Browser, Host
from tests.hosts.saml import PROVIDER, Firm, Trip, found, setup

SIGNER = PROVIDER.signer()


@pytest.fixture
def firm(host: Host) -> Firm:
    """An organization whose people sign in through the provider."""
    return found(host)


def begun(firm: Firm, browser: Browser, *, connection: str = "") -> Trip:
    """Begin a dry run of a connection (the enabled one)."""
    one = firm.one.replace(firm.connection, connection or firm.connection)
    return Trip(replace(firm, connection=connection or firm.connection), browser).begin(f"POST {one}/dry-run")


@pytest.mark.proves("SEED-S10")
def test_a_draft_that_speaks_saml_is_tried(host: Host, firm: Firm) -> None:
    """A dry run shows the assertion, the mapped person and role, signs nobody in, counts once, and is remembered until a change."""
    home = f"/organizations/{firm.organization}/sso/connections"
    rules = {"rules": [{"group": "staff", "role": "viewer"}]}
    drafted = firm.owner.ok(f"POST {home}", setup(provisioning=rules))
    firm = replace(firm, saml=drafted["saml"])
    trip = begun(firm, firm.owner, connection=str(drafted["id"]))
    members = firm.owner.ok(f"GET /organizations/{firm.organization}/members")
    response = answer(trip.told("ann-1", email="ann@acme.example", groups=["staff"]), key=SIGNER)
    reply = trip.back(response)
    assert (reply.status, reply.json["status"], reply.json["passed"], reply.json["problem"]) == (200, "dry_run", True, None), reply.body
    assert reply.json["claims"]["attributes"] == {"email": ["ann@acme.example"], "groups": ["staff"]}
    told = ("subject", "email", "email_verified", "account", "role", "matched", "second_factor", "own_address", "member")
    assert [reply.json[name] for name in told] == ["ann-1", "ann@acme.example", False, "new", "viewer", [0], "none", True, None]
    assert f"{COOKIE}=" not in reply.headers["set-cookie"]
    assert trip.back(response).status == 404  # a draft signs nobody in, and the request is used up
    assert firm.owner.ok(f"GET /organizations/{firm.organization}/members") == members
    by_id = {each["id"]: each for each in firm.owner.ok(f"GET {home}")["connections"]}
    assert (by_id[drafted["id"]]["dry_run_at"] is not None, by_id[firm.connection]["dry_run_at"]) == (True, None)
    report = firm.owner.ok(f"POST {home}/{drafted['id']}/doctor")
    assert next(each["verdict"] for each in report["checks"] if each["name"] == "dry_run") == "ok"
    names = [each.name for each in host.events(firm.organization)]
    assert (names.count("sso_connection.tried"), names.count("user.provisioned"), names.count("user.signed_in")) == (1, 0, 0)


@pytest.mark.proves("SEED-S10")
def test_the_reason_is_told_to_the_browser_that_began_it_while_its_session_counts(host: Host, firm: Firm) -> None:
    """The precise word for who began it; without the request's cookie, after signing out and without the right the one refusal or none."""
    wrong = begun(firm, firm.owner)
    told = replace(wrong.told("ann-1", email="ann@acme.example"), audience="https://other.example")
    assert wrong.back(answer(told, key=SIGNER)).json["problem"] == "saml_wrong_audience"
    stranger = begun(firm, firm.owner)
    assert stranger.back(answer(stranger.told("eve", email="eve@evil.example"), key=SIGNER)).json["problem"] == "address_of_another_domain"
    used = begun(firm, firm.owner)
    again = replace(used.told("ann-1", email="ann@acme.example"), assertion_id=stranger.told("eve").assertion_id)
    assert used.back(answer(again, key=SIGNER)).json["problem"] == "assertion_came_before"
    adam = Browser(host).sign_up("adam@acme.example", "Adam").enrol()
    firm.owner.invite(firm.organization, adam, role="admin")
    bare, closed, lost = (begun(firm, adam) for _ in range(3))
    assert replace(bare, cookies={}).back(answer(bare.told("ann-1"), key=SIGNER)).json["reason"] == "invalid_credentials"
    firm.owner.ok(f"PUT /organizations/{firm.organization}/members/{adam.id}/role", {"role": "member"})
    assert (reply := lost.back(answer(lost.told("ann-1"), key=SIGNER))).json["reason"] == "denied", reply.body
    firm.owner.ok(f"PUT /organizations/{firm.organization}/members/{adam.id}/role", {"role": "admin"})
    adam.ok("POST /sign-out")
    assert closed.back(answer(closed.told("ann-1"), key=SIGNER)).json["reason"] == "invalid_credentials"
    late = begun(firm, firm.owner)
    host.clock.advance(timedelta(minutes=10))
    assert late.back(answer(late.told("ann-1"), key=SIGNER)).json["reason"] == "invalid_credentials"
    assert sorted(firm.whys()) == ["callback_expired", "callback_other_session", "callback_wrong_browser"]
    names = [each.name for each in host.events(firm.organization)]
    assert (names.count("sso_connection.tried"), names.count("user.provisioned")) == (3, 0)
