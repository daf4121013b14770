# Generated from src/ctsec/testing/conformance/_async_guard.py by tools/twin.py; edit that file.
"""Conformance of the guard store (async source)."""

from __future__ import annotations

from dataclasses import replace

from ctsec.encryption.subject_key import SubjectKey
from ctsec.errors import StoreError
from ctsec.guard._sync_ports import AllowanceRecords
from ctsec.guard.allowance import Allowance
from ctsec.guard.attempts import Attempts
from ctsec.guard.proof import Purpose
from ctsec.storage._sync_ports import Storage
from ctsec.testing.conformance.expect import equal, fail, is_utc
from ctsec.testing.conformance.samples import HOUR, NOW, TICK, dek, digest, event, ignore, proof, user_id


class ProofConformance:
    """One-time proofs."""

    def test_what_was_issued_comes_back_equal(self, storage: Storage) -> None:
        """A proof is stored exactly, with and without an end, and peeking does not consume it."""
        proofs, endless = storage.guard.proofs, proof("b", ends=None)
        proofs.issue((proof("a"), endless))
        proofs.issue(())
        for _ in range(2):
            equal(proofs.peek(Purpose.PASSWORD_RESET, digest("a")), proof("a"))
        equal(proofs.peek(Purpose.PASSWORD_RESET, digest("b")), endless)
        equal(proofs.peek(Purpose.PASSWORD_RESET, digest("c")), None)

    def test_it_is_consumed_once(self, storage: Storage) -> None:
        """The first caller consumes it and its moment is kept; unknown ones are never consumed."""
        proofs = storage.guard.proofs
        proofs.issue((proof("a"), proof("b", ends=None)))
        equal(proofs.consume(Purpose.PASSWORD_RESET, digest("a"), now=NOW + TICK), True)
        equal(proofs.consume(Purpose.PASSWORD_RESET, digest("a"), now=NOW + 2 * TICK), False)
        equal(proofs.consume(Purpose.PASSWORD_RESET, digest("b"), now=NOW + 9999 * HOUR), True)
        equal(proofs.consume(Purpose.PASSWORD_RESET, digest("c"), now=NOW), False)
        equal(proofs.peek(Purpose.PASSWORD_RESET, digest("a")), replace(proof("a"), used_at=NOW + TICK))

    def test_it_ends_at_the_very_moment(self, storage: Storage) -> None:
        """At its end it is not consumed, a microsecond before it is."""
        proofs = storage.guard.proofs
        proofs.issue((proof("a"), proof("b")))
        equal(proofs.consume(Purpose.PASSWORD_RESET, digest("a"), now=NOW + HOUR), False)
        equal(proofs.consume(Purpose.PASSWORD_RESET, digest("b"), now=NOW + HOUR - TICK), True)

    def test_it_serves_its_own_purpose_only(self, storage: Storage) -> None:
        """A digest is looked for under one purpose; the same digest under another is another proof."""
        proofs = storage.guard.proofs
        proofs.issue((proof("a"),))
        equal(proofs.peek(Purpose.EMAIL_VERIFICATION, digest("a")), None)
        equal(proofs.consume(Purpose.EMAIL_VERIFICATION, digest("a"), now=NOW), False)
        proofs.issue((proof("a", purpose=Purpose.EMAIL_VERIFICATION),))
        equal(proofs.consume(Purpose.EMAIL_VERIFICATION, digest("a"), now=NOW), True)
        equal(proofs.consume(Purpose.PASSWORD_RESET, digest("a"), now=NOW), True)

    def test_the_same_proof_is_not_issued_twice(self, storage: Storage) -> None:
        """Issuing again is refused with StoreError and does not revive what was used; nothing else of the call is written."""
        proofs = storage.guard.proofs
        proofs.issue((proof("a"),))
        proofs.consume(Purpose.PASSWORD_RESET, digest("a"), now=NOW)
        try:
            proofs.issue((proof("b"), proof("a")))
        except StoreError:
            pass
        else:
            fail("a used proof was issued again")
        equal(proofs.consume(Purpose.PASSWORD_RESET, digest("a"), now=NOW), False)
        equal(proofs.peek(Purpose.PASSWORD_RESET, digest("b")), None)

    def test_the_live_ones_of_a_subject_are_listed_and_voided(self, storage: Storage) -> None:
        """Live means of this purpose and subject (byte by byte), not used and not ended; voiding uses them all up."""
        proofs = storage.guard.proofs
        others = (proof("c", subject="USR_A"), proof("d", subject="usr_a "), proof("e", purpose=Purpose.BACKUP_CODE))
        proofs.issue((proof("a"), proof("b", ends=None), proof("used"), proof("over", ends=NOW), *others))
        proofs.consume(Purpose.PASSWORD_RESET, digest("used"), now=NOW)
        live = proofs.live(Purpose.PASSWORD_RESET, "usr_a", now=NOW)
        equal({each.digest for each in live}, {digest("a"), digest("b")})
        equal(proofs.void(Purpose.PASSWORD_RESET, "usr_a", now=NOW + TICK), 2)
        equal(proofs.void(Purpose.PASSWORD_RESET, "usr_a", now=NOW + TICK), 0)
        equal(proofs.live(Purpose.PASSWORD_RESET, "usr_a", now=NOW), ())
        equal(proofs.consume(Purpose.PASSWORD_RESET, digest("a"), now=NOW + TICK), False)
        equal(proofs.peek(Purpose.PASSWORD_RESET, digest("used")), replace(proof("used"), used_at=NOW))
        for each in others:
            equal(proofs.consume(each.purpose, each.digest, now=NOW), True)

    def test_what_ended_is_deleted_in_batches(self, storage: Storage) -> None:
        """Proofs that ended, or have no end and were used, by a moment are deleted, at most so many at once; no other is, used or not."""
        proofs = storage.guard.proofs
        over = tuple(proof(name, ends=NOW - TICK * n, purpose=each) for n, (name, each) in enumerate(zip("abc", Purpose, strict=False)))
        proofs.issue((*over, proof("live", ends=NOW + TICK), proof("used", ends=NOW + TICK), proof("late", ends=None)))
        proofs.issue((proof("slot", ends=None), proof("left", ends=None)))
        for name, at in (("used", NOW - HOUR), ("slot", NOW), ("late", NOW + TICK)):
            equal(proofs.consume(Purpose.PASSWORD_RESET, digest(name), now=at), True)
        equal([proofs.trim(before=NOW, limit=3) for _ in range(3)], [3, 1, 0])
        equal([proofs.peek(each.purpose, each.digest) for each in over], [None] * 3)
        names = ("slot", "live", "used", "late", "left")
        there = [proofs.peek(Purpose.PASSWORD_RESET, digest(name)) is not None for name in names]
        equal(there, [False, True, True, True, True])
        equal(proofs.consume(Purpose.PASSWORD_RESET, digest("slot"), now=NOW), False)


