"""Whose the personal fields of an event are, and the form of the sealed part.

Rules that this module keeps:

- the part is sealed in pieces: where a request came from (address, user agent) belongs to who made it, everything else to who the event
  is about. A stranger's address is nobody's: what a refused sign-in costs must not tell whether the account is there;
- a piece of a person's is sealed under that person's key, and of nobody's under the deployment's;
- the body of an event holds the digest of the whole part, so no leaf, tile or checkpoint changes when a person is erased.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from ctsec.audit.event import Event
from ctsec.encryption.context import Context
from ctsec.errors import CorruptRecord
from ctsec.ids import UserId, is_id
from ctsec.principal import PrincipalKind

MAX_PIECES: Final = 2
OF_REQUEST: Final = frozenset({"address", "user_agent"})
_SIZE: Final = 4
_BLOB: Final = b"\xc7"  # how a managed blob begins; a length never does


def personal_context(event_id: str, log: str) -> Context:
    """Return the context that the personal part of an event is bound to."""
    return Context(organization=None, table="audit_event", row=event_id, field="personal", purpose=f"audit:{log}")


def pieces_of(event: Event) -> dict[str, dict[str, str]]:
    """Return the personal fields of an event by whose they are: the id of a person, or the empty text for the deployment's own key."""
    found: dict[str, dict[str, str]] = {}
    about = _person(event.subject or "")
    by = _person(event.actor_id) if event.actor_kind == PrincipalKind.USER.value else ""
    for name, value in event.personal.items():
        whose = by if name in OF_REQUEST else about or by
        found.setdefault(whose, {})[name] = value
    return found


def joined(pieces: Iterable[bytes]) -> bytes:
    """Return sealed pieces as one: each after its length in four bytes, big-endian."""
    return b"".join(len(piece).to_bytes(_SIZE, "big") + piece for piece in pieces)


def parted(personal: bytes) -> tuple[bytes, ...]:
    """Return the sealed pieces of a personal part; raise CorruptRecord if it is none.

    A part that begins with the magic of a managed blob is one piece: it is older than the keys of persons.
    """
    if personal[:1] == _BLOB:
        return (personal,)
    found, at = list[bytes](), 0
    while at < len(personal):
        end = at + _SIZE + int.from_bytes(personal[at : at + _SIZE], "big")
        found.append(personal[at + _SIZE : end])
        at = end
        if at > len(personal) or not found[-1] or len(found) > MAX_PIECES:
            raise CorruptRecord("the personal part of an event is not in pieces")
    return tuple(found)


def merged(pieces: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Return the fields of all pieces."""
    return {name: value for piece in pieces for name, value in piece.items()}


def _person(text: str) -> str:
    return text if is_id(UserId, text) else ""
