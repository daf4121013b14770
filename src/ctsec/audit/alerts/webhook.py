"""Alerts to another system: a signed webhook an alert.

Rules that this module keeps:

- it is signed in the manner of streams (`ctsec.audit.streams.signing`): the id of the message is made of the alert's, so that every repeat
  has the same, and the time is that of the attempt, so that a replay is refused by its age, or by its id;
- only an answer of 200 to 299 counts as taken; all else is told again by the job, later and later.
"""

from __future__ import annotations

from ctsec.audit.alerts.record import Alert
from ctsec.audit.streams.posting import SECONDS, Poster
from ctsec.audit.streams.signing import message_id, signed_headers, webhook_secret
from ctsec.clock import Clock, SystemClock
from ctsec.errors import DeliveryFailed
from ctsec.transport.reach import Reach
from ctsec.transport.report import ConnectionReport
from ctsec.transport.tls import TRANSPORT, Transport


class AlertWebhook:
    """Posts alerts to `url`, signed with `secret` (`whsec_…`); `verify_webhook` of the streams is for the other side.

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

    def deliver(self, alert: Alert, *, body: bytes) -> bool:
        """Post an alert; say whether the answer was 200 to 299."""
        headers = signed_headers(self._secret, message=message_id(alert.id), body=body, now=self._clock.now())
        try:
            self._poster.post(body, headers={**headers, "Content-Type": "application/json"})
        except DeliveryFailed:
            return False
        return True

    def connections(self) -> tuple[ConnectionReport, ...]:
        """Connect, and return what is spoken."""
        return (self._poster.report("alerts"),)
