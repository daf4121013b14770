"""Conformance of what sessions through a provider rest on (async source)."""

from __future__ import annotations

from dataclasses import replace

from ctsec.ids import SessionId
from ctsec.storage._async_ports import AsyncStorage
from ctsec.testing.conformance.expect import equal
from ctsec.testing.conformance.samples import HOUR, NOW, ignore, org_id
from ctsec.testing.conformance.sso_samples import connection, grant


class AsyncGrantConformance:
    """Grants of sessions."""

    async def test_a_grant_is_compared_and_set(self, storage: AsyncStorage) -> None:
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
        async with storage.begin(after_commit=ignore) as store:
            await store.grants.add(one)
            await store.grants.add(grant(2, of=1))
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.grants.get(one.session_id), one)
            equal(await store.grants.get(SessionId(f"ses_{9:026d}")), None)
            equal(await store.grants.replace(after), True)
            equal(await store.grants.replace(after), False)
            equal(await store.grants.replace(replace(grant(9, of=1), version=2)), False)
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.grants.get(one.session_id), after)
            equal(await store.grants.get(grant(2, of=1).session_id), grant(2, of=1))
            equal(await store.grants.remove(one.session_id), True)
            equal(await store.grants.remove(one.session_id), False)
            equal(await store.grants.replace(replace(after, version=3)), False)

    async def test_grants_are_due_until_they_are_claimed(self, storage: AsyncStorage) -> None:
        """What waited longest comes first; a claim hides a grant until it is over, and keeps it from being hastened."""
        first, second, later = grant(1, of=1), replace(grant(2, of=1), due_at=NOW), replace(grant(3, of=1), due_at=NOW + 3 * HOUR)
        async with storage.begin(after_commit=ignore) as store:
            for each in (first, second, later):
                await store.grants.add(each)
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.grants.due(now=NOW + HOUR, limit=9), (second, first))
            equal(await store.grants.due(now=NOW + HOUR, limit=1), (second,))
            equal(await store.grants.due(now=NOW, limit=9), (second,))
            claimed = replace(second, claimed_until=NOW + HOUR, version=2)
            equal(await store.grants.replace(claimed), True)
            equal(await store.grants.hasten(second.session_id, at=NOW), False)
            equal(await store.grants.hasten(later.session_id, at=NOW), True)
            equal(await store.grants.hasten(SessionId(f"ses_{9:026d}"), at=NOW), False)
        hastened = replace(later, due_at=NOW, version=2)
        async with storage.reading() as store:
            equal(await store.grants.due(now=NOW + HOUR - HOUR / 60, limit=9), (hastened,))
            equal(await store.grants.due(now=NOW + HOUR, limit=9), (claimed, hastened, first))

    async def test_grants_are_found_by_who_they_are_of(self, storage: AsyncStorage) -> None:
        """By the identity, by what the provider calls a person or a session, by both if both are told, and by nothing if neither is."""
        one, two, other = grant(1, of=1), replace(grant(2, of=1), provider_subject=grant(1, of=1).provider_subject), grant(3, of=2)
        async with storage.begin(after_commit=ignore) as store:
            for each in (two, one, other):
                await store.grants.add(each)
        async with storage.reading() as store:
            equal(await store.grants.of_identity(two.identity), (two,))
            equal(await store.grants.of_identity(bytes(32)), ())
            equal(await store.grants.named(subject=one.provider_subject, provider_session=None), (one, two))
            equal(await store.grants.named(subject=None, provider_session=two.provider_session), (two,))
            equal(await store.grants.named(subject=one.provider_subject, provider_session=two.provider_session), (two,))
            equal(await store.grants.named(subject=other.provider_subject, provider_session=two.provider_session), ())
            equal(await store.grants.named(subject=None, provider_session=None), ())

    async def test_a_connection_takes_its_grants_along(self, storage: AsyncStorage) -> None:
        """With a connection the grants of its sessions go; those of another stay."""
        async with storage.begin(after_commit=ignore) as store:
            for n in (1, 2):
                await store.connections.add(connection(n, of=n))
                await store.grants.add(grant(n, of=n))
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.connections.remove(org_id(1), connection(1, of=1).id), True)
        async with storage.reading() as store:
            equal(await store.grants.get(grant(1, of=1).session_id), None)
            equal(await store.grants.get(grant(2, of=2).session_id), grant(2, of=2))
