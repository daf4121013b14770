# Generated from src/ctsec/testing/conformance/_async_work.py by tools/twin.py; edit that file.
"""Conformance of the outbox and of job leases (async source)."""

from __future__ import annotations

from dataclasses import replace

from ctsec.changes import Epochs
from ctsec.mail.record import OutboxOverview, delivered, leased, postponed, renewed
from ctsec.storage._sync_ports import Storage
from ctsec.testing.conformance.expect import equal, holds
from ctsec.testing.conformance.samples import HOUR, NOW, TICK, ignore, org_id, outbox_entry, user_id


class OutboxConformance:
    """Mail that waits."""

    def test_what_is_due_comes_oldest_first(self, storage: Storage) -> None:
        """An entry is due from its very moment on; the oldest come first, up to the limit."""
        with storage.begin(after_commit=ignore) as store:
            for n in (3, 1, 2):
                store.outbox.add(outbox_entry(n))
        with storage.reading() as store:
            equal(store.outbox.due(now=NOW, limit=9), ())
            equal(store.outbox.due(now=NOW + 2 * TICK, limit=9), (outbox_entry(1), outbox_entry(2)))
            equal(store.outbox.due(now=NOW + HOUR, limit=1), (outbox_entry(1),))

    def test_one_worker_takes_an_entry(self, storage: Storage) -> None:
        """A lease is a compare-and-set on the version; while it runs the entry is not due, after it the entry is due again."""
        taken = leased(outbox_entry(1), now=NOW + TICK)
        with storage.begin(after_commit=ignore) as store:
            store.outbox.add(outbox_entry(1))
            equal(store.outbox.replace(taken), True)
            equal(store.outbox.replace(replace(taken, last_error="lost")), False)
            equal(store.outbox.replace(replace(outbox_entry(9), version=2)), False)
        with storage.reading() as store:
            equal(store.outbox.due(now=taken.due_at - TICK, limit=9), ())
            equal(store.outbox.due(now=taken.due_at, limit=9), (taken,))

    def test_what_nobody_is_to_get_is_deleted(self, storage: Storage) -> None:
        """An entry is deleted in the version that was read, once, and no other is."""
        taken = leased(outbox_entry(1), now=NOW)
        with storage.begin(after_commit=ignore) as store:
            for n in (1, 2):
                store.outbox.add(outbox_entry(n))
            equal(store.outbox.replace(taken), True)
            equal([store.outbox.drop(each) for each in (outbox_entry(1), taken, taken)], [False, True, False])
            equal(store.outbox.due(now=NOW + HOUR, limit=9), (outbox_entry(2),))

    def test_what_is_done_is_not_due(self, storage: Storage) -> None:
        """Delivered and given-up entries are never due again; a postponed one is due later."""
        sent = delivered(outbox_entry(1), now=NOW)
        failed = postponed(replace(outbox_entry(2), attempts=12), now=NOW, error="no such mailbox")
        later = postponed(replace(outbox_entry(3), attempts=1), now=NOW, error="busy")
        with storage.begin(after_commit=ignore) as store:
            for n in (1, 2, 3):
                store.outbox.add(outbox_entry(n))
            for entry in (sent, failed, later):
                equal(store.outbox.replace(entry), True)
        with storage.reading() as store:
            equal(store.outbox.due(now=NOW + 99 * HOUR, limit=9), (later,))

    def test_what_has_not_left_is_counted(self, storage: Storage) -> None:
        """The overview counts what waits and what was given up; given-up entries come in pages, and are due again once renewed."""
        sent = delivered(outbox_entry(1), now=NOW)
        failed = [postponed(replace(outbox_entry(n), attempts=12), now=NOW, error="no such mailbox") for n in (2, 3)]
        with storage.reading() as store:
            equal(store.outbox.overview(), OutboxOverview(waiting=0, given_up=0, oldest=None))
        with storage.begin(after_commit=ignore) as store:
            for n in (1, 2, 3, 4, 5):
                store.outbox.add(outbox_entry(n))
            for entry in (sent, *failed):
                equal(store.outbox.replace(entry), True)
        with storage.reading() as store:
            equal(store.outbox.overview(), OutboxOverview(waiting=2, given_up=2, oldest=outbox_entry(4).created_at))
            equal(store.outbox.given_up(after="", limit=1), (failed[0],))
            equal(store.outbox.given_up(after=failed[0].id, limit=9), (failed[1],))
        again = renewed(failed[0], now=NOW)
        with storage.begin(after_commit=ignore) as store:
            equal(store.outbox.replace(again), True)
        with storage.reading() as store:
            equal(store.outbox.overview(), OutboxOverview(waiting=3, given_up=1, oldest=again.created_at))
            equal(store.outbox.due(now=NOW, limit=9), (again,))


