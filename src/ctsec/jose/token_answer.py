"""Tokens in the answer of a token endpoint (RFC 6749, 5.1).

Rules that this module keeps:

- tokens are texts of a limited length and of the characters that RFC 6749 allows; the type is Bearer; a lifetime is a positive number;
- nothing of what the endpoint says in words is repeated.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from ctsec.jose.jws import MAX_TOKEN
from ctsec.jose.rejection import Unacceptable, refuse_if
from ctsec.jose.strict import parse_object
from ctsec.secret import SecretText
from ctsec.transport.request import HttpAnswer

MAX_TOKEN_ANSWER: Final = 128 * 1024
_MAX_LIFE: Final = 10 * 366 * 86_400
_TOKEN: Final = re.compile(r"[!-~]+")


class AnswerReason(StrEnum):
    """What is wrong with an answer: a closed list, stable, for the log."""

    STATUS = "token_answer_status"
    MALFORMED = "token_answer_malformed"
    BAD_TYPE = "token_answer_bad_type"
    BAD_ACCESS_TOKEN = "token_answer_bad_access_token"
    BAD_REFRESH_TOKEN = "token_answer_bad_refresh_token"
    BAD_LIFETIME = "token_answer_bad_lifetime"
    NO_ID_TOKEN = "token_answer_no_id_token"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenSet:
    """What a token endpoint gave. `life` is how long the access token is good for, `unused` the refresh token, None if it was not told."""

    access_token: SecretText
    refresh_token: SecretText | None = None
    id_token: SecretText | None = None
    life: timedelta | None = None
    scopes: frozenset[str] | None = None
    unused: timedelta | None = None


def answered(answer: HttpAnswer) -> dict[str, object]:
    """Return the object in an answer, of whatever status; raise Unacceptable if there is none."""
    try:
        return parse_object(answer.body, limit=MAX_TOKEN_ANSWER)
    except ValueError:
        raise Unacceptable(AnswerReason.MALFORMED if answer.status == 200 else AnswerReason.STATUS) from None


def tokens_in(found: Mapping[str, object]) -> TokenSet:
    """Return the tokens in the object of an answer; raise Unacceptable for what is none."""
    kind, life, scope = found.get("token_type"), found.get("expires_in"), found.get("scope")
    refuse_if(not isinstance(kind, str) or kind.lower() != "bearer", AnswerReason.BAD_TYPE)
    if life is not None and (not isinstance(life, int) or isinstance(life, bool) or not 0 < life <= _MAX_LIFE):
        raise Unacceptable(AnswerReason.BAD_LIFETIME)
    refuse_if(scope is not None and not isinstance(scope, str), AnswerReason.MALFORMED)
    access_token = _token(found, "access_token", AnswerReason.BAD_ACCESS_TOKEN)
    id_token = _token(found, "id_token", AnswerReason.NO_ID_TOKEN)
    if access_token is None:
        raise Unacceptable(AnswerReason.BAD_ACCESS_TOKEN)
    return TokenSet(
        access_token=access_token,
        refresh_token=_token(found, "refresh_token", AnswerReason.BAD_REFRESH_TOKEN),
        id_token=id_token,
        life=None if life is None else timedelta(seconds=life),
        # GitHub separates them by commas.
        scopes=None if not isinstance(scope, str) else frozenset(re.split(r"[ ,]+", scope)) - {""},
        unused=_unused(found),
    )


def _unused(found: Mapping[str, object]) -> timedelta | None:
    """Return how long a refresh token is good: no standard has it, so what is no such number is passed over, and no token lost for it."""
    for name in ("refresh_token_expires_in", "refresh_expires_in"):
        told = found.get(name)
        if isinstance(told, int) and not isinstance(told, bool) and 0 < told <= _MAX_LIFE:
            return timedelta(seconds=told)
    return None


def _token(found: Mapping[str, object], name: str, reason: AnswerReason) -> SecretText | None:
    token = found.get(name)
    if token is None:
        return None
    if not isinstance(token, str) or len(token) > MAX_TOKEN or not _TOKEN.fullmatch(token):
        raise Unacceptable(reason)
    return SecretText(token)
