"""What is wrong with a policy, told the same way for matrices, documents, custom roles and roles given as masks.

Rules that this module keeps:

- every mistake in a policy is a `PolicyError`, which is a ValueError, and names its place as far as there is one:
  `workspace_roles.editor.permissions[3]`, or `line 4, row agents:run, column editor`;
- what was found is quoted and cut, so that a hostile text does not end up in logs whole.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager
from math import isfinite
from typing import Final

from ctsec.errors import UnknownPermission
from ctsec.rbac.permission import shown

_PLAIN: Final = re.compile(r"[a-z][a-z0-9_]{0,39}(:[a-z][a-z0-9_]{0,30})?")


class PolicyError(ValueError):
    """A policy that can not be used; `place` says where ("" where there is no such place) and `problem` what was expected there."""

    def __init__(self, problem: str, *, place: str = "") -> None:
        super().__init__(f"{place}: {problem}" if place else problem)
        self.problem = problem
        self.place = place


def below(place: str, key: str) -> str:
    """Return the place of `key` in the table at `place`; a key that is no plain name is quoted and cut."""
    name = key if _PLAIN.fullmatch(key) else shown(key)
    return f"{place}.{name}" if place else name


def found(value: object) -> str:
    """Return what `value` is, for an error message: a text quoted and cut, anything else by its kind, since it may be nested deeply."""
    match value:
        case str():
            return shown(value)
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case int():
            return "a whole number"
        case float():
            return "a number with a fraction" if isfinite(value) else str(value)
        case dict():
            return "a table"
        case list() | tuple():
            return "a list"
        case _:
            return f"a {type(value).__name__}"


@contextmanager
def placed(place: str) -> Generator[None, None, None]:
    """Tell what the validators inside find as a PolicyError at `place`, or below it if they name a place of their own."""
    try:
        yield
    except PolicyError as error:
        inner = error.place if not error.place or error.place.startswith("[") else f", {error.place}"
        raise PolicyError(error.problem, place=place + inner) from None
    except (ValueError, UnknownPermission) as error:
        raise PolicyError(str(error), place=place) from None
