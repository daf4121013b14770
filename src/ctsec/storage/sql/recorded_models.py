"""Which of a host's models are recorded: each change of a row is an event in the same transaction.

    RECORDED = RecordedModels(Recorded(Order, kind="order", organization="organization_id", fields={"title": "public", "card": "secret"}))
    RECORDED.listen()
    options = EmbeddedOptions(events=RECORDED.schemas)

Rules that this module keeps:

- every column of a recorded model, and every collection over a secondary table, is declared or ignored; a new one stops the start;
- ctsec's encrypted columns are secret, whatever is declared;
- rows that the session writes are recorded; statements on a recorded table are refused, unless the host says that it tells of them itself;
- a session that no unit rides in, and a unit without an actor, can not change a recorded model;
- in a session on a region's database it is `security.regional.router.join(session, workspace, actor=…)`: events are in the log there.

What is not seen: SQL as text, connections that are no session's, and what the database does by itself (cascades, triggers).
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from ctsec.audit.change import FieldClass
from ctsec.audit.schema import EventSchema, personal, public, secret
from ctsec.storage.sql.recorded import BY_HAND, CHANGED, CREATED, REMOVED, Plans, Recorded
from ctsec.storage.sql.recording import Listener

_DECLARE: Final = {FieldClass.PUBLIC: public(object), FieldClass.PERSONAL: personal(object), FieldClass.SECRET: secret()}


class RecordedModels:
    """The models of a host that are recorded; `schemas` are their events, for the bundle's `events`.

    Raises ValueError for an attribute that is neither declared nor ignored, for one that a model does not have, and for an encrypted one
    that is declared as anything but secret.
    """

    __slots__ = ("_listener", "_plans")

    def __init__(self, *recorded: Recorded) -> None:
        self._plans = Plans(recorded)
        self._listener = Listener(self._plans)

    @property
    def schemas(self) -> tuple[EventSchema, ...]:
        """The schemas of `<kind>.created`, `<kind>.changed` and `<kind>.removed` for each model."""
        found: dict[str, dict[str, FieldClass]] = {}
        for plan in self._plans.all():
            changes = found.setdefault(plan.recorded.kind, {})
            changes |= dict(plan.columns.values()) | plan.collections
        return tuple(
            EventSchema(f"{kind}.{what}", changes={path: _DECLARE[kept] for path, kept in changes.items()})
            for kind, changes in found.items()
            for what in (CREATED, CHANGED, REMOVED)
        )

    @property
    def models(self) -> Mapping[type[Any], Recorded]:
        """The declarations by model."""
        return MappingProxyType(self._plans.models)

    def listen(self, sessions: Any = Session) -> None:
        """Record from now on; `sessions` is a class of sessions or a sessionmaker, and all sessions of SQLAlchemy unless it is given.

        An `AsyncSession` writes through the Session of its `sync_session_class`. Call it once, where the models are.
        """
        self._listener.listen(sessions)

    @contextmanager
    def by_hand(self, session: Session | AsyncSession) -> Generator[None]:
        """Let statements on recorded tables pass in this block: the host tells of them itself, with an event of its own.

        For a single statement, `execution_options={"ctsec_by_hand": True}` says the same.
        """
        before = session.info.get(BY_HAND, False)
        session.info[BY_HAND] = True
        try:
            yield
        finally:
            session.info[BY_HAND] = before
