"""Checkpoints sent to somebody else: a webhook, a syslog server, a mailbox. Nothing of it can be read back here."""

from __future__ import annotations

from ctsec.audit.anchors.anchor import Held
from ctsec.audit.streams.framing import framed, message
from ctsec.audit.streams.posting import SECONDS
from ctsec.audit.streams.signed_poster import SignedPoster
from ctsec.audit.streams.syslog import SyslogSender
from ctsec.audit.tree.checkpoint import SignedCheckpoint
from ctsec.clock import Clock, SystemClock
from ctsec.transport.reach import Reach
from ctsec.transport.report import ConnectionReport
from ctsec.transport.tls import TRANSPORT, Transport


class WebhookKeeper:
    """Posts checkpoints to `url`, signed with `secret` as streams are (`ctsec.audit.streams.verify_webhook`)."""

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

    def keep(self, checkpoint: SignedCheckpoint) -> None:
        """Post a checkpoint; raise DeliveryFailed unless the answer is 200 to 299."""
        said = checkpoint.checkpoint
        self._poster.post(checkpoint.stored(), key=f"{said.origin}@{said.size}", media="text/plain; charset=utf-8")

    def held(self) -> Held | None:
        """Return None: it is the other side that has it."""
        return None

    def connections(self) -> tuple[ConnectionReport, ...]:
        """Connect, and return what is spoken."""
        return (self._poster.report("anchor"),)


class SyslogKeeper:
    """Sends checkpoints to a syslog server, the lines of the note divided by ` | `; `SyslogSender` says how."""

    __slots__ = ("_clock", "_sender")

    def __init__(self, url: str, *, transport: Transport = TRANSPORT, seconds: float = SECONDS, clock: Clock | None = None) -> None:
        self._sender = SyslogSender(url, transport=transport, seconds=seconds)
        self._clock = clock or SystemClock()

    def keep(self, checkpoint: SignedCheckpoint) -> None:
        """Send a checkpoint; raise DeliveryFailed unless the server has ended the connection behind it."""
        text = " | ".join(checkpoint.stored().decode().splitlines()).encode()
        host = checkpoint.checkpoint.origin.split("/")[0]
        self._sender.send(framed(message(text, host=host, name="checkpoint", when=self._clock.now())))

    def held(self) -> Held | None:
        """Return None: it is the other side that has it."""
        return None

    def connections(self) -> tuple[ConnectionReport, ...]:
        """Connect, and return what is spoken."""
        return (self._sender.report(),)
