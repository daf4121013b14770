"""Streams of the logs to other systems: at least once, in order, each event with the same key in every repeat.

Names are resolved at first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctsec.lazy import face

if TYPE_CHECKING:
    from ctsec.audit.streams.batch import StreamBatch as StreamBatch
    from ctsec.audit.streams.batch import StreamItem as StreamItem
    from ctsec.audit.streams.batch import lines_of as lines_of
    from ctsec.audit.streams.otlp import OtlpReceiver as OtlpReceiver
    from ctsec.audit.streams.position import Position as Position
    from ctsec.audit.streams.s3 import S3Bucket as S3Bucket
    from ctsec.audit.streams.s3 import S3Receiver as S3Receiver
    from ctsec.audit.streams.signing import verify_webhook as verify_webhook
    from ctsec.audit.streams.signing import webhook_secret as webhook_secret
    from ctsec.audit.streams.status import StreamStatus as StreamStatus
    from ctsec.audit.streams.stream import Stream as Stream
    from ctsec.audit.streams.syslog import SyslogReceiver as SyslogReceiver
    from ctsec.audit.streams.webhook import WebhookReceiver as WebhookReceiver

_HOME = {
    "OtlpReceiver": "ctsec.audit.streams.otlp",
    "Position": "ctsec.audit.streams.position",
    "S3Bucket": "ctsec.audit.streams.s3",
    "S3Receiver": "ctsec.audit.streams.s3",
    "Stream": "ctsec.audit.streams.stream",
    "StreamBatch": "ctsec.audit.streams.batch",
    "StreamItem": "ctsec.audit.streams.batch",
    "StreamStatus": "ctsec.audit.streams.status",
    "SyslogReceiver": "ctsec.audit.streams.syslog",
    "WebhookReceiver": "ctsec.audit.streams.webhook",
    "lines_of": "ctsec.audit.streams.batch",
    "verify_webhook": "ctsec.audit.streams.signing",
    "webhook_secret": "ctsec.audit.streams.signing",
}
__all__ = [
    "OtlpReceiver",
    "Position",
    "S3Bucket",
    "S3Receiver",
    "Stream",
    "StreamBatch",
    "StreamItem",
    "StreamStatus",
    "SyslogReceiver",
    "WebhookReceiver",
    "lines_of",
    "verify_webhook",
    "webhook_secret",
]

__getattr__ = face(__name__, _HOME)
