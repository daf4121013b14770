"""Posts that are signed: a stream's batches, an anchor's checkpoints, alerts.

Rules that this module keeps:

- the id of a message is made of what it tells, so that every repeat has the same, and the time is that of the attempt, so that a replay is
  refused by its age, or by its id (`ctsec.audit.streams.signing`).
"""

from __future__ import annotations

from ctsec.audit.streams.posting import SECONDS, Poster
from ctsec.audit.streams.signing import message_id, signed_headers, webhook_secret
from ctsec.clock import Clock, SystemClock
from ctsec.transport.reach import Reach
from ctsec.transport.report import ConnectionReport
from ctsec.transport.tls import TRANSPORT, Transport


class SignedPoster:
    """Posts to `url`, signed with `secret` (`whsec_…`).

    One post takes `seconds` at most. Raises ValueError for another address or secret.
    """

    __slots__ = ("_clock", "_poster", "_secret")

    def __init__(
        self,
        url: str,
        *,
        secret: str,
        reach: Reach = Reach.PUBLIC,
        transport: Transport = TRANSPORT,
        seconds: float = SECONDS,
        clock: Clock | None = None,
    ) -> None:
        self._poster = Poster(url, reach=reach, transport=transport, seconds=seconds)
        self._secret = webhook_secret(secret)
        self._clock = clock or SystemClock()

    def post(self, body: bytes, *, key: str, media: str) -> None:
        """Post `body`, a document of the type `media` that is told apart by `key`; raise DeliveryFailed unless the answer is 200 to 299."""
        headers = signed_headers(self._secret, message=message_id(key), body=body, now=self._clock.now())
        self._poster.post(body, headers={**headers, "Content-Type": media})

    def report(self, what: str) -> ConnectionReport:
        """Connect, and return what is spoken."""
        return self._poster.report(what)
