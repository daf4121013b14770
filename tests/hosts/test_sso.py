"""Sign-in through an organization's identity provider, in both hosts, at the local provider."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from ctsec.ids import UserId
from ctsec.testing import LocalIdentityProvider
from tests.hosts.harness import Browser, Host
from tests.hosts.sso import Acme, Traveller, found, setup, whys

ANN = {"email": "ann@acme.example", "email_verified": True, "name": "Ann"}


@pytest.fixture
def provider(host: Host) -> Iterator[LocalIdentityProvider]:
    """A provider on loopback, on the host's clock."""
    with LocalIdentityProvider(clock=host.clock) as made:
        made.people["ann"] = dict(ANN)
        yield made


@pytest.fixture
def acme(host: Host, provider: LocalIdentityProvider) -> Acme:
    """An organization whose people sign in through the provider."""
    return found(host, provider)


@pytest.mark.proves("SEED-A3")
@pytest.mark.proves("SEED-S9", "SEED-S13")
def test_a_person_is_provisioned_and_comes_back(host: Host, acme: Acme, provider: LocalIdentityProvider) -> None:
    """The first sign-in makes an account with the connection's role, the next one finds it; the session is of its organization."""
    first, second = (Traveller(acme, Browser(host)).sign_in("ann") for _ in range(2))
    assert (first.status, first.json["status"], first.json["organization_id"]) == (200, "signed_in", acme.organization), first.body
    assert second.json["user_id"] == first.json["user_id"]
    members = acme.owner.ok(f"GET /organizations/{acme.organization}/members")["members"]
    assert [(each["email"], each["role"]) for each in members if each["user_id"] == first.json["user_id"]] == [
        ("ann@acme.example", "member")
    ]
    names = [each.name for each in host.events(acme.organization)]
    assert (names.count("user.provisioned"), names.count("sso_identity.linked")) == (1, 1)
    acme.change(default_role="viewer")
    provider.people["vic"] = {"email": "vic@acme.example", "email_verified": False}
    third = Traveller(acme, Browser(host)).sign_in("vic").json["user_id"]
    members = acme.owner.ok(f"GET /organizations/{acme.organization}/members")["members"]
    roles = {each["user_id"]: each["role"] for each in members}
    assert (roles[third], roles[first.json["user_id"]]) == ("viewer", "member")


def test_an_address_finds_an_account_only_where_it_is_vouched_for(host: Host, acme: Acme, provider: LocalIdentityProvider) -> None:
    """The organization's domain, verified by the provider, of somebody who is no owner: anything else is refused, each for its reason."""
    ben = Browser(host).sign_up("ben@acme.example", "Ben")
    Browser(host).sign_up("eve@elsewhere.example", "Eve")
    other = found(host, provider, name="rival")
    cases: list[tuple[Acme, dict[str, object], str]] = [
        (acme, {"email": "eve@elsewhere.example", "email_verified": True}, "address_of_another_domain"),
        (acme, {"email": "new@elsewhere.example", "email_verified": True}, "address_of_another_domain"),
        (acme, {"email": "ben@sub.acme.example", "email_verified": True}, "address_of_another_domain"),
        (other, {"email": "ben@acme.example", "email_verified": True}, "address_of_another_domain"),
        (acme, {"email": "ben@acme.example", "email_verified": False}, "address_not_verified"),
        (acme, {"email": "ben@acme.example", "email_verified": "true"}, "address_not_verified"),
        (acme, {"email": "ben@acme.example"}, "address_not_verified"),
        (acme, {"email": "olga@acme.example", "email_verified": True}, "owner_not_linked"),
        (acme, {}, "no_address"),
    ]
    for place, claims, why in cases:
        provider.people["someone"] = claims
        reply = Traveller(place, Browser(host)).sign_in("someone")
        assert (reply.status, reply.json["reason"]) == (401, "invalid_credentials"), why
        assert whys(place)[-1] == why
    provider.people["someone"] = {"email": "BEN@acme.example", "email_verified": True}
    assert Traveller(acme, Browser(host)).sign_in("someone").json["user_id"] == ben.id
    assert Browser(host, email="ben@acme.example").sign_in()["status"] == "signed_in"


