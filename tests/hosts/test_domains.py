"""Domains that organizations prove by a TXT record, in both hosts, at a DNS server on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from ctsec.ids import OrganizationId
from ctsec.rbac.policy import Policy
from ctsec.sso import SsoPolicy
from ctsec.testing import LocalIdentityProvider
from ctsec.transport.reach import Reach
from tests.dns_server import LoopbackDns, Way
from tests.hosts.harness import HOSTS, Browser, Host
from tests.hosts.sso import RUNNER, enable, setup

DAY = timedelta(days=1)
DOMAIN = "acme.example"


@pytest.fixture(scope="module")
def server() -> Iterator[LoopbackDns]:
    """A DNS server for the tests of this module."""
    with LoopbackDns() as running:
        yield running


@pytest.fixture(params=sorted(HOSTS))
def host(request: pytest.FixtureRequest, server: LoopbackDns) -> Iterator[Host]:
    """A fresh host application of each framework that asks the server of the tests."""
    sso = SsoPolicy(reach=Reach.LOOPBACK, nameservers=(server.address,), dns_seconds=0.2)
    made = HOSTS[request.param](Policy.preset(), shared=True, single_sign_on=sso)
    server.values.clear()
    server.ways.clear()
    yield made
    made.close()


def founded(host: Host, name: str = "olga") -> tuple[Browser, str]:
    """Return an owner who has just proved a second factor, and the domains of their organization."""
    owner = Browser(host).sign_up(f"{name}@{DOMAIN}", name).enrol()
    return owner, f"/organizations/{owner.found(name)}/domains"


def again(owner: Browser) -> None:
    """Sign in again, with the second factor."""
    ticket = owner.sign_in()["ticket"]
    owner.ok("POST /sign-in/code", {"ticket": ticket, "factor": "otp", "code": owner.code()})


def proved(owner: Browser, home: str, server: LoopbackDns, domain: str = DOMAIN) -> Any:
    """Claim a domain, publish its record, and prove it."""
    claim = owner.ok(f"POST {home}", {"domain": domain})
    server.tell(claim["record_name"], claim["record_value"].encode())
    assert owner.ok(f"POST {home}/{claim['domain']}/verify")["state"] == "verified"
    return claim


def told(host: Host, home: str) -> list[str]:
    """Return the events of domains in an organization's log, sorted."""
    events = host.events(home.split("/")[2])
    return sorted(each.name for each in events if each.name.startswith("domain.") and each.outcome == "success")


def test_a_claim_is_proved_by_its_own_record_alone(host: Host, server: LoopbackDns) -> None:
    """Only the exact value at the very name proves a claim; every other answer is a refusal that says what to do, and a line of the log."""
    owner, home = founded(host)
    claim = owner.ok(f"POST {home}", {"domain": "ACME.example"})
    assert (claim["domain"], claim["state"], claim["verified_at"]) == (DOMAIN, "claimed", None)
    assert claim == owner.ok(f"POST {home}", {"domain": DOMAIN})
    name, value = claim["record_name"], claim["record_value"].encode()
    table = (
        ((value,), Way.SILENTLY, "did not answer in time"),
        ((value,), Way.BY_A_WRONG_ID_ONLY, "did not answer in time"),
        ((value,), Way.SERVFAIL, "look at the name servers"),
        ((value,), Way.BY_AN_ALIAS, "alias"),
        ((value + b"x", b"v=spf1 -all"), Way.PROPERLY, "none has the value"),
        ((), Way.WITHOUT_VALUES, "no TXT record"),
    )
    for values, way, says in table:
        server.tell(name, *values, way=way)
        reply = owner.auth(f"POST {home}/{DOMAIN}/verify")
        assert (reply.status, says in reply.json["detail"]) == (409, True), (way, reply.body)
    server.forget(name)
    assert "no TXT record" in owner.auth(f"POST {home}/{DOMAIN}/verify").json["detail"]
    server.tell(name, b"v=spf1 -all", (value[:9], value[9:]), way=Way.CUT_OVER_UDP)
    done = owner.ok(f"POST {home}/{DOMAIN}/verify")
    assert (done["domain"], done["state"], done["proof"]) == (DOMAIN, "verified", "DNS TXT")
    assert owner.auth(f"POST {home}/{DOMAIN}/verify").status == 409
    assert owner.auth(f"POST {home}", {"domain": DOMAIN}).status == 409
    (shown,) = owner.ok(f"GET {home}")["domains"]
    assert (shown["state"], shown["record_value"], shown["missing_since"]) == ("verified", claim["record_value"], None)
    assert told(host, home) == ["domain.claimed", *(["domain.proof_refused"] * 7), "domain.verified"]


