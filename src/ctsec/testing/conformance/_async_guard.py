"""Conformance of the guard store (async source)."""

from __future__ import annotations

from dataclasses import replace

from ctsec.encryption.subject_key import SubjectKey
from ctsec.errors import StoreError
from ctsec.guard._async_ports import AsyncAllowanceRecords
from ctsec.guard.allowance import Allowance
from ctsec.guard.attempts import Attempts
from ctsec.guard.proof import Purpose
from ctsec.storage._async_ports import AsyncStorage
from ctsec.testing.conformance.expect import equal, fail, is_utc
from ctsec.testing.conformance.samples import HOUR, NOW, TICK, dek, digest, event, ignore, proof, user_id


class AsyncProofConformance:
    """One-time proofs."""

    async def test_what_was_issued_comes_back_equal(self, storage: AsyncStorage) -> None:
        """A proof is stored exactly, with and without an end, and peeking does not consume it."""
        proofs, endless = storage.guard.proofs, proof("b", ends=None)
        await proofs.issue((proof("a"), endless))
        await proofs.issue(())
        for _ in range(2):
            equal(await proofs.peek(Purpose.PASSWORD_RESET, digest("a")), proof("a"))
        equal(await proofs.peek(Purpose.PASSWORD_RESET, digest("b")), endless)
        equal(await proofs.peek(Purpose.PASSWORD_RESET, digest("c")), None)

    async def test_it_is_consumed_once(self, storage: AsyncStorage) -> None:
        """The first caller consumes it and its moment is kept; unknown ones are never consumed."""
        proofs = storage.guard.proofs
        await proofs.issue((proof("a"), proof("b", ends=None)))
        equal(await proofs.consume(Purpose.PASSWORD_RESET, digest("a"), now=NOW + TICK), True)
        equal(await proofs.consume(Purpose.PASSWORD_RESET, digest("a"), now=NOW + 2 * TICK), False)
        equal(await proofs.consume(Purpose.PASSWORD_RESET, digest("b"), now=NOW + 9999 * HOUR), True)
        equal(await proofs.consume(Purpose.PASSWORD_RESET, digest("c"), now=NOW), False)
        equal(await proofs.peek(Purpose.PASSWORD_RESET, digest("a")), replace(proof("a"), used_at=NOW + TICK))

    async def test_it_ends_at_the_very_moment(self, storage: AsyncStorage) -> None:
        """At its end it is not consumed, a microsecond before it is."""
        proofs = storage.guard.proofs
        await proofs.issue((proof("a"), proof("b")))
        equal(await proofs.consume(Purpose.PASSWORD_RESET, digest("a"), now=NOW + HOUR), False)
        equal(await proofs.consume(Purpose.PASSWORD_RESET, digest("b"), now=NOW + HOUR - TICK), True)

    async def test_it_serves_its_own_purpose_only(self, storage: AsyncStorage) -> None:
        """A digest is looked for under one purpose; the same digest under another is another proof."""
        proofs = storage.guard.proofs
        await proofs.issue((proof("a"),))
        equal(await proofs.peek(Purpose.EMAIL_VERIFICATION, digest("a")), None)
        equal(await proofs.consume(Purpose.EMAIL_VERIFICATION, digest("a"), now=NOW), False)
        await proofs.issue((proof("a", purpose=Purpose.EMAIL_VERIFICATION),))
        equal(await proofs.consume(Purpose.EMAIL_VERIFICATION, digest("a"), now=NOW), True)
        equal(await proofs.consume(Purpose.PASSWORD_RESET, digest("a"), now=NOW), True)

    async def test_the_same_proof_is_not_issued_twice(self, storage: AsyncStorage) -> None:
        """Issuing again is refused with StoreError and does not revive what was used; nothing else of the call is written."""
        proofs = storage.guard.proofs
        await proofs.issue((proof("a"),))
        await proofs.consume(Purpose.PASSWORD_RESET, digest("a"), now=NOW)
        try:
            await proofs.issue((proof("b"), proof("a")))
        except StoreError:
            pass
        else:
            fail("a used proof was issued again")
        equal(await proofs.consume(Purpose.PASSWORD_RESET, digest("a"), now=NOW), False)
        equal(await proofs.peek(Purpose.PASSWORD_RESET, digest("b")), None)

    async def test_the_live_ones_of_a_subject_are_listed_and_voided(self, storage: AsyncStorage) -> None:
        """Live means of this purpose and subject (byte by byte), not used and not ended; voiding uses them all up."""
        proofs = storage.guard.proofs
        others = (proof("c", subject="USR_A"), proof("d", subject="usr_a "), proof("e", purpose=Purpose.BACKUP_CODE))
        await proofs.issue((proof("a"), proof("b", ends=None), proof("used"), proof("over", ends=NOW), *others))
        await proofs.consume(Purpose.PASSWORD_RESET, digest("used"), now=NOW)
        live = await proofs.live(Purpose.PASSWORD_RESET, "usr_a", now=NOW)
        equal({each.digest for each in live}, {digest("a"), digest("b")})
        equal(await proofs.void(Purpose.PASSWORD_RESET, "usr_a", now=NOW + TICK), 2)
        equal(await proofs.void(Purpose.PASSWORD_RESET, "usr_a", now=NOW + TICK), 0)
        equal(await proofs.live(Purpose.PASSWORD_RESET, "usr_a", now=NOW), ())
        equal(await proofs.consume(Purpose.PASSWORD_RESET, digest("a"), now=NOW + TICK), False)
        equal(await proofs.peek(Purpose.PASSWORD_RESET, digest("used")), replace(proof("used"), used_at=NOW))
        for each in others:
            equal(await proofs.consume(each.purpose, each.digest, now=NOW), True)

    async def test_what_ended_is_deleted_in_batches(self, storage: AsyncStorage) -> None:
        """Proofs that ended, or have no end and were used, by a moment are deleted, at most so many at once; no other is, used or not."""
        proofs = storage.guard.proofs
        over = tuple(proof(name, ends=NOW - TICK * n, purpose=each) for n, (name, each) in enumerate(zip("abc", Purpose, strict=False)))
        await proofs.issue((*over, proof("live", ends=NOW + TICK), proof("used", ends=NOW + TICK), proof("late", ends=None)))
        await proofs.issue((proof("slot", ends=None), proof("left", ends=None)))
        for name, at in (("used", NOW - HOUR), ("slot", NOW), ("late", NOW + TICK)):
            equal(await proofs.consume(Purpose.PASSWORD_RESET, digest(name), now=at), True)
        equal([await proofs.trim(before=NOW, limit=3) for _ in range(3)], [3, 1, 0])
        equal([await proofs.peek(each.purpose, each.digest) for each in over], [None] * 3)
        names = ("slot", "live", "used", "late", "left")
        there = [await proofs.peek(Purpose.PASSWORD_RESET, digest(name)) is not None for name in names]
        equal(there, [False, True, True, True, True])
        equal(await proofs.consume(Purpose.PASSWORD_RESET, digest("slot"), now=NOW), False)


