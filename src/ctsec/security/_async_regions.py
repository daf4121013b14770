"""The router: opens the store of a workspace's region, and sees that pin, store and key agree (async source).

Rules that this module keeps:

- the pin is read from the home store for every unit: nothing remembers where a workspace was;
- a store says its region and its name in every transaction, before anything else is read or written there;
- a disagreement is written to the audit log, aside, and raised; the region's transaction is rolled back;
- a replica is read when the region's own store does not answer, is never written, and says that it is one.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from functools import partial

from ctsec.ambient import Ambient, Request
from ctsec.audit._async import AsyncAsideLog
from ctsec.audit.event import EventName, Target, build
from ctsec.errors import ConfigurationError, CorruptRecord, ResidencyError, SchemaMismatch, StoreBusy, StoreError, WorkspaceMoving
from ctsec.ids import WorkspaceId
from ctsec.principal import Principal, system
from ctsec.residency._async_content import AsyncRegionalContent, AsyncWatch
from ctsec.residency._async_ports import AsyncRegionalEvents, AsyncRegionStorage, AsyncRegionStore
from ctsec.residency.judging import check_pin, check_read, check_store
from ctsec.residency.record import RegionalPlace
from ctsec.residency.region import Regions
from ctsec.security._async_region_keys import AsyncHomeKeys
from ctsec.security._async_region_recorder import AsyncRegionalRecorder
from ctsec.storage._async_ports import AsyncStorage


class AsyncRouter:
    """Opens stores of regions. `stores` has the storage of each region and each replica, by name."""

    __slots__ = ("_ambient", "_aside", "_events", "home", "keys", "regions", "stores")

    def __init__(
        self,
        regions: Regions | None,
        *,
        stores: Mapping[str, AsyncRegionStorage],
        home: AsyncStorage,
        keys: AsyncHomeKeys,
        events: AsyncRegionalEvents,
        aside: AsyncAsideLog,
        ambient: Ambient,
    ) -> None:
        wanted = frozenset(regions.stores) if regions is not None else frozenset[str]()
        if wanted != frozenset(stores):
            raise ConfigurationError(
                f"expected a storage for each region and replica ({', '.join(sorted(wanted)) or 'none'}), and no other"
            )
        self.regions = regions
        self.stores = stores
        self.home = home
        self.keys = keys
        self._events = events
        self._aside = aside
        self._ambient = ambient

    @asynccontextmanager
    async def writing(
        self, workspace: WorkspaceId, *, region: str | None = None, request: Request | None = None
    ) -> AsyncGenerator[AsyncRegionalContent, None]:
        """Open the content of a workspace for reading and writing; committed when the block ends, rolled back when it raises."""
        async with self._watched(workspace):
            place = await self.place(workspace, region=region)
            async with self.stores[place.store].begin() as store:
                check_store(await store.meta.all(), region=place.region, store=place.store)
                yield self._content(store, place, request)

    @asynccontextmanager
    async def reading(self, workspace: WorkspaceId, *, region: str | None = None) -> AsyncGenerator[AsyncRegionalContent, None]:
        """Open the content of a workspace for reading; from a declared replica if the region's own store does not answer."""
        async with self._watched(workspace):
            place = await self.place(workspace, region=region)
            answering = await self._answering(place)
            async with self.stores[answering.store].reading() as store:
                check_store(await store.meta.all(), region=place.region, store=answering.store)
                check_read(await store.residences.get(workspace), organization=place.organization)
                yield self._content(store, answering)

    async def join(
        self,
        session: object,
        workspace: WorkspaceId,
        *,
        region: str | None = None,
        request: Request | None = None,
        actor: Principal | None = None,
    ) -> AsyncRegionalContent:
        """Return the content of a workspace in the host's session on the region's database; the host commits or rolls back.

        The workspace stays where it is until then, so what the host writes beside it does too. `actor` is in whose name changes of
        recorded models (`ctsec.storage.sql.RecordedModels`) are written into the log there, until the transaction ends or the session
        joins another workspace: flush it before that.
        """
        async with self._watched(workspace):
            place = await self.place(workspace, region=region)
            store = self.stores[place.store].join(session)
            check_store(await store.meta.all(), region=place.region, store=place.store)
        content = self._content(store, place, request, watch=partial(self._watched, workspace))
        await content.hold()
        if actor is not None:
            AsyncRegionalRecorder(content, actor=actor).attach(session)
        return content

    async def place(self, workspace: WorkspaceId, *, region: str | None = None) -> RegionalPlace:
        """Return where a workspace is; raise ResidencyError if it is nowhere, or elsewhere than in `region` where that is given."""
        async with self.home.reading() as store:
            found = await store.workspaces.get(workspace)
            primary = await store.primaries.get(found.region) if found is not None else None
        if found is None:
            raise ResidencyError(f"there is no workspace {workspace}, so it has no region")
        check_pin(workspace, pin=found.region, wanted=region)
        served = self._known(found.region, found.region if primary is None else primary.store)
        return RegionalPlace(organization=found.organization_id, workspace=workspace, region=found.region, store=served)

    async def serving(self, region: str) -> str:
        """Return the name of the store that serves a region: its own, or a replica that was promoted."""
        async with self.home.reading() as store:
            primary = await store.primaries.get(region)
        return self._known(region, region if primary is None else primary.store)

    def _known(self, region: str, served: str) -> str:
        if self.regions is None or self.regions.get(region) is None:
            raise ResidencyError(f"{region} is no region of this configuration")
        if served not in self.names_of(region):
            raise ResidencyError(f"region {region} is served by {served}, which is no store of it in this configuration")
        return served

    def names_of(self, region: str) -> tuple[str, ...]:
        """Return the names of the stores of a region: its own, and its replicas."""
        return tuple(name for name, (home, _) in self.regions.stores.items() if home == region) if self.regions is not None else ()

    async def _answering(self, place: RegionalPlace) -> RegionalPlace:
        failure: StoreError | None = None
        for name in dict.fromkeys((place.store, *self.names_of(place.region))):
            try:
                async with self.stores[name].reading() as store:
                    await store.meta.all()
            except (StoreBusy, CorruptRecord, SchemaMismatch):
                raise
            except StoreError as error:
                failure = failure or error
            else:
                return RegionalPlace(organization=place.organization, workspace=place.workspace, region=place.region, store=name)
        raise failure or StoreError("no store of the region answers")

    @asynccontextmanager
    async def _watched(self, workspace: WorkspaceId) -> AsyncGenerator[None, None]:
        try:
            yield
        except WorkspaceMoving:
            raise
        except ResidencyError as error:
            await self._aside.record_aside(
                build(
                    EventName.RESIDENCY_VIOLATED,
                    ambient=self._ambient,
                    actor=system("residency"),
                    targets=(Target("workspace", workspace),),
                    details={"problem": str(error)[:200]},
                )
            )
            raise

    def _content(
        self, store: AsyncRegionStore, place: RegionalPlace, request: Request | None = None, *, watch: AsyncWatch | None = None
    ) -> AsyncRegionalContent:
        ambient = Ambient(clock=self._ambient.clock, random=self._ambient.random, request=request or Request())
        return AsyncRegionalContent(store, place=place, keys=self.keys, events=self._events, ambient=ambient, watch=watch)
