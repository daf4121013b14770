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
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from importlib import import_module
from operator import attrgetter, itemgetter
from types import MappingProxyType
from typing import Any, Final, cast

from ctsec.audit.canonical import LEAF, MAX_BODY, bounded, canonical, encoded, is_plain
from ctsec.audit.change import form
from ctsec.audit.event import DEPLOYMENT_LOG, Event, EventName, LogId
from ctsec.draft import draft_of, drafted
from ctsec.errors import CorruptRecord
from ctsec.ids import EventId, OrganizationId, WorkspaceId

BODY_VERSION: Final = 1
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NO_PERSONAL: Final = b'"personal":null'
MAX_MICROS: Final = 1 << 53
# What `json.loads` calls, behind a look for encodings and blanks that a body never has.
_SCAN: Final[Callable[[str, int], tuple[Any, int]]] = cast(Any, json.JSONDecoder()).scan_once


def _scanned(body: bytes) -> Any:
    text = body.decode("utf-8")
    value, end = _SCAN(text, 0)
    return value if end == len(text) else None


def _loader() -> Callable[[bytes], Any] | None:
    """Return orjson's reader, None where it is not installed."""
    try:
        return cast("Callable[[bytes], Any]", import_module("orjson").loads)
    except ImportError:
        return None


_ORJSON: Final = _loader()
# What `readers` asks first, of a text that begins and ends with a brace; it may raise what they do not.
load: Final = _ORJSON or _scanned


def readers() -> tuple[Callable[[bytes], Any], ...]:
    """Return what reads a body with each reader that is installed, the fastest first; what orjson refuses is asked of Python's."""
    if _ORJSON is None:
        return (_scanned,)
    loads = _ORJSON

    def read(body: bytes) -> Any:
        if body[:1] == b"{" and body[-1:] == b"}":  # orjson reads over blanks around
            try:
                return loads(body)
            except ValueError:
                pass
        return _scanned(body)

    return read, _scanned


_READ: Final = readers()[0]
_TEXTS: Final = attrgetter(
    "actor_kind", "actor_id", "credential_kind", "credential_id", "id", "name", "organization", "outcome._value_", "reason", "request_id",
    "subject", "workspace",
)  # fmt: skip
# An EventName is the text that it holds, in every encoder.
_ARE_TEXTS: Final = frozenset({str, type(None), EventName}).issuperset


@drafted
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
        """Return what the body says, as parsed JSON; raise CorruptRecord if it is not an object in UTF-8 with nothing around it."""
        try:
            value = _READ(self.body)
        except (ValueError, StopIteration, RecursionError):  # one that somebody wrote may be nested deeper than Python's stack
            value = None
        if not isinstance(value, dict):
            raise CorruptRecord(f"the body of event {self.id} is not a JSON object")
        return cast(Mapping[str, Any], value)


_DRAFT: Final = draft_of(StoredEvent)


@dataclass(frozen=True, slots=True)
class SealedEvent:
    """An event with the gapless `index` that the sequencer gave it in its log."""

    index: int
    event: StoredEvent


