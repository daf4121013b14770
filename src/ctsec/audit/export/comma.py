"""Events as a table (RFC 4180), for a spreadsheet.

Rules that this module keeps:

- a cell that a spreadsheet would take for a formula gets an apostrophe in front: what begins with = + - @, a tab or a carriage return;
- every cell is quoted, so that no value ends its cell;
- the first row has the names of the columns, the last one says how many events there were.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from ctsec.audit.export.coding import write_json
from ctsec.audit.export.writing import ReadEvent

COLUMNS: Final = (
    "index", "id", "time", "name", "outcome", "reason", "actor_kind", "actor_id", "credential_kind", "credential_id", "target_kind",
    "target_id", "subject", "organization", "workspace", "request", "targets", "details", "leaf", "personal",
)  # fmt: skip
END: Final = "# end"
_RISKY: Final = frozenset("=+-@\t\r")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NO_TARGET: Final = {"kind": "", "id": ""}
_REST: Final = frozenset({"details", "changes"})


def defused(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    return "'" + cell if cell[:1] in _RISKY else cell


class CommaWriter:
    """Writes events as rows."""

    def start(self) -> bytes:
        """Return the row of the columns' names."""
        return _row(COLUMNS).encode()

    def page(self, events: Iterable[ReadEvent]) -> bytes:
        """Return the rows of events."""
        return "".join([_row(map(defused, cells(event))) for event in events]).encode()

    def end(self, events: int) -> bytes:
        """Return the last row."""
        return _row((END, str(events), *("",) * (len(COLUMNS) - 2))).encode()


def cells(event: ReadEvent) -> tuple[str, ...]:
    """Return the texts of an event, one for each column, as they are."""
    said, actor, targets = event.said, event.actor, event.targets
    first = targets[0] if targets else _NO_TARGET
    credential = actor.get("credential") or _NO_TARGET
    time = _EPOCH + timedelta(0, *divmod(int(said["time"]), 1_000_000))
    rest = {name: value for name, value in said.items() if value and name in _REST}
    texts = (
        str(event.index), said["id"], time.isoformat(), said["name"], said["outcome"], said["reason"] or "", actor["kind"],
        actor["id"], credential["kind"], credential["id"], first["kind"], first["id"], said["subject"] or "",
        said["organization"] or "", said["workspace"] or "", said.get("request") or "",
        _json(targets) if len(targets) > 1 else "", _json(rest) if rest else "", event.leaf.hex(),
        _json(event.personal) if event.personal else "",
    )  # fmt: skip
    return tuple(map(str, texts))


def _json(value: object) -> str:
    return write_json(value).decode()


def _row(texts: Iterable[str]) -> str:
    """Return a row of quoted cells, in which a quote is doubled."""
    return '"' + '","'.join([text.replace('"', '""') if '"' in text else text for text in texts]) + '"\r\n'