class GuardConformance:
    """Time steps, failure counters and events aside."""

    def test_steps_only_go_up(self, storage: Storage) -> None:
        """A step is accepted once and only above the last one; without a row nothing is accepted."""
        steps = storage.guard.steps
        equal(steps.last("aut_1"), None)
        equal(steps.advance("aut_1", step=5), False)
        steps.start("aut_1", step=5)
        steps.start("aut_1", step=1)
        steps.start("AUT_1", step=9)
        equal(steps.last("aut_1"), 5)
        equal([steps.advance("aut_1", step=step) for step in (5, 4, 6, 6, 7)], [False, False, True, False, True])
        equal(steps.last("aut_1"), 7)
        equal(steps.last("AUT_1"), 9)

    def test_a_counter_changes_only_from_what_it_was(self, storage: Storage) -> None:
        """A counter is written by a compare-and-set on the whole record, None meaning that there is none."""
        attempts = storage.guard.attempts
        first = Attempts(key="a", failures=1, last_failed_at=NOW)
        second = Attempts(key="a", failures=2, last_failed_at=NOW + TICK, blocked_until=NOW + HOUR, disabled_at=NOW + TICK)
        equal(attempts.get("a"), None)
        equal(attempts.replace(first, second), False)
        equal(attempts.replace(None, first), True)
        equal(attempts.replace(None, second), False)
        for stale in (replace(first, failures=2), replace(first, last_failed_at=NOW + TICK), replace(first, blocked_until=NOW)):
            equal(attempts.replace(stale, second), False)
        equal(attempts.get("a"), first)
        equal(attempts.replace(first, second), True)
        equal(attempts.get("a"), second)
        equal(attempts.replace(first, second), False)
        equal(attempts.replace(second, replace(second, blocked_until=None)), True)

    def test_counters_are_forgotten_by_key(self, storage: Storage) -> None:
        """Clearing forgets the named keys, byte by byte, and no other; a key without a counter is no error."""
        attempts = storage.guard.attempts
        for key in ("s", "S", "s ", "t"):
            equal(attempts.replace(None, Attempts(key=key, failures=1)), True)
        attempts.clear(("s", "t", "never"))
        attempts.clear(())
        found = [attempts.get(key) for key in ("s", "S", "s ", "t")]
        equal(found, [None, Attempts(key="S", failures=1), Attempts(key="s ", failures=1), None])
        equal(attempts.replace(None, Attempts(key="s")), True)

    def test_what_is_settled_was_not_disabled_meanwhile(self, storage: Storage) -> None:
        """Settling forgets a counter whatever was added to it, but a disabled one only for the attempt that disabled it."""
        attempts = storage.guard.attempts
        charged = Attempts(key="a", failures=1, last_failed_at=NOW)
        newer = replace(charged, failures=2, blocked_until=NOW + HOUR)
        disabled = replace(charged, failures=100, disabled_at=NOW + TICK)
        equal(attempts.replace(None, newer), True)
        attempts.settle((charged, replace(charged, key="never")))
        attempts.settle(())
        equal(attempts.get("a"), None)
        equal(attempts.replace(None, disabled), True)
        for other in (charged, replace(disabled, disabled_at=NOW), replace(disabled, key="A")):
            attempts.settle((other,))
            equal(attempts.get("a"), disabled)
        attempts.settle((disabled,))
        equal(attempts.get("a"), None)

    def test_who_is_to_be_told_is_listed(self, storage: Storage) -> None:
        """Disabled counters with a subject who was not told are listed in the order of keys; no others, and no more than the limit."""
        attempts = storage.guard.attempts
        told = Attempts(key="a", failures=100, disabled_at=NOW, subject="usr_a", told_at=NOW + TICK)
        nobody, open_one = replace(told, key="b", subject="", told_at=None), Attempts(key="c", failures=9, subject="usr_a")
        first, second = replace(told, key="d", told_at=None), replace(told, key="e", told_at=None)
        for each in (second, told, nobody, open_one, first):
            equal(attempts.replace(None, each), True)
        equal(attempts.untold(limit=9), (first, second))
        equal(attempts.untold(limit=1), (first,))
        equal(attempts.replace(first, replace(first, told_at=NOW)), True)
        equal(attempts.untold(limit=9), (second,))

    def test_events_aside_reach_the_log_once(self, storage: Storage) -> None:
        """Moving them after a crash between the two stores adds none twice; removed ones are gone."""
        aside = storage.guard.events
        for n in (3, 1, 2):
            aside.append(event(n, of=1))
        equal(aside.pending(limit=2), (event(1, of=1), event(2, of=1)))
        for _ in range(2):
            with storage.begin(after_commit=ignore) as store:
                store.inbox.append_new(aside.pending(limit=9))
                store.log.place(limit=2)
        aside.remove((event(1).id, event(3).id, "evt_unknown"))
        aside.remove(())
        equal(aside.pending(limit=9), (event(2, of=1),))
        with storage.begin(after_commit=ignore) as store:
            store.inbox.append_new(aside.pending(limit=9))
            while store.log.place(limit=9):
                pass
            equal(store.log.size(event(1, of=1).log), 3)


