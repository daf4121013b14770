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
    from ctsec.audit.streams.position import Position as Position
    from ctsec.audit.streams.status import StreamStatus as StreamStatus
    from ctsec.audit.streams.stream import Stream as Stream

_HOME = {
    "Position": "ctsec.audit.streams.position",
    "Stream": "ctsec.audit.streams.stream",
    "StreamBatch": "ctsec.audit.streams.batch",
    "StreamItem": "ctsec.audit.streams.batch",
    "StreamStatus": "ctsec.audit.streams.status",
    "lines_of": "ctsec.audit.streams.batch",
}
__all__ = [
    "Position",
    "Stream",
    "StreamBatch",
    "StreamItem",
    "StreamStatus",
    "lines_of",
]

__getattr__ = face(__name__, _HOME)
