# Generated from src/ctsec/storage/sql/_async_passkeys.py by tools/twin.py; edit that file.
"""Passkeys in SQL (async source)."""

from __future__ import annotations

from sqlalchemy import delete, select

from ctsec.ids import PasskeyId, UserId
from ctsec.mfa.passkey import Passkey
from ctsec.storage.sql._sync_executor import Executor
from ctsec.storage.sql.statements.rows import added, all_made, made, replaced
from ctsec.storage.sql.tables import Tables

_FOR_LIFE = frozenset({"user_id", "credential_id", "public_key", "transports", "created_at"})


class SqlPasskeys:
    """See `ctsec.mfa.ports.PasskeyRecords`."""

    __slots__ = ("_run", "_table")

    def __init__(self, run: Executor, tables: Tables) -> None:
        self._run = run
        self._table = tables.passkey

    def add(self, passkey: Passkey) -> bool:
        """Insert a passkey; False if its credential id is taken."""
        return self._run.change_unless_taken(added(self._table, passkey)) is not None

    def by_credential(self, credential_id: bytes) -> Passkey | None:
        """Return the passkey with this credential id."""
        t = self._table
        return made(Passkey, self._run.row(select(t).where(t.c.credential_id == credential_id)))

    def of_user(self, user_id: UserId) -> tuple[Passkey, ...]:
        """Return the passkeys of a person, in the order of ids."""
        t = self._table
        return all_made(Passkey, self._run.rows(select(t).where(t.c.user_id == user_id).order_by(t.c.id)))

    def replace(self, passkey: Passkey) -> bool:
        """Write name, backup and last use if the stored version is one less."""
        return self._run.change(replaced(self._table, passkey, keep=_FOR_LIFE)) == 1

    def remove(self, user_id: UserId, passkey_id: PasskeyId) -> bool:
        """Delete a passkey of a person."""
        t = self._table
        return self._run.change(delete(t).where(t.c.id == passkey_id, t.c.user_id == user_id)) == 1
