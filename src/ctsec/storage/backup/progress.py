"""How far a backup or a restore is."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol


class Step(StrEnum):
    """What is being done: rows are saved, bytes are verified, rows are restored, rows are compared."""

    SAVE = "save"
    VERIFY = "verify"
    RESTORE = "restore"
    COMPARE = "compare"


class OnProgress(Protocol):
    """Is told how far a step is: called often, from the thread that does the work, so it is quick."""

    def __call__(self, step: Step, done: int, total: int, /) -> None:
        """Take `done` of `total` rows, or bytes while verifying."""
        ...


class Told(Protocol):
    """Is told how far one step is."""

    def __call__(self, done: int, total: int, /) -> None:
        """Take `done` of `total`."""
        ...


def told_nobody(done: int, total: int, /) -> None:
    """Tell nobody."""
    del done, total


def telling(progress: OnProgress | None, step: Step) -> Told:
    """Return what tells `progress` of one step."""
    if progress is None:
        return told_nobody

    def told(done: int, total: int, /) -> None:
        progress(step, done, total)

    return told
