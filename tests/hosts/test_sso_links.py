"""What a link from inside is worth: it is made in a session that counts, and stands for whom its owner trusted; in both hosts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta

import pytest

from ctsec.testing import LocalIdentityProvider
from ctsec.testing.identity_provider import CLIENT_ID
from ctsec.testing.saml import SamlKey
from ctsec.testing.saml_provider import LocalSamlProvider
from tests.hosts.harness import Browser, Host, Reply
from tests.hosts.protocols import PROTOCOLS, SamlSide
from tests.hosts.sso import Acme, Provider, Traveller, enable, found, kept, setup, whys

BOSS: dict[str, object] = {"email": "olga@acme.example", "email_verified": True, "amr": ["otp"]}
FIRST, *OTHERS = (SamlKey.generate(name="idp.example", curve=True) for _ in range(3))
PASSWORD_CLASS = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"


class Rogue(LocalIdentityProvider):
    """A provider that calls itself by another one's name."""

    def document(self) -> Mapping[str, object]:
        """Return its own addresses under the other name."""
        return {
            name: value.replace(self.issuer, self.at) if isinstance(value, str) and name != "issuer" else value
            for name, value in super().document().items()
        }


@pytest.fixture(params=PROTOCOLS)
def acme(request: pytest.FixtureRequest, host: Host) -> Iterator[Acme]:
    """An organization whose connection speaks either protocol."""
    with PROTOCOLS[request.param](host.clock) as provider:
        provider.people["boss"] = dict(BOSS)
        yield found(host, provider)


def begin(acme: Acme, browser: Browser) -> tuple[Traveller, str]:
    """Begin to link an identity, and return who goes and where."""
    begun = browser.auth(f"POST /sso/{acme.connection}/link")
    assert begun.status == 200, begun.body
    return Traveller(acme, browser, half=kept(begun)), str(begun.json["url"])


def link(acme: Acme, browser: Browser) -> None:
    """Link the boss to who is signed in."""
    traveller, url = begin(acme, browser)
    assert traveller.back(acme.provider.visit(url, person="boss")).json == {"status": "linked"}


def come(acme: Acme, provider: Provider) -> Reply:
    """Go to the provider that the connection leads to, and come back as the boss."""
    traveller = Traveller(acme, Browser(acme.host))
    return traveller.back(provider.visit(traveller.begin(), person="boss"))


def hand_over(acme: Acme, by: Browser, provider: Provider, **changed: object) -> None:
    """Have somebody put another provider behind the connection, which calls itself by the same name."""
    one = f"{acme.home}/{acme.connection}"
    by.ok(f"PUT {one}", setup(acme.provider, **changed))
    enable(by, one)
    assert acme.provider.issuer == provider.issuer


def test_a_link_is_made_in_a_session_that_counts(host: Host, acme: Acme) -> None:
    """Who signs out everywhere while a link is on its way links nothing: the sign-in that comes back is refused, for either protocol."""
    ben = Browser(host).sign_up("ben@acme.example", "Ben").enrol()
    acme.owner.invite(acme.organization, ben)
    traveller, url = begin(acme, ben)
    ben.ok("POST /sign-out-everywhere", {})
    reply = traveller.back(acme.provider.visit(url, person="boss"))
    assert (reply.status, reply.json["reason"], whys(acme)[-1]) == (401, "invalid_credentials", "callback_other_session")
    assert come(acme, acme.provider).json.get("user_id") != ben.id


@pytest.mark.proves("SEED-R3")
def test_nobody_becomes_an_owner_by_another_provider(host: Host) -> None:
    """An admin who leads a connection elsewhere, under the same name, does not come in as its owner; an owner's change stops no owner."""
    with LocalIdentityProvider(clock=host.clock) as provider, Rogue(clock=host.clock) as rogue:
        provider.people["boss"], rogue.people["boss"], rogue.issuer = dict(BOSS), dict(BOSS), provider.issuer
        acme = found(host, provider)
        link(acme, acme.owner)
        admin = Browser(host).sign_up("adam@acme.example", "Adam").enrol()
        acme.owner.invite(acme.organization, admin, role="admin")
        elsewhere = {"discovery": f"{rogue.at}/.well-known/openid-configuration", "trusted_methods": ["otp"]}
        hand_over(acme, admin, rogue, **elsewhere)
        assert (come(acme, rogue).status, whys(acme)[-1]) == (401, "owner_not_linked")
        changed = [each.details()["details"]["changed"] for each in host.events(acme.organization) if each.name == "sso_connection.changed"]
        assert changed == [["settings", "secret", "links"]]
        # Whoever registered another client at the same provider may have its tokens say what they like; the way back gives nothing back.
        hand_over(acme, acme.owner, provider, trusted_methods=["otp"])
        link(acme, acme.owner)
        for client in ("adams", CLIENT_ID):
            hand_over(acme, admin, provider, trusted_methods=["otp"], client_id=client)
        assert (come(acme, provider).status, whys(acme)[-1]) == (401, "owner_not_linked")
        # A secret alone says nothing of whom the connection believes, and an owner trusts for all owners.
        link(acme, acme.owner)
        hand_over(acme, admin, provider, trusted_methods=["otp"], name="Other name")
        assert come(acme, provider).json["status"] == "signed_in"
        hand_over(acme, acme.owner, provider, trusted_methods=["otp", "hwk"])
        assert come(acme, provider).json["status"] == "signed_in"