class AsyncGuardConformance:
    """Time steps, failure counters and events aside."""

    async def test_steps_only_go_up(self, storage: AsyncStorage) -> None:
        """A step is accepted once and only above the last one; without a row nothing is accepted."""
        steps = storage.guard.steps
        equal(await steps.last("aut_1"), None)
        equal(await steps.advance("aut_1", step=5), False)
        await steps.start("aut_1", step=5)
        await steps.start("aut_1", step=1)
        await steps.start("AUT_1", step=9)
        equal(await steps.last("aut_1"), 5)
        equal([await steps.advance("aut_1", step=step) for step in (5, 4, 6, 6, 7)], [False, False, True, False, True])
        equal(await steps.last("aut_1"), 7)
        equal(await steps.last("AUT_1"), 9)

    async def test_a_counter_changes_only_from_what_it_was(self, storage: AsyncStorage) -> None:
        """A counter is written by a compare-and-set on the whole record, None meaning that there is none."""
        attempts = storage.guard.attempts
        first = Attempts(key="a", failures=1, last_failed_at=NOW)
        second = Attempts(key="a", failures=2, last_failed_at=NOW + TICK, blocked_until=NOW + HOUR, disabled_at=NOW + TICK)
        equal(await attempts.get("a"), None)
        equal(await attempts.replace(first, second), False)
        equal(await attempts.replace(None, first), True)
        equal(await attempts.replace(None, second), False)
        for stale in (replace(first, failures=2), replace(first, last_failed_at=NOW + TICK), replace(first, blocked_until=NOW)):
            equal(await attempts.replace(stale, second), False)
        equal(await attempts.get("a"), first)
        equal(await attempts.replace(first, second), True)
        equal(await attempts.get("a"), second)
        equal(await attempts.replace(first, second), False)
        equal(await attempts.replace(second, replace(second, blocked_until=None)), True)

    async def test_counters_are_forgotten_by_key(self, storage: AsyncStorage) -> None:
        """Clearing forgets the named keys, byte by byte, and no other; a key without a counter is no error."""
        attempts = storage.guard.attempts
        for key in ("s", "S", "s ", "t"):
            equal(await attempts.replace(None, Attempts(key=key, failures=1)), True)
        await attempts.clear(("s", "t", "never"))
        await attempts.clear(())
        found = [await attempts.get(key) for key in ("s", "S", "s ", "t")]
        equal(found, [None, Attempts(key="S", failures=1), Attempts(key="s ", failures=1), None])
        equal(await attempts.replace(None, Attempts(key="s")), True)

    async def test_what_is_settled_was_not_disabled_meanwhile(self, storage: AsyncStorage) -> None:
        """Settling forgets a counter whatever was added to it, but a disabled one only for the attempt that disabled it."""
        attempts = storage.guard.attempts
        charged = Attempts(key="a", failures=1, last_failed_at=NOW)
        newer = replace(charged, failures=2, blocked_until=NOW + HOUR)
        disabled = replace(charged, failures=100, disabled_at=NOW + TICK)
        equal(await attempts.replace(None, newer), True)
        await attempts.settle((charged, replace(charged, key="never")))
        await attempts.settle(())
        equal(await attempts.get("a"), None)
        equal(await attempts.replace(None, disabled), True)
        for other in (charged, replace(disabled, disabled_at=NOW), replace(disabled, key="A")):
            await attempts.settle((other,))
            equal(await attempts.get("a"), disabled)
        await attempts.settle((disabled,))
        equal(await attempts.get("a"), None)

    async def test_who_is_to_be_told_is_listed(self, storage: AsyncStorage) -> None:
        """Disabled counters with a subject who was not told are listed in the order of keys; no others, and no more than the limit."""
        attempts = storage.guard.attempts
        told = Attempts(key="a", failures=100, disabled_at=NOW, subject="usr_a", told_at=NOW + TICK)
        nobody, open_one = replace(told, key="b", subject="", told_at=None), Attempts(key="c", failures=9, subject="usr_a")
        first, second = replace(told, key="d", told_at=None), replace(told, key="e", told_at=None)
        for each in (second, told, nobody, open_one, first):
            equal(await attempts.replace(None, each), True)
        equal(await attempts.untold(limit=9), (first, second))
        equal(await attempts.untold(limit=1), (first,))
        equal(await attempts.replace(first, replace(first, told_at=NOW)), True)
        equal(await attempts.untold(limit=9), (second,))

    async def test_events_aside_reach_the_log_once(self, storage: AsyncStorage) -> None:
        """Moving them after a crash between the two stores adds none twice; removed ones are gone."""
        aside = storage.guard.events
        for n in (3, 1, 2):
            await aside.append(event(n, of=1))
        equal(await aside.pending(limit=2), (event(1, of=1), event(2, of=1)))
        for _ in range(2):
            async with storage.begin(after_commit=ignore) as store:
                await store.inbox.append_new(await aside.pending(limit=9))
                await store.log.place(limit=2)
        await aside.remove((event(1).id, event(3).id, "evt_unknown"))
        await aside.remove(())
        equal(await aside.pending(limit=9), (event(2, of=1),))
        async with storage.begin(after_commit=ignore) as store:
            await store.inbox.append_new(await aside.pending(limit=9))
            while await store.log.place(limit=9):
                pass
            equal(await store.log.size(event(1, of=1).log), 3)


