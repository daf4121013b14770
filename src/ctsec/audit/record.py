"""The stored form of an event: the canonical body, its leaf, the projection that queries use, and the sealed personal part.

Rules that this module keeps:

- the body is stored as bytes and never rendered again from columns; a projection column repeats what the body says, so that a verifier
  can compare the two;
- the personal part is sealed before it comes here; the body holds only the digest of its ciphertext, so destroying its key erases the
  person and changes no leaf.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Final, cast

from ctsec.audit.canonical import canonical, leaf_hash
from ctsec.audit.change import form
from ctsec.audit.event import Event, LogId
from ctsec.errors import CorruptRecord
from ctsec.ids import EventId, OrganizationId, WorkspaceId

BODY_VERSION: Final = 1
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_MICROS: Final = 1 << 53


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """A row of the inbox: projection columns, `body` (canonical JSON), `leaf` (32 bytes) and `personal` (sealed, or empty)."""

    id: EventId
    log: LogId
    time: datetime
    name: str
    actor_kind: str
    actor_id: str
    target_kind: str
    target_id: str
    subject_id: str
    outcome: str
    reason: str
    organization_id: OrganizationId | None
    workspace_id: WorkspaceId | None
    request_id: str
    body: bytes
    leaf: bytes
    personal: bytes

    def details(self) -> Mapping[str, Any]:
        """Return what the body says, as parsed JSON; raise CorruptRecord if it is not an object."""
        try:
            value = json.loads(self.body)
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise CorruptRecord(f"the body of event {self.id} is not a JSON object")
        return cast(Mapping[str, Any], value)


@dataclass(frozen=True, slots=True)
class SealedEvent:
    """An event with the gapless `index` that the sequencer gave it in its log."""

    index: int
    event: StoredEvent


def microseconds(moment: datetime) -> int:
    """Return whole microseconds since 1970, exact."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def store_form(event: Event, *, personal: bytes) -> StoredEvent:
    """Return the row for `event`; `personal` is its sealed personal part, empty if it has none.

    Raises ValueError if a detail has no canonical form.
    """
    credential = {"kind": event.credential_kind, "id": event.credential_id}
    body = canonical(
        {
            **_changes(event),
            "v": BODY_VERSION,
            "id": event.id,
            "log": event.log,
            "time": microseconds(event.time),
            "name": event.name,
            "schema": event.schema,
            "actor": {"kind": event.actor_kind, "id": event.actor_id, "credential": credential},
            "targets": [{"kind": target.kind, "id": target.id} for target in event.targets],
            "subject": event.subject,
            "outcome": event.outcome.value,
            "reason": event.reason,
            "organization": event.organization,
            "workspace": event.workspace,
            "request": event.request_id,
            "details": dict(event.details),
            "personal": hashlib.sha256(personal).hexdigest() if personal else None,
        }
    )
    first = event.targets[0] if event.targets else None
    return StoredEvent(
        id=event.id,
        log=event.log,
        time=event.time,
        name=event.name,
        actor_kind=event.actor_kind,
        actor_id=event.actor_id,
        target_kind=first.kind if first else "",
        target_id=first.id if first else "",
        subject_id=event.subject or "",
        outcome=event.outcome.value,
        reason=event.reason or "",
        organization_id=event.organization,
        workspace_id=event.workspace,
        request_id=event.request_id,
        body=body,
        leaf=leaf_hash(body),
        personal=personal,
    )


def _changes(event: Event) -> dict[str, object]:
    if not event.changes:
        return {}
    more: dict[str, object] = {"more_changes": event.more_changes} if event.more_changes else {}
    return {"changes": [form(change) for change in event.changes], **more}


def departures(event: StoredEvent) -> tuple[str, ...]:
    """Return the columns of a row that say something else than its body, `body` itself for one of an unknown version.

    Raises CorruptRecord if the body is not a JSON object.
    """
    said = event.details()
    if said.get("v") != BODY_VERSION:
        return ("body",)
    told = _told(said)
    digest = hashlib.sha256(event.personal).hexdigest() if event.personal else None
    shown = (*_SHOWN(event), digest)
    return () if told == shown else tuple(name for name, one, two in zip(_COLUMNS, told, shown, strict=True) if one != two)


_COLUMNS: Final = (
    "id", "log", "time", "name", "actor_kind", "actor_id", "target_kind", "target_id", "subject_id", "outcome", "reason", "organization_id",
    "workspace_id", "request_id", "personal",
)  # fmt: skip
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
_SHOWN: Final = attrgetter(*_COLUMNS[:-1])


def _told(said: Mapping[str, Any]) -> tuple[object, ...]:
    """Return the projection that a body asks for, in the order of the columns."""
    actor, targets, micros, told = said.get("actor"), said.get("targets"), said.get("time"), said.get
    who = cast(Mapping[str, Any], actor) if isinstance(actor, dict) else _NOTHING
    first = cast(Mapping[str, Any], targets[0]) if isinstance(targets, list) and targets and isinstance(targets[0], dict) else _NOTHING
    time = _EPOCH + timedelta(microseconds=micros) if isinstance(micros, int) and 0 <= micros < _MAX_MICROS else None
    return (
        told("id"), told("log"), time, told("name"), who.get("kind"), who.get("id"), first.get("kind", ""), first.get("id", ""),
        told("subject") or "", told("outcome"), told("reason") or "", told("organization"), told("workspace"), told("request"),
        told("personal"),
    )  # fmt: skip
