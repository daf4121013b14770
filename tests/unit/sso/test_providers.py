"""What is particular to each provider: strangers are refused, and identity, address and groups are read as the provider means them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ctsec.jose.rejection import TokenReason
from ctsec.sso.oidc import ExternalIdentity, OidcClient, ProvedSignIn
from ctsec.sso.oidc.presets import GITLAB, OKTA, ONELOGIN, PRESETS, Provider
from ctsec.sso.oidc.reason import OidcReason
from ctsec.sso.saml.presets import SAML_PRESETS
from ctsec.transport.request import HttpAnswer
from tests.unit.sso.provider import (
    ENTRA_CLIENT,
    ENTRA_ISSUER,
    GENERIC_CLIENT,
    GITHUB_CLIENT,
    GOOGLE_CLIENT,
    ISSUER,
    TENANT_A,
    TENANT_B,
    Simulator,
    answered,
    reason_of,
    signed_in,
    sound,
)

STRANGE = ENTRA_ISSUER.replace("{tenantid}", TENANT_B)
ORG = "/user/memberships/orgs/acme"
HOME = {"email": "olga@home.example", "primary": True, "verified": True}


def membership(state: str, *, organization: int, user: int) -> HttpAnswer:
    """Return what GitHub says of a membership."""
    return answered({"state": state, "organization": {"id": organization}, "user": {"id": user}})


IDENTITIES: dict[str, tuple[OidcReason | TokenReason, OidcClient, dict[str, Any]]] = {
    "Google: no domain": (OidcReason.WRONG_DOMAIN, GOOGLE_CLIENT, {"hd": ...}),
    "Google: another domain": (OidcReason.WRONG_DOMAIN, GOOGLE_CLIENT, {"hd": "evil.example"}),
    "Google: domain that ends so": (OidcReason.WRONG_DOMAIN, GOOGLE_CLIENT, {"hd": "evil-acme.example"}),
    "Google: domain in a list": (OidcReason.WRONG_DOMAIN, GOOGLE_CLIENT, {"hd": ["acme.example"]}),
    "Google: another issuer": (TokenReason.WRONG_ISSUER, GOOGLE_CLIENT, {"iss": "accounts.google.com"}),
    "Entra: another directory": (OidcReason.WRONG_DIRECTORY, ENTRA_CLIENT, {"tid": TENANT_B, "iss": STRANGE}),
    "Entra: no directory": (OidcReason.WRONG_DIRECTORY, ENTRA_CLIENT, {"tid": ...}),
    "Entra: directories in a list": (OidcReason.WRONG_DIRECTORY, ENTRA_CLIENT, {"tid": [TENANT_B]}),
    "Entra: issuer of another directory": (TokenReason.WRONG_ISSUER, ENTRA_CLIENT, {"iss": STRANGE}),
    "Entra: the template itself": (TokenReason.WRONG_ISSUER, ENTRA_CLIENT, {"iss": ENTRA_ISSUER}),
    "Entra: issuer of version 1": (TokenReason.WRONG_ISSUER, ENTRA_CLIENT, {"iss": "https://sts.windows.net/x/"}),
    "Entra: no object": (OidcReason.NO_IDENTITY, ENTRA_CLIENT, {"oid": ...}),
    "Entra: empty object": (OidcReason.NO_IDENTITY, ENTRA_CLIENT, {"oid": ""}),
    "Entra: object with a slash": (OidcReason.NO_IDENTITY, ENTRA_CLIENT, {"oid": f"x/{TENANT_B}"}),
}  # fmt: skip


@pytest.mark.proves("ASVS-10.5.2")
@pytest.mark.parametrize("name", IDENTITIES)
def test_strangers_of_a_provider_are_refused_for_their_reason(name: str) -> None:
    """Who comes from another domain or directory, or has no identity that stays, is refused for the reason in the table."""
    reason, client, changed = IDENTITIES[name]
    assert reason_of(signed_in(sound(client, **changed), client=client)) == reason


GITHUB: dict[str, tuple[OidcReason, dict[str, HttpAnswer]]] = {
    "no account": (OidcReason.GRANT_REFUSED, {"/user": answered({"message": "Bad credentials"}, 401)}),
    "error with 200": (OidcReason.NO_IDENTITY, {"/user": answered({"message": "rate limited"})}),
    "account without a number": (OidcReason.NO_IDENTITY, {"/user": answered({"login": "olga", "id": None})}),
    "number that is a text": (OidcReason.NO_IDENTITY, {"/user": answered({"id": "7"})}),
    "number that is true": (OidcReason.NO_IDENTITY, {"/user": answered({"id": True})}),
    "number of nobody": (OidcReason.NO_IDENTITY, {"/user": answered({"id": 0})}),
    "account in a list": (OidcReason.USERINFO_MALFORMED, {"/user": answered([{"id": 7}])}),
    "addresses hidden": (OidcReason.USERINFO_STATUS, {"/user/emails": answered({}, 404)}),
    "asked too often": (OidcReason.PROVIDER_UNAVAILABLE, {ORG: answered({}, 429)}),
    "not a member": (OidcReason.NOT_A_MEMBER, {ORG: answered({}, 404)}),
    "organization behind its own sign-in": (OidcReason.NOT_A_MEMBER, {ORG: answered({}, 403)}),
    "invited only": (OidcReason.NOT_A_MEMBER, {ORG: membership("pending", organization=77, user=7)}),
    "organization that took the name": (OidcReason.NOT_A_MEMBER, {ORG: membership("active", organization=78, user=7)}),
    "membership of somebody else": (OidcReason.NOT_A_MEMBER, {ORG: membership("active", organization=77, user=8)}),
    "membership without an organization": (OidcReason.NOT_A_MEMBER, {ORG: answered({"state": "active", "user": {"id": 7}})}),
    "error for tokens with 200": (OidcReason.GRANT_REFUSED, {"/login/oauth/access_token": answered({"error": "bad_verification_code"})}),
}  # fmt: skip


def github(special: dict[str, HttpAnswer]) -> Simulator:
    """Return GitHub as it answers for a member of the organization, with answers changed."""
    provider = Simulator()
    provider.overrides |= {
        "/login/oauth/access_token": answered({"access_token": "gho_1", "token_type": "bearer", "scope": "read:org,user:email"}),
        "/user": answered({"id": 7, "login": "olga", "name": "Olga", "email": "olga@acme.example"}),
        "/user/emails": answered([HOME, {"email": "olga@acme.example", "verified": True}]),
        ORG: membership("active", organization=77, user=7),
    }
    provider.overrides |= special
    return provider


@pytest.mark.parametrize("name", GITHUB)
def test_hostile_answers_of_github_are_refused_for_their_reason(name: str) -> None:
    """An answer of GitHub's API that names nobody, or no active member of this organization, ends the sign-in for its reason."""
    reason, special = GITHUB[name]
    assert reason_of(signed_in(github(special), client=GITHUB_CLIENT)) == reason


