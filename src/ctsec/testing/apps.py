"""A service that people connect, in this process: it stands for an authorization server, without a socket."""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from ctsec.clock import Clock
from ctsec.connections.provider import AppProvider
from ctsec.errors import FetchFailed
from ctsec.jose.client_proof import SecretPost
from ctsec.secret import SecretText
from ctsec.transport.reach import Reach
from ctsec.transport.request import FetchReason, HttpAnswer, HttpRequest

CLIENT_ID: Final = "ctsec-client"
CLIENT_SECRET: Final = "simulated-app-secret"
HOST: Final = "app.example"


class Consent:
    """What somebody consented to: its scopes, its refresh token and its end, its access tokens with theirs, and whether it is over."""

    def __init__(self, scopes: str) -> None:
        self.scopes = scopes
        self.refresh = secrets.token_urlsafe(24)
        self.ends: datetime | None = None
        self.access: dict[str, datetime] = {}
        self.over = False


class AppSimulator:
    """Answers as a service does whose refresh tokens rotate: one that comes twice ends its consent (RFC 9700, 4.14.2).

    `fetch` makes it a fetcher (`AppPolicy(fetcher=…)`). `rotates`, `life` and `unused` (how long a refresh token is good that nobody uses;
    None: for ever) say what its tokens are like; `away` makes it answer nothing, `lost` makes it do what it is asked and its answer be
    lost. `says` answers in its place, if that returns something. `asked` are the grant types and revocations that came, `reused` how
    often a token came twice.
    """

    def __init__(self, clock: Clock, *, name: str = "files", rotates: bool = True, life: timedelta | None = timedelta(hours=1)) -> None:
        self.unused: timedelta | None = None
        self.name = name
        self.rotates = rotates
        self.life = life
        self.away = False
        self.lost = False
        self.says: Callable[[dict[str, str]], HttpAnswer | None] = lambda _: None
        self.asked: list[str] = []
        self.reused = 0
        self.consents: list[Consent] = []
        self._clock = clock
        self._codes: dict[str, tuple[Consent, str]] = {}
        self._spent: dict[str, Consent] = {}
        self._lock = threading.Lock()

    def provider(self, **changes: object) -> AppProvider:
        """Return how a deployment knows this service."""
        usual: dict[str, object] = {
            "name": self.name,
            "authorization_endpoint": f"https://{HOST}/authorize",
            "token_endpoint": f"https://{HOST}/token",
            "revocation_endpoint": f"https://{HOST}/revoke",
            "client_id": CLIENT_ID,
            "proof": SecretPost(SecretText(CLIENT_SECRET)),
            "scopes": ("files.read",),
            "further_scopes": frozenset({"files.write"}),
        }
        return AppProvider(**{**usual, **changes})  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]

    def visit(self, url: str) -> str:
        """Return the query with which the browser comes back once its person has consented."""
        asked = dict(parse_qsl(urlsplit(url).query))
        consent = Consent(asked.get("scope", ""))
        code = secrets.token_urlsafe(16)
        with self._lock:
            self.consents.append(consent)
            self._codes[code] = (consent, asked["code_challenge"])
        return urlencode({"code": code, "state": asked["state"]})

    def accepts(self, token: str) -> bool:
        """Tell whether an access token opens anything now."""
        now = self._clock.now()
        return any(not each.over and now < each.access.get(token, now) for each in self.consents)

    def fetch(self, request: HttpRequest, *, reach: Reach = Reach.PUBLIC, hosts: frozenset[str] | None = None) -> HttpAnswer:
        """Return the answer; raise FetchFailed where this service is away."""
        del reach
        form = dict(parse_qsl((request.body or b"").decode()))
        parts = urlsplit(request.url)
        if parts.hostname != HOST or (hosts is not None and HOST not in hosts):
            raise FetchFailed("no simulator stands for this name", reason=FetchReason.UNKNOWN_NAME.value)
        with self._lock:
            self.asked.append(form.get("grant_type", "revocation"))
            if self.away:
                raise FetchFailed("the service is away", reason=FetchReason.NO_CONNECTION.value)
            said = self.says(form)
            answer = said if said is not None else self._answer(parts.path, form)
            if self.lost:
                raise FetchFailed("the answer is lost", reason=FetchReason.TOO_SLOW.value)
            return answer

    def _answer(self, path: str, form: dict[str, str]) -> HttpAnswer:
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return told(401, error="invalid_client")
        if path == "/revoke":
            for each in self.consents:
                each.over = each.over or form.get("token") == each.refresh or form.get("token", "") in each.access
            return HttpAnswer(status=200)
        if form.get("grant_type") == "authorization_code":
            consent, challenge = self._codes.pop(form.get("code", ""), (None, ""))
            del challenge
            return told(400, error="invalid_grant") if consent is None else self._given(consent)
        return self._refreshed(form.get("refresh_token", ""))

    def _refreshed(self, token: str) -> HttpAnswer:
        spent = self._spent.get(token)
        if spent is not None:
            self.reused += 1
            spent.over = True
        found = next((each for each in self.consents if each.refresh == token and not each.over), None)
        if found is None or (found.ends is not None and self._clock.now() >= found.ends):
            return told(400, error="invalid_grant")
        if self.rotates:
            self._spent[token] = found
            found.refresh = secrets.token_urlsafe(24)
        return self._given(found, again=not self.rotates)

    def _given(self, consent: Consent, *, again: bool = False) -> HttpAnswer:
        access = secrets.token_urlsafe(24)
        consent.access[access] = self._clock.now() + (self.life or timedelta(days=36_500))
        body: dict[str, object] = {"access_token": access, "token_type": "Bearer", "scope": consent.scopes}
        body |= {} if again else {"refresh_token": consent.refresh}
        body |= {"expires_in": int(self.life.total_seconds())} if self.life is not None else {}
        if self.unused is not None:
            consent.ends = self._clock.now() + self.unused
            body["refresh_token_expires_in"] = int(self.unused.total_seconds())
        return told(200, **body)


def told(status: int, **body: object) -> HttpAnswer:
    """Return an answer in JSON."""
    return HttpAnswer(status=status, media="application/json", body=json.dumps(body).encode())
