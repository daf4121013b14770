"""Second factors reset over HTTP: by administrators, told to the person, and canceled by the mailed link; in both hosts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest

from ctsec.ids import RecoveryId
from ctsec.operators import Operator
from ctsec.recovery import Evidence, EvidenceKind, Recovery
from tests.hosts.harness import Browser, Host

OPERATOR = Operator(id="sam", reason="ticket 1")


@dataclass(slots=True)
class Stage:
    """Olga owns Acme, Ali and Amy are its admins, Bob is a member with an authenticator; all but Bob have one too."""

    host: Host
    olga: Browser
    ali: Browser
    amy: Browser
    bob: Browser
    acme: str

    @property
    def resets(self) -> str:
        return f"/organizations/{self.acme}/mfa-resets"

    @property
    def asks(self) -> str:
        return f"POST /organizations/{self.acme}/members/{self.bob.id}/mfa-reset"


@pytest.fixture
def stage(host: Host) -> Stage:
    olga, ali, amy, bob = [Browser(host).sign_up(f"{name}@acme.example") for name in ("olga", "ali", "amy", "bob")]
    acme = olga.found("Acme")
    for each, role in ((ali, "admin"), (amy, "admin"), (bob, "member")):
        olga.invite(acme, each, role=role)
    for each in (olga, ali, amy, bob):
        each.enrol()
    host.do(lambda unit: unit.domains.record(OPERATOR, organization=acme, domain="acme.example", proof="seen in its DNS"))
    return Stage(host, olga, ali, amy, bob, acme)


@pytest.mark.proves("SEED-M7", "ASVS-6.4.4")
def test_two_administrators_and_an_hour(stage: Stage) -> None:
    """Asked for, listed with its reason, approved by another, carried out when it is due; then the password alone signs in."""
    terms = stage.olga.ok(f"PUT /organizations/{stage.acme}/recovery", {"approvals": 1, "delay_minutes": 60})
    assert terms == stage.ali.ok(f"GET /organizations/{stage.acme}/recovery") == {"approvals": 1, "delay_minutes": 60}
    asked = stage.ali.ok(stage.asks, {"reason": "the phone is lost"})
    assert (asked["state"], asked["requested_by"], asked["approved_by"]) == ("requested", stage.ali.id, None)
    (listed,) = stage.amy.ok(f"GET {stage.resets}")["mfa_resets"]
    assert (listed["id"], listed["reason"]) == (asked["id"], "the phone is lost")
    assert stage.ali.auth(f"POST {stage.resets}/{asked['id']}/approve").json["reason"] == "self_change"
    assert stage.amy.ok(f"POST {stage.resets}/{asked['id']}/approve")["state"] == "approved"
    assert stage.bob.sign_in()["status"] == "mfa_required"
    stage.host.clock.advance(timedelta(hours=1))
    assert [mail.kind for mail in stage.host.mails(stage.bob.email)].count("mfa_reset_requested") == 1
    stage.host.clock.advance(timedelta(minutes=1))
    stage.host.mails(stage.bob.email)
    assert [mail.kind for mail in stage.host.mails(stage.bob.email)].count("mfa_reset") == 1
    assert stage.bob.sign_in()["status"] == "signed_in"
    held = stage.bob.auth("POST /password/reset-request", {"email": stage.bob.email})
    assert (held.status, held.json) == (202, {"status": "accepted"})


def test_the_mailed_link_cancels(stage: Stage) -> None:
    """Whoever has the link ends the reset without signing in, once; an administrator may end one too."""
    stage.olga.ok(f"PUT /organizations/{stage.acme}/recovery", {"approvals": 0, "delay_minutes": 60})
    asked = stage.ali.ok(stage.asks, {"reason": "the phone is lost"})
    assert asked["state"] == "approved"
    token = stage.bob.mailed_token()
    nobody = Browser(stage.host)
    assert nobody.ok("POST /recovery/cancel", {"token": token}) == {"status": "canceled"}
    assert nobody.auth("POST /recovery/cancel", {"token": token}).json["reason"] == "code_already_used"
    again = stage.ali.ok(stage.asks, {"reason": "the phone is lost"})
    assert stage.amy.ok(f"POST {stage.resets}/{again['id']}/cancel")["state"] == "canceled"
    assert stage.amy.auth(f"POST {stage.resets}/{again['id']}/cancel").status == 409


def test_refusals_have_their_status(stage: Stage) -> None:
    """Without a fresh second factor, for a member, after a mailed reset and where the support has to help, the answer says which it is."""
    stage.host.clock.advance(timedelta(minutes=11))
    late = stage.ali.auth(stage.asks, {"reason": "the phone is lost"})
    assert (late.status, late.json["reason"]) == (403, "step_up_required")
    stage.ali.ok("POST /step-up", {"factor": "otp", "code": stage.ali.code()})
    assert stage.bob.auth(f"GET {stage.resets}").status == 403
    stage.bob.ok("POST /password/reset-request", {"email": stage.bob.email})
    assert stage.bob.auth("POST /password/reset", {"token": stage.bob.mailed_token(), "password": "seven purple lanterns"}).status == 204
    held = stage.ali.auth(stage.asks, {"reason": "the phone is lost"})
    assert (held.status, held.json["reason"], held.headers["retry-after"]) == (409, "on_hold", str(held.json["retry_after"]))
    stage.host.do(lambda unit: unit.domains.withdraw(OPERATOR, organization=stage.acme, domain="acme.example"))
    needed = stage.ali.auth(stage.asks, {"reason": "the phone is lost"})
    assert (needed.status, needed.json["reason"]) == (409, "support_required")


@pytest.mark.proves("SEED-M8", "ASVS-6.4.4")
def test_the_support_helps_whom_no_administrator_can(stage: Stage) -> None:
    """Two operators, evidence, a day and a notice: the link in it cancels the case; another one ends with the password signing in."""
    bob, tess = stage.bob, Operator(id="tess", reason="ticket 2")
    evidence = Evidence(kind=EvidenceKind.CALLED_BACK, reference="ticket 2")

    def opened() -> RecoveryId:
        case: Recovery = stage.host.do(lambda unit: unit.support.open(OPERATOR, email=bob.email, evidence=evidence))
        approved = stage.host.do(lambda unit: unit.support.approve(tess, case=case.id))
        assert approved.approved_by == "tess"
        return case.id

    first = opened()
    assert bob.ok("POST /recovery/cancel", {"token": bob.mailed_token()}) == {"status": "canceled"}
    second = opened()
    stage.host.clock.advance(timedelta(days=1))
    stage.host.mails(bob.email)
    cases = {each.id: each.state.value for each in stage.host.do(lambda unit: unit.support.cases())}
    assert cases == {first: "canceled", second: "done"}
    assert bob.auth("GET /session").status == 401
    assert Browser(stage.host, email=bob.email).sign_in()["status"] == "signed_in"
    names = {event.name for event in stage.host.events()}
    assert names >= {"support_case.opened", "support_case.approved", "support_case.canceled", "mfa.reset"}
