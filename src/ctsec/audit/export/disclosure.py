"""What of an event is handed to the person whom it concerns.

Rules that this module keeps:

- the stored bytes are handed out where they name nobody else: the person did it herself, or nobody and no other person did (a stranger, a
  job), and no id of another person stands in them, nor one of an organization other than the log's, unless she named it herself;
- of every other event the line has its leaf, which proves its place, and what it says about her, which the log's key signs for: no id of
  whoever did it, of their session or request, of the event, of what else it was done to;
- who asked for a thing, or approved it, is somebody else (details that end in `_by`);
- of the sealed part she gets what is hers: where a request came from if she made it or nobody is known to, the rest if the event is
  about her; what another person typed as a reason is theirs;
- a value of an event that names another person or organization is left out, whatever it is called.

An id of a host's own making is not recognized here: a field that holds one of a person is declared personal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from ctsec.audit.event import DEPLOYMENT_LOG, LogId
from ctsec.audit.export.writing import ReadEvent
from ctsec.audit.pieces import OF_REQUEST
from ctsec.principal import PrincipalKind

_IDS: Final = re.compile(r"(?:usr|org)_[0-9a-z]{26}")
_NOBODY: Final = frozenset({PrincipalKind.ANONYMOUS.value, PrincipalKind.SYSTEM.value})
_TYPED: Final = frozenset({"reason", "why", "reference", "note", "asked"})
_BY: Final = "_by"


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosed:
    """What a person gets of an event: the stored bytes if `whole`, else `shown`; and of its sealed part `personal`."""

    whole: bool
    shown: Mapping[str, object]
    personal: Mapping[str, str]


def disclosed(event: ReadEvent, *, person: str, log: LogId) -> Disclosed:
    """Return what `person`, who did an event of `log` or is its subject, gets of it."""
    by_her = event.actor.get("kind") == PrincipalKind.USER.value and event.actor.get("id") == person
    by_nobody = event.actor.get("kind") in _NOBODY
    subject = event.said.get("subject")
    about_her = subject == person or (subject is None and by_her)
    may_name = frozenset({person, log}) if log != DEPLOYMENT_LOG else frozenset({person})

    def names_others(value: object) -> bool:
        found = set(_IDS.findall(str(value)))
        if by_her and log == DEPLOYMENT_LOG:
            found = {each for each in found if not each.startswith("org_")}
        return not found <= may_name

    details = cast(Mapping[str, Any], event.said.get("details") or {})
    somebody = any(name.endswith(_BY) and value not in {None, person} for name, value in details.items())
    from_here = {name for name in event.personal if name in OF_REQUEST and (by_her or by_nobody)}
    of_her = {name for name in event.personal if name not in OF_REQUEST and about_her and (by_her or by_nobody or name not in _TYPED)}
    hers = {name: text for name, text in event.personal.items() if name in from_here | of_her and not names_others(text)}
    if (by_her or by_nobody) and not somebody and not names_others(event.said):
        return Disclosed(whole=True, shown={}, personal=hers)
    return Disclosed(whole=False, shown=_shown(event, about_her=about_her, by_her=by_her, names_others=names_others), personal=hers)


def _shown(event: ReadEvent, *, about_her: bool, by_her: bool, names_others: Callable[[object], bool]) -> dict[str, object]:
    said = event.said
    details = cast(Mapping[str, Any], said.get("details") or {})
    changes = cast(list[Mapping[str, Any]], said.get("changes") or [])
    told: dict[str, object] = {
        "time": said["time"],
        "name": said["name"],
        "by": "you" if by_her else event.actor.get("kind"),
        "outcome": said["outcome"],
        "reason": said["reason"],
        "organization": said["organization"],
        "workspace": said["workspace"],
    }
    if about_her:
        told["details"] = {name: value for name, value in details.items() if not name.endswith(_BY) and not names_others(value)}
        told["changes"] = [change for change in changes if not names_others(change)]
    return {name: value for name, value in told.items() if not names_others(value)}
