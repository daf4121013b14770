"""Organizations that are entered through their provider only, over HTTP: set, announced, enforced at each request, broken and relaxed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from ctsec.testing import LocalIdentityProvider
from tests.hosts.harness import PASSWORD, Browser, Host, Reply, bearer, named
from tests.hosts.sso import Acme, Traveller, enable, found, kept, setup
from tests.hosts.test_people import LINES, filled

WEEK = timedelta(days=7)
HOUR = timedelta(hours=1)
MOMENT = timedelta(microseconds=1)


class Scene:
    """Olga owns Acme, whose provider knows her and Ann; Olga has linked herself and holds break-glass codes. Acme has a workspace."""

    def __init__(self, host: Host, provider: LocalIdentityProvider) -> None:
        self.host, self.provider = host, provider
        self.acme = found(host, provider)
        self.olga = self.acme.owner
        self.workspace = self.olga.workspace(self.acme.organization)
        self.home = f"/organizations/{self.acme.organization}"
        self.path = f"{self.home}/sso/requirement"
        provider.people["olga"] = {"email": "olga@acme.example", "email_verified": True}
        provider.people["ann"] = {"email": "ann@acme.example", "email_verified": True, "name": "Ann"}

    def link(self, browser: Browser, person: str) -> None:
        """Link somebody's identity from inside."""
        owner = Traveller(self.acme, browser)
        begun = browser.auth(f"POST /sso/{self.acme.connection}/link")
        owner.half = kept(begun)
        assert owner.back(self.provider.visit(str(begun.json["url"]), person=person)).json == {"status": "linked"}

    def codes(self) -> list[str]:
        """Have Olga make break-glass codes."""
        return list(self.olga.ok(f"POST {self.home}/sso/break-glass-codes")["codes"])

    def ready(self) -> list[str]:
        """Do what a requirement asks for first."""
        self.link(self.olga, "olga")
        return self.codes()

    def require(self, grace: timedelta = timedelta(0)) -> Any:
        """Have Olga require the provider."""
        body = {"starts_at": (self.host.clock.now() + grace).isoformat()} if grace else {}
        return self.olga.ok(f"PUT {self.path}", body)

    def own(self) -> Browser:
        """Sign Olga in anew, with her password and her second factor, a time step later."""
        self.host.clock.advance(timedelta(seconds=30))
        browser = Browser(self.host, email=self.olga.email, totp=self.olga.totp)
        step = browser.ok("POST /sign-in", {"email": browser.email, "password": PASSWORD})
        browser.ok("POST /sign-in/code", {"ticket": step["ticket"], "factor": "otp", "code": browser.code()})
        return browser

    def through(self, person: str, acme: Acme | None = None) -> Browser:
        """Sign somebody in through the provider, with a second factor of their own if they have one."""
        browser = Browser(self.host, totp=self.olga.totp)
        step = Traveller(acme or self.acme, browser).sign_in(person).json
        if step["status"] == "mfa_required":
            self.host.clock.advance(timedelta(seconds=30))
            browser.ok("POST /sign-in/code", {"ticket": step["ticket"], "factor": "otp", "code": browser.code()})
        return browser

    def smash(self, browser: Browser, code: str) -> Reply:
        """Redeem a break-glass code."""
        return browser.auth("POST /sso/break-glass", {"organization_id": self.acme.organization, "code": code})


@pytest.fixture
def provider(host: Host) -> Iterator[LocalIdentityProvider]:
    """A provider on loopback, on the host's clock."""
    with LocalIdentityProvider(clock=host.clock) as made:
        yield made


@pytest.fixture
def scene(host: Host, provider: LocalIdentityProvider) -> Scene:
    """Acme before anything is required."""
    return Scene(host, provider)


def why(reply: Reply) -> tuple[int, str]:
    return reply.status, reply.json["reason"] if reply.status >= 400 else ""


def test_nobody_is_locked_out_by_a_requirement(scene: Scene) -> None:
    """It takes an enabled connection, an identity of the setter there, an owner's unused codes, a fresh factor; a date within 90 days."""
    one = f"{scene.acme.home}/{scene.acme.connection}"

    def refused(body: dict[str, object] | None = None) -> tuple[int, str, str]:
        reply = scene.olga.auth(f"PUT {scene.path}", body or {})
        return reply.status, reply.json["reason"], reply.json["detail"].split(" ")[0]

    scene.olga.ok(f"POST {one}/disable")
    assert refused() == (409, "conflict", "enable")
    scene.olga.ok(f"POST {one}/enable")
    assert refused() == (409, "conflict", "link")
    scene.link(scene.olga, "olga")
    assert refused() == (409, "conflict", "an")
    scene.codes()
    now = scene.host.clock.now()
    for far in (-MOMENT, timedelta(days=90) + MOMENT):
        assert refused({"starts_at": (now + far).isoformat()})[:2] == (422, "invalid_input")
    assert scene.require(timedelta(days=90)) == {"required_from": (now + timedelta(days=90)).isoformat(), "codes_left": 10}
    scene.host.clock.advance(timedelta(minutes=11))
    assert refused()[:2] == (403, "step_up_required")
