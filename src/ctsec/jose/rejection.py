"""Why a token, a key or an answer of an identity provider is not accepted: precise, for the log, and never shown to who sent it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NoReturn


class TokenReason(StrEnum):
    """Why a signed token is not accepted: a closed list, stable, one word for each rule."""

    TOO_LARGE = "token_too_large"
    MALFORMED = "token_malformed"
    BAD_ENCODING = "token_bad_encoding"
    BAD_JSON = "token_bad_json"
    DUPLICATE_MEMBER = "token_duplicate_member"
    FORBIDDEN_HEADER = "token_forbidden_header"
    WRONG_TYPE = "token_wrong_type"
    ALGORITHM_NOT_ALLOWED = "token_algorithm_not_allowed"
    ALGORITHM_OF_ANOTHER_KEY = "token_algorithm_of_another_key"
    UNKNOWN_KEY = "token_unknown_key"
    AMBIGUOUS_KEY = "token_ambiguous_key"
    BAD_SIGNATURE = "token_bad_signature"
    WRONG_ISSUER = "token_wrong_issuer"
    WRONG_AUDIENCE = "token_wrong_audience"
    UNTRUSTED_AUDIENCE = "token_untrusted_audience"
    WRONG_PARTY = "token_wrong_party"
    WRONG_SUBJECT = "token_wrong_subject"
    NO_EXPIRY = "token_no_expiry"
    EXPIRED = "token_expired"
    NO_ISSUE_TIME = "token_no_issue_time"
    ISSUED_IN_FUTURE = "token_issued_in_future"
    ISSUED_LONG_AGO = "token_issued_long_ago"
    NOT_YET_VALID = "token_not_yet_valid"
    BAD_TIME = "token_bad_time"
    WRONG_NONCE = "token_wrong_nonce"
    UNEXPECTED_NONCE = "token_unexpected_nonce"
    NO_SIGN_IN_TIME = "token_no_sign_in_time"
    SIGN_IN_TOO_OLD = "token_sign_in_too_old"
    WRONG_ACCESS_TOKEN_HASH = "token_wrong_access_token_hash"
    WRONG_CLASS = "token_wrong_class"
    BAD_METHODS = "token_bad_methods"
    BAD_EVENTS = "token_bad_events"
    NO_TOKEN_ID = "token_no_token_id"
    NOBODY_NAMED = "token_nobody_named"


class KeyReason(StrEnum):
    """Why a published key, or a whole set of them, is not used."""

    SET_TOO_LARGE = "keys_too_large"
    SET_MALFORMED = "keys_malformed"
    TOO_MANY = "keys_too_many"
    MALFORMED = "key_malformed"
    SYMMETRIC = "key_symmetric"
    PRIVATE = "key_private"
    UNKNOWN_TYPE = "key_unknown_type"
    NOT_FOR_SIGNATURES = "key_not_for_signatures"
    ALGORITHM_NOT_ALLOWED = "key_algorithm_not_allowed"
    WRONG_CURVE = "key_wrong_curve"
    WEAK = "key_weak"
    BAD_NAME = "key_bad_name"
    DUPLICATE_NAME = "key_duplicate_name"


@dataclass(frozen=True, slots=True)
class Rejected:
    """What is not accepted, and why; it is neither true nor false, as a `Refusal` is not."""

    reason: StrEnum

    def __bool__(self) -> NoReturn:
        raise TypeError("a rejection is neither true nor false; test with isinstance(value, Rejected) or match")


class Unacceptable(Exception):
    """Ends a check inside of this package and of `sso`; it becomes a `Rejected` before anybody else sees it."""

    def __init__(self, reason: StrEnum) -> None:
        super().__init__(reason.value)
        self.reason = reason


def refuse_if(wrong: object, reason: StrEnum) -> None:
    """Raise Unacceptable with `reason` if `wrong` is true."""
    if wrong:
        raise Unacceptable(reason)
