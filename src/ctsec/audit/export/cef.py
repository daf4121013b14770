"""Events in the Common Event Format, version 0, a line each.

Rules that this module keeps:

- in a field of the header a backslash and a bar are escaped, in the value of an extension a backslash and an equals sign; a line end
  becomes a space in the header and an escape in a value, so that an event stays one line;
- the last line is an event of its own, `export.ended`, and says how many there were.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from ctsec.audit.export.coding import write_json
from ctsec.audit.export.writing import ReadEvent

_SEVERITIES: Final = {"success": 3, "refused": 6, "failed": 7}
_BREAKS: Final = re.compile("[\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]+")


def header_field(text: str) -> str:
    """Return text as it stands in a field of the header."""
    return _BREAKS.sub(" ", text.replace("\\", "\\\\").replace("|", "\\|"))


def extension_value(text: str) -> str:
    """Return text as the value of an extension."""
    escaped = text.replace("\\", "\\\\").replace("=", "\\=").replace("\r", "\\r").replace("\n", "\\n")
    return _BREAKS.sub(" ", escaped)


class CefWriter:
    """Writes events as lines of CEF."""

    def start(self) -> bytes:
        """Return nothing: a reader takes the lines as they come."""
        return b""

    def page(self, events: Iterable[ReadEvent]) -> bytes:
        """Return the lines of events."""
        return b"".join([_event(event) for event in events])

    def end(self, events: int) -> bytes:
        """Return the last line."""
        return _line("export.ended", 0, {"cnt": str(events)})


def _event(event: ReadEvent) -> bytes:
    said, targets, personal = event.said, event.targets, event.personal
    values = {
        "rt": str(int(said["time"]) // 1000),
        "externalId": said["id"],
        "outcome": said["outcome"],
        "reason": said["reason"],
        "suid": event.actor["id"],
        "spriv": event.actor["kind"],
        "duid": said["subject"] or (targets[0]["id"] if targets else ""),
        "src": personal.get("address"),
        "requestClientApplication": personal.get("user_agent"),
        "cn1": str(event.index),
        "cn1Label": "index",
        **_labelled(1, "organization", said["organization"]),
        **_labelled(2, "workspace", said["workspace"]),
        **_labelled(3, "targets", _json(targets)),
        **_labelled(4, "request", said.get("request")),
        **_labelled(5, "details", _json({name: said[name] for name in ("details", "changes") if said.get(name)})),
        **_labelled(6, "credential", _json(event.actor.get("credential") or {})),
    }
    severity = _SEVERITIES.get(str(said["outcome"]), _SEVERITIES["failed"])
    return _line(str(said["name"]), severity, {name: str(value) for name, value in values.items() if value})


def _labelled(number: int, label: str, value: str | None) -> dict[str, str]:
    return {f"cs{number}": value, f"cs{number}Label": label} if value else {}


def _json(value: object) -> str:
    return write_json(value).decode() if value else ""


def _line(name: str, severity: int, values: Mapping[str, str]) -> bytes:
    shown = header_field(name)
    extensions = " ".join(f"{key}={extension_value(value)}" for key, value in values.items())
    return f"CEF:0|ctsec|ctsec|1|{shown}|{shown}|{severity}|{extensions}\n".encode()
