"""A stream into a webhook: a batch a request, signed."""

from __future__ import annotations

from ctsec.audit.export.request import OcsfVersion
from ctsec.audit.streams.batch import StreamBatch, lines_of
from ctsec.audit.streams.posting import SECONDS
from ctsec.audit.streams.signed_poster import SignedPoster
from ctsec.clock import Clock
from ctsec.transport.reach import Reach
from ctsec.transport.report import ConnectionReport
from ctsec.transport.tls import TRANSPORT, Transport


class WebhookReceiver:
    """Posts the lines of a batch to `url`, signed with `secret` (`whsec_…`); `verify_webhook` is for the other side.

    `ocsf` is a version of OCSF to write instead of the stored bytes. Raises ValueError for another address or secret.
    """

    __slots__ = ("_ocsf", "_poster")

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
        self._poster = SignedPoster(url, secret=secret, reach=reach, transport=transport, seconds=seconds, clock=clock)
        self._ocsf = ocsf

    def deliver(self, batch: StreamBatch) -> None:
        """Post a batch; raise DeliveryFailed unless the answer is 200 to 299."""
        self._poster.post(lines_of(batch, ocsf=self._ocsf), key=batch.key, media="application/x-ndjson")

    def connections(self) -> tuple[ConnectionReport, ...]:
        """Connect, and return what is spoken."""
        return (self._poster.report("webhook"),)
