"""The doctor of a connection, and dry runs of it, in both hosts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from ctsec.rbac.policy import Policy
from ctsec.sso.doctor import CheckName
from ctsec.sso.policy import SsoPolicy
from ctsec.testing import LocalIdentityProvider
from ctsec.testing.identity_provider import CLIENT_SECRET
from ctsec.testing.providers import GitHub, RoutedFetcher
from tests.hosts.harness import COOKIE, HOSTS, Browser, Host, Reply
from tests.hosts.sso import Acme, Traveller, found, kept, setup, whys

ANN = {"email": "ann@acme.example", "email_verified": True, "name": "Ann", "groups": ["staff"]}


@pytest.fixture
def provider(host: Host) -> Iterator[LocalIdentityProvider]:
    """A provider on loopback, on the host's clock."""
    with LocalIdentityProvider(clock=host.clock) as made:
        made.people["ann"] = dict(ANN)
        yield made


@pytest.fixture
def acme(host: Host, provider: LocalIdentityProvider) -> Acme:
    """An organization with an enabled connection to the provider."""
    return found(host, provider)


def looked_at(acme: Acme, connection: str = "") -> dict[str, dict[str, str]]:
    """Return the checks of a report by name."""
    told = acme.owner.ok(f"POST {acme.home}/{connection or acme.connection}/doctor")
    assert told["sound"] is all(each["verdict"] != "fail" for each in told["checks"])
    return {each["name"]: each for each in told["checks"]}


def tried(acme: Acme, person: str, *, connection: str = "", browser: Browser | None = None) -> Reply:
    """Begin a dry run as the owner, sign in there as somebody, and come back in a browser (None: the owner's)."""
    begun = acme.owner.auth(f"POST {acme.home}/{connection or acme.connection}/dry-run")
    assert begun.status == 200, begun.body
    return back(browser or acme.owner, acme.provider.visit(str(begun.json["url"]), person=person), half=kept(begun))


def back(browser: Browser, callback: str, *, half: str) -> Reply:
    """Follow the provider's answer with both cookies of a browser."""
    split = urlsplit(callback)
    session = f"{COOKIE}={browser.cookie}; " if browser.cookie else ""
    return browser.call("GET", f"{split.path}?{split.query}", headers={"cookie": f"{session}ctsec_sso={half}"})


@pytest.mark.proves("SEED-S10")
def test_the_doctor_says_what_is_wrong_where(host: Host, acme: Acme, provider: LocalIdentityProvider) -> None:
    """A sound connection has no failed check; what the provider does wrong is named; a report holds no secret, and changes nothing."""
    before = acme.owner.ok(f"GET {acme.home}")
    checks = looked_at(acme)
    assert {name for name, each in checks.items() if each["verdict"] == "fail"} == set()
    of_saml = {"audience", "provider_keys", "metadata", "own_key", "requests", "lowered"}
    assert set(checks) == {each.value for each in CheckName} - {"provider_api", "certificate", "break_glass"} - of_saml
    assert acme.connection in checks["redirect_uri"]["seen"]
    assert CLIENT_SECRET not in str(checks)
    asked = len(provider.asked)
    looked_at(acme)
    assert provider.asked[asked:] == ["/.well-known/openid-configuration", "/keys"]
    assert acme.owner.ok(f"GET {acme.home}") == before
    document = provider.document()
    for changed, name in (
        ({"issuer": "https://evil.example"}, "issuer"),
        ({"jwks_uri": "https://evil.example/keys"}, "keys"),
        ({"token_endpoint": "https://evil.example/token"}, "endpoints"),
        ({"token_endpoint_auth_methods_supported": ["none"]}, "client_authentication"),
    ):
        setattr(provider, "document", lambda changed=changed: {**document, **changed})  # noqa: B010 - one provider, told otherwise
        assert looked_at(acme)[name]["verdict"] == "fail", name
    provider.away = True
    assert looked_at(acme)["discovery"]["verdict"] == "fail"
    provider.away = False
    host.clock.advance(timedelta(minutes=11))
    assert acme.owner.auth(f"POST {acme.home}/{acme.connection}/doctor").json["reason"] == "step_up_required"


