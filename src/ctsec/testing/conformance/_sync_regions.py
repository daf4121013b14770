# Generated from src/ctsec/testing/conformance/_async_regions.py by tools/twin.py; edit that file.
"""Conformance of the store of a region, and of moves in the home store (async source)."""

from __future__ import annotations

from dataclasses import replace

from ctsec.encryption.dek import dek_id_bytes
from ctsec.errors import StoreReadOnly
from ctsec.ids import WorkspaceId
from ctsec.residency._sync_ports import RegionStorage
from ctsec.residency.record import Content, MoveState, Occupant, Position, Primary, ResidenceState
from ctsec.storage._sync_ports import Storage
from ctsec.testing.conformance.expect import equal, fail
from ctsec.testing.conformance.regional import content, move, residence
from ctsec.testing.conformance.samples import NOW, dek, ignore, org_id, workspace_id


def _blob(under: int) -> bytes:
    return b"\xc7\x11" + dek_id_bytes(dek(under).id) + b"rest"


class RegionContentConformance:
    """The content of workspaces in the store of a region; the fixture `region_storage` is an empty one, `eu` by name."""

    def test_what_was_put_comes_back_equal(self, region_storage: RegionStorage) -> None:
        """A piece is found by its exact place, byte by byte, and the last one put there is what is found."""
        with region_storage.begin() as store:
            store.content.put(content(1, "a", "k"))
            store.content.put(content(1, "A", "k"))
            store.content.put(replace(content(1, "a", "k"), sealed=b"other"))
            store.content.put(content(2, "a", "k "))
        with region_storage.reading() as store:
            equal(store.content.get(workspace_id(1), "a", "k"), replace(content(1, "a", "k"), sealed=b"other"))
            equal(store.content.get(workspace_id(1), "A", "k"), content(1, "A", "k"))
            equal(store.content.get(workspace_id(2), "a", "k"), None)
            equal(store.content.get(workspace_id(1), "a", "K"), None)

    def test_pages_are_in_the_order_of_positions(self, region_storage: RegionStorage) -> None:
        """Every piece is in exactly one page, by bytes: workspace, then kind, then key."""
        pieces = [content(n, kind, key) for n in (1, 2) for kind in ("Z", "a") for key in ("B", "a", "é")]
        with region_storage.begin() as store:
            for each in reversed(pieces):
                store.content.put(each)
        with region_storage.reading() as store:
            found: list[Content] = []
            after = Position()
            while page := store.content.page(after=after, limit=5):
                found += page
                after = page[-1].position
            equal(found, pieces)
            equal(store.content.page(after=Position(workspace_id(1)), limit=9, workspace_id=workspace_id(1)), tuple(pieces[:6]))
            equal(store.content.last(workspace_id(1)), pieces[5].position)
            equal(store.content.last(WorkspaceId("wsp_nobody")), None)

    def test_pieces_are_found_by_the_data_key_that_they_name(self, region_storage: RegionStorage) -> None:
        """Of an organization, under the keys that are asked for, in pages; another seal is written where the one before still stands."""
        pieces = [replace(content(n, "a", f"k{k}"), sealed=_blob(k)) for n in (1, 2) for k in (1, 2, 3)]
        with region_storage.begin() as store:
            for each in pieces:
                store.content.put(each)
            store.content.put(replace(content(3, "a", "k"), organization_id=org_id(9), sealed=_blob(1)))
        keys = (dek(1).id, dek(3).id)
        with region_storage.begin() as store:
            found = store.content.under(org_id(1), keys=keys, after=Position(), limit=3)
            equal(found, (pieces[0], pieces[2], pieces[3]))
            equal(store.content.under(org_id(1), keys=keys, after=found[-1].position, limit=3), (pieces[5],))
            equal(store.content.count_under(org_id(1), keys=keys), 4)
            equal(store.content.count_under(org_id(1), keys=()), 0)
            equal(store.content.reseal(pieces[0].position, before=_blob(9), after=_blob(2)), False)
            equal(store.content.reseal(pieces[0].position, before=_blob(1), after=_blob(2)), True)
            equal(store.content.reseal(Position(workspace_id(1), "a", "none"), before=_blob(1), after=_blob(2)), False)
        with region_storage.reading() as store:
            equal(store.content.get(workspace_id(1), "a", "k1"), replace(pieces[0], sealed=_blob(2)))
            equal(store.content.count_under(org_id(1), keys=keys), 3)

    def test_what_is_removed_and_shredded_is_gone(self, region_storage: RegionStorage) -> None:
        """Removing says whether there was a piece; shredding deletes up to a position, of one workspace only."""
        pieces = [content(1, "a", "1"), content(1, "a", "2"), content(1, "b", "1"), content(2, "a", "1")]
        with region_storage.begin() as store:
            for each in pieces:
                store.content.put(each)
        with region_storage.begin() as store:
            equal(store.content.remove(workspace_id(1), "a", "1"), True)
            equal(store.content.remove(workspace_id(1), "a", "1"), False)
            equal(store.content.shred(workspace_id(1), through=pieces[1].position), 1)
        with region_storage.reading() as store:
            equal(store.content.page(after=Position(), limit=9), tuple(pieces[2:]))
        with region_storage.begin() as store:
            equal(store.content.shred(workspace_id(1), through=pieces[2].position), 1)
        with region_storage.reading() as store:
            equal(store.content.page(after=Position(), limit=9), (pieces[3],))

    def test_occupants_are_counted_by_workspace(self, region_storage: RegionStorage) -> None:
        """Rows and sealed bytes are counted for each workspace of one organization."""
        pieces = [
            content(2, "a", "1"),
            content(1, "a", "1"),
            content(1, "a", "2"),
            replace(content(3, "a", "1"), organization_id=org_id(2)),
        ]
        with region_storage.begin() as store:
            for each in pieces:
                store.content.put(each)
        size = len(pieces[0].sealed)
        wanted = [
            Occupant(workspace_id=workspace_id(n), organization_id=org_id(1), rows=rows, size=rows * size) for n, rows in ((1, 2), (2, 1))
        ]
        with region_storage.reading() as store:
            equal(store.content.occupants(org_id(1)), tuple(wanted))
            equal(store.content.occupants(org_id(9)), ())


