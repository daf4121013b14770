"""A stream into a webhook: a batch a request, signed."""

from __future__ import annotations

from ctsec.audit.export.request import OcsfVersion
from ctsec.audit.streams.batch import StreamBatch, lines_of
from ctsec.audit.streams.posting import SECONDS, Poster
from ctsec.audit.streams.signing import message_id, signed_headers, webhook_secret
from ctsec.clock import Clock, SystemClock
from ctsec.transport.reach import Reach
from ctsec.transport.report import ConnectionReport
from ctsec.transport.tls import TRANSPORT, Transport


class WebhookReceiver:
    """Posts the lines of a batch to `url`, signed with `secret` (`whsec_…`); `verify_webhook` is for the other side.

    `ocsf` is a version of OCSF to write instead of the stored bytes. Raises ValueError for another address or secret.
    """

    __slots__ = ("_clock", "_ocsf", "_poster", "_secret")

    def __init__(
        self,
        url: str,
        *,
        secret: str,
        ocsf: OcsfVersion | None = None,
        reach: Reach = Reach.PUBLIC,
        transport: Transport = TRANSPORT,
        seconds: float = SECONDS,
        clock: Clock | None = None,
    ) -> None:
        self._poster = Poster(url, reach=reach, transport=transport, seconds=seconds)
        self._secret = webhook_secret(secret)
        self._ocsf = ocsf
        self._clock = clock or SystemClock()

    def deliver(self, batch: StreamBatch) -> None:
        """Post a batch; raise DeliveryFailed unless the answer is 200 to 299."""
        body = lines_of(batch, ocsf=self._ocsf)
        headers = signed_headers(self._secret, message=message_id(batch.key), body=body, now=self._clock.now())
        self._poster.post(body, headers={**headers, "Content-Type": "application/x-ndjson"})

    def connections(self) -> tuple[ConnectionReport, ...]:
        """Connect, and return what is spoken."""
        return (self._poster.report("webhook"),)
