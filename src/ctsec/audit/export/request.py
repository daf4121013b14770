"""What is to be exported.

Rules that this module keeps:

- an export is of exactly one log;
- without filters it holds every index from `first` to `end`, and a JSONL file proves that; with filters it proves that what it holds is in
  the log, and that nothing else matched is what the exporter signed for, not what the tree shows;
- what identifies a person directly is only in it if that was asked for;
- one that is `masked` is for the person of its query: what it would say of others is left out, see `disclosure`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Final

from ctsec.audit.export import parquet
from ctsec.audit.query import AuditQuery


class ExportFormat(StrEnum):
    """How events are written: as the stored bytes that can be verified, as a table, or for a SIEM."""

    JSONL = "jsonl"
    CSV = "csv"
    OCSF = "ocsf"
    CEF = "cef"
    PARQUET = "parquet"


class OcsfVersion(StrEnum):
    """The version of the Open Cybersecurity Schema Framework."""

    V1_8 = "1.8.0"
    V1_9 = "1.9.0"


MEDIA_TYPES: Final[Mapping[ExportFormat, str]] = {
    ExportFormat.JSONL: "application/jsonl",
    ExportFormat.CSV: "text/csv; charset=utf-8",
    ExportFormat.OCSF: "application/jsonl",
    ExportFormat.CEF: "text/plain; charset=utf-8",
    ExportFormat.PARQUET: "application/vnd.apache.parquet",
}
ENDINGS: Final[Mapping[ExportFormat, str]] = {
    ExportFormat.JSONL: "jsonl",
    ExportFormat.CSV: "csv",
    ExportFormat.OCSF: "ocsf.jsonl",
    ExportFormat.CEF: "cef",
    ExportFormat.PARQUET: "parquet",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRequest:
    """The events of `query` with an index in [`first`, `end`) (None: all that the last checkpoint covers), written as `format`.

    `personal` adds addresses and the like; `compress` is gzip; `ocsf` is read for that format only. `masked` makes a file that can be
    handed to the person of the query. Raises ValueError for a range that is none, and where there is no person to mask for, or another
    format than JSONL; and for Parquet where pyarrow is not installed.
    """

    query: AuditQuery
    format: ExportFormat = ExportFormat.JSONL
    first: int = 0
    end: int | None = None
    personal: bool = False
    compress: bool = False
    ocsf: OcsfVersion = OcsfVersion.V1_8
    masked: bool = False

    def __post_init__(self) -> None:
        if self.first < 0 or (self.end is not None and self.end < self.first):
            raise ValueError("expected a range of indexes, from 0 on and not ending before it begins")
        if self.masked and (self.query.person is None or self.format is not ExportFormat.JSONL):
            raise ValueError("expected a person, and the format jsonl, for a file that is masked")
        if self.format is ExportFormat.PARQUET and not parquet.is_there():
            raise ValueError("the format parquet needs pyarrow; install ctsec[parquet]")

    @property
    def filters(self) -> dict[str, str]:
        """The filters that are set, times in ISO 8601; empty for a whole range."""
        return filters_of(self.query)

    @property
    def file_name(self) -> str:
        """A name for the file."""
        ending = ENDINGS[self.format] + (".gz" if self.compress else "")
        return f"audit-{self.query.log}.{ending}"

    @property
    def media_type(self) -> str:
        """The media type of what is written."""
        return "application/gzip" if self.compress else MEDIA_TYPES[self.format]


def filters_of(query: AuditQuery) -> dict[str, str]:
    """Return the filters of a query that are set, times in ISO 8601."""
    found: dict[str, str] = {}
    for each in fields(query):
        value: object = getattr(query, each.name)
        if each.name != "log" and value is not None:
            found[each.name] = value.isoformat() if isinstance(value, datetime) else str(value)
    return found
