"""Sign-in through each of the six providers, in both hosts: the connection and its preset are the real ones, the providers simulators."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ctsec.testing.identity_provider import CLIENT_SECRET
from tests.hosts.harness import HOSTS, Browser
from tests.hosts.providers import CONNECTIONS, LOGIN, T2, Providers, providers
from tests.hosts.sso import Traveller


@pytest.fixture(scope="module", params=sorted(HOSTS))
def at(request: pytest.FixtureRequest) -> Iterator[Providers]:
    """An organization with a connection to each provider, in each framework; its people add up over the tests."""
    with providers(request.param) as made:
        yield made


def signs_in(at: Providers, name: str, person: str, email: str) -> str:
    """Expect that somebody signs in, and return whose account it is."""
    reply = at.sign_in(name, person)
    assert (reply.status, reply.json.get("status")) == (200, "signed_in"), (name, reply.body)
    assert reply.json["organization_id"] == at.organization
    user = str(reply.json["user_id"])
    assert at.email(user) == email
    return user


def comes_back(at: Providers, name: str) -> None:
    """Expect that a new person gets an account, and finds it again though the provider now tells another address and name."""
    provider, person = at.at[name], f"new {name}".replace(" ", "-").replace("'", "")
    email = f"{person}@acme.example"
    provider.hire(person, email)
    asked = len(at.fetcher.asked)
    user = signs_in(at, name, person, email)
    assert all(url.startswith("https://") for url in at.fetcher.asked[asked:])
    known = provider.people[person]
    changes = {"emails": [{"email": "b@acme.example", "verified": True, "primary": True}], "login": "b", "email": "b@acme.example"}
    provider.people[person] = {**known, **{key: value for key, value in changes.items() if key in known}, "name": "New Name"}
    assert signs_in(at, name, person, email) == user


@pytest.mark.proves("SEED-S1")
def test_people_of_google_workspace_sign_in(at: Providers) -> None:
    """Somebody of the verified domain gets an account and comes back to it, whatever the address says then."""
    comes_back(at, "google")


@pytest.mark.proves("SEED-S2")
@pytest.mark.parametrize("name", ["entra", "entra for several"])
def test_people_of_entra_sign_in(at: Providers, name: str) -> None:
    """Somebody of a named directory gets an account, through the directory's own document and through the one for several."""
    comes_back(at, name)


@pytest.mark.parametrize("name", ["okta", "okta with a server"])
def test_people_of_okta_sign_in(at: Providers, name: str) -> None:
    """Somebody gets an account through the organization's authorization server, and through a custom one."""
    comes_back(at, name)


def test_people_of_onelogin_sign_in(at: Providers) -> None:
    """Somebody gets an account, though OneLogin vouches for no address."""
    comes_back(at, "onelogin")


@pytest.mark.proves("SEED-S5")
def test_people_of_github_sign_in(at: Providers) -> None:
    """An active member of the organization gets an account, and keeps it when login and address change."""
    comes_back(at, "github")


@pytest.mark.proves("SEED-S6")
@pytest.mark.parametrize("name", ["gitlab", "gitlab of one's own"])
def test_people_of_gitlab_sign_in(at: Providers, name: str) -> None:
    """Somebody gets an account through gitlab.com, and through an instance of the organization's own."""
    comes_back(at, name)


VOUCHED = ("google", "okta", "okta with a server", "github", "gitlab", "gitlab of one's own")


def test_an_account_is_found_by_an_address_that_the_provider_vouches_for(at: Providers) -> None:
    """With the six connections that verify addresses, somebody of the domain finds the account that they have already: one account."""
    email = "carla@acme.example"
    found = set()
    for name in VOUCHED:
        at.at[name].hire("carla", email)
        found.add(signs_in(at, name, "carla", email))
    assert len(found) == 1


@pytest.mark.proves("ASVS-6.8.1")
def test_the_same_subject_elsewhere_is_somebody_else(at: Providers) -> None:
    """One subject at six providers is six people: an identity counts at the connection that it came through."""
    found = set()
    for number, name in enumerate(("google", "okta", "okta with a server", "onelogin", "gitlab", "gitlab of one's own")):
        at.at[name].hire("twin", f"twin{number}@acme.example", sub="0")
        found.add(signs_in(at, name, "twin", f"twin{number}@acme.example"))
    assert len(found) == 6


