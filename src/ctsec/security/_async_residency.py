"""Everything of a bundle that has to do with regions (async source): units of work there, moves, replicas and the report."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from ctsec.ambient import Ambient, Request
from ctsec.audit._async import AsyncAsideLog
from ctsec.audit.event import EventName, Target, build
from ctsec.directory.record import Workspace
from ctsec.encryption._async import AsyncKeyRing
from ctsec.encryption._async_ports import AsyncSealedTable
from ctsec.encryption.dek import WrappedDek
from ctsec.encryption.envelope import dek_id_of
from ctsec.errors import CtsecError, ResidencyError, StoreError
from ctsec.ids import DekId, OrganizationId
from ctsec.principal import Principal
from ctsec.residency._async_ports import AsyncRegionalTables, AsyncRegionStorage
from ctsec.residency.judging import check_store
from ctsec.residency.record import ENDED, Occupant, Position, Residence, ResidenceState, Tallying
from ctsec.residency.region import Regions
from ctsec.residency.report import ResidencyReport, StoreAnswer, StoreFinding, WorkspaceFinding
from ctsec.security._async_log_roots import AsyncLogRoots
from ctsec.security._async_logs import AsyncLogs
from ctsec.security._async_move_secrets import AsyncMoveSecrets
from ctsec.security._async_moves import AsyncMoves
from ctsec.security._async_region_events import AsyncRegionEvents
from ctsec.security._async_region_keys import AsyncHomeKeys
from ctsec.security._async_regions import AsyncRouter
from ctsec.security._async_replicas import AsyncReplicas
from ctsec.storage._async_ports import AfterCommit, AsyncStorage

_PAGE = 200


@dataclass(frozen=True, slots=True)
class _Held:
    """What one store holds of a workspace, and what is wrong with it."""

    finding: StoreFinding | None
    residence: Residence | None
    problems: tuple[str, ...]


class AsyncReporter:
    """Counts in every store where the bytes of an organization's workspaces are."""

    __slots__ = ("_ambient", "_aside", "_ring", "_router")

    def __init__(self, router: AsyncRouter, *, ring: AsyncKeyRing, aside: AsyncAsideLog, ambient: Ambient) -> None:
        self._router = router
        self._ring = ring
        self._aside = aside
        self._ambient = ambient

    async def report(self, actor: Principal, *, organization: OrganizationId, request: Request | None = None) -> ResidencyReport:
        """Return where the bytes of an organization's workspaces are; that it was made is an audit event, written before it is returned."""
        keys = await self._keys(organization)
        answers = [await self._answer(name) for name in sorted(self._router.stores)]
        silent = {each.store for each in answers if each.problem}
        spaces = {each.id: each for each in await self._workspaces(organization)}
        there = {name: await self._occupants(name, organization) for name in self._router.stores if name not in silent}
        strays = sorted({each.workspace_id for held in there.values() for each in held} - set(spaces))
        found = [await self._finding(each, there, keys) for each in spaces.values()]
        found += [
            WorkspaceFinding(
                workspace=each, pin="", holdings=(), moving_to=None, disagreements=("a store has content of a workspace that is not there",)
            )
            for each in strays
        ]
        report = ResidencyReport(organization=organization, made_at=self._ambient.now(), stores=tuple(answers), workspaces=tuple(found))
        await self._aside.record_aside(
            build(
                EventName.RESIDENCY_REPORTED,
                ambient=Ambient(self._ambient.clock, self._ambient.random, request or Request()),
                actor=actor,
                targets=(Target("organization", organization),),
                organization=organization,
                details={
                    "agrees": report.agrees,
                    "workspaces": len(found),
                    "digest": hashlib.sha256(report.as_json().encode()).hexdigest(),
                },
            )
        )
        return report

    async def _answer(self, name: str) -> StoreAnswer:
        region = self._router.regions.stores[name][0] if self._router.regions is not None else ""
        problem = ""
        try:
            async with self._router.stores[name].reading() as store:
                check_store(await store.meta.all(), region=region, store=name)
        except ResidencyError as error:
            problem = str(error)
        except StoreError as error:
            problem = f"the store does not answer ({error.code})"
        return StoreAnswer(store=name, region=region, place=self._router.stores[name].place, problem=problem)

    async def _finding(
        self, space: Workspace, there: Mapping[str, tuple[Occupant, ...]], keys: Mapping[DekId, WrappedDek]
    ) -> WorkspaceFinding:
        async with self._router.home.reading() as store:
            move = await store.moves.last(space.id)
        moving = move if move is not None and move.state not in ENDED else None
        allowed = {space.region, *((moving.source, moving.target) if moving is not None else ())}
        holdings: list[StoreFinding] = []
        problems: list[str] = []
        if self._router.regions is None or self._router.regions.get(space.region) is None:
            problems.append(f"it is pinned to {space.region}, which is no region of this configuration")
        for name, occupants in sorted(there.items()):
            region = self._router.regions.stores[name][0] if self._router.regions is not None else ""
            amount = next((each for each in occupants if each.workspace_id == space.id), None)
            held = await self._held(space, name, region, amount, keys)
            problems += held.problems
            if held.finding is not None:
                holdings.append(held.finding)
                if region not in allowed:
                    problems.append(
                        f"{name} of region {region} has {held.finding.rows} rows, and the workspace is pinned to {space.region}"
                    )
            if held.residence is not None and moving is None and name == region:
                at_home = held.residence.state is ResidenceState.HOME
                if at_home != (region == space.region):
                    problems.append(f"{name} says that the workspace is {held.residence.state.value} there")
        return WorkspaceFinding(
            workspace=space.id,
            pin=space.region,
            holdings=tuple(holdings),
            moving_to=moving.target if moving is not None else None,
            disagreements=tuple(problems),
        )

    async def _held(self, space: Workspace, name: str, region: str, amount: Occupant | None, keys: Mapping[DekId, WrappedDek]) -> _Held:
        used: set[str] = set()
        problems: set[str] = set()
        counted = Tallying()
        own = await self._own_keks(space.organization_id, region)
        after = Position(space.id)
        async with self._router.stores[name].reading() as store:
            residence = await store.residences.get(space.id)
            while page := await store.content.page(after=after, limit=_PAGE, workspace_id=space.id):
                for each in page:
                    counted.add(each.kind.encode(), each.key.encode(), each.sealed)
                    key, problem = _key_of(each.sealed, keys, region=region, own=own)
                    used |= key
                    problems |= problem
                after = page[-1].position
        if amount is None or not counted.tally.rows:
            return _Held(None, residence, ())
        finding = StoreFinding(
            store=name,
            place=self._router.stores[name].place,
            replica=name != region,
            rows=counted.tally.rows,
            size=amount.size,
            digest=counted.tally.digest,
            keys=tuple(sorted(used)),
        )
        return _Held(finding, residence, tuple(sorted(problems)))

    async def _own_keks(self, organization: OrganizationId, region: str) -> frozenset[str]:
        async with self._router.home.reading() as store:
            own = await store.customer_keys.get(organization, region)
        return frozenset({self._ring.own_kek(region), *({own.ref} if own is not None else ())})

    async def _keys(self, organization: OrganizationId) -> Mapping[DekId, WrappedDek]:
        async with self._router.home.reading() as store:
            return {each.id: each for each in await store.deks.of_scope(organization)}

    async def _workspaces(self, organization: OrganizationId) -> tuple[Workspace, ...]:
        found: list[Workspace] = []
        async with self._router.home.reading() as store:
            while page := await store.workspaces.of_organization(organization, after=found[-1].id if found else "", limit=_PAGE):
                found += page
        return tuple(found)

    async def _occupants(self, name: str, organization: OrganizationId) -> tuple[Occupant, ...]:
        async with self._router.stores[name].reading() as store:
            return await store.content.occupants(organization)


