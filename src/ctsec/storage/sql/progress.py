"""What a transaction has done so far: whether it wrote, and which caches must forget what after its commit."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from ctsec.errors import StoreReadOnly
from ctsec.storage._async_ports import AfterCommit

_NO_SCOPES: Final[frozenset[str]] = frozenset()


class Progress:
    """The writes of one store; `after_commit` is told of them once, by whoever commits."""

    __slots__ = ("_after_commit", "_writable", "scopes", "wrote")

    def __init__(self, after_commit: AfterCommit | None) -> None:
        self._after_commit = after_commit
        self._writable = after_commit is not None
        self.wrote = False
        self.scopes: set[str] = set()

    def require_writable(self) -> None:
        """Raise StoreReadOnly in a unit that only reads."""
        if not self._writable:
            raise StoreReadOnly("a reading unit writes nothing; open begin() to write")

    def touch(self) -> None:
        """Note a write; raise StoreReadOnly in a unit that only reads."""
        self.require_writable()
        self.wrote = True

    def committed(self) -> None:
        """Tell of the commit, if anything was written, and start anew."""
        wrote, scopes = self.wrote, frozenset(self.scopes) if self.scopes else _NO_SCOPES
        self.forget()
        if wrote and self._after_commit is not None:
            self._after_commit(scopes)

    def handed_over(self) -> Callable[[], None] | None:
        """Return what tells of the commit, None if nothing was written, and start anew: somebody else commits, later."""
        wrote, scopes = self.wrote, frozenset(self.scopes)
        self.forget()
        return partial(self._after_commit, scopes) if wrote and self._after_commit is not None else None

    def forget(self) -> None:
        """Start anew without telling: the transaction was rolled back, or its commit was told."""
        self.wrote = False
        if self.scopes:
            self.scopes = set()


def nobody(scopes: frozenset[str]) -> None:
    """Tell nobody: guard tables have no epochs."""
    del scopes
