"""Posts to an https address of the deployment's own, for receivers and anchors.

Rules that this module keeps:

- it goes through the one guarded fetcher: TLS 1.3, no redirect, no address that it may not reach;
- only an answer of 200 to 299 counts; whatever else came, or did not come, is DeliveryFailed, without address, headers and body.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ctsec.errors import DeliveryFailed, FetchError
from ctsec.transport.address import check_url
from ctsec.transport.fetch import Fetcher
from ctsec.transport.reach import Reach
from ctsec.transport.report import ConnectionReport, report_https
from ctsec.transport.request import JSON, FetchReason, HttpAnswer, HttpRequest
from ctsec.transport.tls import TRANSPORT, Transport

SECONDS: Final = 10.0


class Poster:
    """Posts to `url`; `reach` is how far that may be, `seconds` how long one post takes in all. Raises ValueError for another address."""

    __slots__ = ("_fetcher", "_location", "_reach", "_transport", "_url")

    def __init__(self, url: str, *, reach: Reach = Reach.PUBLIC, transport: Transport = TRANSPORT, seconds: float = SECONDS) -> None:
        self._location = check_url(url)
        self._url = url
        self._reach = reach
        self._transport = transport
        self._fetcher = Fetcher(seconds=seconds, transport=transport)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._location})"

    def post(self, body: bytes, *, headers: Mapping[str, str], media: frozenset[str] = JSON, path: str = "") -> HttpAnswer:
        """Return the answer, its body only if it is of one of `media`; raise DeliveryFailed unless its status is 200 to 299."""
        request = HttpRequest(url=self._url + path, method="POST", headers={**headers, "Accept": "*/*"}, body=body, media=media)
        try:
            answer = self._fetcher.fetch(request, reach=self._reach)
        except FetchError as error:
            if error.reason == FetchReason.WRONG_TYPE.value:  # so it was 200 to 299; what it says is not asked for
                return HttpAnswer(status=200)
            raise DeliveryFailed(f"{error.reason}: {error}") from None
        if not 200 <= answer.status < 300:
            raise DeliveryFailed(f"the other side answered {answer.status}")
        return answer

    def report(self, what: str) -> ConnectionReport:
        """Connect, and return what is spoken."""
        return report_https(what, self._location, transport=self._transport)