@pytest.mark.proves("CHANGELOG-django-allauth-64-2-1")
def test_an_account_that_a_stranger_made_first_is_not_kept_by_him(host: Host, acme: Acme) -> None:
    """Whoever signed up with an address that was never confirmed loses the password when its person comes in through the provider."""
    mallory = Browser(host, email="ann@acme.example")
    mallory.ok("POST /sign-up", {"email": mallory.email, "password": "a long and quiet river", "name": "Ann"})
    assert Traveller(acme, Browser(host)).sign_in("ann").json["status"] == "signed_in"
    refused = mallory.auth("POST /sign-in", {"email": mallory.email, "password": "a long and quiet river"})
    assert (refused.status, refused.json["reason"]) == (401, "invalid_credentials")


def test_who_gets_a_members_address_is_not_that_member(host: Host, acme: Acme, provider: LocalIdentityProvider) -> None:
    """Another subject with a member's verified address is refused, in a dry run too, until the member is removed or the settings change."""
    said = {"email": "ann@acme.example", "email_verified": True}
    host.clock.advance(timedelta(seconds=1))
    provider.people.update(ann=dict(said), heir=dict(said))
    first = Traveller(acme, Browser(host)).sign_in("ann")
    assert (first.status, Traveller(acme, Browser(host)).sign_in("heir").status) == (200, 401)
    assert whys(acme) == ["another_subject"]
    assert Traveller(acme, Browser(host)).sign_in("ann").json["user_id"] == first.json["user_id"]
    host.clock.advance(timedelta(seconds=1))
    for step in ("disable", "enable"):  # the identities of before say nothing of how its settings name people
        acme.owner.ok(f"POST {acme.home}/{acme.connection}/{step}")
    assert Traveller(acme, Browser(host)).sign_in("heir").json["user_id"] == first.json["user_id"]


def test_an_owner_comes_in_after_linking_from_inside(host: Host, acme: Acme, provider: LocalIdentityProvider) -> None:
    """Linking takes a fresh second factor and the browser that began it; then the provider signs the owner in, and nobody else gets it."""
    provider.people["boss"] = {"email": "olga@acme.example", "email_verified": True}
    assert Traveller(acme, Browser(host)).sign_in("boss").status == 401
    owner = Traveller(acme, acme.owner)
    begun = acme.owner.auth(f"POST /sso/{acme.connection}/link")
    owner.half = begun.headers["set-cookie"].partition("ctsec_sso=")[2].partition(";")[0]
    callback = provider.visit(str(begun.json["url"]), person="boss")
    assert owner.back(callback).json == {"status": "linked"}
    signed_in = Traveller(acme, Browser(host)).sign_in("boss")
    # Her own second factor is asked for: the connection trusts the provider with none.
    assert signed_in.json["status"] == "mfa_required"
    host.clock.advance(timedelta(minutes=11))
    stale = acme.owner.auth(f"POST /sso/{acme.connection}/link")
    assert (stale.status, stale.json["reason"]) == (403, "step_up_required")
    stranger = Browser(host).sign_up("zoe@elsewhere.example", "Zoe").enrol()
    assert stranger.auth(f"POST /sso/{acme.connection}/link").status == 404