def _key_of(sealed: bytes, keys: Mapping[DekId, WrappedDek], *, region: str, own: frozenset[str]) -> tuple[frozenset[str], frozenset[str]]:
    """Return what wrapped the key of a blob, and what is wrong with it."""
    try:
        record = keys.get(dek_id_of(sealed))
    except CtsecError:
        return frozenset(), frozenset({f"content of region {region} is not sealed"})
    if record is None:
        return frozenset(), frozenset({f"content of region {region} is sealed under a key that this organization does not have"})
    problems: set[str] = set()
    if record.region != region:
        problems.add(f"content of region {region} is sealed under a data key of region {record.region}")
    if record.kek not in own:
        problems.add(f"a data key of region {record.region} is wrapped by {record.kek or 'nothing'}, which is not the key of that region")
    return frozenset({record.kek}), frozenset(problems)


@dataclass(frozen=True, slots=True)
class AsyncRegionalPeers:
    """What a host brings: the stores of its regions by name, its own tables that move along, and those with sealed values."""

    stores: Mapping[str, AsyncRegionStorage]
    tables: tuple[AsyncRegionalTables, ...]
    sealed: tuple[AsyncSealedTable, ...]


@dataclass(frozen=True, slots=True)
class AsyncRegionalLogs:
    """What regions need of the log: the logs of all stores, what gives events of a region their form, and what is written aside."""

    logs: AsyncLogs
    events: AsyncRegionEvents
    aside: AsyncAsideLog


@dataclass(frozen=True, slots=True)
class AsyncRegional:
    """Regions of a bundle: `router` opens content, `moves` carries moves out, `replicas` keeps copies, `reporter` says where all is."""

    router: AsyncRouter
    moves: AsyncMoves
    replicas: AsyncReplicas
    reporter: AsyncReporter

    @classmethod
    def made(
        cls,
        home: AsyncStorage,
        settings: Regions | None,
        *,
        ring: AsyncKeyRing,
        peers: AsyncRegionalPeers,
        logs: AsyncRegionalLogs,
        committed: AfterCommit,
        ambient: Ambient,
    ) -> AsyncRegional:
        """Return them over a bundle's own storage; without settings everything is there."""
        keys = AsyncHomeKeys(home, ring=ring, committed=committed, ambient=ambient)
        router = AsyncRouter(settings, stores=peers.stores, home=home, keys=keys, events=logs.events, aside=logs.aside, ambient=ambient)
        carried = AsyncMoveSecrets(router, hosts=peers.sealed, committed=committed)
        moves = AsyncMoves(
            router,
            ring=ring,
            tables=peers.tables,
            secrets=carried,
            logs=logs.logs.regions,
            events=logs.events,
            committed=committed,
            ambient=ambient,
        )
        roots = AsyncLogRoots(home, identity=logs.logs.identity)
        replicas = AsyncReplicas(router, roots=roots, ring=ring, committed=committed, ambient=ambient)
        return cls(router, moves, replicas, AsyncReporter(router, ring=ring, aside=logs.aside, ambient=ambient))
