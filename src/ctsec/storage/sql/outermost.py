"""Sessions that commit inside of a transaction of the host's connection: caches are told when that one commits.

Rules that this module keeps:

- nothing is told before the outermost transaction commits, and nothing after its rollback, or if its connection goes back without either;
- SQLAlchemy says that a connection is about to commit, and not that it has: caches are told then, and again when the connection
  goes on or goes back, so that what was read in between is not kept;
- a connection that no session of ours committed in is not listened to, and a pool of whose connections none did.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from typing import Any, Final

from sqlalchemy import Connection, event

_INFO: Final = "ctsec.outermost"


class _Waiting:
    """What is told of a connection's commit; `committed` says that it was told once."""

    __slots__ = ("committed", "tells")

    def __init__(self) -> None:
        self.tells: list[Callable[[], None]] = []
        self.committed = False

    def tell(self) -> None:
        """Tell each, whatever another one does with it."""
        with ExitStack() as every:
            for each in reversed(self.tells):
                every.callback(each)


def wait_for(connection: Connection, tells: Iterable[Callable[[], None]]) -> None:
    """Tell of what was written once the transaction commits that this connection is in."""
    waiting: _Waiting = connection.info.setdefault(_INFO, _Waiting())
    waiting.tells += tells
    if not event.contains(connection, "commit", _commits):
        event.listen(connection, "commit", _commits)
        event.listen(connection, "rollback", _rolled_back)
        event.listen(connection, "begin", _goes_on)
        # The same of a transaction that is prepared first.
        event.listen(connection, "commit_twophase", _commits_prepared)
        event.listen(connection, "rollback_twophase", _rolled_back_prepared)
        event.listen(connection, "begin_twophase", _goes_on_prepared)
    if not event.contains(connection.engine.pool, "checkin", _goes_back):
        event.listen(connection.engine.pool, "checkin", _goes_back)


def _commits(connection: Connection) -> None:
    waiting: _Waiting | None = connection.info.get(_INFO)
    if waiting is not None:
        waiting.committed = True
        waiting.tell()


def _rolled_back(connection: Connection) -> None:
    connection.info.pop(_INFO, None)


def _goes_on(connection: Connection) -> None:
    _settle(connection.info.pop(_INFO, None))


def _commits_prepared(connection: Connection, xid: object, is_prepared: object) -> None:
    del xid, is_prepared
    _commits(connection)


def _rolled_back_prepared(connection: Connection, xid: object, is_prepared: object) -> None:
    del xid, is_prepared
    _rolled_back(connection)


def _goes_on_prepared(connection: Connection, xid: object) -> None:
    del xid
    _goes_on(connection)


def _goes_back(driver: object, record: Any) -> None:
    del driver
    _settle(record.info.pop(_INFO, None))


def _settle(waiting: _Waiting | None) -> None:
    if waiting is not None and waiting.committed:
        waiting.tell()