def test_a_session_counts_in_its_organization_alone(host: Host, acme: Acme, provider: LocalIdentityProvider) -> None:
    """Elsewhere it is nobody's, account settings are closed to it, and it ends with its connection: for good."""
    ben = Browser(host).sign_up("ben@acme.example", "Ben")
    own = ben.found("Own")
    provider.people["ben"] = {"email": "ben@acme.example", "email_verified": True}
    browser = Browser(host)
    assert Traveller(acme, browser).sign_in("ben").json["organization_id"] == acme.organization
    listed = [each["id"] for each in browser.ok("GET /organizations")["organizations"]]
    assert listed == [acme.organization]
    for line in (f"GET /organizations/{own}/members", f"POST /organizations/{own}/workspaces"):
        assert browser.auth(line, {"name": "W"} if "POST" in line else None).status in {403, 404}, line
    closed = (
        "POST /sign-out-everywhere", "POST /password/change", "POST /email/change", "GET /sessions", "POST /session/organization",
        "POST /mfa/totp", "POST /passkeys/options", "GET /devices", "POST /organizations", "GET /activity", "POST /invitations/accept",
    )  # fmt: skip
    for line in closed:
        assert browser.auth(line, {}).status == 403, line
    assert browser.auth("GET /session").status == 200
    one = f"{acme.home}/{acme.connection}"
    acme.owner.ok(f"POST {one}/disable")
    assert browser.auth("GET /session").status == 401
    assert Traveller(acme, Browser(host)).browser.auth(f"POST /sso/{acme.connection}/begin", {}).status == 404
    host.clock.advance(timedelta(seconds=1))
    acme.owner.ok(f"POST {one}/enable")
    assert browser.auth("GET /session").status == 401
    again = Browser(host)
    Traveller(acme, again).sign_in("ben")
    again.ok("POST /sign-out")
    assert again.auth("GET /session").status == 401
    assert ben.auth("GET /session").status == 200


@pytest.mark.proves("ASVS-6.8.4")
def test_a_second_factor_is_the_providers_only_where_it_is_trusted(host: Host, acme: Acme, provider: LocalIdentityProvider) -> None:
    """Without trust the person's own is asked for, and the session stays one of the connection; with it, the named method counts."""
    ben = Browser(host).sign_up("ben@acme.example", "Ben").enrol()
    provider.people["ben"] = {"email": "ben@acme.example", "email_verified": True, "amr": ["pwd", "otp"], "acr": "gold"}
    browser = Browser(host)
    step = Traveller(acme, browser).sign_in("ben").json
    assert (step["status"], browser.cookie) == ("mfa_required", "")
    host.clock.advance(timedelta(seconds=30))
    done = browser.ok("POST /sign-in/code", {"ticket": step["ticket"], "factor": "otp", "code": ben.code()})
    assert (done["aal"], done["organization_id"]) == (2, acme.organization)
    assert browser.auth("GET /sessions").status == 403
    for changed, status in (
        ({"trusted_methods": ["hwk"], "trusted_classes": ["silver"]}, "mfa_required"),
        ({"trusted_methods": ["otp"]}, "signed_in"),
        ({"trusted_classes": ["gold"]}, "signed_in"),
    ):
        acme.change(**changed)
        answer = Traveller(acme, Browser(host)).sign_in("ben").json
        assert answer["status"] == status, changed
        assert answer.get("aal", 2) == 2


def test_who_was_removed_or_suspended_does_not_come_back(host: Host, acme: Acme) -> None:
    """A known identity makes no new membership, and a sleeping one stays asleep."""
    user = Traveller(acme, Browser(host)).sign_in("ann").json["user_id"]
    member = f"/organizations/{acme.organization}/members/{user}"
    acme.owner.ok(f"POST {member}/suspend")
    assert Traveller(acme, Browser(host)).sign_in("ann").status == 401
    acme.owner.ok(f"DELETE {member}")
    assert Traveller(acme, Browser(host)).sign_in("ann").status == 401
    assert sorted(whys(acme)) == ["not_a_member", "suspended"]


