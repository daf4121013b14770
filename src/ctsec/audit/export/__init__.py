"""Exports of a log: which events, in which format, and how a reader tells that nothing is missing.

Names are resolved at first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctsec.lazy import face

if TYPE_CHECKING:
    from ctsec.audit.export.reading import ExportReport as ExportReport
    from ctsec.audit.export.reading import verify_export as verify_export
    from ctsec.audit.export.request import ExportFormat as ExportFormat
    from ctsec.audit.export.request import ExportRequest as ExportRequest
    from ctsec.audit.export.request import OcsfVersion as OcsfVersion

_HOME = {
    "ExportFormat": "ctsec.audit.export.request",
    "ExportReport": "ctsec.audit.export.reading",
    "ExportRequest": "ctsec.audit.export.request",
    "OcsfVersion": "ctsec.audit.export.request",
    "verify_export": "ctsec.audit.export.reading",
}
__all__ = ["ExportFormat", "ExportReport", "ExportRequest", "OcsfVersion", "verify_export"]

__getattr__ = face(__name__, _HOME)
