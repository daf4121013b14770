"""Reads that are events: what a guard declares of them.

Rules that this module keeps:

- a read is recorded when its guard let it through and its view answered, in the unit of work of the request where it opened one, and else
  aside, committed before the answer is sent; where it can not be recorded, nothing is answered;
- the target is what the path says; whether there is such a thing, the view says.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_KIND: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")
_LONGEST: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """Declare that each read that a guard allows is the event `name`, about the resource of `kind` that the path parameter `target` names.

    Without `target` the event is about the guard's workspace or organization.
    """

    name: str
    kind: str = ""
    target: str | None = None

    def __post_init__(self) -> None:
        if (self.target is None) != (not self.kind) or (self.kind and not _KIND.fullmatch(self.kind)):
            raise ValueError("expected a kind such as report together with the path parameter that names the target, or neither")


def target_id(parameter: str) -> str:
    """Return the id of a target out of a path: what has no canonical form is replaced, and it is cut to 256 characters."""
    return parameter.encode("utf-8", "replace").decode("utf-8")[:_LONGEST]