class AsyncAllowanceConformance:
    """Allowances of address blocks and mailboxes; also for servers that hold nothing else (`allowances`)."""

    async def test_an_allowance_changes_only_from_what_it_was(self, allowances: AsyncAllowanceRecords) -> None:
        """An allowance is written by a compare-and-set on the whole record, to the microsecond, None meaning that there is none."""
        first, second = Allowance(key="net:a", full_at=NOW + HOUR), Allowance(key="net:a", full_at=NOW + HOUR + TICK)
        equal(await allowances.get("net:a"), None)
        equal(await allowances.replace(first, second), False)
        equal(await allowances.replace(None, first), True)
        equal(await allowances.replace(None, second), False)
        equal(await allowances.replace(second, first), False)
        equal(await allowances.get("net:a"), first)
        equal(await allowances.replace(first, second), True)
        equal(await allowances.replace(first, second), False)
        equal(await allowances.get("net:a"), second)
        equal(await allowances.get("NET:a"), None)
        found = await allowances.get("net:a")
        is_utc(found.full_at if found else None)

    async def test_full_allowances_are_trimmed(self, allowances: AsyncAllowanceRecords) -> None:
        """What was full at a moment may be deleted then, what is not stays; deleting again deletes nothing."""
        old, new = Allowance(key="old", full_at=NOW), Allowance(key="new", full_at=NOW + TICK)
        for each in (old, new):
            equal(await allowances.replace(None, each), True)
        await allowances.trim(before=NOW)
        equal(await allowances.trim(before=NOW), 0)
        equal(await allowances.get("new"), new)


