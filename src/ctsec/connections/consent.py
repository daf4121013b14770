"""Where a browser is sent to consent, and what comes back (RFC 6749, 4.1; RFC 7636; RFC 9207).

Rules that this module keeps:

- state and verifier are 256 random bits each, new each time; the challenge is S256, always;
- what was begun is found with its state and the session that it was begun in, and with neither alone; it counts once, for ten minutes;
- a parameter that stands twice is a mistake (RFC 6749, 3.1), and a token in a callback belongs to a flow that is not used;
- what the provider says went wrong becomes a word of our own list, and nothing of it is repeated.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final
from urllib.parse import urlencode, urlsplit

from ctsec.connections.provider import AppProvider
from ctsec.guard.proof import token_digest
from ctsec.ids import Random
from ctsec.jose.strict import encode_base64url
from ctsec.outcome import Outcome, Refusal
from ctsec.secret import SecretText

CONSENT_LIFE: Final = timedelta(minutes=10)
_MAX_PARAMETERS: Final = 16
_MAX_VALUE: Final = 4096
_CODE: Final = re.compile(r"[ -~]+")


class ConsentReason(StrEnum):
    """What is wrong with a callback: a closed list, stable, for the log."""

    TOO_LARGE = "callback_too_large"
    DUPLICATE = "callback_duplicate"
    NO_CODE = "callback_no_code"
    BAD_CODE = "callback_bad_code"
    WRONG_ISSUER = "callback_wrong_issuer"
    UNEXPECTED_TOKEN = "callback_unexpected_token"
    PERSON_DECLINED = "person_declined"
    PROVIDER_ERROR = "provider_error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """Where to send the browser, and what to remember."""

    url: str
    state: SecretText
    verifier: SecretText


def begin_consent(provider: AppProvider, *, redirect_uri: str, scopes: Iterable[str], random: Random) -> Begun:
    """Return the address of the provider's page, with the scopes that are asked for."""
    state, verifier = encode_base64url(random(32)), encode_base64url(random(32))
    asked = {
        **provider.extra,
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": redirect_uri,
        "state": state,
        "code_challenge": encode_base64url(hashlib.sha256(verifier.encode("ascii")).digest()),
        "code_challenge_method": "S256",
    }
    scope = provider.scope_separator.join(scopes)
    asked |= {"scope": scope} if scope else {}
    place = provider.authorization_endpoint
    url = f"{place}{'&' if urlsplit(place).query else '?'}{urlencode(asked)}"
    return Begun(url=url, state=SecretText(state), verifier=SecretText(verifier))


def consent_digest(state: str, *, session: str) -> Outcome[bytes]:
    """Return the digest under which a consent is kept for the session that it was begun in; INVALID_TOKEN for what is no state."""
    form = token_digest(state)
    return form if isinstance(form, Refusal) else hashlib.sha256(f"{state}.{session}".encode()).digest()


def read_callback(parameters: Iterable[tuple[str, str]], *, provider: AppProvider) -> SecretText | ConsentReason:
    """Return the code of a callback, or why there is none; `parameters` as they stood, doubles included."""
    given: dict[str, str] = {}
    for name, value in parameters:
        if len(given) >= _MAX_PARAMETERS or len(name) > 64 or len(value) > _MAX_VALUE:
            return ConsentReason.TOO_LARGE
        if name in given:
            return ConsentReason.DUPLICATE
        given[name] = value
    if provider.issuer and given.get("iss", provider.issuer) != provider.issuer:
        return ConsentReason.WRONG_ISSUER
    if given.keys() & {"access_token", "id_token", "token_type", "response"}:
        return ConsentReason.UNEXPECTED_TOKEN
    if "error" in given:
        return ConsentReason.PERSON_DECLINED if given["error"] == "access_denied" else ConsentReason.PROVIDER_ERROR
    code = given.get("code", "")
    if not code:
        return ConsentReason.NO_CODE
    return SecretText(code) if _CODE.fullmatch(code) else ConsentReason.BAD_CODE
