"""Conformance of the store of a region, and of moves in the home store (async source)."""

from __future__ import annotations

from dataclasses import replace

from ctsec.encryption.dek import dek_id_bytes
from ctsec.errors import StoreReadOnly
from ctsec.ids import WorkspaceId
from ctsec.residency._async_ports import AsyncRegionStorage
from ctsec.residency.record import Content, MoveState, Occupant, Position, Primary, ResidenceState
from ctsec.storage._async_ports import AsyncStorage
from ctsec.testing.conformance.expect import equal, fail
from ctsec.testing.conformance.regional import content, move, residence
from ctsec.testing.conformance.samples import NOW, dek, ignore, org_id, workspace_id


def _blob(under: int) -> bytes:
    return b"\xc7\x11" + dek_id_bytes(dek(under).id) + b"rest"


class AsyncRegionContentConformance:
    """The content of workspaces in the store of a region; the fixture `region_storage` is an empty one, `eu` by name."""

    async def test_what_was_put_comes_back_equal(self, region_storage: AsyncRegionStorage) -> None:
        """A piece is found by its exact place, byte by byte, and the last one put there is what is found."""
        async with region_storage.begin() as store:
            await store.content.put(content(1, "a", "k"))
            await store.content.put(content(1, "A", "k"))
            await store.content.put(replace(content(1, "a", "k"), sealed=b"other"))
            await store.content.put(content(2, "a", "k "))
        async with region_storage.reading() as store:
            equal(await store.content.get(workspace_id(1), "a", "k"), replace(content(1, "a", "k"), sealed=b"other"))
            equal(await store.content.get(workspace_id(1), "A", "k"), content(1, "A", "k"))
            equal(await store.content.get(workspace_id(2), "a", "k"), None)
            equal(await store.content.get(workspace_id(1), "a", "K"), None)

    async def test_pages_are_in_the_order_of_positions(self, region_storage: AsyncRegionStorage) -> None:
        """Every piece is in exactly one page, by bytes: workspace, then kind, then key."""
        pieces = [content(n, kind, key) for n in (1, 2) for kind in ("Z", "a") for key in ("B", "a", "é")]
        async with region_storage.begin() as store:
            for each in reversed(pieces):
                await store.content.put(each)
        async with region_storage.reading() as store:
            found: list[Content] = []
            after = Position()
            while page := await store.content.page(after=after, limit=5):
                found += page
                after = page[-1].position
            equal(found, pieces)
            equal(await store.content.page(after=Position(workspace_id(1)), limit=9, workspace_id=workspace_id(1)), tuple(pieces[:6]))
            equal(await store.content.last(workspace_id(1)), pieces[5].position)
            equal(await store.content.last(WorkspaceId("wsp_nobody")), None)

    async def test_pieces_are_found_by_the_data_key_that_they_name(self, region_storage: AsyncRegionStorage) -> None:
        """Of an organization, under the keys that are asked for, in pages; another seal is written where the one before still stands."""
        pieces = [replace(content(n, "a", f"k{k}"), sealed=_blob(k)) for n in (1, 2) for k in (1, 2, 3)]
        async with region_storage.begin() as store:
            for each in pieces:
                await store.content.put(each)
            await store.content.put(replace(content(3, "a", "k"), organization_id=org_id(9), sealed=_blob(1)))
        keys = (dek(1).id, dek(3).id)
        async with region_storage.begin() as store:
            found = await store.content.under(org_id(1), keys=keys, after=Position(), limit=3)
            equal(found, (pieces[0], pieces[2], pieces[3]))
            equal(await store.content.under(org_id(1), keys=keys, after=found[-1].position, limit=3), (pieces[5],))
            equal(await store.content.count_under(org_id(1), keys=keys), 4)
            equal(await store.content.count_under(org_id(1), keys=()), 0)
            equal(await store.content.reseal(pieces[0].position, before=_blob(9), after=_blob(2)), False)
            equal(await store.content.reseal(pieces[0].position, before=_blob(1), after=_blob(2)), True)
            equal(await store.content.reseal(Position(workspace_id(1), "a", "none"), before=_blob(1), after=_blob(2)), False)
        async with region_storage.reading() as store:
            equal(await store.content.get(workspace_id(1), "a", "k1"), replace(pieces[0], sealed=_blob(2)))
            equal(await store.content.count_under(org_id(1), keys=keys), 3)

    async def test_what_is_removed_and_shredded_is_gone(self, region_storage: AsyncRegionStorage) -> None:
        """Removing says whether there was a piece; shredding deletes up to a position, of one workspace only."""
        pieces = [content(1, "a", "1"), content(1, "a", "2"), content(1, "b", "1"), content(2, "a", "1")]
        async with region_storage.begin() as store:
            for each in pieces:
                await store.content.put(each)
        async with region_storage.begin() as store:
            equal(await store.content.remove(workspace_id(1), "a", "1"), True)
            equal(await store.content.remove(workspace_id(1), "a", "1"), False)
            equal(await store.content.shred(workspace_id(1), through=pieces[1].position), 1)
        async with region_storage.reading() as store:
            equal(await store.content.page(after=Position(), limit=9), tuple(pieces[2:]))
        async with region_storage.begin() as store:
            equal(await store.content.shred(workspace_id(1), through=pieces[2].position), 1)
        async with region_storage.reading() as store:
            equal(await store.content.page(after=Position(), limit=9), (pieces[3],))

    async def test_occupants_are_counted_by_workspace(self, region_storage: AsyncRegionStorage) -> None:
        """Rows and sealed bytes are counted for each workspace of one organization."""
        pieces = [
            content(2, "a", "1"),
            content(1, "a", "1"),
            content(1, "a", "2"),
            replace(content(3, "a", "1"), organization_id=org_id(2)),
        ]
        async with region_storage.begin() as store:
            for each in pieces:
                await store.content.put(each)
        size = len(pieces[0].sealed)
        wanted = [
            Occupant(workspace_id=workspace_id(n), organization_id=org_id(1), rows=rows, size=rows * size) for n, rows in ((1, 2), (2, 1))
        ]
        async with region_storage.reading() as store:
            equal(await store.content.occupants(org_id(1)), tuple(wanted))
            equal(await store.content.occupants(org_id(9)), ())