def microseconds(moment: datetime) -> int:
    """Return whole microseconds since 1970, exact."""
    passed = moment - _EPOCH
    return (passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds


def body_of(event: Event, *, personal: bytes) -> bytes:
    """Return the canonical body of `event`; raise ValueError if a detail has no canonical form.

    Of one that has a frame only the details are judged here, on the copy that was made when it was built; the rest was judged then.
    """
    try:
        opening, closing = event.opening, event.closing
    except AttributeError:  # a copy
        return _whole(event, personal=personal)
    if opening is None or closing is None:
        return _whole(event, personal=personal)
    details: Mapping[str, object] = event.details
    held: object = details
    if type(held) is not dict:
        details = dict(details)
    for value in details.values():
        kind = type(value)
        if kind is not str and kind is not int and value is not None and kind is not bool:
            if not is_plain(details, 1):
                return _whole(event, personal=personal)
            break
    if personal:
        closing = closing.replace(_NO_PERSONAL, b'"personal":"%b"' % hashlib.sha256(personal).hexdigest().encode(), 1)
    try:
        told = encoded(details)
    except ValueError:  # what it refuses is told with its path in the whole body
        return _whole(event, personal=personal)
    body = b"".join((opening, told, closing))
    return body if len(body) <= MAX_BODY else bounded(body)


def _whole(event: Event, *, personal: bytes) -> bytes:
    """Return the canonical body of an event that has no frame.

    Its members stand in their order already. What has a place of its own here is looked at in one go, what a caller filled by itself.
    """
    texts = [*_TEXTS(event)]
    actor, actor_id, credential, credential_id, id_, name, organization, outcome, reason, request, subject, workspace = texts
    targets: list[dict[str, object]] = []
    for target in event.targets:
        about, what = target.id, target.kind
        targets.append({"id": about, "kind": what})
        texts += about, what
    details = dict(event.details)
    value = {
        "actor": {"credential": {"id": credential_id, "kind": credential}, "id": actor_id, "kind": actor},
        "details": details,
        "id": id_,
        "log": organization or DEPLOYMENT_LOG,
        "name": name,
        "organization": organization,
        "outcome": outcome,
        "personal": hashlib.sha256(personal).hexdigest() if personal else None,
        "reason": reason,
        "request": request,
        "schema": event.schema,
        "subject": subject,
        "targets": targets,
        "time": microseconds(event.time),
        "v": BODY_VERSION,
        "workspace": workspace,
    }
    if event.region:
        value["region"] = event.region
    if event.changes or event.region or type(event.schema) is not int or not (_ARE_TEXTS(map(type, texts)) and is_plain(details, 1)):
        return canonical({**_changes(event), **value})
    return bounded(encoded(value))


def store_form(event: Event, *, personal: bytes) -> StoredEvent:
    """Return the row for `event`; `personal` is its sealed personal part, empty if it has none.

    Raises ValueError if a detail has no canonical form.
    """
    if type(event.targets) is not tuple:  # it is read twice here
        event = replace(event, targets=tuple(event.targets))
    row = _DRAFT()
    row.body = body = body_of(event, personal=personal)
    row.id = event.id
    row.log = event.organization or DEPLOYMENT_LOG
    row.time = event.time
    row.name = event.name
    row.actor_kind = event.actor_kind
    row.actor_id = event.actor_id
    row.target_kind = row.target_id = ""
    for first in event.targets:
        row.target_kind = first.kind
        row.target_id = first.id
        break
    row.subject_id = event.subject or ""
    row.outcome = event.outcome._value_
    row.reason = event.reason or ""
    row.organization_id = event.organization
    row.workspace_id = event.workspace
    row.request_id = event.request_id
    leaf = LEAF.copy()  # see leaf_hash: a call less
    leaf.update(body)
    row.leaf = leaf.digest()
    row.personal = personal
    row.__class__ = StoredEvent
    made: StoredEvent = row
    return made


def _changes(event: Event) -> dict[str, object]:
    if not event.changes:
        return {}
    more: dict[str, object] = {"more_changes": event.more_changes} if event.more_changes else {}
    return {"changes": [form(change) for change in event.changes], **more}


def departures(event: StoredEvent, *, region: str | None = None) -> tuple[str, ...]:
    """Return the columns of a row that say something else than its body, `body` itself for one of an unknown version.

    With `region`, that of the store that the row is in (empty: the home store), `region` is one of them where the body says another.
    Raises CorruptRecord if the body is not a JSON object.
    """
    said = event.details()
    if said.get("v") != BODY_VERSION:
        return ("body",)
    try:
        told = _told_whole(said)
    except (KeyError, TypeError):  # a member that every body has is not there, or of another kind
        told = _told(said)
    digest = hashlib.sha256(event.personal).hexdigest() if event.personal else None
    shown = (*_SHOWN(event), digest)
    elsewhere = ("region",) if region is not None and said.get("region", "") != region else ()
    return elsewhere if told == shown else (*(name for name, one, two in zip(_COLUMNS, told, shown, strict=True) if one != two), *elsewhere)


_COLUMNS: Final = (
    "id", "log", "time", "name", "actor_kind", "actor_id", "target_kind", "target_id", "subject_id", "outcome", "reason", "organization_id",
    "workspace_id", "request_id", "personal",
)  # fmt: skip
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
_SHOWN: Final = attrgetter(*_COLUMNS[:-1])


NO_TARGET: Final[Mapping[str, Any]] = MappingProxyType({"kind": "", "id": ""})
_MEMBERS: Final[Callable[[Mapping[str, Any]], tuple[Any, ...]]] = itemgetter(
    "actor", "targets", "time", "id", "log", "name", "subject", "outcome", "reason", "organization", "workspace", "request", "personal"
)


def _told_whole(said: Mapping[str, Any]) -> tuple[object, ...]:
    """Return what `_told` does, of a body that has every member; raise KeyError or TypeError for another."""
    actor, targets, micros, id_, log, name, subject, outcome, reason, organization, workspace, request, personal = _MEMBERS(said)
    first = targets[0] if targets else NO_TARGET
    time = _EPOCH + timedelta(microseconds=micros) if isinstance(micros, int) and 0 <= micros < MAX_MICROS else None
    return (
        id_, log, time, name, actor["kind"], actor["id"], first["kind"], first["id"], subject or "", outcome, reason or "", organization,
        workspace, request, personal,
    )  # fmt: skip


def _told(said: Mapping[str, Any]) -> tuple[object, ...]:
    """Return the projection that a body asks for, in the order of the columns."""
    told = said.get
    actor, targets, micros = told("actor"), told("targets"), told("time")
    who = cast(Mapping[str, Any], actor) if isinstance(actor, dict) else _NOTHING
    first = cast(Mapping[str, Any], targets[0]) if isinstance(targets, list) and targets and isinstance(targets[0], dict) else _NOTHING
    time = _EPOCH + timedelta(microseconds=micros) if isinstance(micros, int) and 0 <= micros < MAX_MICROS else None
    return (
        told("id"), told("log"), time, told("name"), who.get("kind"), who.get("id"), first.get("kind", ""), first.get("id", ""),
        told("subject") or "", told("outcome"), told("reason") or "", told("organization"), told("workspace"), told("request"),
        told("personal"),
    )  # fmt: skip
