"""Events in the Open Cybersecurity Schema Framework, one JSON object a line.

Rules that this module keeps:

- `metadata.uid` is the event's id, `sequence` its index, `tenant_uid` its log and `log_name` the log's origin, so that nothing is counted
  twice and nothing that is missing goes unseen;
- what a class requires is always there; what has no place of its own is in `unmapped`, so nothing is lost;
- the last line is no event: it says how many there were.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from ctsec.audit.export import ocsf_classes as classes
from ctsec.audit.export.coding import write_json
from ctsec.audit.export.jsonl import ExportHead
from ctsec.audit.export.ocsf_classes import Activity, activity_of
from ctsec.audit.export.request import OcsfVersion
from ctsec.audit.export.writing import ReadEvent

_PRODUCT: Final = {"name": "ctsec", "vendor_name": "ctsec"}
_OF_USERS: Final = frozenset(
    {classes.ACCOUNT_CHANGE, classes.AUTHENTICATION, classes.AUTHORIZE_SESSION, classes.USER_ACCESS, classes.USER_MANAGEMENT}
)
_EVIDENCE: Final = ("actor", "src_endpoint", "http_request")
_MAPPED: Final = frozenset({"id", "time", "name", "actor"})
_LOW, _HIGH, _INFORMATIONAL = 2, 4, 1


class OcsfWriter:
    """Writes events as OCSF of a version."""

    __slots__ = ("_head", "_version")

    def __init__(self, version: OcsfVersion, *, head: ExportHead) -> None:
        self._version = version
        self._head = head

    def start(self) -> bytes:
        """Return nothing: a reader takes the events as they come."""
        return b""

    def page(self, events: Iterable[ReadEvent]) -> bytes:
        """Return the lines of events."""
        return b"".join([_line(self.object(event)) for event in events])

    def end(self, events: int) -> bytes:
        """Return the last line."""
        return _line({"ctsec_export_end": {"events": events}})

    def object(self, event: ReadEvent) -> dict[str, Any]:
        """Return an event as an object of its class."""
        said = event.said
        activity = activity_of(str(said["name"]), version=self._version)
        made: dict[str, Any] = {
            "activity_id": activity.activity_id,
            "category_uid": activity.category_uid,
            "class_uid": activity.class_uid,
            "type_uid": activity.type_uid,
            "severity_id": _severity(said, activity),
            "time": int(said["time"]) // 1000,
            "message": said["name"],
            "metadata": self._metadata(event),
            "actor": _actor(event),
            **_status(said, activity),
            **_around(event.personal, activity),
            **_by_class(event, activity, service=self._head.origin),
            "unmapped": {name: value for name, value in said.items() if name not in _MAPPED},
        }
        if activity.activity_id == classes.OTHER:
            made["activity_name"] = said["name"]
        return _as_finding(made) if activity.class_uid == classes.DETECTION_FINDING else made

    def _metadata(self, event: ReadEvent) -> dict[str, Any]:
        made: dict[str, Any] = {
            "version": self._version.value,
            "product": _PRODUCT,
            "uid": event.said["id"],
            "event_code": event.said["name"],
            "sequence": event.index,
            "tenant_uid": self._head.log,
            "log_name": self._head.origin,
            "log_provider": "ctsec",
            "original_time": str(event.said["time"]),
        }
        if event.said.get("request"):
            made["correlation_uid"] = event.said["request"]
        return made


def _as_finding(made: Mapping[str, Any]) -> dict[str, Any]:
    """Return a finding: who did it, and from where, is its evidence, for the class has no place of its own for them."""
    evidence = {name: made[name] for name in _EVIDENCE if name in made}
    return {**{name: value for name, value in made.items() if name not in _EVIDENCE}, "evidences": [evidence]}


def _severity(said: Mapping[str, Any], activity: Activity) -> int:
    if activity.class_uid == classes.DETECTION_FINDING:
        return _HIGH
    return _INFORMATIONAL if said["outcome"] == "success" else _LOW


def _status(said: Mapping[str, Any], activity: Activity) -> dict[str, Any]:
    if activity.class_uid == classes.DETECTION_FINDING:
        return {"status_id": 1}
    return {"status_id": 1 if said["outcome"] == "success" else 2, **({"status_code": said["reason"]} if said["reason"] else {})}


def _actor(event: ReadEvent) -> dict[str, Any]:
    actor = event.actor
    credential: Mapping[str, str] = actor.get("credential") or {}
    user = {"uid": actor["id"], "type": actor["kind"]}
    if credential.get("kind") == "session":
        return {"user": user, "session": {"uid": credential["id"]}}
    return {"user": {**user, "credential_uid": credential.get("id", "")}, "invoked_by": credential.get("kind", "")}


def _around(personal: Mapping[str, str], activity: Activity) -> dict[str, Any]:
    """Return where the request came from, if that was asked for; a class that requires it gets a name instead."""
    made: dict[str, Any] = {}
    if personal.get("address"):
        made["src_endpoint"] = {"ip": personal["address"]}
    elif activity.class_uid == classes.API_ACTIVITY:
        made["src_endpoint"] = {"name": "not exported"}
    if personal.get("user_agent"):
        made["http_request"] = {"user_agent": personal["user_agent"]}
    rest = {name: value for name, value in personal.items() if name not in {"address", "user_agent"}}
    return {**made, "enrichments": [{"name": name, "value": value, "data": {}} for name, value in sorted(rest.items())]} if rest else made


def _by_class(event: ReadEvent, activity: Activity, *, service: str) -> dict[str, Any]:
    """Return what the class requires, and what it has a place for."""
    said, uid = event.said, activity.class_uid
    made: dict[str, Any] = {}
    if uid in _OF_USERS:
        made["user"] = {"uid": _person(event)}
    if uid == classes.AUTHENTICATION:
        made["service"] = {"name": service}
    if uid in {classes.AUTHORIZE_SESSION, classes.USER_ACCESS}:
        role = _details(said).get("role")
        made["privileges"] = [str(role or said["name"])]
    if uid == classes.GROUP_MANAGEMENT:
        made["group"] = {"uid": said["organization"] or "", "type": "organization"}
        made["user"] = {"uid": _person(event)}
    if uid in {classes.ENTITY_MANAGEMENT, classes.ROLE_MANAGEMENT}:
        made["entity"] = _resources(event)[0]
    if uid == classes.ROLE_MANAGEMENT:
        made["iam_role"] = {"uid": made["entity"]["uid"]}
    if uid == classes.API_ACTIVITY:
        made["api"] = {"operation": said["name"]}
        made["resources"] = _resources(event)
    if uid == classes.DETECTION_FINDING:
        made["finding_info"] = {"uid": said["id"], "title": said["name"]}
        made["resources"] = _resources(event)
        made["is_alert"] = True
    return made


def _details(said: Mapping[str, Any]) -> Mapping[str, Any]:
    details: Mapping[str, Any] = said.get("details") or {}
    return details


def _person(event: ReadEvent) -> str:
    """Return the id of whom the event is about: its subject, else a person among its targets, else who did it."""
    people = [target["id"] for target in event.targets if target["kind"] == "user"]
    return str(event.said["subject"] or next(iter(people), event.actor["id"]))


def _resources(event: ReadEvent) -> list[dict[str, str]]:
    found = [{"uid": target["id"], "type": target["kind"]} for target in event.targets]
    return found or [{"uid": str(event.said["organization"] or "deployment"), "type": "log"}]


def _line(value: Mapping[str, object]) -> bytes:
    return write_json(value) + b"\n"
