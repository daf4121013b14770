"""Events as syslog messages (RFC 5424), framed by counting octets (RFC 6587, 3.4.1; RFC 5425).

Rules that this module keeps:

- facility 13 (log audit); severity 6, and 5 for what was refused or failed; the time is the event's own;
- the message is the line of the event, whose key tells a repeat; what a header may not hold is replaced, never sent.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from ctsec.audit.export.request import OcsfVersion
from ctsec.audit.streams.batch import StreamBatch, StreamItem, line_of

_AUDIT, _NOTICE, _INFORMATIONAL = 13, 5, 6
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def frames_of(batch: StreamBatch, *, ocsf: OcsfVersion | None = None) -> bytes:
    """Return the frames of a batch, one for each item."""
    return b"".join(framed(message_of(item, batch=batch, ocsf=ocsf)) for item in batch.items())


def framed(message: bytes) -> bytes:
    """Return a message behind its length."""
    return b"%d %s" % (len(message), message)


def message_of(item: StreamItem, *, batch: StreamBatch, ocsf: OcsfVersion | None = None) -> bytes:
    """Return an item as a message; one that was purged has no time."""
    said: Mapping[str, Any] = {} if item.raw is None else json.loads(item.raw[2])
    when = None if "time" not in said else _EPOCH + timedelta(microseconds=int(said["time"]))
    sound = said.get("outcome", "success") == "success"
    return message(
        line_of(item, batch=batch, ocsf=ocsf), host=batch.origin.split("/")[0], name=str(said.get("name", "purged")), when=when, sound=sound
    )


def message(text: bytes, *, host: str, name: str, when: datetime | None, sound: bool = True) -> bytes:
    """Return a message of `host` with `name` as its MSGID."""
    priority = _AUDIT * 8 + (_INFORMATIONAL if sound else _NOTICE)
    stamp = "-" if when is None else when.isoformat(timespec="microseconds").replace("+00:00", "Z")
    return f"<{priority}>1 {stamp} {_header(host, 255)} ctsec - {_header(name, 32)} - ".encode("ascii") + text


def _header(text: str, most: int) -> str:
    """Return a text as a field of the header: printable ASCII without spaces, `-` for an empty one."""
    return "".join(each if "!" <= each <= "~" else "?" for each in text[:most]) or "-"