@pytest.mark.parametrize(
    ("emails", "email", "verified"),
    [
        (None, "olga@acme.example", True),
        ([{"email": "olga@acme.example", "primary": True, "verified": False}], None, False),
        ([{"email": "olga@acme.example", "primary": True, "verified": "true"}], None, False),
        ([HOME], "olga@home.example", False),
        ([{"email": "a@acme.example@evil.example", "verified": True}], None, False),
        ([HOME, {"email": "b@evil.example", "verified": True}, {"email": "a@acme.example", "verified": True}], "a@acme.example", True),
        ({"message": "error"}, None, False),
        ([None, 1, {}], None, False),
    ],
)  # fmt: skip
def test_addresses_of_github_count_if_verified_and_of_the_organization(emails: object, email: str | None, verified: bool) -> None:
    """The identity is the number; an address counts only if GitHub verified it and it is in a domain of the organization."""
    special = {} if emails is None else {"/user/emails": answered(emails)}
    found = signed_in(github(special), client=GITHUB_CLIENT).outcome
    assert isinstance(found, ProvedSignIn), found
    assert found.identity == ExternalIdentity(
        connection="con_1", issuer="https://github.com", subject="7", email=email, email_verified=verified, name="Olga"
    )


def identity(client: OidcClient = GENERIC_CLIENT, userinfo: dict[str, object] | None = None, **changed: Any) -> ExternalIdentity:
    """Return who signs in with these claims."""
    provider = sound(client, **changed)
    provider.overrides["/userinfo"] = answered({"sub": changed.get("sub", "person-1")} | (userinfo or {}))
    found = signed_in(provider, client=client).outcome
    assert isinstance(found, ProvedSignIn), found
    return found.identity


