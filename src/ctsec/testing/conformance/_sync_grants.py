# Generated from src/ctsec/testing/conformance/_async_grants.py by tools/twin.py; edit that file.
"""Conformance of what sessions through a provider rest on (async source)."""

from __future__ import annotations

from dataclasses import replace

from ctsec.ids import SessionId
from ctsec.storage._sync_ports import Storage
from ctsec.testing.conformance.expect import equal
from ctsec.testing.conformance.samples import HOUR, NOW, ignore, org_id
from ctsec.testing.conformance.sso_samples import connection, grant


class GrantConformance:
    """Grants of sessions."""

    def test_a_grant_is_compared_and_set(self, storage: Storage) -> None:
        """Grants are read back field by field, and written over the version that was read only; one that is gone is not written."""
        one = grant(1, of=1)
        after = replace(
            one,
            sealed=b"\x00\xff",
            provider_session=None,
            sign_out_name="ünï",
            claimed_until=NOW + HOUR,
            failures=3,
            due_at=NOW - HOUR,
            version=2,
        )
        with storage.begin(after_commit=ignore) as store:
            store.grants.add(one)
            store.grants.add(grant(2, of=1))
        with storage.begin(after_commit=ignore) as store:
            equal(store.grants.get(one.session_id), one)
            equal(store.grants.get(SessionId(f"ses_{9:026d}")), None)
            equal(store.grants.replace(after), True)
            equal(store.grants.replace(after), False)
            equal(store.grants.replace(replace(grant(9, of=1), version=2)), False)
        with storage.begin(after_commit=ignore) as store:
            equal(store.grants.get(one.session_id), after)
            equal(store.grants.get(grant(2, of=1).session_id), grant(2, of=1))
            equal(store.grants.remove(one.session_id), True)
            equal(store.grants.remove(one.session_id), False)
            equal(store.grants.replace(replace(after, version=3)), False)

    def test_grants_are_due_until_they_are_claimed(self, storage: Storage) -> None:
        """What waited longest comes first; a claim hides a grant until it is over, and keeps it from being hastened."""
        first, second, later = grant(1, of=1), replace(grant(2, of=1), due_at=NOW), replace(grant(3, of=1), due_at=NOW + 3 * HOUR)
        with storage.begin(after_commit=ignore) as store:
            for each in (first, second, later):
                store.grants.add(each)
        with storage.begin(after_commit=ignore) as store:
            equal(store.grants.due(now=NOW + HOUR, limit=9), (second, first))
            equal(store.grants.due(now=NOW + HOUR, limit=1), (second,))
            equal(store.grants.due(now=NOW, limit=9), (second,))
            claimed = replace(second, claimed_until=NOW + HOUR, version=2)
            equal(store.grants.replace(claimed), True)
            equal(store.grants.hasten(second.session_id, at=NOW), False)
            equal(store.grants.hasten(later.session_id, at=NOW), True)
            equal(store.grants.hasten(SessionId(f"ses_{9:026d}"), at=NOW), False)
        hastened = replace(later, due_at=NOW, version=2)
        with storage.reading() as store:
            equal(store.grants.due(now=NOW + HOUR - HOUR / 60, limit=9), (hastened,))
            equal(store.grants.due(now=NOW + HOUR, limit=9), (claimed, hastened, first))

    def test_grants_are_found_by_who_they_are_of(self, storage: Storage) -> None:
        """By the identity, by what the provider calls a person or a session, by both if both are told, and by nothing if neither is."""
        one, two, other = grant(1, of=1), replace(grant(2, of=1), provider_subject=grant(1, of=1).provider_subject), grant(3, of=2)
        with storage.begin(after_commit=ignore) as store:
            for each in (two, one, other):
                store.grants.add(each)
        with storage.reading() as store:
            equal(store.grants.of_identity(two.identity), (two,))
            equal(store.grants.of_identity(bytes(32)), ())
            equal(store.grants.named(subject=one.provider_subject, provider_session=None), (one, two))
            equal(store.grants.named(subject=None, provider_session=two.provider_session), (two,))
            equal(store.grants.named(subject=one.provider_subject, provider_session=two.provider_session), (two,))
            equal(store.grants.named(subject=other.provider_subject, provider_session=two.provider_session), ())
            equal(store.grants.named(subject=None, provider_session=None), ())

    def test_a_connection_takes_its_grants_along(self, storage: Storage) -> None:
        """With a connection the grants of its sessions go; those of another stay."""
        with storage.begin(after_commit=ignore) as store:
            for n in (1, 2):
                store.connections.add(connection(n, of=n))
                store.grants.add(grant(n, of=n))
        with storage.begin(after_commit=ignore) as store:
            equal(store.connections.remove(org_id(1), connection(1, of=1).id), True)
        with storage.reading() as store:
            equal(store.grants.get(grant(1, of=1).session_id), None)
            equal(store.grants.get(grant(2, of=2).session_id), grant(2, of=2))
