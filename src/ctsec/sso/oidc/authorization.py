"""Where a browser is sent to sign in, and what comes back (RFC 6749, 4.1; RFC 7636; RFC 9207; OpenID Connect Core 1.0, 3.1.2).

Rules that this module keeps:

- state, nonce and verifier are 256 random bits each, new for every sign-in; the challenge is S256, always;
- a callback belongs to one sign-in of one connection, begun at most ten minutes ago; an empty state equals nothing, not even itself;
- a parameter that stands twice is a mistake (RFC 6749, 3.1), and a token in a callback belongs to a flow that is not used;
- `iss` is compared where it stands, and must stand where the provider announced it; it is looked at before the provider's own words are;
- what the provider says went wrong becomes a word of our own list, and nothing of it is repeated.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode, urlsplit

from ctsec.ids import Random
from ctsec.jose.rejection import Rejected, Unacceptable, refuse_if
from ctsec.jose.strict import encode_base64url
from ctsec.secret import SecretText
from ctsec.sso.oidc.client import OidcClient
from ctsec.sso.oidc.metadata import ProviderMetadata
from ctsec.sso.oidc.reason import OidcReason

PENDING_LIFE: Final = timedelta(minutes=10)
_MAX_PARAMETERS: Final = 16
_MAX_VALUE: Final = 4096
_CODE: Final = re.compile(r"[ -~]+")
_ERRORS: Final[Mapping[str, OidcReason]] = {
    "access_denied": OidcReason.PERSON_DECLINED,
    "login_required": OidcReason.PERSON_NEEDED,
    "interaction_required": OidcReason.PERSON_NEEDED,
    "consent_required": OidcReason.PERSON_NEEDED,
    "account_selection_required": OidcReason.PERSON_NEEDED,
    "temporarily_unavailable": OidcReason.PROVIDER_UNAVAILABLE,
    "server_error": OidcReason.PROVIDER_UNAVAILABLE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingSignIn:
    """A sign-in that was begun: one record, bound to one browser by whoever stores it, used once.

    `nonce` is empty where the provider makes no ID tokens.
    """

    connection: str
    redirect_uri: str
    state: SecretText
    nonce: SecretText
    verifier: SecretText
    begun_at: datetime
    max_age: timedelta | None = None
    acr: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """Where to send the browser, and what to remember."""

    url: str
    pending: PendingSignIn


def begin_sign_in(
    client: OidcClient, metadata: ProviderMetadata, *, now: datetime, random: Random, login_hint: str = "", again: bool = False
) -> Begun:
    """Return the address of the provider's sign-in page; with `again` the person has to prove themselves there anew."""
    state, nonce, verifier = encode_base64url(random(32)), encode_base64url(random(32)), encode_base64url(random(32))
    max_age = timedelta() if again else client.max_age
    asked = {
        "response_type": "code",
        "client_id": client.client_id,
        "redirect_uri": client.redirect_uri,
        "scope": " ".join(client.asked),
        "state": state,
        "code_challenge": encode_base64url(hashlib.sha256(verifier.encode("ascii")).digest()),
        "code_challenge_method": "S256",
    }
    if client.preset.oidc:
        asked |= {"nonce": nonce, **dict(client.preset.offline)}
        asked |= {"max_age": str(int(max_age.total_seconds()))} if max_age is not None else {}
        prompts = [*(["login"] if again else []), *(["consent"] if client.preset.consents and "offline_access" in client.asked else [])]
        asked |= {"prompt": " ".join(prompts)} if prompts else {}
        asked |= {"acr_values": " ".join(sorted(client.acr))} if client.acr else {}
        asked |= {"login_hint": login_hint} if login_hint else {}
        # Only what the page shows: what counts is the claim in the token.
        asked |= {"hd": next(iter(client.domains))} if client.preset.domain_claim and len(client.domains) == 1 else {}
    pending = PendingSignIn(
        connection=client.connection,
        redirect_uri=client.redirect_uri,
        state=SecretText(state),
        nonce=SecretText(nonce if client.preset.oidc else ""),
        verifier=SecretText(verifier),
        begun_at=now,
        max_age=max_age,
        acr=client.acr,
    )
    return Begun(url=with_query(metadata.authorization_endpoint, asked), pending=pending)


def with_query(url: str, parameters: Mapping[str, str]) -> str:
    """Return an address with parameters behind those that it has."""
    return f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(parameters)}"


def check_callback(
    parameters: Iterable[tuple[str, str]], *, pending: PendingSignIn, client: OidcClient, metadata: ProviderMetadata, now: datetime
) -> SecretText | Rejected:
    """Return the code of a callback that belongs to `pending`, or why it is not accepted; `parameters` as they stood, doubles included."""
    try:
        return _code_of(_read(parameters), pending, client, metadata, now)
    except Unacceptable as error:
        return Rejected(error.reason)


def _read(parameters: Iterable[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in parameters:
        refuse_if(len(found) >= _MAX_PARAMETERS or len(name) > 64 or len(value) > _MAX_VALUE, OidcReason.CALLBACK_TOO_LARGE)
        refuse_if(name in found, OidcReason.CALLBACK_DUPLICATE)
        found[name] = value
    return found


def _code_of(given: Mapping[str, str], pending: PendingSignIn, client: OidcClient, metadata: ProviderMetadata, now: datetime) -> SecretText:
    state, expected = given.get("state", ""), pending.state.reveal()
    refuse_if(not state, OidcReason.CALLBACK_NO_STATE)
    refuse_if(not expected or not hmac.compare_digest(state.encode("utf-8", "replace"), expected.encode()), OidcReason.CALLBACK_WRONG_STATE)
    same = pending.connection == client.connection and pending.redirect_uri == client.redirect_uri
    refuse_if(not same, OidcReason.CALLBACK_WRONG_CONNECTION)
    refuse_if(not timedelta() <= now - pending.begun_at < PENDING_LIFE, OidcReason.CALLBACK_EXPIRED)
    refuse_if("iss" not in given and metadata.names_issuer, OidcReason.CALLBACK_NO_ISSUER)
    refuse_if("iss" in given and given["iss"] not in client.issuers(), OidcReason.CALLBACK_WRONG_ISSUER)
    refuse_if(given.keys() & {"access_token", "id_token", "token_type", "response"}, OidcReason.CALLBACK_UNEXPECTED_TOKEN)
    if "error" in given:
        raise Unacceptable(_ERRORS.get(given["error"], OidcReason.PROVIDER_ERROR))
    code = given.get("code", "")
    refuse_if(not code, OidcReason.CALLBACK_NO_CODE)
    refuse_if(not _CODE.fullmatch(code), OidcReason.CALLBACK_BAD_CODE)
    return SecretText(code)
