# Generated from src/ctsec/testing/conformance/_async_apps.py by tools/twin.py; edit that file.
"""Conformance of connected apps and their tokens (async source)."""

from __future__ import annotations

from dataclasses import replace

from ctsec.connections.record import AppConnection, StoredTokens, TokenState
from ctsec.ids import AppId
from ctsec.storage._sync_ports import Storage
from ctsec.testing.conformance.expect import equal
from ctsec.testing.conformance.samples import HOUR, NOW, ignore, org_id, user_id


def app_id(n: int) -> AppId:
    """Return the id of the n-th connection."""
    return AppId(f"app_{n:026d}")


def app(n: int, *, of: int, person: int | None) -> AppConnection:
    """Return the n-th connection, of a person in an organization or of the organization."""
    return AppConnection(
        id=app_id(n),
        organization_id=org_id(of),
        user_id=user_id(person) if person is not None else None,
        provider="files",
        scopes="files.read",
        connected_by=user_id(1),
        connected_at=NOW,
    )


def tokens(n: int, *, of: int) -> StoredTokens:
    """Return the tokens of the n-th connection."""
    return StoredTokens(
        id=app_id(n),
        organization_id=org_id(of),
        sealed=bytes([0, n, 255]),
        state=TokenState.LIVE,
        refreshed_at=NOW,
        expires_at=NOW + HOUR,
        due_at=None,
    )


