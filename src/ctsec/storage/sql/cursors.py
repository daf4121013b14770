"""Cursors of SQLite, which end with what they are of.

SQLite closes a connection only when its last statement is done: one that was interrupted amid its rows (by Ctrl-C, a time-out, a task that
is cancelled) keeps the locks of its transaction until Python collects its cursor, and an exception that is kept keeps the cursor.
SQLAlchemy closes the connection after such an interruption, and not the cursor.

Rules that this module keeps:

- a connection of our own engines closes its cursors before it is rolled back or closed, wherever it was interrupted;
- on an engine that is the host's, the cursor that an interruption left is closed before its connection is.
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from typing import Any, Final
from weakref import WeakSet

from sqlalchemy import Engine, ExceptionContext, event
from sqlalchemy.ext.asyncio import AsyncEngine


class OwnConnection(sqlite3.Connection):
    """A connection to a SQLite file that knows its open cursors."""

    def __init__(self, *given: Any, **named: Any) -> None:
        self._open: Final[WeakSet[sqlite3.Cursor]] = WeakSet()
        super().__init__(*given, **named)

    def cursor(self, factory: Any = sqlite3.Cursor) -> Any:
        """Return a new cursor, which is closed at the latest when the transaction is rolled back."""
        made = super().cursor(factory)
        self._open.add(made)
        return made

    def rollback(self) -> None:
        """Close the cursors, and roll back: whoever has the connection next reads nothing of before."""
        self._close_cursors()
        super().rollback()

    def close(self) -> None:
        """Close the cursors and then the connection, which lets go of the file at once."""
        self._close_cursors()
        super().close()

    def _close_cursors(self) -> None:
        for cursor in tuple(self._open):
            with suppress(sqlite3.Error):  # of another thread, or of a call that it is in: the connection is closed all the same
                cursor.close()
        self._open.clear()


def close_interrupted(engine: Engine | AsyncEngine) -> None:
    """Have an engine close the cursor of a statement that was interrupted; once an engine, however often it is called."""
    ours = engine.sync_engine if isinstance(engine, AsyncEngine) else engine
    if ours.dialect.name == "sqlite":
        event.listen(ours, "handle_error", _close)


def _close(context: ExceptionContext) -> None:
    running = context.execution_context
    if running is not None and not isinstance(context.original_exception, Exception):
        running.cursor.close()
