# Generated from src/ctsec/testing/conformance/_async_region_logs.py by tools/twin.py; edit that file.
"""Conformance of the logs in the store of a region (async source): the home store's rules, and events that commit with content."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta
from typing import cast

from ctsec.ambient import Ambient
from ctsec.audit.assurance import FindingKind
from ctsec.audit.event import LogId, build
from ctsec.audit.record import StoredEvent, store_form
from ctsec.audit.retention.plan import RetentionPlan, RetentionPolicy
from ctsec.audit.signing import LogIdentity
from ctsec.errors import StoreReadOnly
from ctsec.ids import OrganizationId
from ctsec.principal import system
from ctsec.residency._sync_ports import RegionStorage, RegionStore
from ctsec.residency.record import Position
from ctsec.security._sync_logs import Logs
from ctsec.security._sync_named_store import NamedStorage
from ctsec.security._sync_region_logs import RegionLog, RegionLogs
from ctsec.security._sync_retention_jobs import RetentionJobs
from ctsec.security._sync_sealed_logs import SealedLogs
from ctsec.storage._sync_ports import AfterCommit, Storage
from ctsec.testing.clock import FixedClock
from ctsec.testing.conformance._sync_audit import InboxConformance, LogConformance
from ctsec.testing.conformance._sync_retention import RetentionConformance, SuiteSigner
from ctsec.testing.conformance._sync_tree import TreeConformance
from ctsec.testing.conformance.expect import equal, fail
from ctsec.testing.conformance.regional import content
from ctsec.testing.conformance.samples import NOW, event, ignore, org_id
from ctsec.testing.conformance.written import written
from ctsec.testing.random import UnsafeSeededRandom


class _Logs:
    """The store of a region as far as it keeps logs, opened as a home store is."""

    def __init__(self, storage: RegionStorage) -> None:
        self._storage = storage
        self.reading = storage.reading
        self.sequencing = storage.sequencing

    def begin(self, *, after_commit: AfterCommit) -> AbstractContextManager[RegionStore]:
        """Open a transaction; no cache hears of a region."""
        del after_commit
        return self._storage.begin()


class _Unopened:
    """Opens no personal part: the suite reads none."""

    def open(self, event: StoredEvent) -> Mapping[str, str]:
        """Return what it is told."""
        return {"id": event.id}

    def opened(self, sealed: bytes, *, event_id: str, log: str) -> Mapping[str, str]:
        """Return what it is told."""
        return {"id": event_id, "log": log, "sealed": sealed.hex()}


def _logs(storage: RegionStorage) -> Storage:
    return cast(Storage, _Logs(storage))


class RegionLogConformance:
    """Logs in the store of a region; the fixture `region_storage` is an empty one, `eu` by name, and `storage` an empty home store."""

    def test_rows_wait_in_the_order_of_their_ids(self, region_storage: RegionStorage) -> None:
        """Waiting rows come back exactly, in the order of ids, of all logs or of one, up to a limit."""
        InboxConformance().test_rows_wait_in_the_order_of_their_ids(_logs(region_storage))

    def test_indexes_have_no_gap_in_any_log(self, region_storage: RegionStorage) -> None:
        """Whatever was rolled back in between, every log counts 0, 1, 2 … in the order of placing, and each event is placed once."""
        LogConformance().test_indexes_have_no_gap_in_any_log(_logs(region_storage))

    def test_a_tree_grows_with_its_log_whatever_the_batches(self, region_storage: RegionStorage) -> None:
        """Frontier, leaves and tiles are those of the events, whatever the batches were."""
        TreeConformance().test_a_tree_grows_with_its_log_whatever_the_batches(_logs(region_storage))

    def test_checkpoints_are_the_leaves_of_the_log_of_logs(self, region_storage: RegionStorage) -> None:
        """The store has a log of logs of its own, with its logs' checkpoints as leaves."""
        TreeConformance().test_checkpoints_are_the_leaves_of_the_log_of_logs(_logs(region_storage))

    def test_what_is_due_agrees_with_the_selection(self, region_storage: RegionStorage) -> None:
        """A store finds what a purge may take, and never what it is judged by."""
        RetentionConformance().test_what_is_due_agrees_with_the_selection(_logs(region_storage))

    def test_removed_events_leave_their_leaves(self, region_storage: RegionStorage) -> None:
        """The tree stays what it was: a leaf without a full tile is kept apart."""
        RetentionConformance().test_removed_events_leave_their_leaves(_logs(region_storage))

    def test_a_log_is_purged_by_what_it_was_told(self, storage: Storage, region_storage: RegionStorage) -> None:
        """A plan and a hold of the home store reach the log of a region, also where both are in one database; one event more is found."""
        clock, key, other = FixedClock(NOW), SuiteSigner(1), SuiteSigner(2)
        identity = LogIdentity(deployment="acme.example", region="default", keys=(key.public,), retention_keys=(other.public,))
        ambient = Ambient(clock=clock, random=UnsafeSeededRandom(1))
        policy = RetentionPolicy(default=RetentionPlan(100))
        there = NamedStorage(region_storage, region="eu", store="eu")
        exports = Logs(storage, signer=key, identity=identity, ambient=ambient).exports
        in_eu = replace(identity, region="eu")
        sealed = SealedLogs(there, signer=key, identity=in_eu, ambient=ambient, exports=exports, region="eu")
        regions = RegionLogs(storage, ambient=ambient, stores={"eu": RegionLog("eu", sealed, there, _Unopened())})
        logs = Logs(storage, signer=key, identity=identity, ambient=ambient, regions=regions)
        jobs = RetentionJobs(storage, logs=logs, signer=other, policy=policy, ambient=ambient, batch=3)
        log = LogId(org_id(1))
        with storage.begin(after_commit=ignore) as store:
            store.inbox.append(written(30, of=1))
        with region_storage.begin() as opened:
            for n in range(8):
                opened.inbox.append(written(n, of=1, name=("user.signed_in", "role.assigned")[n % 2], region="eu"))
        logs.flush()
        equal(jobs.run_due(), 0)
        clock.advance(timedelta(days=101))
        logs.flush()
        equal((jobs.regions.preview(log, store="eu")).ranges.text(), "0-7")
        placed = build(
            "legal_hold.placed",
            ambient=ambient,
            actor=system("test"),
            organization=OrganizationId(log),
            details={"hold": "hld_1", "matter": "case 1", "whole": False, "extent": "", "size": 1, "name": "role.*"},
        )
        with storage.begin(after_commit=ignore) as store:
            store.inbox.append(store_form(placed, personal=b""))
        equal(jobs.regions.purge(log, store="eu"), 4)
        with region_storage.reading() as opened:
            left = [each.event.name for each in opened.log.page(log, first=0, limit=99)]
        equal(left, ["role.assigned"] * 4 + ["retention.relayed"] * 2 + ["audit.purged"] * 3)
        logs.flush()
        with region_storage.sequencing() as opened:
            opened.purges.remove(log, (5,), size=(opened.purges.lead(log)).size)
        found = [(each.store, each.kind, each.at) for each in (logs.verify()).findings]
        equal(found, [("eu", FindingKind.PURGE, 5)])

    def test_an_event_commits_with_content_or_not_at_all(self, region_storage: RegionStorage) -> None:
        """What raises leaves neither content nor event, what commits has both, and a reading writes no event."""
        try:
            with region_storage.begin() as store:
                store.content.put(content(1, "a", "1"))
                store.inbox.append(event(1, of=1))
                raise KeyError("stop")
        except KeyError:
            pass
        with region_storage.reading() as store:
            equal((store.content.page(after=Position(), limit=9), store.inbox.pending(limit=9)), ((), ()))
        with region_storage.begin() as store:
            store.content.put(content(1, "a", "1"))
            store.inbox.append(event(1, of=1))
        try:
            with region_storage.reading() as store:
                store.inbox.append(event(2, of=1))
        except StoreReadOnly:
            pass
        else:
            fail("a reading wrote")
        with region_storage.reading() as store:
            equal(store.content.page(after=Position(), limit=9), (content(1, "a", "1"),))
            equal(store.inbox.pending(limit=9), (event(1, of=1),))
