# Generated from src/ctsec/security/_async_residency.py by tools/twin.py; edit that file.
"""Everything of a bundle that has to do with regions (async source): units of work there, moves, replicas and the report."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from ctsec.ambient import Ambient, Request
from ctsec.audit._sync import AsideLog
from ctsec.audit.event import EventName, Target, build
from ctsec.directory.record import Workspace
from ctsec.encryption._sync import KeyRing
from ctsec.encryption._sync_ports import SealedTable
from ctsec.encryption.dek import WrappedDek
from ctsec.encryption.envelope import dek_id_of
from ctsec.errors import CtsecError, ResidencyError, StoreError
from ctsec.ids import DekId, OrganizationId
from ctsec.principal import Principal
from ctsec.residency._sync_ports import RegionalTables, RegionStorage
from ctsec.residency.judging import check_store
from ctsec.residency.record import ENDED, Occupant, Position, Residence, ResidenceState, Tallying
from ctsec.residency.region import Regions
from ctsec.residency.report import ResidencyReport, StoreAnswer, StoreFinding, WorkspaceFinding
from ctsec.security._sync_log_roots import LogRoots
from ctsec.security._sync_logs import Logs
from ctsec.security._sync_move_secrets import MoveSecrets
from ctsec.security._sync_moves import Moves
from ctsec.security._sync_region_events import RegionEvents
from ctsec.security._sync_region_keys import HomeKeys
from ctsec.security._sync_regions import Router
from ctsec.security._sync_replicas import Replicas
from ctsec.storage._sync_ports import AfterCommit, Storage

_PAGE = 200


@dataclass(frozen=True, slots=True)
class _Held:
    """What one store holds of a workspace, and what is wrong with it."""

    finding: StoreFinding | None
    residence: Residence | None
    problems: tuple[str, ...]


class Reporter:
    """Counts in every store where the bytes of an organization's workspaces are."""

    __slots__ = ("_ambient", "_aside", "_ring", "_router")

    def __init__(self, router: Router, *, ring: KeyRing, aside: AsideLog, ambient: Ambient) -> None:
        self._router = router
        self._ring = ring
        self._aside = aside
        self._ambient = ambient

    def report(self, actor: Principal, *, organization: OrganizationId, request: Request | None = None) -> ResidencyReport:
        """Return where the bytes of an organization's workspaces are; that it was made is an audit event, written before it is returned."""
        keys = self._keys(organization)
        answers = [self._answer(name) for name in sorted(self._router.stores)]
        silent = {each.store for each in answers if each.problem}
        spaces = {each.id: each for each in self._workspaces(organization)}
        there = {name: self._occupants(name, organization) for name in self._router.stores if name not in silent}
        strays = sorted({each.workspace_id for held in there.values() for each in held} - set(spaces))
        found = [self._finding(each, there, keys) for each in spaces.values()]
        found += [
            WorkspaceFinding(
                workspace=each, pin="", holdings=(), moving_to=None, disagreements=("a store has content of a workspace that is not there",)
            )
            for each in strays
        ]
        report = ResidencyReport(organization=organization, made_at=self._ambient.now(), stores=tuple(answers), workspaces=tuple(found))
        self._aside.record_aside(
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

    def _answer(self, name: str) -> StoreAnswer:
        region = self._router.regions.stores[name][0] if self._router.regions is not None else ""
        problem = ""
        try:
            with self._router.stores[name].reading() as store:
                check_store(store.meta.all(), region=region, store=name)
        except ResidencyError as error:
            problem = str(error)
        except StoreError as error:
            problem = f"the store does not answer ({error.code})"
        return StoreAnswer(store=name, region=region, place=self._router.stores[name].place, problem=problem)

    def _finding(self, space: Workspace, there: Mapping[str, tuple[Occupant, ...]], keys: Mapping[DekId, WrappedDek]) -> WorkspaceFinding:
        with self._router.home.reading() as store:
            move = store.moves.last(space.id)
        moving = move if move is not None and move.state not in ENDED else None
        allowed = {space.region, *((moving.source, moving.target) if moving is not None else ())}
        holdings: list[StoreFinding] = []
        problems: list[str] = []
        if self._router.regions is None or self._router.regions.get(space.region) is None:
            problems.append(f"it is pinned to {space.region}, which is no region of this configuration")
        for name, occupants in sorted(there.items()):
            region = self._router.regions.stores[name][0] if self._router.regions is not None else ""
            amount = next((each for each in occupants if each.workspace_id == space.id), None)
            held = self._held(space, name, region, amount, keys)
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

    def _held(self, space: Workspace, name: str, region: str, amount: Occupant | None, keys: Mapping[DekId, WrappedDek]) -> _Held:
        used: set[str] = set()
        problems: set[str] = set()
        counted = Tallying()
        own = self._own_keks(space.organization_id, region)
        after = Position(space.id)
        with self._router.stores[name].reading() as store:
            residence = store.residences.get(space.id)
            while page := store.content.page(after=after, limit=_PAGE, workspace_id=space.id):
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

    def _own_keks(self, organization: OrganizationId, region: str) -> frozenset[str]:
        with self._router.home.reading() as store:
            own = store.customer_keys.get(organization, region)
        return frozenset({self._ring.own_kek(region), *({own.ref} if own is not None else ())})

    def _keys(self, organization: OrganizationId) -> Mapping[DekId, WrappedDek]:
        with self._router.home.reading() as store:
            return {each.id: each for each in store.deks.of_scope(organization)}

    def _workspaces(self, organization: OrganizationId) -> tuple[Workspace, ...]:
        found: list[Workspace] = []
        with self._router.home.reading() as store:
            while page := store.workspaces.of_organization(organization, after=found[-1].id if found else "", limit=_PAGE):
                found += page
        return tuple(found)

    def _occupants(self, name: str, organization: OrganizationId) -> tuple[Occupant, ...]:
        with self._router.stores[name].reading() as store:
            return store.content.occupants(organization)


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
class RegionalPeers:
    """What a host brings: the stores of its regions by name, its own tables that move along, and those with sealed values."""

    stores: Mapping[str, RegionStorage]
    tables: tuple[RegionalTables, ...]
    sealed: tuple[SealedTable, ...]


@dataclass(frozen=True, slots=True)
class RegionalLogs:
    """What regions need of the log: the logs of all stores, what gives events of a region their form, and what is written aside."""

    logs: Logs
    events: RegionEvents
    aside: AsideLog


@dataclass(frozen=True, slots=True)
class Regional:
    """Regions of a bundle: `router` opens content, `moves` carries moves out, `replicas` keeps copies, `reporter` says where all is."""

    router: Router
    moves: Moves
    replicas: Replicas
    reporter: Reporter

    @classmethod
    def made(
        cls,
        home: Storage,
        settings: Regions | None,
        *,
        ring: KeyRing,
        peers: RegionalPeers,
        logs: RegionalLogs,
        committed: AfterCommit,
        ambient: Ambient,
    ) -> Regional:
        """Return them over a bundle's own storage; without settings everything is there."""
        keys = HomeKeys(home, ring=ring, committed=committed, ambient=ambient)
        router = Router(settings, stores=peers.stores, home=home, keys=keys, events=logs.events, aside=logs.aside, ambient=ambient)
        carried = MoveSecrets(router, hosts=peers.sealed, committed=committed)
        moves = Moves(
            router,
            ring=ring,
            tables=peers.tables,
            secrets=carried,
            logs=logs.logs.regions,
            events=logs.events,
            committed=committed,
            ambient=ambient,
        )
        roots = LogRoots(home, identity=logs.logs.identity)
        replicas = Replicas(router, roots=roots, ring=ring, committed=committed, ambient=ambient)
        return cls(router, moves, replicas, Reporter(router, ring=ring, aside=logs.aside, ambient=ambient))