class AllowanceConformance:
    """Allowances of address blocks and mailboxes; also for servers that hold nothing else (`allowances`)."""

    def test_an_allowance_changes_only_from_what_it_was(self, allowances: AllowanceRecords) -> None:
        """An allowance is written by a compare-and-set on the whole record, to the microsecond, None meaning that there is none."""
        first, second = Allowance(key="net:a", full_at=NOW + HOUR), Allowance(key="net:a", full_at=NOW + HOUR + TICK)
        equal(allowances.get("net:a"), None)
        equal(allowances.replace(first, second), False)
        equal(allowances.replace(None, first), True)
        equal(allowances.replace(None, second), False)
        equal(allowances.replace(second, first), False)
        equal(allowances.get("net:a"), first)
        equal(allowances.replace(first, second), True)
        equal(allowances.replace(first, second), False)
        equal(allowances.get("net:a"), second)
        equal(allowances.get("NET:a"), None)
        found = allowances.get("net:a")
        is_utc(found.full_at if found else None)

    def test_full_allowances_are_trimmed(self, allowances: AllowanceRecords) -> None:
        """What was full at a moment may be deleted then, what is not stays; deleting again deletes nothing."""
        old, new = Allowance(key="old", full_at=NOW), Allowance(key="new", full_at=NOW + TICK)
        for each in (old, new):
            equal(allowances.replace(None, each), True)
        allowances.trim(before=NOW)
        equal(allowances.trim(before=NOW), 0)
        equal(allowances.get("new"), new)


class SubjectConformance:
    """Keys of persons."""

    def test_a_persons_keys_end_together(self, storage: Storage) -> None:
        """All keys of a person that were made by then lose what was wrapped, once, and stay as rows; later ones and others' are left."""
        subjects = storage.guard.subjects
        one, two, late = _subject_key(1, of=1), _subject_key(2, of=1), replace(_subject_key(3, of=1), created_at=NOW + HOUR)
        other = _subject_key(4, of=2)
        for each in (late, other, two, one):
            subjects.add(each)
        equal(subjects.of_subject(one.subject), (one, two, late))
        equal(subjects.destroy({one.subject: NOW, user_id(9): NOW}, now=NOW + TICK), {one.subject: 2, user_id(9): 0})
        equal(subjects.destroy({one.subject: NOW + TICK}, now=NOW + 2 * TICK), {one.subject: 0})
        equal(subjects.alive((one.subject, other.subject)), (late, other))
        ended = tuple(each.destroyed(now=NOW + TICK) for each in (one, two))
        equal(subjects.of_subject(one.subject), (*ended, late))
        equal([subjects.get(each.id) for each in (one, other, _subject_key(5, of=1))], [ended[0], other, None])
        equal(subjects.of_subject(_subject_key(9, of=9).subject), ())


def _subject_key(n: int, *, of: int) -> SubjectKey:
    return SubjectKey(id=dek(n).id, subject=user_id(of), wrapped=b"\xff\x00%d" % n, created_at=NOW)