@pytest.mark.proves("ASVS-10.1.1")
@pytest.mark.parametrize("name", CONNECTIONS)
def test_tokens_stay_on_this_side(at: Providers, name: str) -> None:
    """No token of a provider, and not the client's secret, is in what the browser gets or in the log."""
    at.at[name].hire("tom", f"tom-{name[:8].replace(' ', '')}@acme.example")
    browser = Browser(at.host)
    replies = [Traveller(at.acme(name), browser).sign_in("tom"), browser.auth("GET /session")]
    replies.append(at.owner.auth(f"GET /organizations/{at.organization}/sso/connections"))
    assert [reply.status for reply in replies] == [200, 200, 200]
    told = "".join(f"{reply.headers} {reply.body!r}" for reply in replies)
    told += "".join(str(each.details()) for each in at.host.events(at.organization))
    tokens = [token for each in at.at[name].sign_ins.all for token in (*each.access, each.refresh) if token]
    assert tokens
    assert [token for token in (*tokens, "eyJ", CLIENT_SECRET) if token in told] == []


BEN = "ben@acme.example"
# The connection, what the person is at the provider beside the usual, what every ID token says besides, and why that is refused.
HOSTILE: dict[str, tuple[str, dict[str, Any], dict[str, Any], str]] = {
    "Google: a consumer account of this address": ("google", {"hd": ...}, {}, "wrong_domain"),
    "Google: an account at gmail.com": ("google", {"email": "x@gmail.com", "hd": ...}, {}, "wrong_domain"),
    "Google: another customer's domain": ("google", {"hd": "evil.example"}, {}, "wrong_domain"),
    "Google: a domain that ends so": ("google", {"hd": "evil-acme.example"}, {}, "wrong_domain"),
    "Google: several domains": ("google", {"hd": ["acme.example"]}, {}, "wrong_domain"),
    "Google: the issuer without https": ("google", {}, {"iss": "accounts.google.com"}, "token_wrong_issuer"),
    "Google: another application": ("google", {}, {"aud": "other.apps.googleusercontent.com"}, "token_wrong_audience"),
    "Google: for another application": ("google", {}, {"azp": "other.apps.googleusercontent.com"}, "token_wrong_party"),
    "Google: an address of elsewhere": ("google", {"email": "x@evil.example"}, {}, "address_of_another_domain"),
    "Google: somebody's address, not verified": ("google", {"email": BEN, "email_verified": False}, {}, "address_not_verified"),
    "Google: verified in words": ("google", {"email": BEN, "email_verified": "true"}, {}, "address_not_verified"),
    "Entra: another directory": ("entra", {"tid": T2}, {}, "wrong_directory"),
    "Entra: another directory, several allowed": (
        "entra for several",
        {"tid": "cccccccc-0000-4000-8000-000000000003"},
        {},
        "wrong_directory",
    ),
    "Entra: its issuer, this one's directory": ("entra for several", {}, {"iss": f"{LOGIN}/{T2}/v2.0"}, "token_wrong_issuer"),
    "Entra: the template": ("entra for several", {}, {"iss": f"{LOGIN}/{{tenantid}}/v2.0"}, "token_wrong_issuer"),
    "Entra: version 1": ("entra", {}, {"iss": "https://sts.windows.net/x/"}, "token_wrong_issuer"),
    "Entra: no directory": ("entra", {}, {"tid": None}, "wrong_directory"),
    "Entra: no person": ("entra", {"oid": ...}, {}, "no_identity"),
    "Entra: a person with a slash": ("entra", {"oid": f"x/{T2}"}, {}, "no_identity"),
    "Entra: somebody's address": ("entra", {"email": BEN}, {}, "address_not_verified"),
    "Entra: somebody's address, said to be verified": ("entra", {"email": BEN, "email_verified": True}, {}, "address_not_verified"),
    "Entra: somebody's address, of a verified domain": ("entra", {"email": BEN, "xms_edov": True}, {}, "address_not_verified"),
    "Entra: an address of elsewhere": ("entra", {"email": "x@evil.example"}, {}, "address_of_another_domain"),
    "Entra: no address": ("entra", {"email": ...}, {}, "no_address"),
    "Okta: the custom server's issuer": ("okta", {}, {"iss": "https://acme.okta.com/oauth2/default"}, "token_wrong_issuer"),
    "Okta: the organization's issuer": ("okta with a server", {}, {"iss": "https://other.okta.com"}, "token_wrong_issuer"),
    "Okta: another organization": ("okta", {}, {"iss": "https://evil.okta.com"}, "token_wrong_issuer"),
    "Okta: userinfo of somebody else": ("okta", {}, {"sub": "00uother"}, "userinfo_wrong_subject"),
    "Okta: methods in a word": ("okta", {}, {"amr": "mfa"}, "token_bad_methods"),
    "Okta: somebody's address, not verified": ("okta", {"email": BEN, "email_verified": False}, {}, "address_not_verified"),
    "Okta: an audience of an API": ("okta with a server", {}, {"aud": "api://default"}, "token_wrong_audience"),
    "OneLogin: another account's issuer": ("onelogin", {}, {"iss": "https://evil.onelogin.com/oidc/2"}, "token_wrong_issuer"),
    "OneLogin: the old issuer": ("onelogin", {}, {"iss": "https://acme.onelogin.com/oidc"}, "token_wrong_issuer"),
    "OneLogin: somebody's address": ("onelogin", {"email": BEN}, {}, "address_not_verified"),
    "OneLogin: userinfo of somebody else": ("onelogin", {"groups": ...}, {"sub": "1"}, "userinfo_wrong_subject"),
    "GitHub: invited only": ("github", {"membership": "pending"}, {}, "not_a_member_at_provider"),
    "GitHub: no member": ("github", {"membership": ""}, {}, "not_a_member_at_provider"),
    "GitHub: an account without a number": ("github", {"id": None}, {}, "no_identity"),
    "GitHub: a number in words": ("github", {"id": "7"}, {}, "no_identity"),
    "GitHub: an address that is not verified": (
        "github",
        {"emails": [{"email": BEN, "primary": True, "verified": False}]},
        {},
        "no_address",
    ),
    "GitHub: verified in words": ("github", {"emails": [{"email": BEN, "primary": True, "verified": "true"}]}, {}, "no_address"),
    "GitHub: a hidden address": (
        "github",
        {"emails": [{"email": "7+x@users.noreply.github.com", "primary": True, "verified": True}]},
        {},
        "address_of_another_domain",
    ),
    "GitHub: two addresses in one": ("github", {"emails": [{"email": f"{BEN}@evil.example", "verified": True}]}, {}, "no_address"),
    "GitLab: another instance": ("gitlab", {}, {"iss": "https://git.acme.example"}, "token_wrong_issuer"),
    "GitLab: gitlab.com for one's own": ("gitlab of one's own", {}, {"iss": "https://gitlab.com"}, "token_wrong_issuer"),
    "GitLab: somebody's address, not confirmed": ("gitlab", {"email": BEN, "email_verified": False}, {}, "address_not_verified"),
    "GitLab: any address, of one's own instance": ("gitlab of one's own", {"email": "x@evil.example"}, {}, "address_of_another_domain"),
    "GitLab: userinfo of somebody else": ("gitlab", {"name": ...}, {"sub": "1"}, "userinfo_wrong_subject"),
}


