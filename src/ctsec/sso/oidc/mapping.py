"""Which claims tell somebody's name, address and what the host wants to know of them: a map of names, without expressions.

Rules that this module keeps:

- a path is a list of plain member names, followed through objects; nothing is computed, joined, cut out or called;
- what identifies a person is no part of a map: that is the preset's;
- an address from another claim than the provider's own is never a verified one: the provider's `email_verified` does not speak of it;
- what is not a short printable text is not there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias, cast

MAX_STEPS: Final = 5
MAX_MEMBER: Final = 100
MAX_ATTRIBUTES: Final = 10
MAX_VALUE: Final = 255
_ATTRIBUTE: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")
NAME: Final = ("name",)
EMAIL: Final = ("email",)
Path: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimMap:
    """Where name, address and the host's attributes stand; an empty path is the preset's. `update_name`: the name follows each sign-in.

    Raises ValueError for more than ten attributes, names that are none, and paths of more than five members.
    """

    name: Path = ()
    email: Path = ()
    attributes: Mapping[str, Path] = field(default_factory=dict[str, Path])
    update_name: bool = False

    def __post_init__(self) -> None:
        if len(self.attributes) > MAX_ATTRIBUTES or not all(_ATTRIBUTE.fullmatch(name) for name in self.attributes):
            raise ValueError(f"expected at most {MAX_ATTRIBUTES} attributes, each a lower-case word of at most 32 characters")
        for path in (self.name, self.email, *self.attributes.values()):
            if len(path) > MAX_STEPS or not all(0 < len(member) <= MAX_MEMBER and member.isprintable() for member in path):
                raise ValueError(f"expected paths of at most {MAX_STEPS} members of 1 to {MAX_MEMBER} printable characters")
        if not all(self.attributes.values()):
            raise ValueError("expected a path for each attribute")

    def __hash__(self) -> int:
        return hash((self.name, self.email, tuple(sorted(self.attributes.items())), self.update_name))

    @property
    def own_address(self) -> bool:
        """Whether the address is the provider's own claim, of which its word counts."""
        return self.email in {(), EMAIL}

    def values(self, *sources: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
        """Return the attributes that are there, in the order of their names; an earlier source goes before a later one."""
        found = ((name, found_in(path, *sources)) for name, path in sorted(self.attributes.items()))
        return tuple((name, text) for name, value in found if (text := _text(value)) is not None)


def found_in(path: Path, *sources: Mapping[str, object]) -> object:
    """Return what stands at a path of the first source that has its first member; None if nothing does."""
    for source in sources:
        if path and path[0] in source:
            value: object = source
            for member in path:
                value = _member(value, member)
            return value
    return None


def _member(value: object, name: str) -> object:
    return cast("Mapping[str, object]", value).get(name) if isinstance(value, Mapping) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= MAX_VALUE and value.isprintable() else None
