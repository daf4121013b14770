"""What must not survive a fork: connections, sessions, threads and held locks belong to the process that made them."""

from __future__ import annotations

import os
from typing import Final, Protocol
from weakref import WeakSet


class Forked(Protocol):
    """Something that starts anew in the child of a fork."""

    def after_fork(self) -> None:
        """Drop what belongs to the parent, without closing it for the parent."""
        ...


_LIVING: Final[WeakSet[Forked]] = WeakSet()


def start_anew_after_fork(something: Forked) -> None:
    """Call `something.after_fork()` in every child that this process forks while `something` lives."""
    _LIVING.add(something)


def _tell() -> None:
    for each in tuple(_LIVING):
        each.after_fork()


os.register_at_fork(after_in_child=_tell)
