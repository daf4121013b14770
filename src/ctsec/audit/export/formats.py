"""The writers of the formats that are not verified."""

from __future__ import annotations

from ctsec.audit.export.cef import CefWriter
from ctsec.audit.export.comma import CommaWriter
from ctsec.audit.export.jsonl import ExportHead
from ctsec.audit.export.ocsf import OcsfWriter
from ctsec.audit.export.parquet import ParquetWriter
from ctsec.audit.export.request import ExportFormat, ExportRequest
from ctsec.audit.export.writing import Writer


def writer_of(request: ExportRequest, *, head: ExportHead) -> Writer:
    """Return the writer for what is asked for; raise ValueError for the format that is verified, which is no stream of events alone."""
    match request.format:
        case ExportFormat.CSV:
            return CommaWriter()
        case ExportFormat.CEF:
            return CefWriter()
        case ExportFormat.OCSF:
            return OcsfWriter(request.ocsf, head=head)
        case ExportFormat.PARQUET:
            return ParquetWriter()
        case ExportFormat.JSONL:
            raise ValueError("expected a format other than jsonl")
