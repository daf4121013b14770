"""Alerts to another system: a signed webhook an alert.

Rules that this module keeps:

- it is signed as streams are (`ctsec.audit.streams.signed_poster`), and told apart by the alert's id;
- only an answer of 200 to 299 counts as taken; all else is told again by the job, later and later.
"""

from __future__ import annotations

from ctsec.audit.alerts.record import Alert
from ctsec.audit.streams.posting import SECONDS
from ctsec.audit.streams.signed_poster import SignedPoster
from ctsec.clock import Clock
from ctsec.errors import DeliveryFailed
from ctsec.transport.reach import Reach
from ctsec.transport.report import ConnectionReport
from ctsec.transport.tls import TRANSPORT, Transport


class AlertWebhook:
    """Posts alerts to `url`, signed with `secret` (`whsec_…`); `verify_webhook` of the streams is for the other side.

    One post takes `seconds` at most. Raises ValueError for another address or secret.
    """

    __slots__ = ("_poster",)

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
        self._poster = SignedPoster(url, secret=secret, reach=reach, transport=transport, seconds=seconds, clock=clock)

    def deliver(self, alert: Alert, *, body: bytes) -> bool:
        """Post an alert; say whether the answer was 200 to 299."""
        try:
            self._poster.post(body, key=alert.id, media="application/json")
        except DeliveryFailed:
            return False
        return True

    def connections(self) -> tuple[ConnectionReport, ...]:
        """Connect, and return what is spoken."""
        return (self._poster.report("alerts"),)
