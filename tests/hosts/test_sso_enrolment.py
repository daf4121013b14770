"""A required second factor of somebody who comes in through a provider that vouches for none, in both hosts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from ctsec.ids import OrganizationId, UserId
from ctsec.testing import LocalIdentityProvider
from tests.hosts.harness import PASSWORD, Browser, Host, Reply, bearer, named
from tests.hosts.sso import RUNNER, Traveller, enable, found, setup

TOTP = "/sign-in/enrolment/totp"
PASSKEY = "/sign-in/enrolment/passkey"


class Scene:
    """Acme, whose provider can name anybody below `acme.example`, and another organization."""

    def __init__(self, host: Host, provider: LocalIdentityProvider) -> None:
        self.host, self.provider = host, provider
        self.acme = found(host, provider)
        self.other = Browser(host).sign_up("zoe@elsewhere.example").enrol().found("Elsewhere")
        self.policy = f"/organizations/{self.acme.organization}/mfa-policy"

    def require(self, **body: object) -> None:
        """Have Acme require a second factor of everybody."""
        self.acme.owner.ok(f"PUT {self.policy}", body)

    def relax(self) -> None:
        """Have Acme require none."""
        self.acme.owner.ok(f"DELETE {self.policy}")

    def come(self, person: str, connection: str = "") -> tuple[Browser, Reply]:
        """Sign somebody in through the provider."""
        self.provider.people.setdefault(person, {"email": f"{person}@acme.example", "email_verified": True})
        browser = Browser(self.host, email=f"{person}@acme.example")
        traveller = Traveller(self.acme, browser)
        return browser, traveller.back(self.provider.visit(traveller.begin(connection), person=person))

    def user(self, person: str) -> Any:
        """Return the account of somebody."""
        return self.host.do(lambda unit: unit._store.users.by_email(f"{person}@acme.example"))

    def factors(self, person: str) -> bool:
        """Say whether the account has a second factor."""
        user = UserId(self.user(person).id)
        return bool(self.host.do(lambda unit: unit.mfa.enrolled(user)))


@pytest.fixture
def scene(host: Host) -> Iterator[Scene]:
    """Acme before anything is required."""
    with LocalIdentityProvider(clock=host.clock) as provider:
        yield Scene(host, provider)


def why(reply: Reply) -> tuple[int, str]:
    return reply.status, reply.json["reason"] if reply.status >= 400 else ""


@pytest.mark.proves("SEED-P1")
def test_a_newcomer_enrols_at_the_sign_in(host: Host, scene: Scene) -> None:
    """The ticket enrols an app and nothing else; the session is the organization's, and the app is asked for from then on."""
    scene.require()
    browser, reply = scene.come("ann")
    step = reply.json
    assert (step["status"], step["factors"], browser.cookie) == ("enrolment_required", ["otp"], "")
    ticket = step["ticket"]
    assert browser.auth("GET /session").status == 401
    assert bearer(host, ticket, "GET", "/auth/organizations").status in {400, 401}
    assert why(browser.auth("POST /sign-in/password", {"ticket": ticket, "password": "a longer and quieter river"})) == (
        400,
        "invalid_token",
    )
    assert why(browser.auth("POST /sign-in/code", {"ticket": ticket, "factor": "otp", "code": "123456"})) == (400, "invalid_code")
    browser.totp = browser.ok(f"POST {TOTP}", {"ticket": ticket})["manual_key"].replace(" ", "")
    done = browser.ok(f"POST {TOTP}/confirm", {"ticket": ticket, "code": browser.code()})
    assert (done["status"], done["aal"], done["organization_id"], len(done["codes"])) == ("signed_in", 2, scene.acme.organization, 10)
    assert browser.auth(f"GET /organizations/{scene.acme.organization}/members").status == 200
    closed = [browser.auth(line, {}).status for line in ("POST /mfa/totp", "POST /passkeys/options", "POST /organizations")]
    assert closed == [403] * 3
    assert why(browser.auth(f"POST {TOTP}", {"ticket": ticket})) == (400, "invalid_token")
    assert any("multi-factor" in mail.text.reveal() for mail in host.mails(browser.email))
    again, second = scene.come("ann")
    assert second.json["status"] == "mfa_required"
    host.clock.advance(timedelta(seconds=30))
    again.ok("POST /sign-in/code", {"ticket": second.json["ticket"], "factor": "otp", "code": browser.code()})
    (told,) = [each for each in named(host.events(), "user.sign_in_started") if "owes" in each.details()["details"]]
    assert (told.details()["details"]["owes"], told.details()["details"]["factors"]) == ("enrol", ["sso"])


