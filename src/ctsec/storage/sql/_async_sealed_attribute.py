"""An encrypted column of a host's mapped class, handed to the worker to be sealed anew (async source)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, Select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from ctsec.encryption.reencryption import SealedRow
from ctsec.errors import StoreError
from ctsec.ids import DekId
from ctsec.storage.sql.encrypted import Encrypted
from ctsec.storage.sql.failures import translate
from ctsec.storage.sql.sealed_columns import ColumnStatements


class AsyncSealedAttribute:
    """The rows of one encrypted attribute, such as `Contact.email`, on the host's engine; see `ctsec.encryption.ports.AsyncSealedTable`.

    Its transactions are its own, and no event of the host's sessions sees them. The attribute is the one of the class that it was written
    in; table, organization and primary key have to be in one table. Raises ConfigurationError if they are not.
    """

    __slots__ = ("_engine", "_statements")

    def __init__(self, engine: AsyncEngine, attribute: Encrypted[Any]) -> None:
        self._engine = engine
        self._statements = ColumnStatements(attribute)

    @property
    def name(self) -> str:
        """The table and the column."""
        return str(self._statements.place)

    async def under(self, scope: str, *, keys: tuple[DekId, ...], after: str, limit: int) -> tuple[SealedRow, ...]:
        """Return rows under one of `keys` behind a position."""
        found = await self._read(self._statements.under(scope, keys=keys, after=after, limit=limit))
        return tuple(self._statements.row(each) for each in found)

    async def count(self, scope: str, *, keys: tuple[DekId, ...]) -> int:
        """Return how many rows are under one of `keys`."""
        ((rows,),) = await self._read(self._statements.count(scope, keys=keys))
        return int(rows)

    async def replace(self, changes: tuple[tuple[SealedRow, bytes], ...]) -> int:
        """Write the new values where the old ones still stand, in one transaction; return how many were written."""
        failure: StoreError | None = None
        written = 0
        try:
            async with self._engine.begin() as connection:
                for row, blob in changes:
                    written += (await connection.execute(self._statements.change(row, blob))).rowcount
        except SQLAlchemyError as error:
            failure = translate(error)
        if failure is not None:
            raise failure
        return written

    async def _read(self, statement: Select[Any]) -> Sequence[Row[Any]]:
        failure: StoreError | None = None
        found: Sequence[Row[Any]] = ()
        try:
            async with self._engine.connect() as connection:
                found = (await connection.execute(statement)).all()
        except SQLAlchemyError as error:
            failure = translate(error)
        if failure is not None:
            raise failure
        return found
