"""When values are to be sealed anew, and when a replaced key is needed no more: decided from records."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ctsec.encryption.dek import DekState, WrappedDek
from ctsec.encryption.holding import MAX_LIFE
from ctsec.encryption.reencryption import AGAIN, SETTLE, Reencryption, SealedPlace, begun, is_clear, is_due, retired
from ctsec.ids import DekId
from ctsec.storage.sql.tables import Tables
from ctsec.storage.sql.types import Blob
from ctsec.testing.conformance.samples import dek

NOW = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
KEYS = {dek(1).id: NOW, dek(2).id: NOW + 10 * MINUTE}
# Every column of bytes of the store: sealed anew, sealed and left (docs/reference/data-keys.md says why), or not sealed under a data key.
ANEW = {
    *("credential_secret.sealed", "sso_connection.sealed_secret", "index_key.sealed", "authenticator.sealed_seed", "content.sealed"),
    "app_token.sealed",
}
LEFT = {
    "recovery.sealed",
    "sso_grant.sealed",
    "api_key_secret.sealed_root",
    "outbox.payload",
    "audit_inbox.personal",
    "audit_event.personal",
    "region_audit_inbox.personal",
    "region_audit_event.personal",
    "aside_event.personal",
    "password.sealed",
    "subject_key.wrapped",
    "alert_position.remembered",
}
PLAIN = {
    *(
        "dek.wrapped",
        "dek.commitment",
        "backup_code_set.salt",
        "glass_code_set.salt",
        "audit_inbox.body",
        "audit_event.body",
        "region_audit_inbox.body",
        "region_audit_event.body",
        "aside_event.body",
    ),
    *("audit_head.frontier", "audit_tile.hashes", "audit_checkpoint.note"),
    *("region_audit_head.frontier", "region_audit_tile.hashes", "region_audit_checkpoint.note"),
    "passkey.public_key",
}


def key(n: int, *, minute: int, state: DekState = DekState.DECRYPT_ONLY, region: str = "eu") -> WrappedDek:
    """Return the n-th key, made at a minute."""
    return replace(dek(n, state=state), region=region, created_at=NOW + minute * MINUTE)


def ended(*, minutes: float, remaining: int = 0, keys: dict[DekId, datetime] = KEYS) -> Reencryption:
    """Return the record of a pass that ended so many minutes after NOW."""
    record = begun(None, scope="org_1", place="vault", keys=keys, now=NOW)
    return record.ended(at=NOW + minutes * MINUTE, remaining=remaining)


def test_every_column_of_bytes_has_its_place() -> None:
    """Whoever adds a column of bytes to the store says whether the worker seals it anew."""
    tables = Tables()
    found = {
        f"{table.name.removeprefix(tables.prefix)}.{column.name}"
        for metadata in (tables.main, tables.guard, tables.region)
        for table in metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, Blob)
    }
    assert found == ANEW | LEFT | PLAIN


def test_a_key_is_replaced_when_the_next_one_of_its_region_is_made() -> None:
    """The moment is that of the next key of the same region, whatever became of that; of a lone key its own. Other states do not count."""
    keys = (
        key(1, minute=0),
        key(2, minute=5, state=DekState.DESTROYED),
        key(3, minute=9, state=DekState.ACTIVE),
        key(4, minute=2, region="us"),
    )
    assert retired(keys) == {keys[0].id: NOW + 5 * MINUTE, keys[3].id: NOW + 2 * MINUTE}
    assert retired(keys, region="eu") == {keys[0].id: NOW + 5 * MINUTE}
    assert retired(keys, region="ap") == retired(()) == {}


def test_a_count_settles_after_every_process_has_heard() -> None:
    """Two hours are more than a process may hold which key seals, with as much again for its unit of work."""
    assert SETTLE >= 2 * MAX_LIFE


def test_what_is_due() -> None:
    """Nothing without a replaced key; a table that was never counted, one under way, and one that was counted for other keys."""
    done = ended(minutes=20)
    now = NOW + 30 * MINUTE
    assert not is_due(None, {}, now=now)
    assert is_due(None, KEYS, now=now)
    assert is_due(begun(done, scope="org_1", place="vault", keys=KEYS, now=now), KEYS, now=now)
    assert not is_due(done, KEYS, now=now)
    assert is_due(done, {**KEYS, dek(3).id: NOW}, now=now)
    assert is_due(done, {dek(1).id: NOW}, now=now)


def test_it_is_counted_again_when_the_rotation_has_settled() -> None:
    """Two hours after the last key was replaced, once: a count from before is not final, one from then on is."""
    settled = NOW + 10 * MINUTE + SETTLE
    early = ended(minutes=20)
    assert not is_due(early, KEYS, now=settled - timedelta(microseconds=1))
    assert is_due(early, KEYS, now=settled)
    final = early.ended(at=settled, remaining=0)
    assert not is_due(final, KEYS, now=settled + timedelta(days=3650))


def test_what_was_left_is_tried_again() -> None:
    """An hour after the end of a pass that left rows, and not before; without rows it is over."""
    left = ended(minutes=600, remaining=1)
    at = NOW + 600 * MINUTE + AGAIN
    assert not is_due(left, KEYS, now=at - timedelta(microseconds=1))
    assert is_due(left, KEYS, now=at)
    assert not is_due(replace(left, remaining=0), KEYS, now=at)


@given(st.integers(-600, 600), st.integers(0, 2), st.booleans())
def test_a_key_is_clear_only_by_a_late_and_empty_count(minutes: int, remaining: int, over: bool) -> None:
    """No record, one under way, one with rows left, or a count from before the two hours ever clears a key."""
    moment = NOW + 10 * MINUTE
    record = ended(minutes=minutes, remaining=remaining)
    if not over:
        record = replace(record, ended_at=None)
    assert is_clear(record, moment) == (over and not remaining and NOW + minutes * MINUTE >= moment + SETTLE)
    assert not is_clear(None, moment)


def test_a_record_counts_down_and_ends_exactly() -> None:
    """Pages count down, never below nothing; the end has what was counted, and a problem only where rows are left."""
    record = begun(None, scope="org_1", place="vault", keys=KEYS, now=NOW).counted(5)
    assert (record.remaining, record.ended_at, record.version) == (5, None, 0)
    record = record.went_on(reached="b", written=3, problem="")
    record = record.went_on(reached=None, written=4, problem="decryption_failed")
    assert (record.reached, record.written, record.remaining, record.problem) == ("b", 7, 0, "decryption_failed")
    assert record.ended(at=NOW, remaining=2).problem == "decryption_failed"
    assert replace(record, problem="").ended(at=NOW, remaining=2).problem == "not_written"
    assert record.ended(at=NOW, remaining=0).problem == ""
    assert record.stopped("store_busy").problem == "store_busy"
    empty = begun(record, scope="org_1", place="vault", keys=KEYS, now=NOW + MINUTE).counted(0)
    assert (empty.ended_at, empty.version, empty.written) == (NOW + MINUTE, 1, 0)


def test_a_table_holds_values_of_its_kind_of_scope() -> None:
    """A table of the deployment holds nothing of organizations, and the other way round."""
    assert SealedPlace(name="a").holds("org_1")
    assert not SealedPlace(name="a").holds("deployment")
    assert SealedPlace(name="a", deployment=True).holds("deployment")
    assert not SealedPlace(name="a", deployment=True).holds("org_1")