@pytest.mark.proves("SEED-R3")
def test_nobody_becomes_an_owner_by_another_certificate(host: Host) -> None:
    """An admin who has another key trusted does not come in as the owner, who links anew from inside; by an owner it changes nothing."""
    with LocalSamlProvider(clock=host.clock, key=FIRST) as provider:
        side = SamlSide(provider)
        side.people["boss"] = dict(BOSS)
        acme = found(host, side, trusted_classes=[PASSWORD_CLASS])
        link(acme, acme.owner)
        admin = Browser(host).sign_up("adam@acme.example", "Adam").enrol()
        acme.owner.invite(acme.organization, admin, role="admin")
        for by, key, status in ((acme.owner, OTHERS[0], 200), (admin, OTHERS[1], 401)):
            provider.key = key
            document = {"metadata": provider.metadata().decode()}
            one = f"{acme.home}/{acme.connection}/metadata"
            seen = by.ok(f"POST {one}", document)["seen"]
            by.ok(f"POST {one}/trust", {**document, "seen": seen})
            assert come(acme, side).status == status, whys(acme)
        assert whys(acme)[-1] == "owner_not_linked"
        trusted = [each.details()["details"] for each in host.events(acme.organization) if each.name == "sso_connection.metadata_trusted"]
        assert sorted(each["others"] for each in trusted) == [[], ["links"]]
        link(acme, acme.owner)
        assert come(acme, side).status == 200


def test_a_second_step_does_not_outlive_the_connection_of_the_first(host: Host) -> None:
    """Who was at the second factor while the connection was disabled and enabled again is signed in by it to nothing."""
    with LocalIdentityProvider(clock=host.clock) as provider:
        acme = found(host, provider)
        ben = Browser(host).sign_up("ben@acme.example", "Ben").enrol()
        provider.people["ben"] = {"email": "ben@acme.example", "email_verified": True}
        browser = Browser(host)
        ticket = Traveller(acme, browser).sign_in("ben").json["ticket"]
        for act in ("disable", "enable"):
            host.clock.advance(timedelta(seconds=15))
            acme.owner.ok(f"POST {acme.home}/{acme.connection}/{act}")
        browser.auth("POST /sign-in/code", {"ticket": ticket, "factor": "otp", "code": ben.code()})
        assert browser.auth("GET /session").status == 401


@pytest.mark.proves("CHANGELOG-django-allauth-64-2-1")
def test_who_came_first_with_an_address_that_nobody_confirmed_keeps_nothing(host: Host) -> None:
    """An account made for an unverified address goes to who comes with it verified: identity, factor and sessions from before are over."""
    with LocalIdentityProvider(clock=host.clock) as provider:
        acme = found(host, provider)
        provider.people["eve"] = {"email": "ann@acme.example", "email_verified": False}
        provider.people["ann"] = {"email": "ann@acme.example", "email_verified": True}
        eve, ann = Browser(host), Browser(host)
        made = Traveller(acme, eve).sign_in("eve").json["user_id"]
        acme.owner.ok(f"PUT /organizations/{acme.organization}/mfa-policy", {})
        ticket = Traveller(acme, eve).sign_in("eve").json["ticket"]
        eve.totp = eve.ok("POST /sign-in/enrolment/totp", {"ticket": ticket})["manual_key"].replace(" ", "")
        eve.ok("POST /sign-in/enrolment/totp/confirm", {"ticket": ticket, "code": eve.code()})
        acme.owner.ok(f"DELETE /organizations/{acme.organization}/mfa-policy")
        assert Traveller(acme, ann).sign_in("ann").json["user_id"] == made
        assert (eve.auth("GET /session").status, ann.auth("GET /session").status) == (401, 200)
        assert Traveller(acme, Browser(host)).sign_in("eve").status == 401
        assert whys(acme) == ["address_not_verified"]
        assert Traveller(acme, Browser(host)).sign_in("ann").json["user_id"] == made
