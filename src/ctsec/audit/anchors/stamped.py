"""Checkpoints with the time stamp of an authority beside each (RFC 3161, extra `timestamps`), in a file.

Rules that this module keeps:

- a line is a checkpoint and the authority's answer to it; every line is judged again each time that it is read, and one that does not count
  is an error: a file that was damaged must not pass for a shorter one;
- nothing is kept that does not count;
- the time is the authority's, never ours and never the file's.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from collections.abc import Iterator
from typing import Any, Final

from ctsec.audit.anchors.anchor import Held
from ctsec.audit.anchors.stamps import Stamp
from ctsec.audit.anchors.timestamp import MAX_REPLY, QUERY, REPLY, StampJudge
from ctsec.audit.appended import AppendedLines
from ctsec.audit.streams.posting import SECONDS, Poster
from ctsec.audit.tree.checkpoint import SignedCheckpoint
from ctsec.errors import DeliveryFailed
from ctsec.transport.reach import Reach
from ctsec.transport.report import ConnectionReport
from ctsec.transport.tls import TRANSPORT, Transport

MAX_LINE: Final = 128 * 1024


class TimestampKeeper:
    """Has checkpoints stamped by the authority at `url`, and keeps them with the stamps in the file `path`.

    `roots` are the certificates (PEM) that the authority's has to lead to: ask it for them another way. Give its anchor an `every` of an
    hour or a day. Raises ValueError for another address or no certificate, ConfigurationError where the extra is not installed.
    """

    __slots__ = ("_file", "_judge", "_poster")

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        url: str,
        roots: bytes,
        reach: Reach = Reach.PUBLIC,
        transport: Transport = TRANSPORT,
        seconds: float = SECONDS,
    ) -> None:
        self._file = AppendedLines(path, longest=MAX_LINE, named="the file of the time stamps", failed=DeliveryFailed)
        self._judge = StampJudge(roots)
        self._poster = Poster(url, reach=reach, transport=transport, seconds=seconds)

    def keep(self, checkpoint: SignedCheckpoint) -> None:
        """Have a checkpoint stamped and append both, durable before this returns; raise DeliveryFailed if that can not be."""
        data = checkpoint.stored()
        asked = self._judge.ask(data)
        reply = self._poster.post(asked.body, headers={"Content-Type": QUERY}, media=frozenset({REPLY})).body
        if len(reply) > MAX_REPLY:
            raise DeliveryFailed(f"expected a time stamp of at most {MAX_REPLY} bytes")
        self._judge.judge(reply, data=data, nonce=asked.nonce)
        line = {"note": data.decode(), "stamp": base64.b64encode(reply).decode()}
        self._file.append(json.dumps(line, ensure_ascii=False).encode() + b"\n")

    def held(self) -> Held | None:
        """Return the checkpoint of the largest size, and all stamps; raise DeliveryFailed for a line that does not count."""
        stamps = tuple(self._stamps())
        if not stamps:
            return None
        return Held(checkpoint=max(stamps, key=lambda each: each.checkpoint.checkpoint.size).checkpoint, stamps=stamps)

    def connections(self) -> tuple[ConnectionReport, ...]:
        """Connect, and return what is spoken."""
        return (self._poster.report("time stamps"),)

    def _stamps(self) -> Iterator[Stamp]:
        for number, line in self._file.lines():
            try:
                said: Any = json.loads(line)
                checkpoint = SignedCheckpoint.read(str(said["note"]).encode())
                reply = base64.b64decode(str(said["stamp"]), validate=True)
                at = self._judge.judge(reply, data=checkpoint.stored())
            except (ValueError, KeyError, TypeError, binascii.Error, DeliveryFailed):
                raise DeliveryFailed(f"line {number} of the time stamps does not count: the file was damaged or changed") from None
            yield Stamp(checkpoint=checkpoint, at=at)