class ResidenceConformance:
    """What workspaces are in the store of a region, and what the store says of itself."""

    def test_a_residence_is_compared_and_set(self, region_storage: RegionStorage) -> None:
        """Of two who change the same state one is told True; a first record is written once."""
        first = residence(1)
        leaving = replace(first, state=ResidenceState.LEAVING, epoch=1)
        with region_storage.begin() as store:
            equal(store.residences.get(workspace_id(1)), None)
            equal(store.residences.change(None, first), True)
            equal(store.residences.change(None, leaving), False)
            equal(store.residences.change(leaving, first), False)
            equal(store.residences.change(first, leaving), True)
            equal(store.residences.change(first, leaving), False)
        with region_storage.begin() as store:
            equal(store.residences.hold(workspace_id(1)), leaving)
            equal(store.residences.hold(workspace_id(2)), None)
            equal(store.residences.change(None, residence(2)), True)
        with region_storage.reading() as store:
            equal(store.residences.page(after="", limit=9), (leaving, residence(2)))
            equal(store.residences.page(after=leaving.workspace_id, limit=9), (residence(2),))
            equal(store.residences.page(after="", limit=1), (leaving,))

    def test_a_store_knows_its_name(self, region_storage: RegionStorage) -> None:
        """The name is there from the start and is not written again; other values are."""
        with region_storage.begin() as store:
            equal(dict(store.meta.all()), {"region": "eu", "store": "eu"})
            store.meta.put("verified", "1")
            store.meta.put("verified", "2")
            for name in ("region", "store"):
                try:
                    store.meta.put(name, "us")
                except ValueError:
                    continue
                fail("a store was given another name")
        with region_storage.reading() as store:
            equal(dict(store.meta.all()), {"region": "eu", "store": "eu", "verified": "2"})

    def test_a_transaction_is_all_or_nothing(self, region_storage: RegionStorage) -> None:
        """What raises is rolled back, and a reading writes nothing."""
        try:
            with region_storage.begin() as store:
                store.content.put(content(1, "a", "1"))
                raise KeyError("stop")
        except KeyError:
            pass
        try:
            with region_storage.reading() as store:
                store.content.put(content(1, "a", "1"))
        except StoreReadOnly:
            pass
        else:
            fail("a reading wrote")
        with region_storage.reading() as store:
            equal(store.content.page(after=Position(), limit=9), ())


class MoveConformance:
    """Moves and promotions, in the home store."""

    def test_moves_are_numbered_and_found(self, storage: Storage) -> None:
        """A number of a workspace is taken once; the last move is the one with the highest; those that have ended are not open."""
        first, second = move(1, state=MoveState.DONE), move(2, number_=2)
        other = replace(move(3), workspace_id=workspace_id(2), organization_id=org_id(2), state=MoveState.ABORTING)
        with storage.begin(after_commit=ignore) as store:
            for each in (first, second, other):
                equal(store.moves.add(each), True)
            equal(store.moves.add(replace(move(4), number=2)), False)
        with storage.reading() as store:
            equal(store.moves.get(first.id), first)
            equal(store.moves.get(move(9).id), None)
            equal(store.moves.last(workspace_id(1)), second)
            equal(store.moves.last(workspace_id(9)), None)
            equal(store.moves.open(limit=9), (second, other))
            equal(store.moves.open(limit=1), (second,))
            equal(store.moves.of_organization(org_id(1), after="", limit=9), (first, second))
            equal(store.moves.of_organization(org_id(1), after=first.id, limit=9), (second,))
            equal([store.moves.touching(org_id(1), region) for region in ("eu", "us", "ap")], [1, 1, 0])

    def test_a_move_is_compared_and_set(self, storage: Storage) -> None:
        """The version before is what is compared."""
        with storage.begin(after_commit=ignore) as store:
            store.moves.add(move(1))
            after = replace(move(1), state=MoveState.VERIFYING, rows=3, version=1)
            equal(store.moves.replace(after), True)
            equal(store.moves.replace(after), False)
            equal(store.moves.get(after.id), after)

    def test_a_promotion_is_compared_and_set(self, storage: Storage) -> None:
        """A region has one promotion, which changes by its version."""
        first = Primary(region="eu", store="eu-two", promoted_by="usr_1", promoted_at=NOW)
        with storage.begin(after_commit=ignore) as store:
            equal(store.primaries.get("eu"), None)
            equal(store.primaries.put(first), True)
            equal(store.primaries.put(first), False)
            equal(store.primaries.put(replace(first, store="eu", version=1)), True)
            equal(store.primaries.put(replace(first, store="eu-two", version=1)), False)
        with storage.reading() as store:
            equal(store.primaries.get("eu"), replace(first, store="eu", version=1))
