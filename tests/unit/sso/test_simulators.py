"""The simulators speak as their providers do, and the presets read them so: each particularity, through the real steps over loopback."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from ctsec.errors import FetchFailed, FetchRefused
from ctsec.jose.rejection import Rejected
from ctsec.secret import SecretText
from ctsec.sso._sync_driving import Driver
from ctsec.sso.oidc import ExternalIdentity, OidcClient, ProvedSignIn, SecretBasic
from ctsec.sso.oidc.authorization import begin_sign_in
from ctsec.sso.oidc.client import GitHubOrganization, SecretPost
from ctsec.sso.oidc.flow import complete_sign_in, discover
from ctsec.sso.oidc.presets import ENTRA, GITHUB, GITLAB, GOOGLE, OKTA, ONELOGIN
from ctsec.sso.oidc.tokens import Exchange
from ctsec.testing import FixedClock
from ctsec.testing.identity_provider import CLIENT_ID, CLIENT_SECRET
from ctsec.testing.providers import EntraId, GitHub, GitLab, GoogleWorkspace, Okta, OneLogin, ProviderSimulator, RoutedFetcher
from ctsec.testing.random import UnsafeSeededRandom
from ctsec.transport.request import HttpRequest

T1, T2 = "aaaaaaaa-0000-4000-8000-000000000001", "bbbbbbbb-0000-4000-8000-000000000002"
LOGIN = "https://login.microsoftonline.com"
CLOCK = FixedClock()
NOW: datetime = CLOCK.now()


class World:
    """Every simulator, a client for each, and the fetcher that leads to them."""

    def __init__(self) -> None:
        self.google = GoogleWorkspace(clock=CLOCK)
        self.entra = EntraId(directory=T1, clock=CLOCK)
        self.okta = Okta(clock=CLOCK)
        self.custom = Okta(domain="other.okta.com", server="default", groups_configured=True, clock=CLOCK)
        self.onelogin = OneLogin(clock=CLOCK)
        self.github = GitHub(clock=CLOCK)
        self.gitlab = GitLab(clock=CLOCK)
        self.own = GitLab(host="git.acme.example", path="/gitlab", clock=CLOCK)
        self.every: tuple[ProviderSimulator, ...] = (
            self.google, self.entra, self.okta, self.custom, self.onelogin, self.github, self.gitlab, self.own,
        )  # fmt: skip
        self.fetcher = RoutedFetcher(*self.every)

    def client(self, at: ProviderSimulator, **changed: Any) -> OidcClient:
        """Return the client of a connection to one of them, as an administrator would configure it."""
        presets = {GoogleWorkspace: GOOGLE, EntraId: ENTRA, Okta: OKTA, OneLogin: ONELOGIN, GitHub: GITHUB, GitLab: GITLAB}
        preset = presets[type(at)]
        client = OidcClient(
            connection="con_1",
            client_id=CLIENT_ID,
            redirect_uri="https://app.example/sso/con_1/callback",
            proof=SecretBasic(SecretText(CLIENT_SECRET)),
            preset=preset,
            issuer="" if preset.issuer else at.issuer if preset is not ENTRA else f"{LOGIN}/{T1}/v2.0",
            domains=frozenset({"acme.example"}),
            directories=frozenset({T1}),
            github=GitHubOrganization(login="acme", id=77) if preset is GITHUB else None,
        )
        return replace(client, **changed)

    def came(self, at: ProviderSimulator, person: str, *, asks: Mapping[str, str] | None = None, **changed: Any) -> Any:
        """Return what a sign-in at one of them comes to, from its document to its end; `asks` is what is asked of refresh tokens."""
        client, driver = self.client(at, **changed), Driver(self.fetcher)
        if asks is not None:
            client = replace(client, preset=replace(client.preset, offline=tuple(asks.items())))
        metadata = driver.drive(discover(client), client=client)
        if isinstance(metadata, Rejected):
            return metadata
        begun = begin_sign_in(client, metadata, now=NOW, random=UnsafeSeededRandom())
        callback = at.visit(begun.url, person=person)
        exchange = Exchange(client=client, metadata=metadata, now=NOW, random=UnsafeSeededRandom())
        steps = complete_sign_in(exchange, pending=begun.pending, parameters=parse_qsl(urlsplit(callback).query), keys=None)
        return driver.drive(steps, client=client).outcome

    def who(self, at: ProviderSimulator, person: str, **changed: Any) -> ExternalIdentity:
        """Return who signs in."""
        outcome = self.came(at, person, **changed)
        assert isinstance(outcome, ProvedSignIn), outcome
        return outcome.identity


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """Every simulator, listening."""
    made = World()
    with ExitStack() as stack:
        for each in made.every:
            stack.enter_context(each)
        yield made


def told(found: ExternalIdentity) -> tuple[str, str, str | None, bool, tuple[str, ...] | None]:
    """Return what a test of an identity is about."""
    return found.issuer, found.subject, found.email, found.email_verified, found.groups


EMAIL = "ann@acme.example"


def test_google_tells_the_organization_and_no_groups(world: World) -> None:
    """Issuer, subject and address; groups that somebody has are told nowhere; a consumer account has no `hd` and is nobody here."""
    world.google.hire("ann", EMAIL, groups=["staff"])
    assert told(world.who(world.google, "ann")) == ("https://accounts.google.com", "ann-1", EMAIL, True, None)
    world.google.hire("eve", "eve@acme.example", hd=...)
    assert world.came(world.google, "eve").reason == "wrong_domain"
    asked = {urlsplit(url).hostname for url in world.fetcher.asked}
    assert asked == {"accounts.google.com", "oauth2.googleapis.com", "www.googleapis.com"}


def test_google_gives_a_refresh_token_to_who_asks_for_it(world: World) -> None:
    """None without `access_type=offline`, one at the first consent, and again only with `prompt=consent`."""
    world.google.hire("ron", "ron@acme.example")
    offline = {"access_type": "offline"}
    found = [world.came(world.google, "ron", asks=asks) for asks in ({}, offline, offline, {**offline, "prompt": "consent"})]
    assert [each.tokens.refresh_token is not None for each in found] == [False, True, False, True]


def test_entra_has_an_issuer_for_each_directory(world: World) -> None:
    """A directory's own document and the one for several lead to the same identity; a directory that is not named is refused."""
    world.entra.hire("ann", EMAIL, groups=["g1"])
    several: dict[str, Any] = {
        "issuer": f"{LOGIN}/{{tenantid}}/v2.0",
        "discovery": f"{LOGIN}/organizations/v2.0/.well-known/openid-configuration",
        "directories": frozenset({T1, T2}),
    }
    one = (f"{LOGIN}/{T1}/v2.0", f"{T1}/ann-object", EMAIL, False, ("g1",))
    assert told(world.who(world.entra, "ann")) == told(world.who(world.entra, "ann", **several)) == one
    world.entra.hire("guest", "guest@acme.example", tid=T2)
    assert world.who(world.entra, "guest", **several).subject == f"{T2}/guest-object"
    for changed in ({}, {**several, "directories": frozenset({T1})}):
        assert world.came(world.entra, "guest", **changed).reason == "wrong_directory"
    common: dict[str, Any] = {"discovery": several["discovery"]}
    assert world.came(world.entra, "ann", **common).reason == "discovery_wrong_issuer"