def test_the_first_that_proves_a_domain_has_it(host: Host, server: LoopbackDns) -> None:
    """Organizations claim one domain side by side, each with its own value; another's proves nothing, and the second comes too late."""
    (first, here), (second, there) = founded(host), founded(host, "otto")
    ours, theirs = first.ok(f"POST {here}", {"domain": DOMAIN}), second.ok(f"POST {there}", {"domain": DOMAIN})
    assert ours["record_name"] == theirs["record_name"]
    assert ours["record_value"] != theirs["record_value"]
    server.tell(theirs["record_name"], theirs["record_value"].encode())
    assert first.auth(f"POST {here}/{DOMAIN}/verify").status == 409
    assert second.ok(f"POST {there}/{DOMAIN}/verify")["state"] == "verified"
    server.tell(ours["record_name"], ours["record_value"].encode(), theirs["record_value"].encode())
    late = first.auth(f"POST {here}/{DOMAIN}/verify")
    assert (late.status, late.json["reason"]) == (409, "already_exists")
    assert first.auth(f"DELETE {there}/{DOMAIN}").status == 404
    assert second.auth(f"DELETE {there}/{DOMAIN}").status == 204
    assert first.ok(f"POST {here}/{DOMAIN}/verify")["state"] == "verified"


def test_claims_end_and_are_few(host: Host, server: LoopbackDns) -> None:
    """A claim is good for thirty days, and the next has another value; an organization has fifty at most; no public name can be claimed."""
    owner, home = founded(host)
    claim = owner.ok(f"POST {home}", {"domain": DOMAIN})
    server.tell(claim["record_name"], claim["record_value"].encode())
    host.clock.advance(30 * DAY)
    again(owner)
    assert owner.auth(f"POST {home}/{DOMAIN}/verify").status == 404
    assert owner.ok(f"GET {home}")["domains"] == []
    assert owner.ok(f"POST {home}", {"domain": DOMAIN})["record_value"] != claim["record_value"]
    assert [owner.auth(f"POST {home}", {"domain": each}).status for each in ("com", "localhost", "192.0.2.1", "_x.example")] == [422] * 4
    for n in range(49):
        owner.ok(f"POST {home}", {"domain": f"d{n}.example"})
    assert owner.auth(f"POST {home}", {"domain": "more.example"}).json["reason"] == "ceiling_exceeded"
    assert owner.auth(f"DELETE {home}/d7.example").status == 204
    assert owner.auth(f"DELETE {home}/d7.example").status == 404
    assert owner.auth(f"POST {home}", {"domain": "more.example"}).status == 201


