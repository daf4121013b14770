"""What the peers of a bundle tell of their connections (async source)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ctsec.encryption._async import AsyncKeyRing
from ctsec.errors import CtsecError
from ctsec.residency.region import Regions
from ctsec.security._async_regions import AsyncRouter
from ctsec.transport.report import AsyncReportsConnections, ConnectionReport


async def reports_of(
    peers: Iterable[object], *, router: AsyncRouter, ring: AsyncKeyRing, regions: Regions | None
) -> tuple[ConnectionReport, ...]:
    """Connect to each peer that can tell, and to the stores of regions, and return what is spoken."""
    found: list[ConnectionReport] = []
    missing = _open_region_keys(ring, regions)
    for peer in peers:
        if isinstance(peer, AsyncReportsConnections):
            found += await peer.connections()
    for name, store in router.stores.items():
        if isinstance(store, AsyncReportsConnections):
            found += [replace(each, what=f"region {name}") for each in await store.connections()]
    found += missing
    # The deployment's key and its service may both tell of one place.
    return tuple({(each.what, each.address): each for each in found}.values())


def _open_region_keys(ring: AsyncKeyRing, regions: Regions | None) -> list[ConnectionReport]:
    """Open the keys of regions, so that their services know and tell of them; return a report for each that can not be."""
    found: list[ConnectionReport] = []
    for name, ref in regions.keys.items() if regions is not None else ():
        try:
            ring.open_kek(ref)
        except CtsecError as error:
            found.append(ConnectionReport(what=f"key of {name}", address=ref, problem=str(error)))
    return found