def test_entra_leaves_groups_out_when_they_are_too_many(world: World) -> None:
    """200 are told; with one more they are unknown, in either form, and so they are where no claim is configured."""
    world.entra.hire("few", "few@acme.example", groups=[f"g{n}" for n in range(200)])
    world.entra.hire("many", "many@acme.example", groups=[f"g{n}" for n in range(201)])
    assert len(world.who(world.entra, "few").groups or ()) == 200
    assert world.who(world.entra, "many").groups is None
    world.entra.implicit = True
    try:
        assert world.who(world.entra, "many").groups is None
    finally:
        world.entra.implicit = False
    world.entra.groups_configured = False
    try:
        assert world.who(world.entra, "few").groups is None
    finally:
        world.entra.groups_configured = True


def test_entra_vouches_for_no_address(world: World) -> None:
    """Neither without a word, nor with `xms_edov`, nor with an `email_verified` that some directory makes up."""
    for more in ({}, {"xms_edov": True}, {"email_verified": True}):
        world.entra.hire("eve", "olga@acme.example", **more)
        assert world.who(world.entra, "eve").email_verified is False
    world.entra.hire("amy", "amy@acme.example", amr=["pwd", "mfa"])
    assert world.who(world.entra, "amy").methods == ("pwd", "mfa")


@pytest.mark.parametrize("server", ["okta", "custom"])
def test_okta_tells_most_at_userinfo(world: World, server: str) -> None:
    """Each server has its issuer; the thin ID token has no address and userinfo adds it; groups only where a claim is configured."""
    at: Okta = getattr(world, server)
    at.hire("ann", EMAIL, groups=["staff"], amr=["pwd", "mfa", "otp"])
    found = world.who(at, "ann")
    assert told(found) == (at.issuer, "00uann", EMAIL, True, ("staff",) if server == "custom" else None)
    assert found.methods == ("pwd", "mfa", "otp")
    assert at.issuer == {"okta": "https://acme.okta.com", "custom": "https://other.okta.com/oauth2/default"}[server]


def test_onelogin_tells_groups_for_their_scope_and_vouches_for_no_address(world: World) -> None:
    """The issuer has a path; groups come with the scope `groups`, as one text they are unknown; nothing says `email_verified`."""
    world.onelogin.hire("ann", EMAIL, groups=["Admin Role"])
    subject = world.onelogin.people["ann"]["sub"]
    asking = {"scopes": ("openid", "email", "profile", "groups")}
    assert told(world.who(world.onelogin, "ann")) == ("https://acme.onelogin.com/oidc/2", subject, EMAIL, False, None)
    assert world.who(world.onelogin, "ann", **asking).groups == ("Admin Role",)
    world.onelogin.hire("bob", "bob@acme.example", groups="Admin Role;User Role")
    assert world.who(world.onelogin, "bob", **asking).groups is None


