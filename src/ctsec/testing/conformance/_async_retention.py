"""Conformance of plans, holds and purges of the logs (async source)."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from ctsec.ambient import Ambient
from ctsec.audit.assurance import FindingKind
from ctsec.audit.erasure.record import Erasure, ErasureState
from ctsec.audit.event import DEPLOYMENT_LOG, LogId
from ctsec.audit.query import AuditQuery
from ctsec.audit.record import SealedEvent
from ctsec.audit.retention.hold import LegalHold
from ctsec.audit.retention.plan import RetentionPlan, RetentionPolicy
from ctsec.audit.retention.record import StoredPlans
from ctsec.audit.retention.selection import Selection
from ctsec.audit.sealing import Head
from ctsec.audit.signing import LogIdentity
from ctsec.audit.tree.tiles import TILE_WIDTH
from ctsec.encryption.ed25519 import Signer
from ctsec.encryption.subject_key import SubjectKey
from ctsec.ids import ErasureId, HoldId
from ctsec.secret import Secret
from ctsec.security._async_logs import AsyncLogs
from ctsec.security._async_retention_jobs import AsyncRetentionJobs
from ctsec.storage._async_ports import AsyncStorage
from ctsec.testing.clock import FixedClock
from ctsec.testing.conformance.expect import equal, holds
from ctsec.testing.conformance.samples import HOUR, NOW, TICK, dek, event, ignore, number, org_id, user_id
from ctsec.testing.conformance.written import written
from ctsec.testing.random import UnsafeSeededRandom

_ONE = LogId(org_id(1))


class _Undone(Exception):
    """What ends a transaction before its commit."""


class AsyncSuiteSigner:
    """A key of the suite."""

    def __init__(self, byte: int) -> None:
        self._signer = Signer(Secret(bytes([byte]) * 32))

    @property
    def public(self) -> bytes:
        """The public key."""
        return self._signer.public

    async def sign(self, message: bytes) -> bytes:
        """Return the signature."""
        return self._signer.sign(message)


def _hold(n: int, *, log: LogId = _ONE, person: str | None = None) -> LegalHold:
    return LegalHold(
        id=HoldId(number("hld", n)), log=log, matter="case 1", person=person, extent="0-1,7", size=9, placed_by=user_id(1), placed_at=NOW
    )


async def _fill(storage: AsyncStorage, *, first: int, end: int, at: datetime = NOW) -> None:
    async with storage.sequencing() as store:
        for n in range(first, end):
            await store.inbox.append(event(n, of=1, at=at, name=("user.signed_in", "role.assigned")[n % 2]))
    async with storage.sequencing() as store:
        await store.log.place(limit=end)


class AsyncRetentionConformance:
    """Plans, holds and purges."""

    async def test_plans_are_compared_and_set(self, storage: AsyncStorage) -> None:
        """Version 1 is written where there is none, each later one over the one before; a reader gets what was written."""
        first = StoredPlans(log=_ONE, plan="365,role.=90", chosen_by=user_id(1))
        later = replace(first, following="90", starts=NOW + HOUR, purged_at=NOW, version=2)
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.retention.lock(_ONE), None)
            equal(await store.retention.put(later), False)
            equal(await store.retention.put(first), True)
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.retention.put(first), False)
            equal(await store.retention.lock(_ONE), first)
            equal(await store.retention.put(later), True)
            equal(await store.retention.put(later), False)
        async with storage.reading() as store:
            equal(await store.retention.get(_ONE), later)
            equal(await store.retention.get(DEPLOYMENT_LOG), None)

    async def test_holds_are_kept_by_log(self, storage: AsyncStorage) -> None:
        """Holds come in the order of ids, of one log; a change is compared and set, and another log's hold is none."""
        one, two, other = _hold(1), _hold(2, person=user_id(1)), _hold(3, log=DEPLOYMENT_LOG)
        async with storage.begin(after_commit=ignore) as store:
            for each in (two, other, replace(one, since=NOW, until=NOW + HOUR, name="role.*")):
                await store.retention.add_hold(each)
        one = replace(one, since=NOW, until=NOW + HOUR, name="role.*")
        asked = replace(two, asked_by=user_id(2), asked_at=NOW, version=2)
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.retention.holds(_ONE), (one, two))
            equal(await store.retention.hold(_ONE, other.id), None)
            equal(await store.retention.hold(_ONE, two.id), two)
            equal(await store.retention.put_hold(asked), True)
            equal(await store.retention.put_hold(asked), False)
        async with storage.reading() as store:
            equal(await store.retention.holds(_ONE), (one, asked))

    async def test_what_is_due_agrees_with_the_selection(self, storage: AsyncStorage) -> None:
        """A store finds what `Selection.matches` says: ends, cutoffs of classes and of the rest, look-alikes, and never evidence."""
        evidence = ("legal_hold.placed", "audit.purged", "audit.pruned")
        names = ("role.assigned", "role.x", "rolex.y", "Role.assigned", "user.signed_in", *evidence, "role")
        events = [event(n, of=1, name=names[n % len(names)], at=NOW + TICK * (n // len(names))) for n in range(5 * len(names))]
        async with storage.sequencing() as store:
            for each in (*events, event(90), event(91, of=2)):
                await store.inbox.append(each)
            await store.log.place(limit=99)
        async with storage.reading() as store:
            there = await store.log.page(_ONE, first=0, limit=99)
            for classes in ({}, {"role.": NOW + 3 * TICK}, {"role.": NOW, "user.": NOW + 4 * TICK}):
                selection = Selection(log=_ONE, end=33, cutoff=NOW + 2 * TICK, classes=classes)
                expected = [each for each in there if selection.matches(each.index, each.event)]
                equal(await store.purges.due(selection, first=0, limit=99), tuple(expected))
                equal(await store.purges.due(selection, first=expected[2].index, limit=3), tuple(expected[2:5]))
            for since in (NOW, NOW + 4 * TICK, NOW + 5 * TICK):
                found = [each.index for each in there if each.event.time >= since]
                equal(await store.purges.newer(_ONE, since=since), min(found, default=None))
            query = AuditQuery(log=_ONE, name="role.*", since=NOW + TICK)
            asked = [each.index for each in there if query.matches(each.event)]
            equal(await store.purges.matching(query, first=0, limit=99), tuple(asked))
            equal(await store.purges.matching(query, first=asked[1], limit=2), tuple(asked[1:3]))

    async def test_removed_events_leave_their_leaves(self, storage: AsyncStorage) -> None:
        """The tree stays what it was: a leaf without a full tile is kept apart; searches and pages go on over what is left."""
        await _fill(storage, first=0, end=TILE_WIDTH + 9)
        async with storage.reading() as store:
            before, every = await store.tree.head(_ONE), await store.log.page(_ONE, first=0, limit=999)
        gone = (3, 4, TILE_WIDTH, TILE_WIDTH + 2)
        async with storage.sequencing() as store:
            equal(await store.purges.lead(_ONE), before)
            equal(await store.purges.remove(_ONE, gone, size=TILE_WIDTH + 9), 4)
            equal(await store.purges.lead(DEPLOYMENT_LOG), Head(log=DEPLOYMENT_LOG))
        leaves = tuple(each.event.leaf for each in every)
        left = [each for each in every if each.index not in gone]
        async with storage.reading() as store:
            equal(await store.tree.head(_ONE), before)
            equal(await store.tree.leaves(_ONE, first=TILE_WIDTH, end=999), leaves[TILE_WIDTH:])
            equal(await store.purges.leaves(_ONE, first=0, end=999), tuple((index, leaves[index]) for index in gone[2:]))
            equal(await store.purges.leaves(_ONE, first=TILE_WIDTH + 1, end=TILE_WIDTH + 2), ())
            equal(await store.log.page(_ONE, first=2, limit=2), tuple(left[2:4]))
            equal(await store.log.search(AuditQuery(log=_ONE), before=6, limit=3), (left[3], left[2], left[1]))
            equal(await store.log.size(_ONE), TILE_WIDTH + 9)
        record = event(2000, of=1, name="audit.purged")
        async with storage.sequencing() as store:
            head = await store.purges.lead(_ONE)
            await store.purges.append(record, head=head)
        await _fill(storage, first=3000, end=3000 + TILE_WIDTH)
        async with storage.reading() as store:
            equal(await store.log.page(_ONE, first=TILE_WIDTH + 9, limit=1), (SealedEvent(TILE_WIDTH + 9, record),))
            (tile,) = await store.tree.tiles(_ONE, level=0, first=1, end=2)
            equal(tile.hashes[: 32 * 9], b"".join(leaves[TILE_WIDTH:]))

    async def test_pruned_tiles_leave_their_roots(self, storage: AsyncStorage) -> None:
        """Of tiles that are pruned the roots are left, of other logs everything, of kept leaves those above; the log grows on."""
        size = 3 * TILE_WIDTH + 5
        await _fill(storage, first=0, end=size)
        async with storage.sequencing() as store:
            for n in range(5000, 5000 + TILE_WIDTH):
                await store.inbox.append(event(n, of=2))
            await store.log.place(limit=TILE_WIDTH)
        other = LogId(org_id(2))
        async with storage.sequencing() as store:
            await store.purges.lead(_ONE)
            await store.purges.remove(_ONE, (3, size - 4, size - 2), size=size)
            before = await store.purges.whole(_ONE, first=0, end=99, limit=99)
            equal([tile.number for tile in before], [0, 1, 2])
            equal(await store.purges.whole(_ONE, first=1, end=99, limit=1), before[1:2])
            equal(await store.purges.whole(_ONE, first=0, end=1, limit=9), before[:1])
            await store.purges.strip(_ONE, (before[0], before[2]), below=size - 3)
            await store.purges.strip(_ONE, (), below=0)
        await _fill(storage, first=6000, end=6000 + TILE_WIDTH)
        async with storage.reading() as store:
            found = await store.tree.tiles(_ONE, level=0, first=0, end=9)
            equal(found[:3], (before[0].bare(), before[1], before[2].bare()))
            equal([tile.is_bare for tile in found], [True, False, True, False])
            roots = await store.tree.roots(_ONE, level=0, first=0, end=9)
            equal(roots, tuple(tile.root for tile in (*before, found[3])))
            equal(await store.purges.whole(_ONE, first=0, end=99, limit=99), (before[1], found[3]))
            equal([index for index, _ in await store.purges.leaves(_ONE, first=0, end=size)], [size - 2])
            equal(len(await store.purges.whole(other, first=0, end=9, limit=9)), 1)

    async def test_a_purged_log_is_told_from_a_robbed_one(self, storage: AsyncStorage) -> None:
        """Events age, a hold keeps some, the rest go with a signed record and the log verifies; one more that goes without is found."""
        clock, key, other = FixedClock(NOW), AsyncSuiteSigner(1), AsyncSuiteSigner(2)
        identity = LogIdentity(deployment="acme.example", region="default", keys=(key.public,), retention_keys=(other.public,))
        ambient = Ambient(clock=clock, random=UnsafeSeededRandom(1))
        logs = AsyncLogs(storage, signer=key, identity=identity, ambient=ambient)
        policy = RetentionPolicy(default=RetentionPlan(100, {"role.": 400}))
        jobs = AsyncRetentionJobs(storage, logs=logs, signer=other, policy=policy, ambient=ambient)
        async with storage.begin(after_commit=ignore) as store:
            for n in range(20):
                await store.inbox.append(written(n, of=1, name=("user.signed_in", "role.assigned")[n % 2]))
            await store.inbox.append(written(30, of=1, subject=2, name="user.disabled"))
            await store.retention.add_hold(replace(_hold(1, person=user_id(2)), extent=""))
        await logs.flush()
        equal(await jobs.run_due(), 0)
        clock.advance(timedelta(days=101))
        await logs.flush()
        preview = await jobs.preview(_ONE)
        equal((preview.ranges.text(), preview.names, preview.held), ("0,2,4,6,8,10,12,14,16,18", (("user.signed_in", 10),), 1))
        equal(await jobs.run_due(), 10)
        equal(await jobs.run_due(), 0)
        await logs.flush()
        report = await logs.verify()
        equal(report.findings, ())
        equal({each.log: each.purged for each in report.logs}[_ONE], 10)
        async with storage.sequencing() as store:
            await store.purges.remove(_ONE, (5,), size=(await store.purges.lead(_ONE)).size)
        found = [each.at for each in (await logs.verify()).findings if each.kind is FindingKind.PURGE]
        holds(found == [5], "an event that is gone without a record is found")


class AsyncErasureConformance:
    """Erasures of persons, and the holds that keep them waiting."""

    async def test_an_erasure_goes_on_once(self, storage: AsyncStorage) -> None:
        """It is deferred or done by one of two callers, found by person and as unfinished, and told page by page."""
        one, two = _erasure(1, of=1), _erasure(2, of=2)
        async with storage.begin(after_commit=ignore) as store:
            for each in (two, one):
                await store.erasures.add(each)
            equal(await store.erasures.unfinished(after="", limit=9), (one, two))
            equal([await store.erasures.unfinished(after=after, limit=1) for after in ("", one.id, two.id)], [(one,), (two,), ()])
            waiting = one.deferred()
            equal([await store.erasures.replace(waiting) for _ in range(2)], [True, False])
            done = waiting.done(now=NOW + TICK, keys=3)
            equal([await store.erasures.replace(done), await store.erasures.replace(_erasure(9, of=1).deferred())], [True, False])
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.erasures.unfinished(after="", limit=9), (two,))
            equal([await store.erasures.of_user(user_id(n)) for n in (1, 2, 3)], [(done,), (two,), ()])
            equal([await store.erasures.page(after=after, limit=1) for after in ("", one.id, two.id)], [(done,), (two,), ()])
            equal([await store.erasures.get(one.id), await store.erasures.get(_erasure(9, of=1).id)], [done, None])

    async def test_keys_go_with_what_says_so(self, storage: AsyncStorage) -> None:
        """What is written of an erasure is there with the keys gone; what was rolled back is not, and can be done again."""
        erasure, other = _erasure(1, of=1), _erasure(2, of=2)
        for n, each in enumerate((erasure, other)):
            await storage.guard.subjects.add(SubjectKey(id=dek(n).id, subject=each.user_id, wrapped=b"x", created_at=NOW))
        async with storage.begin(after_commit=ignore) as store:
            await store.erasures.add(erasure)
        until: dict[str, datetime] = {erasure.user_id: NOW, user_id(9): NOW}
        done = erasure.done(now=NOW + TICK, keys=1)
        for fails in (True, False):
            with suppress(_Undone):
                async with storage.erasing(until, now=NOW + TICK, after_commit=ignore) as (store, counts):
                    equal(counts.keys(), until.keys())
                    equal(await store.erasures.replace(done), True)
                    if fails:
                        raise _Undone
            async with storage.reading() as store:
                equal(await store.erasures.get(erasure.id), erasure if fails else done)
        (gone,) = await storage.guard.subjects.of_subject(erasure.user_id)
        equal((gone.wrapped, gone.destroyed_at), (b"", NOW + TICK))
        equal(len(await storage.guard.subjects.alive((erasure.user_id, other.user_id))), 1)

    async def test_holds_of_every_log_are_found(self, storage: AsyncStorage) -> None:
        """Those that were not released, or after the moment, of whatever log."""
        kept, other = _hold(1), _hold(2, log=DEPLOYMENT_LOG)
        old, late = (replace(_hold(n), released_by=user_id(2), released_at=NOW + n * TICK) for n in (3, 4))
        async with storage.begin(after_commit=ignore) as store:
            for each in (late, other, old, kept):
                await store.retention.add_hold(each)
        async with storage.reading() as store:
            equal(await store.retention.in_force(since=NOW + 3 * TICK), (kept, other, late))


def _erasure(n: int, *, of: int) -> Erasure:
    return Erasure(id=ErasureId(number("era", n)), user_id=user_id(of), state=ErasureState.REQUESTED, requested_by="sam", requested_at=NOW)
