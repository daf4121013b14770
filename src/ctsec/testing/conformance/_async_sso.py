"""Conformance of connections to identity providers, and of identities there (async source)."""

from __future__ import annotations

from dataclasses import replace

from ctsec.sso.record import ConnectionState, LinkedBy
from ctsec.storage._async_ports import AsyncStorage
from ctsec.testing.conformance.expect import equal
from ctsec.testing.conformance.samples import NOW, ignore, org_id, user_id
from ctsec.testing.conformance.sso_samples import connection, identity


class AsyncConnectionConformance:
    """Connections and identities."""

    async def test_a_connection_is_compared_and_set(self, storage: AsyncStorage) -> None:
        """Connections are read back field by field, listed by organization, and written over the version that was read only."""
        first, second, other = connection(1, of=1), connection(2, of=1), connection(3, of=2)
        after = replace(
            first, name="ünï", sealed_secret=b"\x00\xff", state=ConnectionState.ENABLED, tested_at=NOW, enabled_at=NOW, version=2
        )
        async with storage.begin(after_commit=ignore) as store:
            for each in (second, first, other):
                await store.connections.add(each)
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.connections.get(first.id), first)
            equal(await store.connections.of_organization(org_id(1)), (first, second))
            equal(await store.connections.replace(after), True)
            equal(await store.connections.replace(after), False)
            equal(await store.connections.replace(replace(connection(9, of=1), version=2)), False)
        async with storage.reading() as store:
            equal(await store.connections.get(first.id), after)
            equal(await store.connections.get(second.id), second)

    async def test_an_identity_has_one_account(self, storage: AsyncStorage) -> None:
        """An identity is taken once, whoever asks; a subject is compared byte by byte, and the same one elsewhere is another identity."""
        one = identity(1, of=1, subject="Alice")
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.identities.add(one), True)
            equal(await store.identities.add(replace(one, user_id=user_id(7), linked_by=LinkedBy.PERSON)), False)
            equal(await store.identities.add(identity(2, of=1, subject="alice")), True)
            equal(await store.identities.add(identity(1, of=2, subject="Alice")), True)
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.identities.get(one.digest), one)
            equal(await store.identities.get(bytes(32)), None)
            both = sorted((one, identity(1, of=2, subject="Alice")), key=lambda each: each.digest)
            equal(await store.identities.of_user(user_id(1)), tuple(both))
            equal(await store.identities.remove(user_id(2), one.digest), False)
            equal(await store.identities.remove(user_id(1), one.digest), True)
            equal(await store.identities.remove(user_id(1), one.digest), False)
            equal(await store.identities.add(one), True)

    async def test_a_connection_takes_its_identities_along(self, storage: AsyncStorage) -> None:
        """Only its own organization removes a connection; its identities go, those of another stay."""
        async with storage.begin(after_commit=ignore) as store:
            for n in (1, 2):
                await store.connections.add(connection(n, of=n))
                equal(await store.identities.add(identity(1, of=n, subject="s")), True)
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.connections.remove(org_id(2), connection(1, of=1).id), False)
            equal(await store.connections.remove(org_id(1), connection(1, of=1).id), True)
            equal(await store.connections.remove(org_id(1), connection(1, of=1).id), False)
        async with storage.reading() as store:
            equal(await store.connections.of_organization(org_id(1)), ())
            equal(await store.identities.of_user(user_id(1)), (identity(1, of=2, subject="s"),))
