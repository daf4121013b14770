"""What is asked of an engine, and what one that can not do a thing says instead."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from benchmarks.engines.workload import Question, Size


class CanNotError(Exception):
    """The engine has no way to do this; the text says why, and is printed."""


class Prepared(NamedTuple):
    """A check as a Python expression over names: what a host would make once for a request is in the names, and the rest is timed."""

    expression: str
    names: dict[str, object]


class Engine(Protocol):
    """One engine, driven the best way that we know."""

    roles_are_kept_in: str

    def load(self, size: Size) -> None:
        """Load everybody."""
        ...

    def prepared(self, question: Question) -> Prepared:
        """Return the check of one question; its truth value is the answer."""
        ...

    def batch(self, asked: Sequence[Question]) -> Iterator[Sequence[object]]:
        """Yield answers in the order of the questions, in pieces, so that what was answered stays if time runs out."""
        ...

    def assign(self, question: Question, role: str) -> None:
        """Give the question's person a role in its workspace, in place of the one held there."""
        ...

    def revoke(self, question: Question, role: str) -> None:
        """Take that role back."""
        ...

    def workspaces(self, question: Question) -> list[str]:
        """Return the workspaces of the question's organization in which its person has its permission, in the order of their ids."""
        ...