def test_a_domain_proved_by_dns_leads_to_its_provider(host: Host, server: LoopbackDns) -> None:
    """Its addresses are told the ways in, the same for accounts and for nobody's; given up, it leads nowhere at once."""
    owner, home = founded(host)
    connections = f"{home.removesuffix('/domains')}/sso/connections"
    with LocalIdentityProvider() as provider:
        made = owner.ok(f"POST {connections}", setup(provider))
        enable(owner, f"{connections}/{made['id']}")
    anybody = Browser(host)

    def ways(email: str) -> bytes:
        reply = anybody.auth("POST /sign-in/ways", {"email": email})
        assert reply.status == 200
        return reply.body

    nowhere = ways(f"olga@{DOMAIN}")
    assert b"[]" in nowhere.replace(b" ", b"")
    proved(owner, home, server)
    known = ways(f"olga@{DOMAIN}")
    assert str(made["id"]).encode() in known
    assert known == ways(f"nobody@{DOMAIN}") == ways("olga@ACME.example")
    assert nowhere == ways(f"olga@sub.{DOMAIN}") == ways("olga@elsewhere.example")
    assert owner.auth(f"DELETE {home}/{DOMAIN}").status == 204
    assert nowhere == ways(f"olga@{DOMAIN}")
    assert told(host, home) == ["domain.claimed", "domain.verified", "domain.withdrawn"]


def test_a_record_that_stays_away_withdraws_the_domain(host: Host, server: LoopbackDns) -> None:
    """The worker looks at a proven domain; silence changes nothing, absence is told and mailed once, and two weeks of it end the domain."""
    owner, home = founded(host)
    claim = proved(owner, home, server)
    name, value = claim["record_name"], claim["record_value"].encode()

    def days(number: int) -> None:
        for _ in range(number):
            host.clock.advance(DAY)
            host.mails("")

    days(8)
    server.tell(name, value, way=Way.SILENTLY)
    days(1)
    server.tell(name, value, way=Way.SERVFAIL)
    days(20)
    server.forget(name)
    days(3)
    server.tell(name, value)
    days(2)
    assert told(host, home) == ["domain.claimed", "domain.proof_missed", "domain.proof_restored", "domain.verified"]
    server.tell(name, b"somebody else's")
    days(20)
    assert told(host, home).count("domain.proof_missed") == 2
    days(3)
    assert told(host, home).count("domain.withdrawn") == 1
    kinds = [mail.kind for mail in host.mails(owner.email) if mail.kind.startswith("domain_")]
    assert kinds == ["domain_missed", "domain_missed", "domain_withdrawn"]
    assert host.do(lambda unit: unit.domains.of_organization(organization=OrganizationId(home.split("/")[2]))) == ()


def test_what_an_operator_recorded_is_left_alone(host: Host, server: LoopbackDns) -> None:
    """A look ends no domain that an operator recorded, not even where the organization had proved it before; the organization may."""
    owner, home = founded(host)
    place = {"organization": OrganizationId(home.split("/")[2]), "domain": DOMAIN}
    claim = proved(owner, home, server)
    host.do(lambda unit: unit.domains.withdraw(RUNNER, **place))
    host.do(lambda unit: unit.domains.record(RUNNER, **place, proof="a letter"))
    server.forget(claim["record_name"])
    for _ in range(30):
        host.clock.advance(DAY)
        host.mails("")
    again(owner)
    (shown,) = owner.ok(f"GET {home}")["domains"]
    assert (shown["state"], shown["proof"], shown["record_name"]) == ("verified", "a letter", None)
    assert owner.auth(f"DELETE {home}/{DOMAIN}").status == 204
    assert owner.ok(f"GET {home}")["domains"] == []


def test_domains_are_for_those_who_manage_sign_in(host: Host) -> None:
    """A member, an owner without a fresh second factor, and an owner of another organization neither see nor change domains."""
    owner, home = founded(host)
    other, _ = founded(host, "otto")
    lines = (f"POST {home}", f"POST {home}/{DOMAIN}/verify", f"DELETE {home}/{DOMAIN}")
    bodies: tuple[Any, ...] = ({"domain": DOMAIN}, None, None)
    assert [other.auth(line, body).status for line, body in zip(lines, bodies, strict=True)] == [404] * 3
    assert other.auth(f"GET {home}").status == 404
    host.clock.advance(timedelta(hours=1))
    replies = [owner.auth(line, body) for line, body in zip(lines, bodies, strict=True)]
    assert [reply.json["reason"] for reply in replies] == ["step_up_required"] * 3
