"""What the body of an event says around its details, written once, when the event is built.

Rules that this module keeps:

- a frame is written of exact texts that stand in JSON as they are (ASCII, nothing to escape) and of a time that is small enough; an event
  with anything else has none, and all of it is judged and encoded when it is stored;
- it is written of what can not change any more: the fields of a frozen event, a tuple of frozen targets, a frozen principal;
- it has the members of a body in their order, in two parts: those before the details, and those after them, of an event that has no
  personal part, tells no changes and was written with the first version of its schema.
"""

from __future__ import annotations

from typing import Final, NewType

from ctsec.audit.canonical import MAX_INT, quoted
from ctsec.audit.event_name import EventName
from ctsec.audit.target import Target
from ctsec.principal import Credential, Principal, Told

LogId = NewType("LogId", str)
DEPLOYMENT_LOG: Final = LogId("deployment")


class Framed:
    """A record with both parts of a frame beside its fields, each None where it has none.

    They are no fields: a copy of the record lacks them.
    """

    __slots__ = ("closing", "opening")
    opening: bytes | None
    closing: bytes | None


def is_bare(text: str) -> bool:
    """Say whether a text stands in JSON as it is, between quotes."""
    return text.isascii() and len(quoted(text)) == len(text) + 2


def actor_of(principal: Principal) -> Told:
    """Return the kind and the id of an actor and of its credential, and what a frame says of them.

    They are kept with the principal, unless it or its credential is of a class of somebody else's, which may say something else later.
    """
    kind, actor, credential = principal.kind._value_, principal.id, principal.credential
    through, presented = credential.kind._value_, credential.id
    opening = None
    if type(kind) is type(actor) is type(through) is type(presented) is str and is_bare(f"{kind}{actor}{through}{presented}"):
        opening = f'{{"actor":{{"credential":{{"id":"{presented}","kind":"{through}"}},"id":"{actor}","kind":"{kind}"}},"details":'.encode()
    said = kind, actor, through, presented, opening
    if type(principal) is Principal and type(credential) is Credential:
        object.__setattr__(principal, "told", said)
    return said


def closing(
    id_: str,
    micros: int,
    name: str,
    request: str,
    organization: str | None,
    workspace: str | None,
    subject: str | None,
    outcome: str,
    reason: str | None,
    targets: tuple[Target, ...],
    /,
) -> bytes | None:
    """Return what stands after the details of an event; `id_` and `outcome` are ctsec's own, `micros` are microseconds since 1970."""
    if type(name) is not str:
        if type(name) is not EventName:
            return None
        name = name._value_  # the text that it is
    if type(request) is not str or type(targets) is not tuple or not -MAX_INT < micros < MAX_INT:
        return None
    every, told, comma = name + request, "", ""
    for target in targets:
        kind, target_id = target.kind, target.id
        if type(target) is not Target or type(kind) is not str or type(target_id) is not str:
            return None
        every = f"{every}{kind}{target_id}"
        told = f'{told}{comma}{{"id":"{target_id}","kind":"{kind}"}}'
        comma = ","
    place = around = whom = why = "null"
    if organization is not None:
        if type(organization) is not str:
            return None
        every, place = every + organization, f'"{organization}"'
    if workspace is not None or subject is not None or reason is not None:
        there = [text for text in (workspace, subject, reason) if text is not None]
        if not all(type(text) is str for text in there):
            return None
        every = "".join([every, *there])
        around, whom, why = ["null" if text is None else f'"{text}"' for text in (workspace, subject, reason)]
    if not every.isascii() or len(quoted(every)) != len(every) + 2:
        return None
    return (
        f',"id":"{id_}","log":"{organization or DEPLOYMENT_LOG}","name":"{name}","organization":{place},"outcome":"{outcome}",'
        f'"personal":null,"reason":{why},"request":"{request}","schema":1,"subject":{whom},"targets":[{told}],"time":{micros},'
        f'"v":1,"workspace":{around}}}'
    ).encode()
