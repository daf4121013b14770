# Generated from src/ctsec/connections/_async_endings.py by tools/twin.py; edit that file.
"""Connections that have ended, whose tokens are given back to their providers (async source).

Rules that this module keeps:

- an ended connection waits in the main store, since the transaction that ended it, until its tokens are gone: it is the outbox;
- tokens that came of a consent, and that no connection is there for any more, are given back as those of a connection that has ended;
- it is claimed before its provider is asked, and that is committed: of two workers one asks, and a lost one is followed by another;
- a provider that gives no answer is asked again, for three days; then the tokens are forgotten, and the log says that this was so.
"""

from __future__ import annotations

from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._sync_ports import Recorder
from ctsec.audit.event import Detail, EventName, Target
from ctsec.connections._sync import Consented
from ctsec.connections._sync_ports import AppRecords
from ctsec.connections.record import CLAIM, AppConnection
from ctsec.ids import AppId, new_id
from ctsec.principal import Principal, system

BATCH: Final = 100
_SYSTEM: Final = system("connected apps")


class AppEndings:
    """What the worker does with ended connections, in short transactions."""

    __slots__ = ("_ambient", "_audit", "_records")

    def __init__(self, records: AppRecords, *, audit: Recorder, ambient: Ambient) -> None:
        self._records = records
        self._audit = audit
        self._ambient = ambient

    def due(self) -> tuple[AppId, ...]:
        """Return ended connections that are due, at most a hundred."""
        return tuple(each.id for each in self._records.due(now=self._ambient.now(), limit=BATCH))

    def hand_over(self, actor: Principal, consented: Consented, *, made: AppId | None) -> AppConnection | None:
        """Write an ended connection for the tokens of a consent, unless the one that they are for (`made`) goes on; then None.

        It is due a little later, so that its tokens can be stored before: a worker that finds none deletes it.
        """
        found = self._records.get(made) if made is not None else None
        if found is not None and found.ended_at is None:
            return None
        now = self._ambient.now()
        ended = AppConnection(
            id=new_id(AppId, now=now, random=self._ambient.random),
            organization_id=consented.organization,
            user_id=consented.user,
            provider=consented.provider,
            scopes=consented.scopes,
            connected_by=actor.id,
            connected_at=now,
            ended_at=now,
            due_at=now + CLAIM,
        )
        self._records.add(ended)
        return ended

    def claim(self, app_id: AppId) -> AppConnection | None:
        """Claim an ended connection for this worker; None if another has it."""
        found, now = self._records.get(app_id), self._ambient.now()
        if found is None or found.ended_at is None or found.due_at is None or found.due_at > now:
            return None
        taken = found.claimed(now=now)
        return taken if self._records.replace(taken) else None

    def done(self, app: AppConnection, *, revoked: bool) -> None:
        """Delete a connection whose tokens are gone; `revoked` says that the provider took them back."""
        if self._records.remove(app.id) and revoked:
            self._note(EventName.CONNECTED_APP_REVOKED, app, {"tries": app.tries + 1})

    def unheard(self, app: AppConnection, *, why: str) -> bool:
        """Note that the provider gave no answer; True if it is asked no more, and the tokens are to be forgotten."""
        now = self._ambient.now()
        if not app.given_up(now=now):
            self._records.replace(app.tried(now=now))
            return False
        if self._records.remove(app.id):
            self._note(EventName.CONNECTED_APP_REVOCATION_ABANDONED, app, {"tries": app.tries + 1, "why": why})
        return True

    def _note(self, name: EventName, app: AppConnection, details: dict[str, Detail]) -> None:
        self._audit.note(
            name,
            actor=_SYSTEM,
            targets=(Target("connected_app", app.id),),
            subject=app.user_id,
            organization=app.organization_id,
            details={"provider": app.provider, **details},
        )
