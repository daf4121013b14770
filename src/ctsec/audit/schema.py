"""What an event may say: the fields of each name, with their types and who may read them.

Rules that this module keeps:

- an event has a name of the catalogue, and only the fields that its schema declares, each of the type that is declared there; anything
  else is refused before anything is written, ctsec's own events too;
- `public` fields stand in the body, `personal` ones go into the sealed part, and of a `secret` one the body says `set` or `unset`;
- a `Secret` in a field that is not declared secret is refused, whatever its type would be;
- a host's names are `<resource>.<past participle>` and never ctsec's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final, cast

from ctsec.audit.canonical import plain
from ctsec.audit.change import UNKNOWN, Change, FieldClass, bounded, masked, masked_change, sealed_values
from ctsec.audit.event import NOTHING, Detail, Event
from ctsec.secret import Secret, SecretText

AROUND: Final = frozenset({"address", "user_agent"})
_TYPES: Final[Mapping[type, str]] = MappingProxyType(
    {str: "text", int: "a whole number", bool: "true or false", tuple: "a tuple of texts", object: "any value of JSON without floats"}
)
# How participles end; the few other words that end so too pass.
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*(?:[dnt]|[og]ne|come|unk|uck|ung|um)(?:_(?:in|up|out|on|off|over))?")
_FIELD: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")
_PATH: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}(?:\.[A-Za-z_][A-Za-z0-9_]{0,62})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field of an event: `type` is str, int, bool, tuple (of texts) or object (any value), `optional` whether it may be None."""

    kept: FieldClass
    type: type = str
    optional: bool = False

    def __post_init__(self) -> None:
        if self.type not in _TYPES:
            raise ValueError("expected str, int, bool, tuple or object as the type of a field")

    @property
    def expected(self) -> str:
        """What values the field takes, in words."""
        return f"{_TYPES[self.type]}{' or None' if self.optional else ''}"

    def takes(self, value: object, *, absent: bool = False) -> bool:
        """Say whether `value` is of the type; None is if the field is optional or may be `absent`."""
        if value is None:
            return self.optional or absent
        if isinstance(value, bool):
            return self.type in {bool, object}
        if self.type is tuple:
            return isinstance(value, tuple) and all(isinstance(each, str) for each in cast(tuple[object, ...], value))
        return isinstance(value, self.type)


def public(type: type = str, *, optional: bool = False) -> Field:  # noqa: A002 - the word that a declaration reads best with
    """Declare a field that stands in the body of the event, for whoever reads the log."""
    return Field(kept=FieldClass.PUBLIC, type=type, optional=optional)


def personal(type: type = str, *, optional: bool = False) -> Field:  # noqa: A002 - see public
    """Declare a field that identifies a person: it goes into the sealed part of the event."""
    return Field(kept=FieldClass.PERSONAL, type=type, optional=optional)


def secret() -> Field:
    """Declare a field of which an event only says whether it is set; the value, whatever it is, is stored nowhere."""
    return Field(kept=FieldClass.SECRET, type=object, optional=True)


