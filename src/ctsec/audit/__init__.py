"""The audit log: typed events, written with the change that they tell about, moved into a log with gapless indexes, and queried.

Names are resolved at first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctsec.lazy import face

if TYPE_CHECKING:
    from ctsec.audit._async import AsyncAuditLog as AsyncAuditLog
    from ctsec.audit._async import AsyncSequencer as AsyncSequencer
    from ctsec.audit._sync import AuditLog as AuditLog
    from ctsec.audit._sync import Sequencer as Sequencer
    from ctsec.audit.canonical import canonical as canonical
    from ctsec.audit.canonical import leaf_hash as leaf_hash
    from ctsec.audit.event import DEPLOYMENT_LOG as DEPLOYMENT_LOG
    from ctsec.audit.event import Event as Event
    from ctsec.audit.event import EventName as EventName
    from ctsec.audit.event import EventOutcome as EventOutcome
    from ctsec.audit.event import LogId as LogId
    from ctsec.audit.event import Target as Target
    from ctsec.audit.event import build as build
    from ctsec.audit.query import AuditPage as AuditPage
    from ctsec.audit.query import AuditQuery as AuditQuery
    from ctsec.audit.record import SealedEvent as SealedEvent
    from ctsec.audit.record import StoredEvent as StoredEvent

_HOME = {
    "AsyncAuditLog": "ctsec.audit._async",
    "AsyncSequencer": "ctsec.audit._async",
    "AuditLog": "ctsec.audit._sync",
    "AuditPage": "ctsec.audit.query",
    "AuditQuery": "ctsec.audit.query",
    "DEPLOYMENT_LOG": "ctsec.audit.event",
    "Event": "ctsec.audit.event",
    "EventName": "ctsec.audit.event",
    "EventOutcome": "ctsec.audit.event",
    "LogId": "ctsec.audit.event",
    "SealedEvent": "ctsec.audit.record",
    "Sequencer": "ctsec.audit._sync",
    "StoredEvent": "ctsec.audit.record",
    "Target": "ctsec.audit.event",
    "build": "ctsec.audit.event",
    "canonical": "ctsec.audit.canonical",
    "leaf_hash": "ctsec.audit.canonical",
}
__all__ = [
    "DEPLOYMENT_LOG",
    "AsyncAuditLog",
    "AsyncSequencer",
    "AuditLog",
    "AuditPage",
    "AuditQuery",
    "Event",
    "EventName",
    "EventOutcome",
    "LogId",
    "SealedEvent",
    "Sequencer",
    "StoredEvent",
    "Target",
    "build",
    "canonical",
    "leaf_hash",
]

__getattr__ = face(__name__, _HOME)