class JobConformance:
    """Leases of jobs."""

    def test_one_owner_holds_the_lease(self, storage: Storage) -> None:
        """A job is claimed by one owner until the lease ends, not even by the same one twice; at its end the next takes over."""
        with storage.begin(after_commit=ignore) as store:
            equal(store.jobs.all(), ())
            equal(store.jobs.claim("mail", owner="a", now=NOW, until=NOW + HOUR), True)
            equal(store.jobs.claim("Mail", owner="b", now=NOW, until=NOW + HOUR), True)
        with storage.begin(after_commit=ignore) as store:
            for owner in ("a", "b"):
                equal(store.jobs.claim("mail", owner=owner, now=NOW + HOUR - TICK, until=NOW + 2 * HOUR), False)
            equal(store.jobs.claim("mail", owner="b", now=NOW + HOUR, until=NOW + 2 * HOUR), True)
            equal(store.jobs.finish("mail", owner="a", now=NOW + HOUR, due_at=NOW + HOUR, error=""), False)
            equal({(job.name, job.owner) for job in store.jobs.all()}, {("mail", "b"), ("Mail", "b")})

    def test_a_finished_job_is_free_and_due_later(self, storage: Storage) -> None:
        """After a run the job waits for its next time, and keeps what went wrong; a second finish finds the lease gone."""
        with storage.begin(after_commit=ignore) as store:
            store.jobs.claim("mail", owner="a", now=NOW, until=NOW + HOUR)
            equal(store.jobs.finish("mail", owner="a", now=NOW + TICK, due_at=NOW + 3 * TICK, error="no route"), True)
            equal(store.jobs.finish("mail", owner="a", now=NOW + TICK, due_at=NOW, error=""), False)
            equal(store.jobs.finish("never", owner="a", now=NOW, due_at=NOW, error=""), False)
            found = {job.name: job for job in store.jobs.all()}["mail"]
            equal((found.due_at, found.last_run_at, found.last_error), (NOW + 3 * TICK, NOW + TICK, "no route"))
            equal(store.jobs.claim("mail", owner="b", now=NOW + 2 * TICK, until=NOW + HOUR), False)
            equal(store.jobs.claim("mail", owner="b", now=NOW + 3 * TICK, until=NOW + HOUR), True)
            taken = {job.name: job for job in store.jobs.all()}["mail"]
            equal(taken, replace(found, owner="b", leased_until=NOW + HOUR))


class EpochConformance:
    """Epochs: what tells other processes that something changed."""

    def test_an_epoch_changes_with_every_commit(self, storage: Storage) -> None:
        """A committed change gives its scope another epoch than it ever had, and leaves those of the others; the store keeps its name."""
        seen: list[Epochs] = []
        for _ in range(3):
            with storage.begin(after_commit=ignore) as store:
                store.epochs.bump(user_id(1))
                if not seen:
                    store.epochs.bump(org_id(1))
            with storage.reading() as store:
                seen.append(store.epochs.recent())
        equal(len({each.recent[user_id(1)] for each in seen}), 3)
        equal(len({each.recent[org_id(1)] for each in seen}), 1)
        equal(len({each.incarnation for each in seen}), 1)
        holds(bool(seen[0].incarnation), "a store has a name of its own")

    def test_an_epoch_that_was_not_committed_is_not_there(self, storage: Storage) -> None:
        """Others see no new epoch before the commit, and none after a rollback."""
        with storage.reading() as store:
            before = store.epochs.recent()
        try:
            with storage.begin(after_commit=ignore) as store:
                store.epochs.bump(user_id(1))
                with storage.reading() as other:
                    equal(other.epochs.recent(), before)
                raise KeyError
        except KeyError:
            pass
        with storage.reading() as store:
            equal(store.epochs.recent(), before)

    def test_trimming_keeps_what_is_asked_for(self, storage: Storage) -> None:
        """Making room takes no epoch that a process still compares."""
        with storage.begin(after_commit=ignore) as store:
            store.epochs.bump(user_id(1))
        with storage.reading() as store:
            before = store.epochs.recent()
        with storage.begin(after_commit=ignore) as store:
            store.epochs.trim()
        with storage.reading() as store:
            equal(store.epochs.recent(), before)
