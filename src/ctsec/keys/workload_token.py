"""Tokens of workloads: read to find rules by, and judged under one rule (RFC 7519; RFC 8693, 2.1; RFC 8725).

Rules that this module keeps:

- of a token that nobody has vouched for, nothing is used but issuer and audience, to find rules by; each is one text;
- the signature first, by a key that the rule's issuer publishes at its own host, with an algorithm of the list; then issuer, audience and
  times; then every claim of the rule. No claim of a token switches a check off;
- the audience is the rule's and no other beside it; what only other kinds of tokens have (`nonce`, `events`) is refused;
- an id of a token is a text, and it counts once: where the preset says that tokens have one, it has to be there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, cast

from ctsec.jose.claims import MAX_AGE, SKEW, Times, check_issuer, check_subject, check_times
from ctsec.jose.jwks import KeySet
from ctsec.jose.jws import Kind, open_jws, read_object
from ctsec.jose.key_cache import KeyCache, KeySource, Steps, judge_with_source
from ctsec.jose.keys import Algorithm
from ctsec.jose.rejection import Rejected, TokenReason, Unacceptable, refuse_if
from ctsec.jose.strict import decode_base64url, parse_object
from ctsec.keys.workload import MAX_TEXT, WorkloadRule, claim_holds, found_claim
from ctsec.transport.address import check_url
from ctsec.transport.request import HttpAnswer, HttpRequest

MAX_SUBJECT_TOKEN: Final = 16 * 1024
MAX_DOCUMENT: Final = 64 * 1024
MAX_TOKEN_ID: Final = 255


class WorkloadReason(StrEnum):
    """Why a token was not exchanged, beside what is wrong with a token itself: a closed list, for the log of the rule's organization."""

    CLAIM_DIFFERS = "claim_differs"
    REPLAYED = "token_replayed"
    BAD_TOKEN_ID = "token_bad_id"
    ISSUER_UNKNOWN = "issuer_unknown"
    KEYS_UNAVAILABLE = "issuer_keys_unavailable"
    RULE_CHANGED = "rule_changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Presented:
    """What a token says that nobody has vouched for: good for finding rules and for nothing else."""

    issuer: str
    audience: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvedWorkload:
    """A token that a rule accepts; `used` is what is used up of it (None: it has no id), until `forget_at`."""

    subject: str
    used: bytes | None
    forget_at: datetime


def presented(token: str) -> Presented | None:
    """Return issuer and audience that a token claims to have, None for what has no form of one."""
    if len(token) > MAX_SUBJECT_TOKEN or token.count(".") != 2:
        return None
    try:
        claims = parse_object(decode_base64url(token.split(".")[1]), limit=MAX_SUBJECT_TOKEN)
    except ValueError:
        return None
    issuer, audience = claims.get("iss"), _audience(claims)
    if not isinstance(issuer, str) or audience is None or not 0 < len(issuer) <= MAX_TEXT or not 0 < len(audience) <= MAX_TEXT:
        return None
    return Presented(issuer=issuer, audience=audience) if (issuer + audience).isascii() else None


def document_request(issuer: str) -> HttpRequest:
    """Return what asks for the issuer's document (OpenID Connect Discovery 1.0, 4: a slash at the end is left out)."""
    return HttpRequest(url=f"{issuer.removesuffix('/')}/.well-known/openid-configuration", limit=MAX_DOCUMENT)


def read_document(answer: HttpAnswer, issuer: str, *, loopback: bool) -> str | None:
    """Return where the issuer publishes its keys, None unless its document is its own and leads to its own host."""
    if answer.status != 200:
        return None
    try:
        found = parse_object(answer.body, limit=MAX_DOCUMENT)
        url = found.get("jwks_uri")
        place = check_url(url) if isinstance(url, str) else None
    except ValueError:
        return None
    if found.get("issuer") != issuer or place is None or "#" in str(url):
        return None
    same = place.host == check_url(issuer).host and (place.scheme == "https" or loopback)
    return str(url) if same else None


def judge_token(
    token: str, rule: WorkloadRule, *, url: str, cache: KeyCache | None, now: datetime
) -> Steps[tuple[ProvedWorkload | Rejected, KeyCache]]:
    """Return what a token is worth under a rule, asking for keys at `url` where that is due, and the keys to keep."""
    source = KeySource(url=url, rsa=Algorithm.RS256, unavailable=WorkloadReason.KEYS_UNAVAILABLE)
    return judge_with_source(lambda keys: check_token(token, rule, keys=keys, now=now), source=source, cache=cache, now=now)


def check_token(token: str, rule: WorkloadRule, *, keys: KeySet, now: datetime) -> ProvedWorkload | Rejected:
    """Return what a token is worth under a rule, judged with the keys of the rule's issuer."""
    try:
        refuse_if(len(token) > MAX_SUBJECT_TOKEN, TokenReason.TOO_LARGE)
        claims = read_object(open_jws(token, keys, kind=Kind(types=rule.known.types)).payload, limit=MAX_SUBJECT_TOKEN)
        refuse_if({"nonce", "events"} & claims.keys(), TokenReason.WRONG_TYPE)
        check_issuer(claims, issuer=rule.issuer)
        refuse_if(_audience(claims) != rule.audience, TokenReason.WRONG_AUDIENCE)
        check_times(claims, times=Times(now=now))
        subject, token_id = check_subject(claims), _token_id(claims, rule)
        _check_claims(claims, rule)
    except Unacceptable as error:
        return Rejected(error.reason)
    used = hashlib.sha256(b"\x00".join((rule.issuer.encode(), token_id.encode()))).digest() if token_id is not None else None
    # A token that is older is refused for that, whatever end it says it has.
    return ProvedWorkload(subject=subject, used=used, forget_at=now + MAX_AGE + 3 * SKEW)


def _audience(claims: Mapping[str, object]) -> str | None:
    found = claims.get("aud")
    several = cast("list[object]", found) if isinstance(found, list) else [found]
    only = several[0] if len(several) == 1 else None
    return only if isinstance(only, str) else None


def _token_id(claims: Mapping[str, object], rule: WorkloadRule) -> str | None:
    if "jti" not in claims:
        refuse_if(rule.known.once, TokenReason.NO_TOKEN_ID)
        return None
    found = claims["jti"]
    if not isinstance(found, str) or not 0 < len(found) <= MAX_TOKEN_ID:
        raise Unacceptable(WorkloadReason.BAD_TOKEN_ID)
    return found


def _check_claims(claims: Mapping[str, object], rule: WorkloadRule) -> None:
    for name, wanted in rule.claims.items():
        refuse_if(not claim_holds(wanted, found_claim(claims, name, nested=rule.known.nested)), WorkloadReason.CLAIM_DIFFERS)
