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
    from ctsec.audit.assurance import Assurance as Assurance
    from ctsec.audit.assurance import Finding as Finding
    from ctsec.audit.assurance import FindingKind as FindingKind
    from ctsec.audit.assurance import LogReport as LogReport
    from ctsec.audit.assurance import VerificationReport as VerificationReport
    from ctsec.audit.canonical import canonical as canonical
    from ctsec.audit.canonical import leaf_hash as leaf_hash
    from ctsec.audit.change import Change as Change
    from ctsec.audit.change import FieldClass as FieldClass
    from ctsec.audit.change import diff as diff
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
    from ctsec.audit.schema import EventCatalogue as EventCatalogue
    from ctsec.audit.schema import EventSchema as EventSchema
    from ctsec.audit.schema import Field as Field
    from ctsec.audit.schema import personal as personal
    from ctsec.audit.schema import public as public
    from ctsec.audit.schema import secret as secret
    from ctsec.audit.sealing import LOG_OF_LOGS as LOG_OF_LOGS
    from ctsec.audit.sealing import CheckpointRecord as CheckpointRecord
    from ctsec.audit.sealing import Head as Head
    from ctsec.audit.sealing import LogStatus as LogStatus
    from ctsec.audit.signing import LogIdentity as LogIdentity

_HOME = {
    "Assurance": "ctsec.audit.assurance",
    "AsyncAuditLog": "ctsec.audit._async",
    "AsyncSequencer": "ctsec.audit._async",
    "AuditLog": "ctsec.audit._sync",
    "AuditPage": "ctsec.audit.query",
    "AuditQuery": "ctsec.audit.query",
    "Change": "ctsec.audit.change",
    "CheckpointRecord": "ctsec.audit.sealing",
    "DEPLOYMENT_LOG": "ctsec.audit.event",
    "Event": "ctsec.audit.event",
    "EventCatalogue": "ctsec.audit.schema",
    "EventName": "ctsec.audit.event",
    "EventOutcome": "ctsec.audit.event",
    "EventSchema": "ctsec.audit.schema",
    "Field": "ctsec.audit.schema",
    "FieldClass": "ctsec.audit.change",
    "Finding": "ctsec.audit.assurance",
    "FindingKind": "ctsec.audit.assurance",
    "Head": "ctsec.audit.sealing",
    "LOG_OF_LOGS": "ctsec.audit.sealing",
    "LogId": "ctsec.audit.event",
    "LogIdentity": "ctsec.audit.signing",
    "LogReport": "ctsec.audit.assurance",
    "LogStatus": "ctsec.audit.sealing",
    "SealedEvent": "ctsec.audit.record",
    "Sequencer": "ctsec.audit._sync",
    "StoredEvent": "ctsec.audit.record",
    "Target": "ctsec.audit.event",
    "VerificationReport": "ctsec.audit.assurance",
    "build": "ctsec.audit.event",
    "canonical": "ctsec.audit.canonical",
    "diff": "ctsec.audit.change",
    "leaf_hash": "ctsec.audit.canonical",
    "personal": "ctsec.audit.schema",
    "public": "ctsec.audit.schema",
    "secret": "ctsec.audit.schema",
}
__all__ = [
    "DEPLOYMENT_LOG",
    "LOG_OF_LOGS",
    "Assurance",
    "AsyncAuditLog",
    "AsyncSequencer",
    "AuditLog",
    "AuditPage",
    "AuditQuery",
    "Change",
    "CheckpointRecord",
    "Event",
    "EventCatalogue",
    "EventName",
    "EventOutcome",
    "EventSchema",
    "Field",
    "FieldClass",
    "Finding",
    "FindingKind",
    "Head",
    "LogId",
    "LogIdentity",
    "LogReport",
    "LogStatus",
    "SealedEvent",
    "Sequencer",
    "StoredEvent",
    "Target",
    "VerificationReport",
    "build",
    "canonical",
    "diff",
    "leaf_hash",
    "personal",
    "public",
    "secret",
]

__getattr__ = face(__name__, _HOME)
