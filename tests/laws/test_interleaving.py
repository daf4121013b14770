"""The orders that the scheduler leaves out show nothing that the others do not show."""

from __future__ import annotations

from ctsec.storage.memory.state import Table
from ctsec.testing.conformance.samples import ignore
from tests.laws.interleaving import StoppingStorage
from tests.laws.orders import OWNERS, acme

ROWS: Table[str, str] = Table("rows")


def test_both_ways_end_the_same() -> None:
    """Two owners who demote each other, in all 924 orders and in the few that can differ: what may become of them is the same."""
    scene = acme()
    found: dict[bool, set[object]] = {True: set(), False: set()}
    runs: dict[bool, int] = {}
    for alike, seen in found.items():

        def make() -> list[object]:
            pairs = ((scene.ann, scene.bob), (scene.bob, scene.ann))
            demote = "roles.change_organization_role"
            return [scene.attempt(demote, who, organization=scene.id, user=whom.id, role="member") for who, whom in pairs]

        def judge(seen: set[object] = seen) -> None:
            rows = scene.storage.storage.state.newest.tables["memberships"].values()
            seen.add((scene.owners(), frozenset((each.user_id, each.role) for each in rows)))

        runs[alike] = scene.storage.every_order(OWNERS, make, judge, alike=alike)  # type: ignore[arg-type]
    assert found[False] == found[True]
    assert len(found[True]) == 2
    assert runs == {True: 924, False: 12}


def test_what_goes_wrong_in_some_orders_is_found() -> None:
    """Two who each look whether anybody is there, with a plain read, and come in if nobody is: that both are in is found either way."""
    storage = StoppingStorage()
    seen: dict[bool, set[int]] = {True: set(), False: set()}

    async def come(name: str) -> None:
        async with storage.storage.begin(after_commit=ignore) as store:
            await storage.point("look")
            empty = not store.transaction.scan(ROWS)
            await storage.point("look")
            if empty:
                store.transaction.put(ROWS, name, name)

    for alike, sizes in seen.items():

        def judge(sizes: set[int] = sizes) -> None:
            sizes.add(len(storage.storage.state.newest.tables["rows"]))

        assert storage.every_order(["look"], lambda: [come("ann"), come("bob")], judge, alike=alike) >= (20 if alike else 3)
    assert seen == {True: {1, 2}, False: {1, 2}}