@pytest.mark.proves("ASVS-10.5.2", "CVE-2024-21632", "CVE-2026-40574")
def test_strangers_of_each_provider_are_refused_for_their_reason(at: Providers) -> None:
    """Who is not of this customer, or not vouched for, is refused with one answer, whatever the reason that the log has."""
    before, answers = len(at.whys()), {}
    for number, (name, changed, claims, _) in enumerate(HOSTILE.values()):
        provider = at.at[name]
        provider.hire(f"stranger{number}", f"stranger{number}@acme.example", **changed)
        provider.claims.update(claims)
        reply = at.sign_in(name, f"stranger{number}")
        provider.claims.clear()
        answers[reply.status, reply.json.get("reason"), str(reply.json.get("detail"))] = list(HOSTILE)[number]
    assert [(status, reason) for status, reason, _ in answers] == [(401, "invalid_credentials")], answers
    assert dict(zip(HOSTILE, at.whys()[before:], strict=True)) == {row: why for row, (_, _, _, why) in HOSTILE.items()}


def test_a_document_of_another_customer_enables_nothing(at: Providers) -> None:
    """An issuer that the provider does not have, in its own spelling, does not pass the test, so nobody signs in through it."""
    for name, issuer in (
        ("entra", f"{LOGIN}/organizations/v2.0"),
        ("entra for several", f"{LOGIN}/{T2}/v2.0"),
        ("okta", "https://acme.okta.com/oauth2/default"),
        ("okta with a server", "https://other.okta.com"),
        ("onelogin", "https://acme.onelogin.com"),
        ("gitlab", "https://gitlab.com/"),
        ("gitlab of one's own", "https://git.other.example"),
    ):
        one = at.draft(name, issuer=issuer)
        assert at.owner.ok(f"POST {one}/test")["passed"] is False, name
        assert at.owner.auth(f"POST {one}/enable").status == 409, name
        at.owner.ok(f"DELETE {one}")
