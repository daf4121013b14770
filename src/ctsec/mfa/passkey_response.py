"""What a browser sends back, read once.

Rules that this module keeps:

- every field has a limit, and the whole text too, before anything is decoded;
- base64url is strict: no padding, no other character, and exactly one spelling of the same bytes;
- no object names a key twice, and nothing has another type than it should;
- a ceremony in a frame of another site is refused, whoever that is;
- one refusal for everything: what exactly was wrong helps nobody who means well.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from ctsec.jose.strict import decode_base64url, parse_object
from ctsec.mfa.passkey import MAX_CREDENTIAL_ID
from ctsec.outcome import Outcome, Reason, Refusal

MAX_RESPONSE: Final = 16_384  # characters
_MAX_CLIENT_DATA: Final = 2_048  # bytes, like the following ones
_MAX_ATTESTATION: Final = 4_096
_MAX_AUTHENTICATOR_DATA: Final = 2_048
_MAX_SIGNATURE: Final = 512
_MAX_USER_HANDLE: Final = 64
_MAX_TRANSPORTS: Final = 8
_TRANSPORT: Final = re.compile(r"[a-z][a-z-]{0,15}")

WRONG: Final = Refusal(Reason.INVALID_CODE, "the passkey was not accepted; try again")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceremony:
    """What both ceremonies have: whose key it is said to be, and the bytes and the challenge that the browser collected."""

    credential_id: bytes
    client_data: bytes
    challenge: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration(Ceremony):
    """A new passkey, as the browser presents it; nothing of it is proved."""

    attestation: bytes
    transports: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion(Ceremony):
    """A signature by a passkey, as the browser presents it; nothing of it is proved."""

    authenticator_data: bytes
    signature: bytes
    user_handle: bytes | None


def parse_registration(text: str) -> Outcome[Registration]:
    """Return the answer to `navigator.credentials.create` in its JSON form, or INVALID_CODE."""
    try:
        fields, response = _fields(text)
        return Registration(
            **fields,
            attestation=_bytes(response, "attestationObject", limit=_MAX_ATTESTATION),
            transports=_transports(response.get("transports", [])),
        )
    except (TypeError, ValueError, RecursionError):
        return WRONG


def parse_assertion(text: str) -> Outcome[Assertion]:
    """Return the answer to `navigator.credentials.get` in its JSON form, or INVALID_CODE."""
    try:
        fields, response = _fields(text)
        handle = None if response.get("userHandle") is None else _bytes(response, "userHandle", limit=_MAX_USER_HANDLE)
        return Assertion(
            **fields,
            authenticator_data=_bytes(response, "authenticatorData", limit=_MAX_AUTHENTICATOR_DATA),
            signature=_bytes(response, "signature", limit=_MAX_SIGNATURE),
            user_handle=handle,
        )
    except (TypeError, ValueError, RecursionError):
        return WRONG


def _fields(text: str) -> tuple[dict[str, Any], Mapping[str, object]]:
    if len(text) > MAX_RESPONSE:
        raise ValueError("the response is too long")
    found = _object(text)
    response = found.get("response")
    if found.get("type") != "public-key" or found.get("rawId") != found.get("id") or not isinstance(response, dict):
        raise ValueError("no public-key credential")
    inner = cast(dict[str, object], response)
    client_data = _bytes(inner, "clientDataJSON", limit=_MAX_CLIENT_DATA)
    collected = _object(client_data.decode("utf-8"))
    challenge = collected.get("challenge")
    if collected.get("crossOrigin", False) is not False or "topOrigin" in collected or not isinstance(challenge, str):
        raise ValueError("no ceremony of this site's own")
    credential_id = _bytes(found, "id", limit=MAX_CREDENTIAL_ID)
    return {"credential_id": credential_id, "client_data": client_data, "challenge": challenge}, inner


def _object(text: str) -> dict[str, object]:
    return parse_object(text, limit=MAX_RESPONSE)


def _bytes(fields: Mapping[str, object], name: str, *, limit: int) -> bytes:
    text = fields.get(name)
    if not isinstance(text, str) or not 0 < len(text) <= (limit * 4 + 2) // 3:
        raise ValueError(f"expected {name} in base64url")
    return decode_base64url(text)


def _transports(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or len(cast(list[object], value)) > _MAX_TRANSPORTS:
        raise ValueError("expected a short list of transports")
    words = [word for word in cast(list[object], value) if isinstance(word, str) and _TRANSPORT.fullmatch(word)]
    return tuple(sorted(set(words)))
