"""Conformance of the outbox and of job leases (async source)."""

from __future__ import annotations

from dataclasses import replace

from ctsec.mail.record import delivered, leased, postponed
from ctsec.storage._async_ports import AsyncStorage
from ctsec.testing.conformance.expect import equal
from ctsec.testing.conformance.samples import HOUR, NOW, TICK, ignore, outbox_entry


class AsyncOutboxConformance:
    """Mail that waits."""

    async def test_what_is_due_comes_oldest_first(self, storage: AsyncStorage) -> None:
        """An entry is due from its very moment on; the oldest come first, up to the limit."""
        async with storage.begin(after_commit=ignore) as store:
            for n in (3, 1, 2):
                await store.outbox.add(outbox_entry(n))
        async with storage.reading() as store:
            equal(await store.outbox.due(now=NOW, limit=9), ())
            equal(await store.outbox.due(now=NOW + 2 * TICK, limit=9), (outbox_entry(1), outbox_entry(2)))
            equal(await store.outbox.due(now=NOW + HOUR, limit=1), (outbox_entry(1),))

    async def test_one_worker_takes_an_entry(self, storage: AsyncStorage) -> None:
        """A lease is a compare-and-set on the version; while it runs the entry is not due, after it the entry is due again."""
        taken = leased(outbox_entry(1), now=NOW + TICK)
        async with storage.begin(after_commit=ignore) as store:
            await store.outbox.add(outbox_entry(1))
            equal(await store.outbox.replace(taken), True)
            equal(await store.outbox.replace(replace(taken, last_error="lost")), False)
            equal(await store.outbox.replace(replace(outbox_entry(9), version=2)), False)
        async with storage.reading() as store:
            equal(await store.outbox.due(now=taken.due_at - TICK, limit=9), ())
            equal(await store.outbox.due(now=taken.due_at, limit=9), (taken,))

    async def test_what_is_done_is_not_due(self, storage: AsyncStorage) -> None:
        """Delivered and given-up entries are never due again; a postponed one is due later."""
        sent = delivered(outbox_entry(1), now=NOW)
        failed = postponed(replace(outbox_entry(2), attempts=12), now=NOW, error="no such mailbox")
        later = postponed(replace(outbox_entry(3), attempts=1), now=NOW, error="busy")
        async with storage.begin(after_commit=ignore) as store:
            for n in (1, 2, 3):
                await store.outbox.add(outbox_entry(n))
            for entry in (sent, failed, later):
                equal(await store.outbox.replace(entry), True)
        async with storage.reading() as store:
            equal(await store.outbox.due(now=NOW + 99 * HOUR, limit=9), (later,))


class AsyncJobConformance:
    """Leases of jobs."""

    async def test_one_owner_holds_the_lease(self, storage: AsyncStorage) -> None:
        """A job is claimed by one owner until the lease ends, not even by the same one twice; at its end the next takes over."""
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.jobs.all(), ())
            equal(await store.jobs.claim("mail", owner="a", now=NOW, until=NOW + HOUR), True)
            equal(await store.jobs.claim("Mail", owner="b", now=NOW, until=NOW + HOUR), True)
        async with storage.begin(after_commit=ignore) as store:
            for owner in ("a", "b"):
                equal(await store.jobs.claim("mail", owner=owner, now=NOW + HOUR - TICK, until=NOW + 2 * HOUR), False)
            equal(await store.jobs.claim("mail", owner="b", now=NOW + HOUR, until=NOW + 2 * HOUR), True)
            equal(await store.jobs.finish("mail", owner="a", now=NOW + HOUR, due_at=NOW + HOUR, error=""), False)
            equal({(job.name, job.owner) for job in await store.jobs.all()}, {("mail", "b"), ("Mail", "b")})

    async def test_a_finished_job_is_free_and_due_later(self, storage: AsyncStorage) -> None:
        """After a run the job waits for its next time, and keeps what went wrong; a second finish finds the lease gone."""
        async with storage.begin(after_commit=ignore) as store:
            await store.jobs.claim("mail", owner="a", now=NOW, until=NOW + HOUR)
            equal(await store.jobs.finish("mail", owner="a", now=NOW + TICK, due_at=NOW + 3 * TICK, error="no route"), True)
            equal(await store.jobs.finish("mail", owner="a", now=NOW + TICK, due_at=NOW, error=""), False)
            equal(await store.jobs.finish("never", owner="a", now=NOW, due_at=NOW, error=""), False)
            found = {job.name: job for job in await store.jobs.all()}["mail"]
            equal((found.due_at, found.last_run_at, found.last_error), (NOW + 3 * TICK, NOW + TICK, "no route"))
            equal(await store.jobs.claim("mail", owner="b", now=NOW + 2 * TICK, until=NOW + HOUR), False)
            equal(await store.jobs.claim("mail", owner="b", now=NOW + 3 * TICK, until=NOW + HOUR), True)
            taken = {job.name: job for job in await store.jobs.all()}["mail"]
            equal(taken, replace(found, owner="b", leased_until=NOW + HOUR))
