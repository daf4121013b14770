"""One encrypted column of one mapped row: what is in memory of it, and what is in the column."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Mapper
from sqlalchemy.orm.attributes import get_history

from ctsec.encryption.blind_index import BlindIndex
from ctsec.encryption.columns import ColumnPlace, Plain, column_context, row_key
from ctsec.encryption.context import Context
from ctsec.encryption.dek import DEFAULT_REGION
from ctsec.storage.sql.encrypted_guard import Held, guard, held, state_of
from ctsec.storage.sql.sealed_types import UNSEALED, BlindTerm, SealedValue


def place_in(mapper: Mapper[Any], column: str) -> ColumnPlace:
    """Return the table and column behind a mapped attribute."""
    found = mapper.columns[column]
    return ColumnPlace(found.table.fullname, found.name)


class SqlCell:
    """See `ctsec.encryption.columns.Cell`."""

    __slots__ = ("_column", "_name", "_organization", "_region", "_row", "index")

    def __init__(self, row: object, name: str, *, column: str, organization: str, region: str | None, index: BlindIndex | None) -> None:
        self._row = row
        self._name = name
        self._column = column
        self._organization = organization
        self._region = region
        self.index = index

    @property
    def place(self) -> ColumnPlace:
        """The column."""
        return place_in(state_of(self._row).mapper, self._column)

    @property
    def region(self) -> str:
        """Whose data key seals it."""
        return DEFAULT_REGION if self._region is None else getattr(self._row, self._region)

    def context(self) -> Context:
        """Return what the value is bound to; raise ValueError while the row has no primary key or no organization."""
        organization = getattr(self._row, self._organization)
        if not organization:
            raise ValueError(f"expected {self._organization} to be set before the row is sealed")
        key = row_key(state_of(self._row).mapper.primary_key_from_instance(self._row))
        return column_context(self.place, organization=organization, key=key)

    def set(self, value: bytes | None) -> None:
        """Have a new value wait to be sealed."""
        if state_of(self._row).detached:
            raise ValueError("expected a row that is in a session, or new; this one is detached")
        held(self._row)[self._name] = Held(value, pending=True)
        if state_of(self._row).transient:
            # Whatever writes a new row, a bulk operation too, is refused until it is sealed.
            setattr(self._row, self._column, UNSEALED)
        self._guard()

    def value(self) -> bytes | None:
        """Return the value that was set or opened; raise ValueError if it is sealed."""
        kept = held(self._row).get(self._name)
        if kept is not None:
            return None if kept.value is None else kept.value.reveal()
        if self._stored() is None:
            return None
        raise ValueError(f"{type(self._row).__name__}.{self._name} is sealed; open the row first: unit.columns.open(row)")

    def to_seal(self) -> Plain | None:
        """Return the value that is to be sealed, None if it is sealed as it is."""
        kept = held(self._row).get(self._name)
        if kept is not None and kept.pending:
            if state_of(self._row).pending:
                raise ValueError("expected a row that is not in a session yet: seal a new row before it is added")
            return self._plain(kept)
        stored = self._stored()
        if stored is None or not self._moved(stored, kept):
            return None
        if kept is None:
            raise ValueError("expected a row that was opened before it moved to another organization or primary key")
        # The flush may write the row before it is sealed again; if sealing fails it must not be committed like that.
        kept.pending = True
        self._guard()
        return self._plain(kept)

    def to_open(self) -> bytes | None:
        """Return the sealed bytes, None for NULL; raise ValueError if a new value waits to be sealed."""
        kept = held(self._row).get(self._name)
        if kept is not None and kept.pending:
            raise ValueError(f"{type(self._row).__name__}.{self._name} was set and not sealed; seal the row first")
        stored = self._stored()
        return None if stored is None else stored.blob

    def opened(self) -> bytes | None:
        """Return the value in memory, None for NULL; raise ValueError if the row was not opened."""
        return self.value()

    def term(self) -> bytes | None:
        """Return the term of the index as it is in the row."""
        found: BlindTerm | None = getattr(self._row, self.index.column) if self.index is not None else None
        return None if found is None else found.term

    def keep_opened(self, value: bytes | None) -> None:
        """Have the value in memory until the row expires."""
        held(self._row)[self._name] = Held(value, bound=self._bound() if value is not None else None)

    def keep_sealed(self, blob: bytes | None, *, term: bytes | None) -> None:
        """Write the sealed value, and the term of the index if there is one, into the row."""
        bound = self._bound() if blob is not None else None
        setattr(self._row, self._column, None if blob is None else SealedValue(blob, bound=bound))
        if self.index is not None:
            setattr(self._row, self.index.column, None if term is None else BlindTerm(term, bound=bound))
        kept = held(self._row).get(self._name)
        if kept is not None:
            kept.pending, kept.bound = False, bound

    def waits(self, *, waits: bool) -> None:
        """Say that the value is being sealed: a flush in between leaves it alone instead of refusing."""
        kept = held(self._row).get(self._name)
        if kept is not None:
            kept.waits = waits

    def require_sealed(self) -> None:
        """Raise ValueError unless what is about to be written was sealed for this row as it is now."""
        kept = held(self._row).get(self._name)
        if kept is not None and kept.waits:
            return
        if kept is not None and kept.pending:
            raise ValueError(f"{type(self._row).__name__}.{self._name} was set and not sealed; call unit.columns.seal(row) first")
        for column in (self._column,) if self.index is None else (self._column, self.index.column):
            written = self._written(column)
            if written is not None and getattr(written, "bound", None) != self._bound():
                raise ValueError(f"{type(self._row).__name__}.{column} was not sealed for this row; call unit.columns.seal(row) first")

    def _guard(self) -> None:
        session = state_of(self._row).session
        if session is not None:
            guard(session)

    def _written(self, column: str) -> object | None:
        """Return what is about to be written to a column, or stays in a row that moves to another place."""
        added = get_history(self._row, column).added
        if added and added[0] is not None:
            new: object = added[0]
            return new
        state = state_of(self._row)
        keys = [state.mapper.get_property_by_column(each).key for each in state.mapper.primary_key]
        moves = state.persistent and any(get_history(self._row, name).has_changes() for name in (*keys, self._organization))
        stored: object | None = getattr(self._row, column) if moves else None
        return stored

    def _moved(self, stored: SealedValue, kept: Held | None) -> bool:
        """Say whether the row is elsewhere than its value was sealed for, as far as anybody can know."""
        bound = stored.bound if stored.bound is not None else kept.bound if kept is not None else None
        if bound is not None:
            return bound != self._bound()
        return self._written(self._column) is not None

    def _stored(self) -> SealedValue | None:
        found: SealedValue | None = getattr(self._row, self._column)
        return found

    def _bound(self) -> bytes:
        return self.context().encoded

    @staticmethod
    def _plain(kept: Held) -> Plain:
        return Plain(None if kept.value is None else kept.value.reveal())