def test_github_tells_by_its_api(world: World) -> None:
    """The number is the identity and stays with a new login; hidden and unverified addresses do not count; an old login is free again."""
    world.github.hire("ann", EMAIL)
    number = str(world.github.people["ann"]["id"])
    first = world.who(world.github, "ann")
    assert told(first) == ("https://github.com", number, EMAIL, True, None)
    world.github.people["ann"]["login"] = "ann-new"
    world.github.hire("eve", "eve@acme.example", login="ann")
    assert world.who(world.github, "ann").key == first.key
    assert world.who(world.github, "eve").key != first.key
    hidden = {"email": "1+bob@users.noreply.github.com", "verified": True, "primary": False}
    for emails, expected in (
        ([{"email": EMAIL, "verified": False, "primary": True}, hidden], (hidden["email"], False)),
        ([{"email": EMAIL, "verified": False, "primary": True}], (None, False)),
    ):
        world.github.hire("bob", EMAIL, emails=emails)
        found = world.who(world.github, "bob")
        assert (found.email, found.email_verified) == expected


def test_github_refuses_with_a_success_and_hides_behind_sso(world: World) -> None:
    """Errors of the token endpoint have status 200; a form answers who wants no JSON; pending and hidden memberships are none."""
    world.github.hire("cat", "cat@acme.example")
    wrong: dict[str, Any] = {"proof": SecretBasic(SecretText("wrong"))}
    assert world.came(world.github, "cat", **wrong).reason == "client_refused"
    assert isinstance(world.came(world.github, "cat", proof=SecretPost(SecretText(CLIENT_SECRET))), ProvedSignIn)
    request = HttpRequest(url="https://github.com/login/oauth/access_token", method="POST", body=b"code=none")
    answer = world.fetcher.fetch(replace(request, body=f"code=none&client_id={CLIENT_ID}&client_secret={CLIENT_SECRET}".encode()))
    assert (answer.status, b"bad_verification_code" in answer.body) == (200, True)
    form = "application/x-www-form-urlencoded"
    answer = world.fetcher.fetch(replace(request, headers={"Accept": form}, media=frozenset({form})))
    assert (answer.status, answer.media, answer.body.startswith(b"error=incorrect_client_credentials")) == (200, form, True)
    for membership in ("pending", ""):
        world.github.people["cat"]["membership"] = membership
        assert world.came(world.github, "cat").reason == "not_a_member_at_provider"
    world.github.people["cat"]["membership"] = "active"
    assert world.came(world.github, "cat", github=GitHubOrganization(login="acme", id=78)).reason == "not_a_member_at_provider"
    world.github.enforces_sso = True
    try:
        assert world.came(world.github, "cat").reason == "not_a_member_at_provider"
    finally:
        world.github.enforces_sso = False


@pytest.mark.parametrize("instance", ["gitlab", "own"])
def test_gitlab_tells_groups_at_userinfo(world: World, instance: str) -> None:
    """The instance is the issuer, also below a path; `groups` come from userinfo, and an unconfirmed address does not count."""
    at: GitLab = getattr(world, instance)
    at.hire("ann", EMAIL, groups=["acme", "acme/dev"])
    subject = str(at.people["ann"]["sub"])
    assert told(world.who(at, "ann")) == (at.issuer, subject, EMAIL, True, ("acme", "acme/dev"))
    token = world.came(at, "ann").id_token
    assert ("groups" in token.claims, token.claims["groups_direct"]) == (False, ["acme", "acme/dev"])
    at.people["ann"]["email_verified"] = False
    assert world.who(at, "ann").email_verified is False
    assert at.issuer == {"gitlab": "https://gitlab.com", "own": "https://git.acme.example/gitlab"}[instance]


def test_who_is_hired_again_stays_who_they_are(world: World) -> None:
    """Numbers that providers give belong to one person: hiring somebody again changes none, and nobody else gets it."""
    for at, name in ((world.github, "id"), (world.gitlab, "sub"), (world.onelogin, "sub")):
        for person in ("one", "two", "one", "three"):
            before = at.people.get(person, {}).get(name)
            at.hire(person, f"{person}@acme.example")
            assert before in {None, at.people[person][name]}
        assert len({str(each[name]) for each in at.people.values()}) == len(at.people)


def test_a_name_that_nobody_stands_for_leads_nowhere(world: World) -> None:
    """The fetcher asks simulators only, and only what the connection names; other paths of a known host are not found."""
    with pytest.raises(FetchFailed) as unknown:
        world.fetcher.fetch(HttpRequest(url="https://evil.example/"))
    assert unknown.value.reason == "unknown_name"
    with pytest.raises(FetchRefused) as foreign:
        world.fetcher.fetch(HttpRequest(url="https://github.com/"), hosts=frozenset({"gitlab.com"}))
    assert foreign.value.reason == "host_not_allowed"
    with pytest.raises(FetchRefused) as plain:
        world.fetcher.fetch(HttpRequest(url="http://github.com/"))
    assert plain.value.reason == "bad_address"
    assert world.fetcher.fetch(HttpRequest(url="https://gitlab.com/user")).status == 404
