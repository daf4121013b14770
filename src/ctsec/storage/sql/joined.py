"""Riding in a host's session: its events, and what is refused.

Rules that this module keeps:

- the host commits, rolls back and closes; ctsec only listens, and hears of the outermost transaction's end; a session that no store joined
  is looked at for one key and let go;
- after a commit that holds writes of ours each joined store tells its caches once, whatever another cache or a listener of the host does
  with it; after a rollback or a close, never;
- a session on the host's own connection may commit inside of the connection's transaction (`join_transaction_mode`): then that one's commit
  counts (`outermost`);
- when the host rolls back a savepoint, caches may be told of more than was changed in the end, which costs a read and nothing else;
- a session on another kind of database, on a database in memory or in autocommit is refused: there the transaction's rules can not hold.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any, Final, cast

from sqlalchemy import Connection, event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, async_scoped_session
from sqlalchemy.orm import Session, SessionTransaction, scoped_session

from ctsec.audit._sync_recorder import RECORDER
from ctsec.errors import ConfigurationError
from ctsec.storage.sql.engines import refuse_memory
from ctsec.storage.sql.outermost import wait_for
from ctsec.storage.sql.progress import Progress

FLUSHING: Final = "ctsec.flushing"
_INFO: Final = "ctsec.joined"
_JUDGED: Final = "ctsec.judged"  # what does not change while the driver's connection lives is looked at once


class JoinedProgress(Progress):
    """The writes of a store in a host's session."""

    __slots__ = ("_session",)

    def __init__(self, session: Session | AsyncSession, after_commit: Any) -> None:
        super().__init__(after_commit)
        self._session = session.sync_session if isinstance(session, AsyncSession) else session

    def touch(self) -> None:
        """Note a write, and listen for the end of the host's transaction."""
        super().touch()
        waiting: dict[JoinedProgress, None] = self._session.info.setdefault(_INFO, {})
        waiting[self] = None

    def rides_in(self, session: Session) -> bool:
        """Say whether its writes are in this session."""
        return self._session is session


def unwrap(session: object, kind: type[Any]) -> Any:
    """Return the host's session itself, out of a scoped registry if need be; raise TypeError if it is of the other colour."""
    if isinstance(session, (scoped_session, async_scoped_session)):
        session = cast(Any, session)()
    if not isinstance(session, kind):
        raise TypeError(f"expected the host's {kind.__name__} of SQLAlchemy")
    return session


def judge(connection: Connection | AsyncConnection, *, dialect: str) -> None:
    """Raise ConfigurationError if a host's connection can not carry our writes."""
    ours = _sync(connection)
    if ours.info.get(_JUDGED) != dialect:
        if ours.dialect.name != dialect and {ours.dialect.name, dialect} != {"mysql", "mariadb"}:
            raise ConfigurationError(f"the host's session speaks to {ours.dialect.name}, and this storage was built for {dialect}")
        refuse_memory(ours.engine.url)
        ours.info[_JUDGED] = dialect
    if _autocommits(ours):
        raise ConfigurationError("the host's session is in autocommit; join() needs a transaction")


def lacks_transaction(connection: Connection | AsyncConnection) -> bool:
    """Say whether SQLite's driver has not begun: a SAVEPOINT would then be a transaction of its own and outlive the host's rollback."""
    ours = _sync(connection)
    return ours.dialect.name == "sqlite" and not cast(Any, ours.connection.driver_connection).in_transaction


def _autocommits(connection: Connection) -> bool:
    """Say whether the driver commits each statement by itself, however it was told to."""
    if connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT":
        return True
    driver: Any = connection.connection.driver_connection
    asked = getattr(driver, "get_autocommit", None)  # PyMySQL, asyncmy, aiomysql; psycopg has the attribute
    return bool(asked()) if callable(asked) else getattr(driver, "autocommit", False) is True


def _sync(connection: Connection | AsyncConnection) -> Connection:
    ours = connection.sync_connection if isinstance(connection, AsyncConnection) else connection
    if ours is None:
        raise ConfigurationError("the connection was closed")
    return ours


def hear() -> None:
    """Listen to the ends of sessions, once for the process and before the host: a listener of each session's own takes 50 us."""
    if not event.contains(Session, "after_commit", _after_commit):
        event.listen(Session, "after_commit", _after_commit, insert=True)
        event.listen(Session, "after_transaction_end", _after_transaction_end)


def _after_commit(session: Session) -> None:
    if _INFO not in session.info or session.in_nested_transaction():
        return
    ended = _ended(session)
    outer = session.bind
    if isinstance(outer, Connection) and outer.in_transaction() and not lacks_transaction(outer):
        wait_for(outer, [tell for each in ended if (tell := each.handed_over()) is not None])
        return
    if len(ended) == 1:
        ended[0].committed()
        return
    with ExitStack() as every:
        for progress in reversed(ended):
            every.callback(progress.committed)


def _after_transaction_end(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is not None:
        return
    session.info.pop(RECORDER, None)  # it knows the session: kept, the two would wait for the collector of cycles
    if _INFO not in session.info:
        return
    for progress in _ended(session):
        progress.forget()


def _ended(session: Session) -> list[JoinedProgress]:
    """Return what waited for the end of a session; a host that copies `info` has what waits for another's in it as well."""
    return [each for each in cast(dict[JoinedProgress, None], session.info.pop(_INFO)) if each.rides_in(session)]