@pytest.mark.proves("CHANGELOG-django-allauth-65-13-0-a")
@pytest.mark.proves("ASVS-10.5.2")
def test_the_key_of_an_identity_is_what_stays() -> None:
    """The key is connection, issuer and subject: with Entra directory and object, everywhere else `sub`; no address, name or login."""
    keys = {
        "generic": (GENERIC_CLIENT, ("con_1", ISSUER, "person-1")),
        "google": (GOOGLE_CLIENT, ("con_1", "https://accounts.google.com", "person-1")),
        "entra": (ENTRA_CLIENT, ("con_1", ENTRA_ISSUER.replace("{tenantid}", TENANT_A), f"{TENANT_A}/object-1")),
    }
    for client, key in keys.values():
        assert identity(client).key == key
        other = identity(client, email="new@acme.example", name="New", preferred_username="new", upn="new@acme.example")
        assert other.key == key
    assert identity(replace(GENERIC_CLIENT, connection="con_2")).key != keys["generic"][1]
    assert identity(ENTRA_CLIENT, sub="pairwise-2").key == keys["entra"][1]
    assert identity(ENTRA_CLIENT, oid="object-2").key != keys["entra"][1]


@pytest.mark.proves("CVE-2026-40574")
@pytest.mark.parametrize(
    ("client", "changed", "verified"),
    [
        (GENERIC_CLIENT, {}, True),
        (GENERIC_CLIENT, {"email": "Olga@ACME.example"}, True),
        (GENERIC_CLIENT, {"email_verified": False}, False),
        (GENERIC_CLIENT, {"email_verified": "true"}, False),
        (GENERIC_CLIENT, {"email_verified": 1}, False),
        (GENERIC_CLIENT, {"email_verified": ...}, False),
        (GENERIC_CLIENT, {"email": "olga@evil.example"}, False),
        (GENERIC_CLIENT, {"email": "olga@sub.acme.example"}, False),
        (GENERIC_CLIENT, {"email": "olga@evil.example@acme.example"}, False),
        (GENERIC_CLIENT, {"email": "olga@acme.example@evil.example"}, False),
        (GENERIC_CLIENT, {"email": "@acme.example"}, False),
        (GENERIC_CLIENT, {"email": "olga@acme.example\n"}, False),
        (GENERIC_CLIENT, {"email": "olga @acme.example"}, False),
        (GENERIC_CLIENT, {"email": ["olga@acme.example"]}, False),
        (GENERIC_CLIENT, {"email": None}, False),
        (replace(GENERIC_CLIENT, domains=frozenset()), {}, False),
        (GOOGLE_CLIENT, {}, True),
        (GOOGLE_CLIENT, {"email": "olga@gmail.com"}, False),
        (GOOGLE_CLIENT, {"email_verified": False}, False),
        (ENTRA_CLIENT, {}, False),
        (ENTRA_CLIENT, {"xms_edov": True}, False),
        (replace(GENERIC_CLIENT, preset=OKTA), {}, True),
        (replace(GENERIC_CLIENT, preset=ONELOGIN), {}, True),
        (replace(GENERIC_CLIENT, preset=GITLAB), {"email": "olga@evil.example"}, False),
    ],
    ids=lambda value: value.preset.provider.value if isinstance(value, OidcClient) else str(value),
)  # fmt: skip
def test_an_address_counts_if_it_is_verified_and_of_the_organization(client: OidcClient, changed: dict[str, Any], verified: bool) -> None:
    """An address counts only with `true` from a provider that verifies, one `@`, and a domain of the organization; Entra's never does."""
    assert identity(client, None, **changed).email_verified is verified


