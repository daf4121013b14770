"""Requests over https and their answers, as values: what asks needs to know no client, and what connects no protocol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, Literal

MAX_ANSWER: Final = 256 * 1024
JSON: Final = frozenset({"application/json"})


class FetchReason(StrEnum):
    """Why something was not fetched: a closed list, stable."""

    BAD_ADDRESS = "bad_address"
    HOST_NOT_ALLOWED = "host_not_allowed"
    ADDRESS_NOT_ALLOWED = "address_not_allowed"
    UNKNOWN_NAME = "unknown_name"
    NO_CONNECTION = "no_connection"
    BAD_CERTIFICATE = "bad_certificate"
    NO_TLS = "no_tls"
    TOO_SLOW = "too_slow"
    REDIRECTED = "redirected"
    TOO_LARGE = "too_large"
    WRONG_TYPE = "wrong_type"
    ENDED_EARLY = "ended_early"
    BAD_ANSWER = "bad_answer"
    BUSY = "busy"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """One request. `media` are the types of answers that are read, `limit` is the most bytes of one.

    `redirects` is how many redirects to the same scheme, host and port a GET may follow. Headers and body do not show themselves.
    """

    url: str
    method: Literal["GET", "POST", "DELETE"] = "GET"
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    body: bytes | None = field(default=None, repr=False)
    media: frozenset[str] = JSON
    limit: int = MAX_ANSWER
    redirects: int = 0

    def __post_init__(self) -> None:
        if (self.method != "GET") != (self.body is not None):
            raise ValueError("expected a body with POST and DELETE, and none with GET")
        if self.redirects and self.method != "GET":
            raise ValueError("expected no redirect of a POST: it would carry credentials along")


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """An answer: `media` is its type without parameters, in lower case. What has another type than was asked for is not read.

    `said_at` is the time by the other side's clock (its header `Date`), `protocol` such as `TLSv1.3` (empty: plain), `certificate_until`
    when its certificate ends; None for what was not told.
    """

    status: int
    media: str = ""
    body: bytes = field(default=b"", repr=False)
    said_at: datetime | None = field(default=None, compare=False)
    protocol: str = field(default="", compare=False)
    certificate_until: datetime | None = field(default=None, compare=False)
