"""Records that are made often: filled in as a draft, then frozen.

The `__init__` of a frozen dataclass sets each field through `object.__setattr__`, and a call with many keywords is slow besides: a record
of 17 fields takes 2.9 us that way, and 0.3 us as a draft.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast


def draft_of(kind: type[object]) -> Callable[[], Any]:
    """Return what makes drafts of a dataclass with `slots=True`: set every field, then `draft.__class__ = kind` makes a record of it.

    `__post_init__` is not called and no default is set.
    """
    slots = cast(Any, kind).__slots__
    return type(f"{kind.__name__}Draft", kind.__bases__, {"__slots__": slots, "__doc__": f"A {kind.__name__} that is not frozen yet."})