def test_a_grace_lets_in_and_no_provider_binds_a_passkey(scene: Scene) -> None:
    """Until the date one goes without, which the answer tells; after it the ticket refuses passkeys, which are a way in by themselves."""
    until = scene.host.clock.now() + timedelta(hours=1)
    scene.require(grace_until=until.isoformat())
    _, reply = scene.come("ann")
    assert (reply.json["status"], reply.json["mfa_required_by"]) == ("signed_in", until.isoformat())
    scene.host.clock.advance(timedelta(hours=1))
    browser, reply = scene.come("ann")
    ticket = reply.json["ticket"]
    assert why(browser.auth(f"POST {PASSKEY}/options", {"ticket": ticket})) == (403, "denied")
    assert why(browser.auth(f"POST {PASSKEY}", {"ticket": ticket, "name": "Phone", "response": {}})) == (403, "denied")
    assert not scene.factors("ann")


def _with_password(scene: Scene, person: str) -> None:
    browser = Browser(scene.host, email=f"{person}@acme.example")
    browser.ok("POST /password/reset-request", {"email": browser.email})
    browser.ok("POST /password/reset", {"token": browser.mailed_token(), "password": PASSWORD})


def _member_elsewhere(scene: Scene, person: str) -> None:
    scene.host.place(scene.other, scene.user(person).id, "member", workspace="", held="none")


def _session_of_its_own(scene: Scene, person: str) -> None:
    scene.relax()
    browser = Browser(scene.host, email=f"{person}@acme.example")
    begun = browser.auth("POST /sign-in/link/request", {"email": browser.email})
    half = begun.headers["set-cookie"].partition("ctsec_link=")[2].partition(";")[0]
    browser.auth("POST /sign-in/link", {"token": browser.mailed_token()}, headers={"cookie": f"ctsec_link={half}"})
    assert browser.auth("GET /devices").status == 200
    scene.require()


def _identity_at_another_connection(scene: Scene, person: str) -> None:
    made = scene.acme.owner.auth(f"POST {scene.acme.home}", setup(scene.provider, name="Another"))
    enable(scene.acme.owner, f"{scene.acme.home}/{made.json['id']}")
    assert why(scene.come(person, made.json["id"])[1]) == (403, "mfa_required")


def _domain_given_up(scene: Scene, person: str) -> None:
    acme = OrganizationId(scene.acme.organization)
    scene.host.do(lambda unit: unit.domains.withdraw(RUNNER, organization=acme, domain="acme.example"))


OWN: tuple[Callable[[Scene, str], None], ...] = (
    _with_password, _member_elsewhere, _session_of_its_own, _identity_at_another_connection, _domain_given_up,
)  # fmt: skip


def test_a_provider_binds_no_factor_to_an_account_that_is_somebodys(scene: Scene) -> None:
    """Neither a new sign-in nor a ticket from before, begun or with an app that waits for its code, once the person has anything else."""
    scene.require()
    allowed = {(403, "mfa_required"), (400, "invalid_token")}
    for own in OWN:
        person = own.__name__[1:]
        (late, first), (begun, second) = scene.come(person), scene.come(person)
        tickets = [each.json["ticket"] for each in (first, second)]
        begun.totp = begun.ok(f"POST {TOTP}", {"ticket": tickets[1]})["manual_key"].replace(" ", "")
        own(scene, person)
        refused = scene.come(person)[1]
        assert why(refused) == (403, "mfa_required"), person
        assert "your own password" in refused.json["detail"]
        assert why(late.auth(f"POST {TOTP}", {"ticket": tickets[0]})) in allowed, person
        assert why(begun.auth(f"POST {TOTP}/confirm", {"ticket": tickets[1], "code": begun.code()})) in allowed, person
        assert not scene.factors(person), person


def test_an_account_from_before_is_told_to_use_its_own_sign_in(host: Host, scene: Scene) -> None:
    """An account that was found by its address enrols where its own password is asked for; then the provider will do."""
    ben = Browser(host).sign_up("ben@acme.example", "Ben")
    scene.require()
    assert why(scene.come("ben")[1]) == (403, "mfa_required")
    own = Browser(host, email=ben.email)
    ticket = own.auth("POST /sign-in", {"email": ben.email, "password": PASSWORD}).json["ticket"]
    own.totp = own.ok(f"POST {TOTP}", {"ticket": ticket})["manual_key"].replace(" ", "")
    own.ok(f"POST {TOTP}/confirm", {"ticket": ticket, "code": own.code()})
    assert scene.come("ben")[1].json["status"] == "mfa_required"