def test_connections_are_changed_by_who_may(host: Host, acme: Acme, provider: LocalIdentityProvider) -> None:
    """Owners and admins with a fresh second factor; newcomers get no high role; only what was tested as it is signs people in."""
    one = f"{acme.home}/{acme.connection}"
    for role in ("owner", "admin", "nonsense"):
        assert acme.owner.auth(f"POST {acme.home}", setup(provider, default_role=role)).status in {403, 422}, role
    assert acme.owner.auth(f"POST {acme.home}", setup(provider, issuer="http://example.com")).status == 422
    assert acme.owner.auth(f"POST {acme.home}", setup(provider, provider="google", issuer="https://evil.example")).status == 422
    draft = acme.owner.ok(f"POST {acme.home}", setup(provider, issuer="http://127.0.0.1:9"))["id"]
    assert acme.owner.ok(f"POST {acme.home}/{draft}/test")["passed"] is False
    assert acme.owner.auth(f"POST {acme.home}/{draft}/enable").status == 409
    renamed = acme.owner.ok(f"PUT {one}", setup(provider, name="Other name"))
    assert renamed["state"] == "draft"  # a secret was given again, and the provider sees that
    body = {name: value for name, value in setup(provider, name="Third name").items() if name != "secret"}
    acme.owner.ok(f"POST {one}/test")
    acme.owner.ok(f"POST {one}/enable")
    assert acme.owner.ok(f"PUT {one}", body)["state"] == "enabled"
    assert acme.owner.ok(f"PUT {one}", {**body, "hosts": ["more.example"]})["state"] == "draft"
    member = Browser(host).sign_up("ben@acme.example", "Ben").enrol()
    acme.owner.invite(acme.organization, member)
    rival = found(host, provider, name="rival")
    lines = (f"POST {acme.home}", f"PUT {one}", f"DELETE {one}", f"POST {one}/test", f"POST {one}/enable", f"POST {one}/disable")
    for browser, statuses in ((member, {403}), (rival.owner, {404})):
        for line in lines:
            assert browser.auth(line, setup(provider)).status in statuses, line
    for line in (f"GET {acme.home}", f"POST {one}/preview"):
        assert member.auth(line, {"claims": {}} if "POST" in line else None).status == 403, line
    elsewhere = f"{rival.home}/{acme.connection}"
    for line in (f"PUT {elsewhere}", f"DELETE {elsewhere}", f"POST {elsewhere}/test", f"POST {elsewhere}/enable"):
        assert rival.owner.auth(line, setup(provider)).status == 404, line
    host.clock.advance(timedelta(minutes=11))
    for line in lines:
        assert acme.owner.auth(line, setup(provider)).json["reason"] == "step_up_required", line


def test_ways_are_told_by_domain_and_claims_are_previewed(host: Host, acme: Acme) -> None:
    """Whether an address has an account changes nothing; a preview reads claims as a sign-in would, and changes nothing."""
    way = {"connection_id": acme.connection, "name": "Acme login", "provider": "oidc"}
    for email in ("olga@acme.example", "nobody@ACME.example"):
        assert Browser(host).ok("POST /sign-in/ways", {"email": email}) == {"ways": [way]}
    for email in ("olga@rival.example", "olga@sub.acme.example", "no address"):
        assert Browser(host).ok("POST /sign-in/ways", {"email": email}) == {"ways": []}
    claims = {"sub": "s", **ANN, "amr": ["otp"], "groups": ["staff"]}
    seen = acme.owner.ok(f"POST {acme.home}/{acme.connection}/preview", {"claims": claims})
    told = {name: seen[name] for name in ("accepted", "subject", "email", "groups", "own_address", "may_link", "second_factor", "role")}
    assert told == {
        "accepted": True, "subject": "s", "email": ANN["email"], "groups": ["staff"], "own_address": True, "may_link": True,
        "second_factor": False, "role": "member",
    }  # fmt: skip
    (shown,) = acme.owner.ok(f"GET {acme.home}")["connections"]
    assert shown["redirect_uri"] == f"http://localhost:8000/auth/sso/{acme.connection}/callback"
    assert "secret" not in shown
    assert host.events(acme.organization)[-1].name != "user.provisioned"