@dataclass(frozen=True, slots=True)
class EventSchema:
    """What events of one name may say: their `fields`, and the paths of the `changes` that they may tell.

    `version` is raised by one whenever a field is added, dropped or means something else; each event tells the one that it was written
    with. Raises ValueError for a name or a field that is none, and for a personal field of the name that every event has.
    """

    name: str
    fields: Mapping[str, Field] = field(default_factory=lambda: _NONE)
    changes: Mapping[str, Field] = field(default_factory=lambda: _NONE)
    version: int = 1
    _stands: Mapping[str, type] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "fields", MappingProxyType({**self.fields}))
        object.__setattr__(self, "changes", MappingProxyType({**self.changes}))
        # What stands as it is, if it is of exactly this type: public texts, numbers and truth values.
        exact = {name: each.type for name, each in self.fields.items() if each.kept is FieldClass.PUBLIC and each.type in {str, int, bool}}
        object.__setattr__(self, "_stands", exact)
        if len(self.name) > 64 or not _NAME.fullmatch(self.name):
            raise ValueError(f"expected an event name such as report.viewed, <resource>.<past participle>, not {self.name[:80]!r}")
        if self.version < 1:
            raise ValueError("expected a version of a schema from 1 on")
        for name in (*self.fields, *self.changes):
            if not (_FIELD if name in self.fields else _PATH).fullmatch(name) or name in AROUND:
                raise ValueError(f"{self.name}: expected a field of small letters, digits and _, not {name[:80]!r} nor {sorted(AROUND)}")

    def applied(self, event: Event) -> Event:
        """Return `event` as it is stored: secrets masked, personal fields moved to its personal part. Raises ValueError."""
        held: object = event.details
        if type(held) is not dict and held is not NOTHING:
            event = replace(event, details=dict(event.details))  # what is judged is what will be written
        if self._leaves(event):
            return event
        details: dict[str, Detail] = {}
        sealed, untouched = dict(event.personal), not (event.changes or event.more_changes)
        for name in event.personal:
            if name not in AROUND:
                self._declared(name, FieldClass.PERSONAL)
        for name, value in event.details.items():
            declared = self._declared(name, None)
            self._check(name, declared, value)
            untouched = untouched and declared.kept is FieldClass.PUBLIC
            if declared.kept is FieldClass.SECRET:
                details[name] = masked(value)
            elif declared.kept is FieldClass.PUBLIC:
                details[name] = value
            elif value is not None:
                sealed[name] = value if isinstance(value, str) else json.dumps(value)
        if untouched and self.version == event.schema:
            return event
        changes, more = bounded(map(self._changed, event.changes))
        for change in changes:
            if change.kept is FieldClass.PERSONAL:
                sealed.update(sealed_values(change))
        return replace(event, details=details, personal=sealed, changes=changes, more_changes=more, schema=self.version)

    def _leaves(self, event: Event) -> bool:
        """Say whether an event tells nothing but what stands as it is: most do."""
        if event.changes or event.more_changes or event.schema != self.version or not event.personal.keys() <= AROUND:
            return False
        exact = self._stands
        for name, value in event.details.items():  # noqa: SIM110 - a generator takes twice as long, and every event goes through here
            if type(value) is not exact.get(name):
                return False
        return True

    def _declared(self, name: str, kept: FieldClass | None) -> Field:
        declared = self.fields.get(name)
        if declared is None or kept not in {None, declared.kept}:
            what = "" if kept is None else f" as {kept.value}"
            raise ValueError(f"{self.name}: the field {name[:80]!r} is not declared{what} in its schema; declare it there")
        return declared

    def _check(self, name: str, declared: Field, value: object, *, absent: bool = False) -> None:
        if declared.kept is FieldClass.SECRET or value is UNKNOWN:
            return
        if isinstance(value, (Secret, SecretText)):
            raise ValueError(f"{self.name}: {name!r} got a Secret and is declared {declared.kept.value}; declare it secret")  # noqa: TRY004
        if not declared.takes(value, absent=absent):
            raise ValueError(f"{self.name}: expected {declared.expected} for {name!r}, not {type(value).__name__}")

    def _plain(self, path: str, value: object) -> object:
        return value if value is UNKNOWN else plain(value, path=f"{self.name}: {path}")

    def _changed(self, change: Change) -> Change:
        declared = self.changes.get(change.path)
        if declared is None:
            raise ValueError(f"{self.name}: changes of {change.path[:80]!r} are not declared in its schema; declare them there")
        for value in (change.before, change.after):
            self._check(change.path, declared, value, absent=True)
        if declared.kept is FieldClass.SECRET:
            return masked_change(change)
        before, after = (self._plain(change.path, value) for value in (change.before, change.after))
        return Change(path=change.path, before=before, after=after, kept=declared.kept)


_NONE: Final[Mapping[str, Field]] = MappingProxyType({})


class EventCatalogue:
    """The names that this deployment knows, with their schemas: ctsec's own, and what the host registers.

    Raises ValueError for a name that is given twice, or that is ctsec's.
    """

    __slots__ = ("_schemas",)

    def __init__(self, own: Iterable[EventSchema], *, host: Iterable[EventSchema] = ()) -> None:
        schemas = {schema.name: schema for schema in own}
        for schema in host:
            if schema.name in schemas:
                raise ValueError(f"the event {schema.name} is registered already; a host's names are its own, each given once")
            schemas[schema.name] = schema
        self._schemas: Mapping[str, EventSchema] = MappingProxyType(schemas)

    @property
    def schemas(self) -> Mapping[str, EventSchema]:
        """The schemas by name."""
        return self._schemas

    def applied(self, event: Event) -> Event:
        """Return `event` as it is stored; raises ValueError if its name is not registered, or for what its schema does not declare."""
        schema = self._schemas.get(event.name)
        if schema is None:
            raise ValueError(
                f"the event {event.name[:80]!r} is not registered: give the bundle its schema, events=(EventSchema(name, fields), …)"
            )
        return schema.applied(event)