def test_address_and_verdict_come_from_one_place() -> None:
    """What userinfo says adds to a token and never vouches for the token's address; a domain (`hd`) comes from the token alone."""
    vouched = {"email": "olga@acme.example", "email_verified": True, "name": "Olga O."}
    both = identity(userinfo=vouched, email="eve@acme.example", email_verified=..., name=...)
    assert (both.email, both.email_verified) == ("eve@acme.example", False)
    added = identity(userinfo=vouched, email=..., email_verified=..., name=...)
    assert (added.email, added.email_verified, added.name) == ("olga@acme.example", True, "Olga O.")
    mixed = identity(userinfo={"email": "olga@acme.example"}, email=..., email_verified=True)
    assert (mixed.email, mixed.email_verified) == ("olga@acme.example", False)
    provider = sound(GOOGLE_CLIENT, hd=...)
    provider.overrides["/userinfo"] = answered({"sub": "person-1", "hd": "acme.example"})
    assert reason_of(signed_in(provider, client=GOOGLE_CLIENT)) == OidcReason.WRONG_DOMAIN


@pytest.mark.parametrize(
    ("client", "changed", "groups"),
    [
        (GENERIC_CLIENT, {}, ("staff", "admins")),
        (GENERIC_CLIENT, {"groups": []}, ()),
        (GENERIC_CLIENT, {"groups": ["a", "a"]}, ("a",)),
        (GENERIC_CLIENT, {"groups": ...}, None),
        (GENERIC_CLIENT, {"groups": None}, None),
        (GENERIC_CLIENT, {"groups": "admins"}, None),
        (GENERIC_CLIENT, {"groups": {"admins": True}}, None),
        (GENERIC_CLIENT, {"groups": ["a", 1]}, None),
        (GENERIC_CLIENT, {"groups": ["a", ""]}, None),
        (GENERIC_CLIENT, {"groups": ["g"] * 1001}, None),
        (replace(GENERIC_CLIENT, groups_claim="roles"), {"roles": ["r"]}, ("r",)),
        (GOOGLE_CLIENT, {}, None),
        (ENTRA_CLIENT, {}, ("staff", "admins")),
        (ENTRA_CLIENT, {"groups": ...}, None),
        (ENTRA_CLIENT, {"groups": ..., "hasgroups": True}, None),
        (ENTRA_CLIENT, {"groups": [], "hasgroups": True}, None),
        (ENTRA_CLIENT, {"groups": [], "_claim_names": {"groups": "src1"}}, None),
        (ENTRA_CLIENT, {"groups": ["a"], "_claim_sources": {"src1": {}}}, None),
    ],
    ids=lambda value: value.preset.provider.value if isinstance(value, OidcClient) else str(value)[:40],
)  # fmt: skip
def test_groups_that_are_not_told_are_unknown(client: OidcClient, changed: dict[str, Any], groups: tuple[str, ...] | None) -> None:
    """Groups are a list of texts or they are unknown; what is missing, overflowed or malformed is never read as none."""
    assert identity(client, None, **changed).groups == groups


def test_a_name_is_what_can_be_shown() -> None:
    """A name that is blank, not printable or no text is none, and a long one is cut."""
    for given, shown in (("Olga", "Olga"), ("  ", None), ("a\nb", None), ("\u202egpj", None), (7, None), ("n" * 500, "n" * 200)):
        assert identity(name=given).name == shown


def test_each_provider_has_a_preset_whose_identity_is_no_address() -> None:
    """Every provider of the list has a preset under its name, and none is identified by what changes hands."""
    presets = {**{name: each.provider for name, each in PRESETS.items()}, **{name: each.provider for name, each in SAML_PRESETS.items()}}
    assert presets == {each: each for each in Provider}
    assert SAML_PRESETS.keys() == {each for each in Provider if each.saml}
    changing = {"email", "preferred_username", "upn", "name", "login", "nickname", "unique_name"}
    assert not any(changing & set(preset.subject) for preset in PRESETS.values())