class AsyncSubjectConformance:
    """Keys of persons."""

    async def test_a_persons_keys_end_together(self, storage: AsyncStorage) -> None:
        """All keys of a person that were made by then lose what was wrapped, once, and stay as rows; later ones and others' are left."""
        subjects = storage.guard.subjects
        one, two, late = _subject_key(1, of=1), _subject_key(2, of=1), replace(_subject_key(3, of=1), created_at=NOW + HOUR)
        other = _subject_key(4, of=2)
        for each in (late, other, two, one):
            await subjects.add(each)
        equal(await subjects.of_subject(one.subject), (one, two, late))
        equal(await subjects.destroy({one.subject: NOW, user_id(9): NOW}, now=NOW + TICK), {one.subject: 2, user_id(9): 0})
        equal(await subjects.destroy({one.subject: NOW + TICK}, now=NOW + 2 * TICK), {one.subject: 0})
        equal(await subjects.alive((one.subject, other.subject)), (late, other))
        ended = tuple(each.destroyed(now=NOW + TICK) for each in (one, two))
        equal(await subjects.of_subject(one.subject), (*ended, late))
        equal([await subjects.get(each.id) for each in (one, other, _subject_key(5, of=1))], [ended[0], other, None])
        equal(await subjects.of_subject(_subject_key(9, of=9).subject), ())


def _subject_key(n: int, *, of: int) -> SubjectKey:
    return SubjectKey(id=dek(n).id, subject=user_id(of), wrapped=b"\xff\x00%d" % n, created_at=NOW)
