"""A provider in memory: it answers the requests of a sign-in as a sound one does, unless a test says otherwise for one of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar
from urllib.parse import parse_qs, parse_qsl, urlsplit

from ctsec.errors import FetchError
from ctsec.jose.rejection import Rejected
from ctsec.secret import SecretText
from ctsec.sso.oidc import Exchange, Judged, KeyCache, OidcClient, PendingSignIn, ProviderMetadata, SecretBasic, complete_sign_in
from ctsec.sso.oidc.authorization import begin_sign_in
from ctsec.sso.oidc.client import GitHubOrganization
from ctsec.sso.oidc.github import GITHUB_METADATA
from ctsec.sso.oidc.presets import ENTRA, GENERIC, GITHUB, GOOGLE
from ctsec.testing.random import UnsafeSeededRandom
from ctsec.transport.request import HttpAnswer, HttpRequest
from tests.unit.jose.forge import Pair, body, compact, pair

T = TypeVar("T")
NOW: Final = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
ISSUER: Final = "https://login.acme.example"
KEY: Final = pair("ES256")
TENANT_A, TENANT_B = "aaaaaaaa-0000-4000-8000-000000000001", "bbbbbbbb-0000-4000-8000-000000000002"
ENTRA_ISSUER: Final = "https://login.microsoftonline.com/{tenantid}/v2.0"
BACK: Final = "https://app.example/sso/con_1/callback"

GENERIC_CLIENT: Final = OidcClient(
    connection="con_1",
    client_id="ctsec",
    redirect_uri=BACK,
    proof=SecretBasic(SecretText("s3cret")),
    issuer=ISSUER,
    domains=frozenset({"acme.example"}),
)
ENTRA_CLIENT: Final = replace(
    GENERIC_CLIENT,
    preset=ENTRA,
    issuer=ENTRA_ISSUER,
    discovery="https://login.microsoftonline.com/organizations/v2.0/.well-known/openid-configuration",
    directories=frozenset({TENANT_A}),
)
GOOGLE_CLIENT: Final = replace(GENERIC_CLIENT, preset=GOOGLE, issuer="")
GITHUB_CLIENT: Final = replace(GENERIC_CLIENT, preset=GITHUB, issuer="", github=GitHubOrganization(login="acme", id=77))
DOCUMENT: Final[dict[str, object]] = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/keys",
    "userinfo_endpoint": f"{ISSUER}/userinfo",
    "end_session_endpoint": f"{ISSUER}/logout",
    "response_types_supported": ["code", "id_token"],
    "id_token_signing_alg_values_supported": ["RS256", "none", "HS256"],
    "code_challenge_methods_supported": ["plain", "S256"],
    "authorization_response_iss_parameter_supported": True,
}
METADATA: Final = ProviderMetadata(
    issuer=ISSUER,
    authorization_endpoint=f"{ISSUER}/authorize",
    token_endpoint=f"{ISSUER}/token",
    jwks_uri=f"{ISSUER}/keys",
    userinfo_endpoint=f"{ISSUER}/userinfo",
    end_session_endpoint=f"{ISSUER}/logout",
    names_issuer=True,
)


def answered(value: object, status: int = 200) -> HttpAnswer:
    """Return an answer in JSON; texts and bytes as they are."""
    raw = value if isinstance(value, bytes) else value.encode() if isinstance(value, str) else json.dumps(value).encode()
    return HttpAnswer(status=status, media="application/json", body=raw)


def begun(client: OidcClient = GENERIC_CLIENT, metadata: ProviderMetadata = METADATA) -> PendingSignIn:
    """Return a sign-in that was begun five seconds ago."""
    return begin_sign_in(client, metadata, now=NOW - timedelta(seconds=5), random=UnsafeSeededRandom()).pending


def seconds(moment: datetime = NOW, **delta: float) -> int:
    """Return a time as claims write it."""
    return int((moment + timedelta(**delta)).timestamp())


def claims_of(client: OidcClient = GENERIC_CLIENT, pending: PendingSignIn | None = None, **changed: object) -> dict[str, object]:
    """Return the claims of a sound ID token, with some changed; `...` takes one away."""
    whole: dict[str, object] = {
        "iss": client.name_of_issuer.replace("{tenantid}", TENANT_A),
        "aud": client.client_id,
        "sub": "person-1",
        "iat": seconds(),
        "exp": seconds(minutes=5),
        "nonce": (pending or begun(client)).nonce.reveal(),
        "email": "olga@acme.example",
        "email_verified": True,
        "name": "Olga",
        "groups": ["staff", "admins"],
    }
    whole |= {"tid": TENANT_A, "oid": "object-1"} if client.preset is ENTRA else {}
    whole |= {"hd": "acme.example"} if client.preset is GOOGLE else {}
    whole |= changed
    return {name: value for name, value in whole.items() if value is not ...}


@dataclass
class Simulator:
    """A provider: what it answers to each path, and what it was asked."""

    id_token: str = ""
    key: Pair = KEY
    overrides: dict[str, Callable[[HttpRequest], HttpAnswer] | HttpAnswer | FetchError] = field(default_factory=dict)
    seen: list[HttpRequest] = field(default_factory=list)

    def paths(self) -> list[str]:
        """Return the paths that were asked for."""
        return [urlsplit(request.url).path for request in self.seen]

    def form(self, number: int = 0) -> dict[str, str]:
        """Return the form of a request."""
        return dict(parse_qsl((self.seen[number].body or b"").decode()))

    def answer(self, request: HttpRequest) -> HttpAnswer:
        """Answer one request."""
        self.seen.append(request)
        path = urlsplit(request.url).path
        special = self.overrides.get(path)
        if isinstance(special, FetchError):
            raise special
        if special is not None:
            return special if isinstance(special, HttpAnswer) else special(request)
        match path.rpartition("/")[2]:
            case "openid-configuration":
                return answered(DOCUMENT)
            case "token":
                return answered({"access_token": "at-1", "token_type": "Bearer", "expires_in": 300, "id_token": self.id_token})
            case "keys":
                return answered(body(self.key.jwk()))
            case "userinfo":
                return answered({"sub": "person-1"})
        return answered({}, 404)


def run(steps: Generator[HttpRequest, HttpAnswer, T], provider: Simulator) -> T:
    """Take steps to their end with a provider."""
    try:
        request = next(steps)
        while True:
            try:
                given = provider.answer(request)
            except FetchError as error:
                request = steps.throw(error)
            else:
                request = steps.send(given)
    except StopIteration as done:
        value: T = done.value
        return value


def exchange(client: OidcClient = GENERIC_CLIENT, *, now: datetime = NOW, metadata: ProviderMetadata = METADATA) -> Exchange:
    """Return the setting of an exchange."""
    return Exchange(client=client, metadata=metadata, now=now, random=UnsafeSeededRandom())


def callback(pending: PendingSignIn, **changed: Any) -> list[tuple[str, str]]:
    """Return the parameters of a sound callback, with some changed; `...` takes one away."""
    whole = {"state": pending.state.reveal(), "code": "code-1", "iss": ISSUER} | changed
    return [(name, value) for name, value in whole.items() if value is not ...]


def signed_in(
    provider: Simulator,
    *,
    client: OidcClient = GENERIC_CLIENT,
    pending: PendingSignIn | None = None,
    keys: KeyCache | None = None,
    **changed: Any,
) -> Judged:
    """Take a sign-in to its end; `changed` are parameters of the callback. The providers with a preset announce no `iss` and send none."""
    pending = pending or begun(client)
    generic = client.preset is GENERIC
    metadata = METADATA if generic else replace(METADATA, names_issuer=False)
    if client.preset is GITHUB:
        metadata = GITHUB_METADATA
    parameters = callback(pending, **({} if generic else {"iss": ...}) | changed)
    steps = complete_sign_in(exchange(client, metadata=metadata), pending=pending, parameters=parameters, keys=keys)
    return run(steps, provider)


def sound(client: OidcClient = GENERIC_CLIENT, pending: PendingSignIn | None = None, **changed: object) -> Simulator:
    """Return a provider whose ID token is sound, but for the claims that are changed."""
    return Simulator(id_token=compact(claims_of(client, pending, **changed), key=KEY))


def reason_of(found: object) -> str:
    """Return why something was refused."""
    outcome = found.outcome if isinstance(found, Judged) else found
    assert isinstance(outcome, Rejected), outcome
    return outcome.reason.value


def query(url: str) -> Mapping[str, list[str]]:
    """Return the parameters of an address."""
    return parse_qs(urlsplit(url).query, keep_blank_values=True, strict_parsing=True)