def test_a_provider_that_says_no_or_nothing_is_one_refusal(host: Host, acme: Acme, provider: LocalIdentityProvider) -> None:
    """A token for another client, an error, another issuer and a provider that is away: the same answer outward, the reason in the log."""
    traveller = Traveller(acme, Browser(host))
    provider.claims["aud"] = "somebody else"
    assert traveller.sign_in("ann").json["reason"] == "invalid_credentials"
    provider.claims.clear()
    url = traveller.begin()
    state = url.partition("state=")[2].partition("&")[0]
    path = f"/auth/sso/{acme.connection}/callback?state={state}"
    assert traveller.back(f"{path}&error=access_denied&iss={provider.issuer}&session_state=more").json["reason"] == "invalid_credentials"
    callback = provider.visit(traveller.begin(), person="ann").replace("iss=http", "iss=https")
    assert traveller.back(callback).json["reason"] == "invalid_credentials"
    assert sorted(whys(acme)) == ["callback_wrong_issuer", "person_declined", "token_wrong_audience"]


@pytest.mark.proves("SEED-P1", "ASVS-6.8.4")
def test_a_required_second_factor_is_the_providers_where_it_is_trusted(host: Host, acme: Acme, provider: LocalIdentityProvider) -> None:
    """Where members need one, a provider's word lets nobody in, unless the connection trusts it with the method or class that it tells."""
    acme.owner.ok(f"PUT /organizations/{acme.organization}/mfa-policy", {})
    place = f"GET /organizations/{acme.organization}/members"
    for changed, told, let_in in (
        ({}, ["pwd", "otp"], False),
        ({"trusted_methods": ["otp"]}, ["pwd"], False),
        ({"trusted_methods": ["otp"]}, ["pwd", "otp"], True),
        ({"trusted_classes": ["gold"]}, ["pwd", "otp"], False),
    ):
        acme.change(**changed)
        provider.people["ann"]["amr"] = told
        browser = Browser(host)
        step = Traveller(acme, browser).sign_in("ann").json
        assert step["status"] == ("signed_in" if let_in else "enrolment_required"), changed
        assert browser.auth(place).status == (200 if let_in else 401), changed


@pytest.mark.proves("CVE-2025-53942", "CHANGELOG-django-allauth-65-13-0-b", "ASVS-7.4.2")
def test_a_disabled_account_comes_in_through_no_provider(host: Host, acme: Acme) -> None:
    """Its sessions through the provider count no more, a sign-in that was begun before ends in a refusal, and so does every later one."""
    browser, begun = Browser(host), Traveller(acme, Browser(host))
    user = Traveller(acme, browser).sign_in("ann").json["user_id"]
    callback = acme.provider.visit(begun.begin(), person="ann")
    host.do(lambda unit: unit.directory.disable_user(UserId(user), reason="left"))
    assert browser.auth("GET /session").status == 401
    refusals = [begun.back(callback), Traveller(acme, Browser(host)).sign_in("ann")]
    assert [(each.status, each.json["reason"]) for each in refusals] == [(403, "disabled")] * 2
    host.do(lambda unit: unit.directory.enable_user(UserId(user), reason="back"))
    assert Traveller(acme, Browser(host)).sign_in("ann").json["user_id"] == user


def test_a_connection_that_is_disabled_meanwhile_completes_nothing(host: Host, acme: Acme) -> None:
    """Whoever was at the provider when it was disabled does not come in, and nothing of the provider is asked."""
    begun = Traveller(acme, Browser(host))
    callback = acme.provider.visit(begun.begin(), person="ann")
    acme.owner.ok(f"POST {acme.home}/{acme.connection}/disable")
    asked = list(acme.local.asked)
    assert begun.back(callback).status in {401, 404}
    assert acme.local.asked == asked
