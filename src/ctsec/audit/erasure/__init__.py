"""Erasure of persons from the audit log: their keys are destroyed, and nothing else changes.

Names are resolved at first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctsec.lazy import face

if TYPE_CHECKING:
    from ctsec.audit.erasure.file import FileErasureList as FileErasureList
    from ctsec.audit.erasure.record import Erased as Erased
    from ctsec.audit.erasure.record import Erasure as Erasure
    from ctsec.audit.erasure.record import ErasureState as ErasureState

_HOME = {
    "Erased": "ctsec.audit.erasure.record",
    "Erasure": "ctsec.audit.erasure.record",
    "ErasureState": "ctsec.audit.erasure.record",
    "FileErasureList": "ctsec.audit.erasure.file",
}
__all__ = [
    "Erased",
    "Erasure",
    "ErasureState",
    "FileErasureList",
]

__getattr__ = face(__name__, _HOME)
