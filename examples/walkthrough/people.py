"""The people of the demonstration, each with a browser (a cookie jar) and, some of them, an authenticator app."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pyotp

from examples.walkthrough.mailbox import Mailbox
from examples.walkthrough.transcript import Transcript, answered, require

PERIOD = 30


class Authenticator:
    """An authenticator app: pyotp, which knows nothing of ctsec, reads the QR code's address. It never shows the same code twice."""

    def __init__(self, uri: str) -> None:
        parsed = pyotp.parse_uri(uri)
        require(isinstance(parsed, pyotp.TOTP), "an otpauth address of a time-based code")
        self._codes = pyotp.TOTP(parsed.secret)
        self._last = -1

    def code(self) -> str:
        """Return the next unused code: of now, or of the next step, which the server takes early; wait if that is used too."""
        step = max(int(time.time()) // PERIOD, self._last + 1)
        time.sleep(max(0.0, (step - 1) * PERIOD - time.time()))
        self._last = step
        return self._codes.at(step * PERIOD)


class Person:
    """A person at a browser."""

    def __init__(self, name: str, *, organization: str, url: str) -> None:
        self.name = name
        self.email = f"{name.lower()}@{organization.lower()}.example"
        self.password = f"{len(name)} quiet rivers carry {organization[::-1]} home"
        self.authenticator: Authenticator | None = None
        self.backup_codes: list[str] = []
        self.id = ""
        self._csrf = ""
        self._browser = httpx.Client(base_url=url, timeout=20)

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        """Send a request as the browser would: with its cookies, and with the token against forged requests."""
        headers = {"X-CSRF-Token": self._csrf} if self._csrf else {}
        return self._browser.request(method, path, json=body, headers=headers)

    def get(self, path: str) -> httpx.Response:
        """Read."""
        return self.ask("GET", path)

    def post(self, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        """Send a form."""
        return self.ask("POST", path, body or {})

    def bring(self, url: str, fields: Mapping[str, str], *, kept: str, origin: str) -> httpx.Response:
        """Post a form of another site's page, as the browser would: only `kept`, the cookie of that request, comes along."""
        response = httpx.post(url, data=dict(fields), headers={"cookie": kept, "origin": origin}, timeout=20)
        self._browser.cookies.update(response.cookies)
        return response

    def sign_up(self) -> None:
        """Make an account."""
        answered(self.post("/auth/sign-up", {"email": self.email, "password": self.password, "name": self.name}), 202)

    def verify(self, mailbox: Mailbox) -> str:
        """Confirm the address with the token of the mail that came; return the token."""
        token = mailbox.take(self.email, about="confirm your e-mail address").token
        answered(self.post("/auth/verify-email", {"token": token}), 200)
        return token

    def present_password(self) -> dict[str, Any]:
        """Take the first step of signing in, and return its answer."""
        body: dict[str, Any] = answered(self.post("/auth/sign-in", {"email": self.email, "password": self.password}), 200)
        if body["status"] == "signed_in":
            self.enter()
        return body

    def present_code(self, ticket: str, *, factor: str, code: str) -> httpx.Response:
        """Take the second step of signing in."""
        response = self.post("/auth/sign-in/code", {"ticket": ticket, "factor": factor, "code": code})
        if response.status_code == 200:
            self.enter()
        return response

    def sign_out(self) -> None:
        """End the session."""
        answered(self.post("/auth/sign-out"), 204)
        self._csrf = ""

    def enrol(self) -> str:
        """Enrol an authenticator, confirm it with its first code, and return the address in its QR code."""
        begun = answered(self.post("/auth/mfa/totp"), 201)
        self.authenticator = Authenticator(begun["uri"])
        confirmed = answered(self.post("/auth/mfa/totp/confirm", {"code": self.authenticator.code()}), 200)
        self.backup_codes = confirmed["codes"]
        self.enter()
        return str(begun["uri"])

    def next_code(self) -> str:
        """Return a code that the person's app has not shown yet."""
        if self.authenticator is None:
            raise ValueError("expected a person with an authenticator")
        return self.authenticator.code()

    def close(self) -> None:
        """Close the browser."""
        self._browser.close()

    def enter(self) -> None:
        """Learn who the session in the cookie is of, as a page does that was just opened."""
        session = answered(self.get("/auth/session"), 200)
        self._csrf = session["csrf_token"]
        self.id = session["user_id"]


@dataclass(frozen=True, slots=True)
class Cast:
    """Who takes part."""

    olga: Person
    adam: Person
    ed: Person
    oscar: Person
    vera: Person
    grace: Person

    @property
    def everybody(self) -> tuple[Person, ...]:
        """All of them, in the order in which they sign up."""
        return (self.olga, self.adam, self.ed, self.oscar, self.vera, self.grace)

    @property
    def columns(self) -> dict[str, Person]:
        """Who holds which role in Acme, in the order of the permission matrix."""
        return {"Owner": self.olga, "Admin": self.adam, "Editor": self.ed, "Operator": self.oscar, "Viewer": self.vera}


@dataclass(frozen=True, slots=True)
class Scene:
    """What every chapter works with."""

    cast: Cast
    url: str
    mailbox: Mailbox
    transcript: Transcript


def gather(url: str) -> Cast:
    """Return the people of Acme and Globex."""
    acme = {name: Person(name.capitalize(), organization="Acme", url=url) for name in ("olga", "adam", "ed", "oscar", "vera")}
    return Cast(**acme, grace=Person("Grace", organization="Globex", url=url))
