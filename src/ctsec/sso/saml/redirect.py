"""The redirect binding with its signature (SAML Bindings, 3.4.4.1).

Rules that this module keeps:

- the signature is over the query as it arrived, undecoded, in the order of the specification, and is judged before anything is inflated;
- a message without `SigAlg` and `Signature` is refused; both are judged as everywhere: by the list, and by the trust's keys;
- no parameter of the binding stands twice, there is one message, and no other encoding than DEFLATE.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, unquote_to_bytes

from ctsec.jose.rejection import Unacceptable, refuse_if
from ctsec.sso.saml.algorithms import signature_algorithm
from ctsec.sso.saml.keys import ServiceKey
from ctsec.sso.saml.reason import SamlReason
from ctsec.sso.saml.trust import MAX_RELAY_STATE, Trust
from ctsec.sso.saml.wire import MAX_FIELD, decode_base64, deflate, inflate

_DEFLATE: Final = "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE"
_MESSAGES: Final = ("SAMLRequest", "SAMLResponse")
_PARAMETERS: Final = frozenset({*_MESSAGES, "RelayState", "SigAlg", "Signature", "SAMLEncoding"})
_QUERY: Final = re.compile(r"[!-~]*")
_LONE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")


def read_query(query: str, *, kind: str, trust: Trust) -> tuple[bytes, str]:
    """Return the message and the RelayState of a signed query (`query` without `?`, as it arrived); raise Unacceptable for any other.

    `kind` is SAMLRequest or SAMLResponse.
    """
    refuse_if(len(query) > MAX_FIELD, SamlReason.TOO_LARGE)
    raw = _split(query)
    refuse_if(kind not in raw or sum(each in raw for each in _MESSAGES) != 1, SamlReason.WRONG_MESSAGE)
    refuse_if(not raw.get("SigAlg") or not raw.get("Signature"), SamlReason.UNSIGNED)
    refuse_if("SAMLEncoding" in raw and _plain(raw["SAMLEncoding"]) != _DEFLATE, SamlReason.QUERY_MALFORMED)
    signed = "&".join(f"{name}={raw[name]}" for name in (kind, "RelayState", "SigAlg") if name in raw).encode("ascii")
    algorithm = signature_algorithm(_plain(raw["SigAlg"]), unsafe_sha1=trust.unsafe_sha1)
    signature = decode_base64(_plain(raw["Signature"]))
    refuse_if(not any(key.verifies(signed, signature, algorithm) for key in trust.keys), SamlReason.BAD_SIGNATURE)
    relay_state = _plain(raw.get("RelayState", ""))
    refuse_if(len(relay_state) > MAX_RELAY_STATE, SamlReason.QUERY_MALFORMED)
    return inflate(_plain(raw[kind])), relay_state


def signed_query(kind: str, message: bytes, *, relay_state: str = "", key: ServiceKey | None) -> str:
    """Return the query that carries a message, signed if there is a key."""
    told = {kind: deflate(message), **({"RelayState": relay_state} if relay_state else {})}
    if key is None:
        return _joined(told)
    query = _joined({**told, "SigAlg": key.algorithm.uri})
    return f"{query}&{_joined({'Signature': base64.b64encode(key.sign(query.encode('ascii'))).decode('ascii')})}"


def _joined(told: Mapping[str, str]) -> str:
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in told.items())


def _split(query: str) -> dict[str, str]:
    refuse_if(not _QUERY.fullmatch(query) or _LONE.search(query), SamlReason.QUERY_MALFORMED)
    found: dict[str, str] = {}
    for part in query.split("&"):
        name, _, value = part.partition("=")
        plain = _plain(name)
        if plain in _PARAMETERS:
            refuse_if(plain != name, SamlReason.QUERY_MALFORMED)
            refuse_if(name in found, SamlReason.QUERY_DUPLICATE)
            found[name] = value
    return found


def _plain(value: str) -> str:
    try:
        return unquote_to_bytes(value.replace("+", " ")).decode("utf-8")
    except UnicodeDecodeError:
        raise Unacceptable(SamlReason.QUERY_MALFORMED) from None