class AsyncResidenceConformance:
    """What workspaces are in the store of a region, and what the store says of itself."""

    async def test_a_residence_is_compared_and_set(self, region_storage: AsyncRegionStorage) -> None:
        """Of two who change the same state one is told True; a first record is written once."""
        first = residence(1)
        leaving = replace(first, state=ResidenceState.LEAVING, epoch=1)
        async with region_storage.begin() as store:
            equal(await store.residences.get(workspace_id(1)), None)
            equal(await store.residences.change(None, first), True)
            equal(await store.residences.change(None, leaving), False)
            equal(await store.residences.change(leaving, first), False)
            equal(await store.residences.change(first, leaving), True)
            equal(await store.residences.change(first, leaving), False)
        async with region_storage.begin() as store:
            equal(await store.residences.hold(workspace_id(1)), leaving)
            equal(await store.residences.hold(workspace_id(2)), None)
            equal(await store.residences.change(None, residence(2)), True)
        async with region_storage.reading() as store:
            equal(await store.residences.page(after="", limit=9), (leaving, residence(2)))
            equal(await store.residences.page(after=leaving.workspace_id, limit=9), (residence(2),))
            equal(await store.residences.page(after="", limit=1), (leaving,))

    async def test_a_store_knows_its_name(self, region_storage: AsyncRegionStorage) -> None:
        """The name is there from the start and is not written again; other values are."""
        async with region_storage.begin() as store:
            equal(dict(await store.meta.all()), {"region": "eu", "store": "eu"})
            await store.meta.put("verified", "1")
            await store.meta.put("verified", "2")
            for name in ("region", "store"):
                try:
                    await store.meta.put(name, "us")
                except ValueError:
                    continue
                fail("a store was given another name")
        async with region_storage.reading() as store:
            equal(dict(await store.meta.all()), {"region": "eu", "store": "eu", "verified": "2"})

    async def test_a_transaction_is_all_or_nothing(self, region_storage: AsyncRegionStorage) -> None:
        """What raises is rolled back, and a reading writes nothing."""
        try:
            async with region_storage.begin() as store:
                await store.content.put(content(1, "a", "1"))
                raise KeyError("stop")
        except KeyError:
            pass
        try:
            async with region_storage.reading() as store:
                await store.content.put(content(1, "a", "1"))
        except StoreReadOnly:
            pass
        else:
            fail("a reading wrote")
        async with region_storage.reading() as store:
            equal(await store.content.page(after=Position(), limit=9), ())


class AsyncMoveConformance:
    """Moves and promotions, in the home store."""

    async def test_moves_are_numbered_and_found(self, storage: AsyncStorage) -> None:
        """A number of a workspace is taken once; the last move is the one with the highest; those that have ended are not open."""
        first, second = move(1, state=MoveState.DONE), move(2, number_=2)
        other = replace(move(3), workspace_id=workspace_id(2), organization_id=org_id(2), state=MoveState.ABORTING)
        async with storage.begin(after_commit=ignore) as store:
            for each in (first, second, other):
                equal(await store.moves.add(each), True)
            equal(await store.moves.add(replace(move(4), number=2)), False)
        async with storage.reading() as store:
            equal(await store.moves.get(first.id), first)
            equal(await store.moves.get(move(9).id), None)
            equal(await store.moves.last(workspace_id(1)), second)
            equal(await store.moves.last(workspace_id(9)), None)
            equal(await store.moves.open(limit=9), (second, other))
            equal(await store.moves.open(limit=1), (second,))
            equal(await store.moves.of_organization(org_id(1), after="", limit=9), (first, second))
            equal(await store.moves.of_organization(org_id(1), after=first.id, limit=9), (second,))
            equal([await store.moves.touching(org_id(1), region) for region in ("eu", "us", "ap")], [1, 1, 0])

    async def test_a_move_is_compared_and_set(self, storage: AsyncStorage) -> None:
        """The version before is what is compared."""
        async with storage.begin(after_commit=ignore) as store:
            await store.moves.add(move(1))
            after = replace(move(1), state=MoveState.VERIFYING, rows=3, version=1)
            equal(await store.moves.replace(after), True)
            equal(await store.moves.replace(after), False)
            equal(await store.moves.get(after.id), after)

    async def test_a_promotion_is_compared_and_set(self, storage: AsyncStorage) -> None:
        """A region has one promotion, which changes by its version."""
        first = Primary(region="eu", store="eu-two", promoted_by="usr_1", promoted_at=NOW)
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.primaries.get("eu"), None)
            equal(await store.primaries.put(first), True)
            equal(await store.primaries.put(first), False)
            equal(await store.primaries.put(replace(first, store="eu", version=1)), True)
            equal(await store.primaries.put(replace(first, store="eu-two", version=1)), False)
        async with storage.reading() as store:
            equal(await store.primaries.get("eu"), replace(first, store="eu", version=1))
