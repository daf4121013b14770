"""An identity provider on loopback: OpenID Connect with codes and PKCE, for the tests of hosts. Whoever asks it is let in at once.

    with LocalIdentityProvider(clock=clock) as provider:
        provider.people["alice"] = {"email": "alice@acme.example", "email_verified": True}
        callback = provider.visit(url, person="alice")

Refresh tokens rotate, and one that is used twice ends its sign-in. `leave` removes a person: their tokens are not accepted any more.
`logout_token` is what the provider sends a client when a session there is over.
It speaks plain http, so a connection leads to it only where `SsoPolicy` reaches loopback. `ctsec.testing.providers` has providers with a
name of their own, made of it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping
from typing import Final, Self
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from ctsec.clock import Clock, SystemClock
from ctsec.jose.signing import SigningKey
from ctsec.sso.oidc.logout import EVENT
from ctsec.testing.client_assertions import ClientAssertions
from ctsec.testing.loopback import Answered, Asked, Loopback
from ctsec.testing.provider_grants import SignIn, SignIns, Visit

CLIENT_ID: Final = "ctsec"
CLIENT_SECRET: Final = "a secret for tests"
_LIFE: Final = 300


class LocalIdentityProvider:
    """A provider with one client and any people: `people` are claims by name, `claims` overrides them all in ID tokens (None: left out).

    `names_issuer`: its callbacks carry `iss` (RFC 9207). `at` is where it listens, which is its issuer, unless it stands for another.
    With `assertions` the client proves itself by a key, and its secret is worth nothing.
    `refreshes` says whether it gives refresh tokens, `sign_ins` are those that were made, `away` makes it answer 503, `asked` are the paths
    of requests, `ended` the queries of browsers that came to sign out.
    """

    names_issuer = True

    def __init__(self, *, clock: Clock | None = None) -> None:
        self.clock: Clock = clock if clock is not None else SystemClock()
        self.people: dict[str, dict[str, object]] = {}
        self.claims: dict[str, object] = {}
        self.key = SigningKey.generate(kid="local-1")
        self.assertions: ClientAssertions | None = None
        self.asked: list[str] = []
        self.refreshes = True
        self.away = False
        self.ended: list[dict[str, str]] = []
        self._gone: set[str] = set()
        self._sign_ins = SignIns()
        self._codes: dict[str, Visit] = {}
        self._server = Loopback(self._respond, clock=lambda: self.clock)
        self.issuer = self.at = self._server.url

    def __enter__(self) -> Self:
        """Begin to listen."""
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._server.stop()

    def visit(self, url: str, *, person: str) -> str:
        """Return where the provider sends a browser back to that came to `url`, once `person` has signed in there."""
        asked = dict(parse_qsl(urlsplit(url).query))
        code = secrets.token_urlsafe(24)
        self._codes[code] = Visit(person, asked)
        told = {"code": code, "state": asked["state"], **({"iss": self.issuer} if self.names_issuer else {})}
        return f"{asked['redirect_uri']}?{urlencode(told)}"

    @property
    def sign_ins(self) -> tuple[SignIn, ...]:
        """The sign-ins that were made, in their order."""
        return tuple(self._sign_ins.all)

    def leave(self, person: str) -> None:
        """Remove a person, as a company does with one who left it."""
        self._gone.add(person)
        self.people.pop(person, None)

    def logout_token(self, *, person: str | None = None, session: str | None = None, typ: str = "logout+jwt", **changed: object) -> str:
        """Return the token that says that a session is over, or every one of a person; `changed` are claims (None: left out)."""
        now = int(self.clock.now().timestamp())
        claims: dict[str, object] = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 120,
            "jti": secrets.token_urlsafe(16),
            "events": {EVENT: {}},
            "sub": person,
            "sid": session,
            **changed,
        }
        return self.key.sign({name: value for name, value in claims.items() if value is not None}, typ=typ)

    def document(self) -> Mapping[str, object]:
        """Return what the provider says of itself."""
        at = self.issuer
        return {
            "issuer": at,
            "authorization_endpoint": f"{at}/authorize",
            "token_endpoint": f"{at}/token",
            "jwks_uri": f"{at}/keys",
            "userinfo_endpoint": f"{at}/userinfo",
            "end_session_endpoint": f"{at}/end-session",
            "revocation_endpoint": f"{at}/revoke",
            "response_types_supported": ["code"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "backchannel_logout_supported": True,
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": self.names_issuer,
        }

    def id_claims(self, visit: Visit) -> Mapping[str, object]:
        """Return what the ID token says of a person beside what every ID token says."""
        return self.people.get(visit.person, {})

    def userinfo(self, visit: Visit) -> Mapping[str, object]:
        """Return what the userinfo endpoint says of a person."""
        return {"sub": visit.person, **self.people.get(visit.person, {})}

    def written(self, told: Mapping[str, object], *, path: str, accept: str) -> tuple[Mapping[str, str], bytes]:  # noqa: ARG002 - a hook
        """Return the headers and the body that tell something at a path, to who accepts some types."""
        return {"content-type": "application/json"}, json.dumps(told).encode()

    def answer(self, path: str, *, authorization: str, form: Mapping[str, str]) -> tuple[int, Mapping[str, object]]:
        """Return status and body of a request."""
        self.asked.append(path)
        if self.away:
            return 503, {}
        match path:
            case "/.well-known/openid-configuration":
                return 200, self.document()
            case "/keys":
                return 200, {"keys": [dict(self.key.public())]}
            case "/token":
                return self._exchange(form) if self._knows(authorization, form) else (401, {"error": "invalid_client"})
            case "/revoke":
                self._sign_ins.revoke(form.get("token", ""))
                return (200, {}) if self._knows(authorization, form) else (401, {"error": "invalid_client"})
            case "/userinfo":
                found = self._sign_ins.of_access(authorization.removeprefix("Bearer "))
                return (200, self.userinfo(found.visit)) if found is not None else (401, {})
            case "/end-session":
                return 200, {}
            case _:
                return 404, {}

    def _respond(self, asked: Asked) -> Answered:
        if asked.path == "/end-session":
            self.ended.append(dict(parse_qsl(asked.query)))
        if asked.path == "/authorize":
            query = parse_qs(asked.query)
            place = self.visit(asked.target, person=query.get("login_hint", [""])[0].partition("@")[0])
            return Answered(status=303, headers={"location": place})
        status, told = self.answer(asked.path, authorization=asked.headers.get("authorization", ""), form=asked.form)
        headers, raw = self.written(told, path=asked.path, accept=asked.headers.get("accept", ""))
        return Answered(status=status, headers=headers, body=raw)

    def _knows(self, authorization: str, form: Mapping[str, str]) -> bool:
        if self.assertions is not None:
            problem = self.assertions.problem(form, audience=f"{self.issuer}/token", now=self.clock.now())
            return problem is None and not authorization
        wanted = base64.b64encode(urlencode({CLIENT_ID: CLIENT_SECRET}).replace("=", ":").encode()).decode()
        posted = (form.get("client_id"), form.get("client_secret"))
        return authorization == f"Basic {wanted}" or posted == (CLIENT_ID, CLIENT_SECRET)

    def _exchange(self, form: Mapping[str, str]) -> tuple[int, Mapping[str, object]]:
        again = form.get("grant_type") == "refresh_token"
        found = self._sign_ins.use(form.get("refresh_token", "")) if again else self._begun(form)
        if found is None or found.person in self._gone:
            return 400, {"error": "invalid_grant"}
        token = self.key.sign(self._claims(found))
        return 200, {**self._sign_ins.tokens(found, refresh=self.refreshes), "token_type": "Bearer", "expires_in": _LIFE, "id_token": token}

    def _begun(self, form: Mapping[str, str]) -> SignIn | None:
        visit = self._codes.pop(form.get("code", ""), Visit("", {}))
        asked = visit.asked
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if not visit.person or challenge != asked.get("code_challenge") or form.get("redirect_uri") != asked.get("redirect_uri"):
            return None
        return self._sign_ins.begin(visit, now=int(self.clock.now().timestamp()))

    def _claims(self, found: SignIn) -> dict[str, object]:
        now = int(self.clock.now().timestamp())
        claims: dict[str, object] = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "sub": found.person,
            "sid": found.session,
            "iat": now,
            "exp": now + _LIFE,
            "auth_time": found.signed_in_at,
            "nonce": found.nonce,
            **self.id_claims(found.visit),
            **self.claims,
        }
        return {name: value for name, value in claims.items() if value is not None}
