"""Events as Apache Parquet, for a data warehouse; pyarrow writes it (the extra `parquet`).

Rules that this module keeps:

- at most 10,000 events are held, a row group; beside them the footer grows, by some kilobytes for each row group;
- an index is a number, a time a time stamp in UTC and a leaf bytes; every other column is text, and null where an event says nothing;
- a file that was broken off has no footer, and nothing reads it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import Any, Final

from ctsec.audit.export.comma import COLUMNS, cells
from ctsec.audit.export.writing import ReadEvent

GROUP: Final = 10_000


def is_there() -> bool:
    """Say whether pyarrow can be imported."""
    try:
        import_module("pyarrow.parquet")
    except ImportError:
        return False
    return True


class _Sink:
    """A file that is written once and forgets what was taken from it; pyarrow asks it where it stands."""

    closed = False

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._at = 0

    def write(self, data: Any) -> int:
        piece = bytes(data)
        self._pieces.append(piece)
        self._at += len(piece)
        return len(piece)

    def tell(self) -> int:
        return self._at

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        self.closed = True

    def taken(self) -> bytes:
        piece = b"".join(self._pieces)
        self._pieces.clear()
        return piece


class ParquetWriter:
    """Writes events as rows, a row group for every 10,000."""

    def __init__(self) -> None:
        self._arrow: Any = import_module("pyarrow")
        kinds = {"index": self._arrow.int64(), "time": self._arrow.timestamp("us", tz="UTC"), "leaf": self._arrow.binary(32)}
        self._schema = self._arrow.schema([(name, kinds.get(name, self._arrow.string())) for name in COLUMNS])
        self._sink = _Sink()
        self._file: Any = import_module("pyarrow.parquet").ParquetWriter(self._arrow.PythonFile(self._sink, mode="w"), self._schema)
        self._waiting: list[ReadEvent] = []

    def start(self) -> bytes:
        """Return the magic bytes."""
        return self._sink.taken()

    def page(self, events: Iterable[ReadEvent]) -> bytes:
        """Take events; return the row groups that are full."""
        self._waiting += events
        while len(self._waiting) >= GROUP:
            self._write(self._waiting[:GROUP])
            del self._waiting[:GROUP]
        return self._sink.taken()

    def end(self, events: int) -> bytes:
        """Return what is left and the footer, which has the number of rows."""
        del events
        if self._waiting:
            self._write(self._waiting)
        self._file.close()
        return self._sink.taken()

    def _write(self, events: Sequence[ReadEvent]) -> None:
        typed = {
            "index": [event.index for event in events],
            "time": [int(event.said["time"]) for event in events],
            "leaf": [event.leaf for event in events],
        }
        told = zip(*map(cells, events), strict=True)
        columns = [typed.get(name) or [each or None for each in column] for name, column in zip(COLUMNS, told, strict=True)]
        arrays = [self._arrow.array(column, type=field.type) for column, field in zip(columns, self._schema, strict=True)]
        self._file.write_table(self._arrow.Table.from_arrays(arrays, schema=self._schema))
