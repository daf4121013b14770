"""What happened: the names of events, and the record that is written with every change.

Rules that this module keeps:

- a name is `<resource>.<past participle>`; the names of ctsec's own events are `EventName`, a host registers its own;
- an event says who (actor and credential), what (name), on what (targets), for whom (subject), with which outcome and reason, where
  (organization, workspace) and in which request;
- an event holds ids, enums and numbers. What identifies a person directly (address, user agent, e-mail) goes into `personal`, which
  is stored sealed, apart from the body; nothing secret goes anywhere. The schema of its name says which field is what;
- an event that commits with the content of a workspace in the store of its region says that region, and belongs to the organization's log
  there; no other event does;
- an event belongs to the log of the organization that it is about, else to the deployment's; a refusal with `not_found` always to the
  deployment's, because whoever finds nothing in an organization is a stranger there and must not write into its log.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Required, TypeAlias, TypedDict

from ctsec.ambient import Ambient, Request
from ctsec.audit.change import Change
from ctsec.audit.event_name import EventName as EventName  # noqa: PLC0414 - the name is of both modules
from ctsec.audit.frame import DEPLOYMENT_LOG as DEPLOYMENT_LOG  # noqa: PLC0414 - these three as well
from ctsec.audit.frame import Framed, actor_of, closing
from ctsec.audit.frame import LogId as LogId  # noqa: PLC0414
from ctsec.audit.target import Target as Target  # noqa: PLC0414
from ctsec.draft import draft_of, drafted
from ctsec.ids import DRAWN, EventId, OrganizationId, WorkspaceId, written_time
from ctsec.outcome import Reason
from ctsec.principal import Principal
from ctsec.secret import Secret, SecretText

Detail: TypeAlias = str | int | bool | tuple[str, ...] | Secret | SecretText | None
NOTHING: Final[Mapping[str, Detail]] = MappingProxyType({})


class EventOutcome(StrEnum):
    """How it ended: done, refused by a rule, or failed for a technical reason."""

    SUCCESS = "success"
    REFUSED = "refused"
    FAILED = "failed"


@drafted
@dataclass(frozen=True, slots=True, kw_only=True)
class Event(Framed):
    """One thing that happened; see the module's rules for what goes where.

    `subject` is the id of the person concerned, if it is another than the actor. `details` and `personal` are flat, `changes` are what
    changed, field by field. `schema` is the version of the schema of its name, and `more_changes` how many changes were too many to tell.
    `region` is that of the store that the event is in, empty for the home store.
    """

    id: EventId
    time: datetime
    name: str
    actor_kind: str
    actor_id: str
    credential_kind: str
    credential_id: str
    targets: tuple[Target, ...]
    subject: str | None
    outcome: EventOutcome
    reason: str | None
    organization: OrganizationId | None
    workspace: WorkspaceId | None
    request_id: str
    details: Mapping[str, Detail] = field(default_factory=lambda: NOTHING)
    personal: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    changes: tuple[Change, ...] = ()
    more_changes: int = 0
    schema: int = 1
    region: str = ""

    @property
    def log(self) -> LogId:
        """The log that this event belongs to."""
        return log_of(self.organization)


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DRAFT: Final = draft_of(Event)
_NOT_FOUND: Final = Reason.NOT_FOUND
_SUCCESS: Final = EventOutcome.SUCCESS
_REFUSED: Final = EventOutcome.REFUSED


def log_of(organization: OrganizationId | None) -> LogId:
    """Return an organization's log; the deployment's where there is none."""
    return LogId(organization) if organization else DEPLOYMENT_LOG


class Telling(TypedDict, total=False):
    """What a caller tells of an event; the rest is known: its time, its id and its request. `build` says what each means."""

    actor: Required[Principal]
    targets: tuple[Target, ...]
    subject: str | None
    refused: Reason | None
    organization: OrganizationId | None
    workspace: WorkspaceId | None
    details: Mapping[str, Detail]
    personal: Mapping[str, str] | None
    changes: tuple[Change, ...]


def build(
    name: str,
    *,
    ambient: Ambient,
    actor: Principal,
    targets: tuple[Target, ...] = (),
    subject: str | None = None,
    refused: Reason | None = None,
    organization: OrganizationId | None = None,
    workspace: WorkspaceId | None = None,
    details: Mapping[str, Detail] = NOTHING,
    personal: Mapping[str, str] | None = None,
    changes: tuple[Change, ...] = (),
) -> Event:
    """Return the event `name` with time, id and request taken from `ambient`; `refused` makes it a refusal with that reason.

    What is told is copied: a mapping or a list that changes later changes no event.
    """
    if refused is _NOT_FOUND:
        organization = workspace = None
    now, request = ambient.clock.now(), ambient.request
    passed = now - _EPOCH
    micros = (passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds
    try:
        kind, actor_id, credential, credential_id, opening = actor.told
    except AttributeError:  # its first event
        kind, actor_id, credential, credential_id, opening = actor_of(actor)
    if type(targets) is not tuple:
        targets = tuple(targets)
    event = _DRAFT()
    event.id = id_ = f"evt_{written_time(micros // 1000)}{ambient.random(16).translate(DRAWN).decode()}"
    event.time, event.name = now, name
    event.actor_kind, event.actor_id = kind, actor_id
    event.credential_kind, event.credential_id = credential, credential_id
    event.targets, event.subject = targets, subject
    event.outcome, outcome = (_REFUSED, "refused") if refused else (_SUCCESS, "success")
    event.reason = reason = refused._value_ if refused else None
    event.organization, event.workspace = organization, workspace
    event.request_id = request_id = request.id[:64]
    event.details = details if details is NOTHING else dict(details)
    event.personal = _personal(request, personal) if personal or request.address or request.user_agent else NOTHING
    event.changes, event.more_changes, event.schema, event.region = changes, 0, 1, ""
    event.opening = None if changes else opening
    event.closing = closing(id_, micros, name, request_id, organization, workspace, subject, outcome, reason, targets)
    event.__class__ = Event
    made: Event = event
    return made


def _personal(request: Request, personal: Mapping[str, str] | None) -> Mapping[str, str]:
    if not (personal or request.address or request.user_agent):
        return {}
    around = {"address": request.address, "user_agent": request.user_agent[:256]}
    return {key: value for key, value in {**around, **(personal or {})}.items() if value}
