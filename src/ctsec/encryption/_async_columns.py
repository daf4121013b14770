"""Encrypted columns of a host's rows, and searches by blind index (async source)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias, TypeVar

from ctsec.ambient import Ambient
from ctsec.audit._async_ports import AsyncRecorder
from ctsec.audit.event import EventName, Target
from ctsec.encryption._async_ports import AsyncIndexKeyRecords
from ctsec.encryption._async_secrets import AsyncSecrets
from ctsec.encryption.blind_index import KEY_BYTES, BlindIndex, IndexKey
from ctsec.encryption.columns import Cell, ColumnPlace, EncryptedAttribute, cells_of, index_key_context
from ctsec.ids import OrganizationId
from ctsec.principal import system
from ctsec.secret import Secret

R = TypeVar("R", bound=object)
Newest: TypeAlias = dict[tuple[OrganizationId, str], IndexKey]  # as one call has read them


class AsyncColumns:
    """Seals the encrypted columns of rows before they are written, and opens them after they were read.

    Use the unit that rides in the session which writes the rows (`security.join`): a data key that it makes is committed with them.
    """

    __slots__ = ("_ambient", "_audit", "_keys", "_records", "_secrets")

    def __init__(
        self,
        secrets: AsyncSecrets,
        *,
        records: AsyncIndexKeyRecords,
        keys: dict[tuple[str, str, int], Secret],
        audit: AsyncRecorder,
        ambient: Ambient,
    ) -> None:
        """`keys` holds the index keys that this unit has opened, for as long as it lasts."""
        self._secrets = secrets
        self._records = records
        self._keys = keys
        self._audit = audit
        self._ambient = ambient

    async def seal(self, *rows: object) -> None:
        """Seal what was set on `rows`, and what moved to another primary key or organization, before they are written.

        A new row is sealed before it is added to its session. Raises ValueError for a row without a primary key or an organization, or that
        would have to be opened first, and a `KmsError` that says why a key can not be used.
        """
        waiting = [(cell, plain) for row in rows for cell in cells_of(row) if (plain := cell.to_seal()) is not None]
        for cell, _ in waiting:
            cell.waits(waits=True)
        newest: Newest = {}
        try:
            for cell, plain in waiting:
                blob = None
                if plain.value is not None:
                    blob = await self._secrets.seal(plain.value, context=cell.context(), region=cell.region)
                cell.keep_sealed(blob, term=await self._term(cell, plain.value, newest))
        finally:
            for cell, _ in waiting:
                cell.waits(waits=False)

    async def open(self, *rows: object) -> None:
        """Open the encrypted columns of `rows`: their attributes have values until the rows expire.

        Raises DecryptionFailed for a value that belongs to another row, column or organization; nothing of that row is opened then.
        """
        for row in rows:
            cells = cells_of(row)
            values = [await self._opened(cell) for cell in cells]
            for cell, value in zip(cells, values, strict=True):
                cell.keep_opened(value)

    async def terms(self, attribute: EncryptedAttribute, value: str, *, organization: OrganizationId) -> tuple[bytes, ...]:
        """Return the terms by which rows with `value` are found: of the present key and definition, and of those before, if there are."""
        index, place = _index_of(attribute), attribute.place_of()
        keys = await self._records.of_place(organization, str(place))
        return tuple([each.term(value, key=await self._unsealed(key)) for key in keys for each in (index, *index.earlier)])

    async def matching(self, attribute: EncryptedAttribute, value: str, rows: Iterable[R]) -> tuple[R, ...]:
        """Open the candidates that a search found, and return those that really have `value`, as the index compares."""
        index, found = _index_of(attribute), list[R]()
        for row in rows:
            await self.open(row)
            opened = attribute.cell(row).opened()
            if opened is not None and index.same(opened.decode("utf-8", "surrogatepass"), value):
                found.append(row)
        return tuple(found)

    async def begin_reindex(self, attribute: EncryptedAttribute, *, organization: OrganizationId) -> int:
        """Give a column's index a new key: what is sealed from now on has its terms, and searches look for both. Return its generation."""
        place = attribute.place_of()
        keys = await self._records.of_place(organization, str(place), fresh=True)
        made = await self._make(organization, place, generation=keys[-1].generation + 1 if keys else 1)
        return made.generation

    async def reindex(self, *rows: object) -> int:
        """Open rows and give them terms of the newest keys; return how many changed. Running it again on the same rows changes nothing."""
        changed = 0
        newest: Newest = {}
        for row in rows:
            await self.open(row)
            for cell in cells_of(row):
                value = cell.opened()
                term = await self._term(cell, value, newest)
                if term != cell.term():
                    cell.keep_sealed(cell.to_open(), term=term)
                    changed += 1
        return changed

    async def end_reindex(self, attribute: EncryptedAttribute, *, organization: OrganizationId) -> int:
        """Drop the earlier keys of an index, when every row has terms of the newest; return how many there were."""
        place = str(attribute.place_of())
        keys = await self._records.of_place(organization, place, fresh=True)
        dropped = await self._records.remove(organization, place, below=keys[-1].generation) if keys else 0
        if dropped:
            await self._note(EventName.INDEX_KEY_RETIRED, organization, place, generation=keys[-1].generation)
        return dropped

    async def _opened(self, cell: Cell) -> bytes | None:
        blob = cell.to_open()
        return None if blob is None else await self._secrets.open(blob, context=cell.context())

    async def _term(self, cell: Cell, value: bytes | None, newest: Newest) -> bytes | None:
        if cell.index is None or value is None:
            return None
        organization = cell.context().organization
        if organization is None:
            raise ValueError("expected a row of an organization")
        known = (organization, str(cell.place))
        if known not in newest:
            keys = await self._records.of_place(*known)
            newest[known] = keys[-1] if keys else await self._make(organization, cell.place, generation=1)
        return cell.index.term(value.decode("utf-8", "surrogatepass"), key=await self._unsealed(newest[known]))

    async def _make(self, organization: OrganizationId, place: ColumnPlace, *, generation: int) -> IndexKey:
        secret = Secret(self._ambient.random(KEY_BYTES))
        sealed = await self._secrets.seal(secret.reveal(), context=index_key_context(organization, str(place), generation=generation))
        made = IndexKey(
            organization_id=organization, place=str(place), generation=generation, sealed=sealed, created_at=self._ambient.now()
        )
        if not await self._records.add(made):
            # Somebody else made it first: theirs is the key.
            return (await self._records.of_place(organization, str(place), fresh=True))[-1]
        await self._note(EventName.INDEX_KEY_CREATED, organization, str(place), generation=generation)
        return made

    async def _unsealed(self, key: IndexKey) -> Secret:
        known = (key.organization_id, key.place, key.generation)
        if known not in self._keys:
            context = index_key_context(key.organization_id, key.place, generation=key.generation)
            self._keys[known] = Secret(await self._secrets.open(key.sealed, context=context))
        return self._keys[known]

    async def _note(self, name: EventName, organization: OrganizationId, place: str, *, generation: int) -> None:
        await self._audit.note(
            name,
            actor=system("encryption"),
            targets=(Target("index_key", place[:256]),),
            organization=organization,
            details={"generation": generation},
        )


def _index_of(attribute: EncryptedAttribute) -> BlindIndex:
    if attribute.index is None:
        raise TypeError("expected an encrypted column with a blind index")
    return attribute.index
