"""What an event is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, cast


@dataclass(frozen=True, slots=True, init=False)
class Target:
    """What an event is about: the kind of a resource and its id."""

    kind: str
    id: str

    def __init__(self, kind: str, id: str) -> None:  # noqa: A002 - the field's name
        # What a frozen dataclass writes itself asks `object.__setattr__` by name, and takes half as long again.
        _SET_KIND(self, kind)
        _SET_ID(self, id)


_SET_KIND: Final = cast(Any, Target).kind.__set__
_SET_ID: Final = cast(Any, Target).id.__set__
