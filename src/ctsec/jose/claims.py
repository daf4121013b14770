"""What the claims of a token must say (RFC 7519; OpenID Connect Core 1.0, 3.1.3.7).

Rules that this module keeps:

- what is expected comes from the connection and the request that was begun; no claim of a token switches a check off (CVE-2026-114617);
- issuer, client and nonce are texts and equal, byte by byte: never a member of a list, a prefix or a part of something longer;
- times are finite numbers between 1970 and the year 36812; the skew is given, and is the same in both directions;
- an audience that the connection does not name beside the client is refused, since somebody else could use the token too.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, cast

from ctsec.jose.keys import Algorithm
from ctsec.jose.rejection import TokenReason, Unacceptable, refuse_if
from ctsec.jose.strict import encode_base64url

SKEW: Final = timedelta(seconds=60)
MAX_AGE: Final = timedelta(hours=1)  # an ID token is fetched as soon as it is made
_LATEST: Final = 1 << 40
_SUBJECT: Final = re.compile(r"[ -~]{1,255}")
_MAX_AUDIENCES: Final = 16
_MAX_METHODS: Final = 32
_HASHES: Final = {"256": hashlib.sha256, "384": hashlib.sha384, "512": hashlib.sha512}

Claims = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """When a token is looked at, how far clocks may differ, and how long ago it may have been issued."""

    now: datetime
    skew: timedelta = SKEW
    longest: timedelta = MAX_AGE

    def __post_init__(self) -> None:
        if self.now.tzinfo is None or not timedelta() <= self.skew <= timedelta(minutes=5) or self.longest <= timedelta():
            raise ValueError("expected an aware time, a skew of at most five minutes and a positive age")


def text_of(claims: Claims, name: str) -> str | None:
    """Return a claim that is a text with something in it; None for anything else."""
    found = claims.get(name)
    return found if isinstance(found, str) and found else None


def number_of(claims: Claims, name: str) -> float | None:
    """Return a claim that is a time in seconds since 1970, None if it is absent; raise Unacceptable if it is anything else."""
    if name not in claims:
        return None
    found = claims[name]
    # A bool is an int to Python, and no time to anybody.
    if not isinstance(found, (int, float)) or isinstance(found, bool) or not 0 <= found < _LATEST:
        raise Unacceptable(TokenReason.BAD_TIME)
    return found


def check_issuer(claims: Claims, *, issuer: str) -> None:
    """Refuse a token of another issuer."""
    refuse_if(claims.get("iss") != issuer or not issuer, TokenReason.WRONG_ISSUER)


def check_audience(claims: Claims, *, client_id: str, others: frozenset[str] = frozenset()) -> None:
    """Refuse a token that is not for this client, is for strangers too, or was asked for by another client (`azp`)."""
    found = claims.get("aud")
    audiences = cast("list[object]", found) if isinstance(found, list) else [found]
    refuse_if(not audiences or len(audiences) > _MAX_AUDIENCES or client_id not in audiences or not client_id, TokenReason.WRONG_AUDIENCE)
    refuse_if(any(not isinstance(each, str) or each not in {client_id, *others} for each in audiences), TokenReason.UNTRUSTED_AUDIENCE)
    refuse_if(len(set(audiences)) > 1 and "azp" not in claims, TokenReason.WRONG_PARTY)
    refuse_if("azp" in claims and claims["azp"] != client_id, TokenReason.WRONG_PARTY)


def check_times(claims: Claims, *, times: Times) -> None:
    """Refuse a token without its times, or outside of them: `exp` and `iat` are mandatory, `nbf` is kept where it stands."""
    now, skew = times.now.timestamp(), times.skew.total_seconds()
    expires, issued, begins = (number_of(claims, name) for name in ("exp", "iat", "nbf"))
    if expires is None:
        raise Unacceptable(TokenReason.NO_EXPIRY)
    if issued is None:
        raise Unacceptable(TokenReason.NO_ISSUE_TIME)
    refuse_if(now >= expires + skew, TokenReason.EXPIRED)
    refuse_if(issued > now + skew, TokenReason.ISSUED_IN_FUTURE)
    refuse_if(issued < now - times.longest.total_seconds() - skew, TokenReason.ISSUED_LONG_AGO)
    refuse_if(begins is not None and begins > now + skew, TokenReason.NOT_YET_VALID)


def check_subject(claims: Claims) -> str:
    """Return the subject: 1 to 255 printable characters of ASCII, no blank alone."""
    subject = claims.get("sub")
    if not isinstance(subject, str) or not _SUBJECT.fullmatch(subject) or not subject.strip():
        raise Unacceptable(TokenReason.WRONG_SUBJECT)
    return subject


def check_nonce(claims: Claims, *, nonce: str) -> None:
    """Refuse a token that was not made for this request."""
    found = claims.get("nonce")
    sound = isinstance(found, str) and bool(nonce) and hmac.compare_digest(found.encode(), nonce.encode())
    refuse_if(not sound, TokenReason.WRONG_NONCE)


def check_sign_in_time(claims: Claims, *, times: Times, since: datetime | None) -> datetime | None:
    """Return when the person signed in at the provider; refuse it where it is before `since`, or unknown though that was asked."""
    seconds = number_of(claims, "auth_time")
    if seconds is None:
        refuse_if(since is not None, TokenReason.NO_SIGN_IN_TIME)
        return None
    now, skew = times.now.timestamp(), times.skew.total_seconds()
    refuse_if(seconds > now + skew, TokenReason.BAD_TIME)
    refuse_if(since is not None and seconds < since.timestamp() - skew, TokenReason.SIGN_IN_TOO_OLD)
    return datetime.fromtimestamp(seconds, UTC)


def check_access_token_hash(claims: Claims, *, algorithm: Algorithm, access_token: str | None) -> None:
    """Refuse an `at_hash` that is not the access token's (OpenID Connect Core, 3.1.3.6); without one there is nothing to compare."""
    if "at_hash" not in claims:
        return
    found = claims["at_hash"]
    if access_token is None or not isinstance(found, str):
        raise Unacceptable(TokenReason.WRONG_ACCESS_TOKEN_HASH)
    # EdDSA names no hash; with Ed25519 it is SHA-512, as the signature's own.
    made = _HASHES[algorithm.value[2:] if algorithm is not Algorithm.EDDSA else "512"](access_token.encode()).digest()
    expected = encode_base64url(made[: len(made) // 2])
    refuse_if(not hmac.compare_digest(found.encode(), expected.encode()), TokenReason.WRONG_ACCESS_TOKEN_HASH)


def check_class(claims: Claims, *, wanted: frozenset[str]) -> str | None:
    """Return the class of the sign-in (`acr`); refuse it where some were asked for and it is none of them."""
    found = claims.get("acr")
    refuse_if("acr" in claims and (not isinstance(found, str) or len(found) > 255), TokenReason.WRONG_CLASS)
    refuse_if(bool(wanted) and found not in wanted, TokenReason.WRONG_CLASS)
    return found if isinstance(found, str) else None


def check_methods(claims: Claims) -> tuple[str, ...]:
    """Return the methods of the sign-in (`amr`, RFC 8176); refuse what is no short list of words."""
    found = claims.get("amr", [])
    words = cast("list[object]", found) if isinstance(found, list) else [None]
    refuse_if(len(words) > _MAX_METHODS, TokenReason.BAD_METHODS)
    if any(not isinstance(word, str) or not 0 < len(word) <= 64 for word in words):
        raise Unacceptable(TokenReason.BAD_METHODS)
    return tuple(str(word) for word in words)
