"""Events as a table (RFC 4180), for a spreadsheet.

Rules that this module keeps:

- a cell that a spreadsheet would take for a formula gets an apostrophe in front: what begins with = + - @, a tab or a carriage return;
- every cell is quoted, so that no value ends its cell;
- the first row has the names of the columns, the last one says how many events there were.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Final

from ctsec.audit.export.writing import ReadEvent

COLUMNS: Final = (
    "index", "id", "time", "name", "outcome", "reason", "actor_kind", "actor_id", "credential_kind", "credential_id", "target_kind",
    "target_id", "subject", "organization", "workspace", "request", "targets", "details", "leaf", "personal",
)  # fmt: skip
END: Final = "# end"
_RISKY: Final = ("=", "+", "-", "@", "\t", "\r")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ENCODE: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=dict).encode
_NO_TARGET: Final = {"kind": "", "id": ""}


def defused(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    return "'" + cell if cell.startswith(_RISKY) else cell


class CommaWriter:
    """Writes events as rows."""

    def start(self) -> bytes:
        """Return the row of the columns' names."""
        return _rows([COLUMNS])

    def page(self, events: Sequence[ReadEvent]) -> bytes:
        """Return the rows of events."""
        return _rows([tuple(map(defused, cells(event))) for event in events])

    def end(self, events: int) -> bytes:
        """Return the last row."""
        return _rows([(END, str(events), *("",) * (len(COLUMNS) - 2))])


def cells(event: ReadEvent) -> tuple[str, ...]:
    """Return the texts of an event, one for each column, as they are."""
    said, first = event.said, event.targets[0] if event.targets else _NO_TARGET
    credential = event.actor.get("credential") or _NO_TARGET
    time = _EPOCH + timedelta(microseconds=int(said["time"]))
    rest = {name: value for name, value in said.items() if name in {"details", "changes"} and value}
    texts = (
        str(event.index), said["id"], time.isoformat(), said["name"], said["outcome"], said["reason"] or "", event.actor["kind"],
        event.actor["id"], credential["kind"], credential["id"], first["kind"], first["id"], said["subject"] or "",
        said["organization"] or "", said["workspace"] or "", said.get("request") or "",
        _json(event.targets) if len(event.targets) > 1 else "", _json(rest) if rest else "", event.leaf.hex(),
        _json(event.personal) if event.personal else "",
    )  # fmt: skip
    return tuple(map(str, texts))


def _json(value: object) -> str:
    return _ENCODE(value)


def _rows(rows: Sequence[Sequence[str]]) -> bytes:
    file = StringIO()
    csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows(rows)
    return file.getvalue().encode()