class AppConformance:
    """Connections in the main store, and tokens in the guard store."""

    def test_a_connection_is_compared_and_set(self, storage: Storage) -> None:
        """Connections are read back field by field, and written over the version that was read only; one that is gone is not written."""
        one = app(1, of=1, person=1)
        after = replace(one, scopes="a b", ended_at=NOW, due_at=NOW + HOUR, tries=3, reminded_for=NOW - HOUR, version=2)
        with storage.begin(after_commit=ignore) as store:
            store.apps.add(one)
            store.apps.add(app(2, of=1, person=None))
        with storage.begin(after_commit=ignore) as store:
            equal(store.apps.get(one.id), one)
            equal(store.apps.get(app_id(9)), None)
            equal(store.apps.replace(after), True)
            equal(store.apps.replace(after), False)
            equal(store.apps.replace(replace(app(9, of=1, person=1), version=2)), False)
        with storage.begin(after_commit=ignore) as store:
            equal(store.apps.get(one.id), after)
            equal(store.apps.get(app_id(2)), app(2, of=1, person=None))
            equal(store.apps.remove(one.id), True)
            equal(store.apps.remove(one.id), False)

    def test_connections_are_listed_until_they_end(self, storage: Storage) -> None:
        """An organization's list has its own and its people's, in the order of ids, and none that has ended; what ended is due in turn."""
        every = (app(2, of=1, person=1), app(1, of=1, person=None), app(3, of=2, person=1), app(4, of=1, person=2))
        with storage.begin(after_commit=ignore) as store:
            for each in every:
                store.apps.add(each)
        later, sooner = every[0].ended(now=NOW + HOUR), every[1].ended(now=NOW)
        with storage.begin(after_commit=ignore) as store:
            equal(store.apps.of_organization(org_id(1)), (every[1], every[0], every[3]))
            equal(store.apps.due(now=NOW + HOUR, limit=9), ())
            for ended in (later, sooner):
                equal(store.apps.replace(ended), True)
        with storage.reading() as store:
            equal(store.apps.of_organization(org_id(1)), (every[3],))
            equal(store.apps.due(now=NOW + HOUR, limit=9), (sooner, later))
            equal(store.apps.due(now=NOW + HOUR, limit=1), (sooner,))
            equal(store.apps.due(now=NOW, limit=9), (sooner,))

    def test_a_person_ends_in_one_organization(self, storage: Storage) -> None:
        """Every live connection of the person there ends, and none of another person, of the organization, or elsewhere."""
        theirs = [app(n, of=1, person=1) for n in (2, 1)]
        gone = app(3, of=1, person=1).ended(now=NOW)
        others = (app(4, of=1, person=2), app(5, of=1, person=None), app(6, of=2, person=1))
        with storage.begin(after_commit=ignore) as store:
            for each in (*theirs, gone, *others):
                store.apps.add(each)
        with storage.begin(after_commit=ignore) as store:
            found = store.apps.end_of_person(org_id(1), user_id(1), now=NOW + HOUR)
            equal(found, (theirs[1].ended(now=NOW + HOUR), theirs[0].ended(now=NOW + HOUR)))
            equal(store.apps.end_of_person(org_id(1), user_id(1), now=NOW + HOUR), ())
        with storage.reading() as store:
            equal(store.apps.of_organization(org_id(1)), others[:2])
            equal(store.apps.of_organization(org_id(2)), others[2:])
            equal(store.apps.due(now=NOW + HOUR, limit=9), (gone, found[0], found[1]))

    def test_tokens_are_compared_and_set(self, storage: Storage) -> None:
        """Tokens are read back field by field, added once, and written over the version that was read, by one of several."""
        records = storage.guard.app_tokens
        one = tokens(1, of=1)
        after = replace(
            one,
            sealed=b"\x00\xff",
            state=TokenState.CONSENT_NEEDED,
            expires_at=None,
            due_at=NOW,
            lease_until=NOW + HOUR,
            retry_at=NOW,
            failures=4,
            failing_since=NOW,
            problem="grant_refused",
            version=2,
            keep_at=NOW,
        )
        equal(records.add(one), True)
        equal(records.add(replace(one, sealed=b"other")), False)
        equal(records.add(tokens(2, of=1)), True)
        equal(records.get(one.id), one)
        equal(records.replace(after), True)
        equal(records.replace(after), False)
        equal(records.replace(replace(tokens(9, of=1), version=2)), False)
        equal(records.of((app_id(2), one.id, app_id(9))), (after, tokens(2, of=1)))
        equal(records.of(()), ())
        equal(records.add(tokens(3, of=2)), True)
        equal(records.of_organization(org_id(1), after="", limit=9), (after, tokens(2, of=1)))
        equal(records.of_organization(org_id(1), after="", limit=1), (after,))
        equal(records.of_organization(org_id(1), after=one.id, limit=9), (tokens(2, of=1),))
        equal(records.remove(one.id), True)
        equal(records.remove(one.id), False)
        equal(records.get(one.id), None)

    def test_tokens_that_would_end_unused_are_found(self, storage: Storage) -> None:
        """Live ones that are due, that nobody refreshes and whose failure was waited out; those that are due longest come first."""
        records, late = storage.guard.app_tokens, NOW + HOUR
        found = (replace(tokens(1, of=1), keep_at=late), replace(tokens(2, of=2), keep_at=NOW, lease_until=NOW, retry_at=NOW))
        others = (
            tokens(3, of=1),
            replace(tokens(4, of=1), keep_at=NOW, state=TokenState.REVOKED),
            replace(tokens(5, of=1), keep_at=NOW, lease_until=late + HOUR),
            replace(tokens(6, of=1), keep_at=NOW, retry_at=late + HOUR),
        )
        for each in (*others, *found):
            equal(records.add(each), True)
        equal(records.to_keep(now=late, limit=9), (found[1], found[0]))
        equal(records.to_keep(now=late, limit=1), (found[1],))
        equal(records.to_keep(now=NOW, limit=9), (found[1],))

    def test_tokens_stand_whatever_becomes_of_a_transaction(self, storage: Storage) -> None:
        """What is written while a transaction is open, also one that writes, is there at once, and still after its rollback."""
        try:
            with storage.begin(after_commit=ignore) as store:
                store.apps.add(app(1, of=1, person=1))
                equal(storage.guard.app_tokens.add(tokens(1, of=1)), True)
                raise KeyError
        except KeyError:
            pass
        equal(storage.guard.app_tokens.get(app_id(1)), tokens(1, of=1))
        with storage.reading() as store:
            equal(store.apps.get(app_id(1)), None)
