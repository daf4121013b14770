"""Conformance of connections to identity providers, and of identities there (async source)."""

from __future__ import annotations

from dataclasses import replace

from ctsec.sso.record import ConnectionState, LinkedBy
from ctsec.storage._async_ports import AsyncStorage
from ctsec.testing.conformance.expect import equal
from ctsec.testing.conformance.samples import HOUR, NOW, TICK, ignore, org_id, user_id
from ctsec.testing.conformance.sso_samples import claim, connection, identity


class AsyncConnectionConformance:
    """Connections and identities."""

    async def test_a_connection_is_compared_and_set(self, storage: AsyncStorage) -> None:
        """Connections are read back field by field, listed by organization, and written over the version that was read only."""
        first, second, other = connection(1, of=1), connection(2, of=1), connection(3, of=2)
        after = replace(
            first, name="ünï", sealed_secret=b"\x00\xff", state=ConnectionState.ENABLED, tested_at=NOW, enabled_at=NOW, version=2
        )
        after = replace(after, public_keys='[{"kid": "ü"}]')
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


class AsyncDomainClaimConformance:
    """Claims of domains."""

    async def test_a_claim_is_of_one_organization_and_name(self, storage: AsyncStorage) -> None:
        """Several organizations claim one domain, each once; a claim is compared and set, and its removal touches nobody else's."""
        first, other = claim("a.example", of=1), claim("a.example", of=2)
        after = replace(
            first, proved_at=NOW + TICK, due_at=NOW + HOUR, missing_since=NOW - HOUR, misses=3, version=2, claimed_by="ops@Žofie"
        )
        async with storage.begin(after_commit=ignore) as store:
            for each in (claim("b.example", of=1), first, other):
                equal(await store.domain_claims.add(each), True)
            equal(await store.domain_claims.add(replace(first, token="another")), False)
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.domain_claims.get(org_id(1), "a.example"), first)
            equal(await store.domain_claims.get(org_id(1), "A.example"), None)
            equal(await store.domain_claims.replace(after), True)
            equal(await store.domain_claims.replace(after), False)
            equal(await store.domain_claims.replace(replace(claim("c.example", of=1), version=2)), False)
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.domain_claims.of_organization(org_id(1)), (after, claim("b.example", of=1)))
            equal(await store.domain_claims.remove(org_id(1), "a.example"), True)
            equal(await store.domain_claims.remove(org_id(1), "a.example"), False)
        async with storage.reading() as store:
            equal(await store.domain_claims.of_organization(org_id(1)), (claim("b.example", of=1),))
            equal(await store.domain_claims.of_organization(org_id(2)), (other,))

    async def test_due_looks_come_in_their_order(self, storage: AsyncStorage) -> None:
        """Claims are looked at from their moment on, the longest due first, and never while they have none."""
        late, early, same, never = (claim(f"{name}.example", of=of) for name, of in (("a", 1), ("b", 1), ("b", 2), ("c", 1)))
        late, early, same = replace(late, due_at=NOW + TICK), replace(early, due_at=NOW), replace(same, due_at=NOW)
        async with storage.begin(after_commit=ignore) as store:
            for each in (late, same, early, never):
                await store.domain_claims.add(each)
        async with storage.reading() as store:
            equal(await store.domain_claims.due(now=NOW - TICK, limit=9), ())
            equal(await store.domain_claims.due(now=NOW, limit=9), (early, same))
            equal(await store.domain_claims.due(now=NOW + HOUR, limit=9), (early, same, late))
            equal(await store.domain_claims.due(now=NOW + HOUR, limit=1), (early,))