def test_the_doctor_knows_whether_the_only_way_is_required(host: Host, acme: Acme, provider: LocalIdentityProvider) -> None:
    """Where sign-in through the provider is required, the codes that are left and a single way in are part of the report."""
    provider.people["boss"] = {"email": "olga@acme.example", "email_verified": True}
    begun = acme.owner.auth(f"POST /sso/{acme.connection}/link")
    assert back(acme.owner, provider.visit(str(begun.json["url"]), person="boss"), half=kept(begun)).json == {"status": "linked"}
    home = f"/organizations/{acme.organization}/sso"
    acme.owner.ok(f"POST {home}/break-glass-codes")
    acme.owner.ok(f"PUT {home}/requirement", {"starts_at": (host.clock.now() + timedelta(days=1)).isoformat()})
    checks = looked_at(acme)
    assert (checks["requirement"]["verdict"], checks["break_glass"]["verdict"]) == ("warn", "ok")
    assert "10" in checks["break_glass"]["seen"]


@pytest.mark.proves("SEED-S10")
def test_a_draft_is_tried_before_it_is_enabled(host: Host, acme: Acme, provider: LocalIdentityProvider) -> None:
    """A dry run shows claims, identity, role and second factor, signs nobody in, and is remembered beside the test until a change."""
    rules = {"provisioning": {"rules": [{"group": "staff", "role": "viewer"}]}, "trusted_methods": ["otp"]}
    draft = str(acme.owner.ok(f"POST {acme.home}", setup(provider, **rules))["id"])
    provider.people["ann"]["amr"] = ["otp"]
    members = acme.owner.ok(f"GET /organizations/{acme.organization}/members")
    reply = tried(acme, "ann", connection=draft)
    assert (reply.status, reply.json["status"], reply.json["passed"], reply.json["problem"]) == (200, "dry_run", True, None)
    assert reply.json["claims"]["groups"] == ["staff"]
    told = ("subject", "email", "account", "role", "matched", "second_factor", "own_address", "member")
    assert [reply.json[name] for name in told] == ["ann", "ann@acme.example", "new", "viewer", [0], "provider", True, None]
    shown = str(reply.json)
    assert all(str(each) not in shown for each in (provider.sign_ins[-1].nonce, CLIENT_SECRET))
    assert f"{COOKIE}=" not in reply.headers.get("set-cookie", "")
    assert acme.owner.ok(f"GET /organizations/{acme.organization}/members") == members
    by_id = {each["id"]: each for each in acme.owner.ok(f"GET {acme.home}")["connections"]}
    assert (by_id[draft]["dry_run_at"] is not None, by_id[draft]["state"], by_id[acme.connection]["dry_run_at"]) == (True, "draft", None)
    assert looked_at(acme, draft)["dry_run"]["verdict"] == "ok"
    assert acme.owner.auth(f"POST {acme.home}/{draft}/enable").json["reason"] == "conflict"  # the document is tested first
    acme.owner.ok(f"POST {acme.home}/{draft}/test")
    assert acme.owner.ok(f"POST {acme.home}/{draft}/enable")["state"] == "enabled"
    acme.owner.ok(f"PUT {acme.home}/{draft}", setup(provider, scopes=["openid", "email"]))
    assert looked_at(acme, draft)["dry_run"]["verdict"] == "warn"
    names = [each.name for each in host.events(acme.organization)]
    assert (names.count("sso_connection.tried"), names.count("user.provisioned"), names.count("user.signed_in")) == (1, 0, 0)


def test_the_reason_is_told_to_who_asked_for_it_alone(host: Host, acme: Acme, provider: LocalIdentityProvider) -> None:
    """In the administrator's own session the precise word; without it, or in another browser, the one refusal for all."""
    provider.people["eve"] = {"email": "eve@evil.example", "email_verified": True}
    refused = tried(acme, "eve")
    assert (refused.status, refused.json["passed"], refused.json["problem"]) == (200, False, "address_of_another_domain")
    provider.claims["aud"] = "somebody else"
    wrong = tried(acme, "ann")
    assert (wrong.json["problem"], "claims" in wrong.json) == ("token_wrong_audience", False)
    provider.claims.clear()
    for browser in (Browser(host), Browser(host).sign_up("ben@acme.example", "Ben")):
        reply = tried(acme, "ann", browser=browser)
        assert (reply.status, reply.json["reason"]) == (401, "invalid_credentials")
        assert whys(acme)[-1] == "callback_other_session"
    half = Traveller(acme, Browser(host))
    half.begin()
    begun = acme.owner.auth(f"POST {acme.home}/{acme.connection}/dry-run")
    stolen = back(acme.owner, provider.visit(str(begun.json["url"]), person="ann"), half=half.half)
    assert stolen.json["reason"] == "invalid_token"
    assert [each.name for each in host.events(acme.organization)].count("user.provisioned") == 0


def test_who_lost_the_right_meanwhile_sees_nothing(host: Host, acme: Acme, provider: LocalIdentityProvider) -> None:
    """An admin who begins a dry run and is an admin no more when it comes back is refused, and none is recorded."""
    adam = Browser(host).sign_up("adam@acme.example", "Adam").enrol()
    acme.owner.invite(acme.organization, adam, role="admin")
    begun = adam.auth(f"POST {acme.home}/{acme.connection}/dry-run")
    acme.owner.ok(f"PUT /organizations/{acme.organization}/members/{adam.id}/role", {"role": "member"})
    reply = back(adam, provider.visit(str(begun.json["url"]), person="ann"), half=kept(begun))
    assert (reply.status, reply.json["reason"]) == (403, "denied")
    assert "sso_connection.tried" not in [each.name for each in host.events(acme.organization)]


def test_only_who_manages_connections_looks_and_tries(host: Host, acme: Acme, provider: LocalIdentityProvider) -> None:
    """A member may neither; the owner of another organization finds nothing there; a key is no session."""
    one = f"{acme.home}/{acme.connection}"
    member = Browser(host).sign_up("ben@acme.example", "Ben").enrol()
    acme.owner.invite(acme.organization, member)
    rival = found(host, provider, name="rival")
    for step in ("doctor", "dry-run"):
        assert member.auth(f"POST {one}/{step}").status == 403
        assert rival.owner.auth(f"POST {one}/{step}").status == 404
        assert rival.owner.auth(f"POST {rival.home}/{acme.connection}/{step}").status == 404
        assert Browser(host).auth(f"POST {one}/{step}").status == 401


def test_github_is_asked_for_its_api(host: Host) -> None:
    """GitHub has no document: its API of memberships is asked without a token, at its own hosts."""
    github = GitHub(clock=host.clock)
    with github:
        routed = RoutedFetcher(github)
        made = HOSTS[host.name](Policy.preset(), shared=True, single_sign_on=SsoPolicy(fetcher=routed))
        made.clock.advance(host.clock.now() - made.clock.now())
        owner = Browser(made).sign_up("olga@acme.example", "Olga").enrol()
        organization = owner.found("acme")
        body: dict[str, Any] = {"name": "GitHub", "provider": "github", "client_id": "ctsec", "secret": "hidden"}
        draft = owner.ok(f"POST /organizations/{organization}/sso/connections", {**body, "github_login": "acme", "github_id": 77})["id"]
        told = owner.ok(f"POST /organizations/{organization}/sso/connections/{draft}/doctor")
        checks = {each["name"]: each for each in told["checks"]}
        assert routed.asked == ["https://api.github.com/user/memberships/orgs/acme"]
        assert (checks["provider_api"]["verdict"], checks["preset"]["verdict"], "discovery" in checks) == ("ok", "ok", False)
        made.close()
