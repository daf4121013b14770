"""Conformance of connections to identity providers, and of identities there (async source)."""

from __future__ import annotations

from dataclasses import replace

from ctsec.directory.record import Departure
from ctsec.rbac.standing import Standing
from ctsec.sso.record import ConnectionState, LinkedBy
from ctsec.storage._async_ports import AsyncStorage
from ctsec.testing.conformance.expect import equal
from ctsec.testing.conformance.samples import HOUR, NOW, assignment, ignore, membership, org_id, user_id
from ctsec.testing.conformance.sso_samples import connection, identity


class AsyncConnectionConformance:
    """Connections and identities."""

    async def test_a_connection_is_compared_and_set(self, storage: AsyncStorage) -> None:
        """Connections are read back field by field, listed by organization, and written over the version that was read only."""
        first, second, other = connection(1, of=1), connection(2, of=1), connection(3, of=2)
        after = replace(
            first,
            name="ünï",
            sealed_secret=b"\x00\xff",
            state=ConnectionState.ENABLED,
            tested_at=NOW,
            enabled_at=NOW,
            version=2,
            provisioning='{"rules": []}',
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
            await store.identities.describe(one.digest, '{"department": "Ünï"}')
            await store.identities.describe(bytes(32), "{}")
            equal(await store.identities.get(one.digest), replace(one, attributes='{"department": "Ünï"}'))
            equal(await store.identities.get(identity(1, of=2, subject="Alice").digest), identity(1, of=2, subject="Alice"))
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

    async def test_a_departure_is_written_over_and_lifted(self, storage: AsyncStorage) -> None:
        """There is one departure of a person and an organization, the last one; it is lifted once."""
        first = Departure(organization_id=org_id(1), user_id=user_id(1), left_at=NOW, removed_by="sso_1")
        later = replace(first, left_at=NOW + HOUR, removed_by=user_id(2))
        async with storage.begin(after_commit=ignore) as store:
            for each in (first, replace(first, organization_id=org_id(2)), later):
                await store.memberships.depart(each)
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.memberships.departure(org_id(1), user_id(1)), later)
            equal(await store.memberships.departure(org_id(1), user_id(2)), None)
            equal(await store.memberships.lift(org_id(1), user_id(2)), False)
            equal(await store.memberships.lift(org_id(1), user_id(1)), True)
            equal(await store.memberships.lift(org_id(1), user_id(1)), False)
            equal(await store.memberships.departure(org_id(2), user_id(1)), replace(first, organization_id=org_id(2)))

    async def test_who_gave_a_role_is_kept_until_another_one_is_given(self, storage: AsyncStorage) -> None:
        """A connection's membership and role are read back; another period leaves the giver, another role takes it away."""
        place = connection(1, of=1).id
        given = replace(membership(1, of=1, role="member"), provisioned_by=place, role_given_by=place)
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.memberships.add(given), True)
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.memberships.get(org_id(1), user_id(1)), given)
            before = Standing(user=user_id(1), organization=org_id(1), role="member", starts_at=given.starts_at)
            longer = replace(before, expires_at=NOW + HOUR)
            equal(await store.standings.change_membership(before=before, after=longer), True)
            after = replace(given, expires_at=NOW + HOUR, version=2)
            equal(await store.memberships.get(org_id(1), user_id(1), fresh=True), after)
            equal(await store.standings.change_membership(before=longer, after=replace(longer, role="viewer")), True)
            after = replace(after, role="viewer", role_given_by=None, version=3)
            equal(await store.memberships.get(org_id(1), user_id(1), fresh=True), after)

    async def test_the_roles_of_a_person_are_of_one_organization(self, storage: AsyncStorage) -> None:
        """They come in the order of workspaces; those of others and elsewhere do not."""
        mine = [assignment(1, of=1, workspace=n) for n in (3, 1)]
        async with storage.begin(after_commit=ignore) as store:
            for each in (*mine, assignment(2, of=1, workspace=1), assignment(1, of=2, workspace=2)):
                await store.assignments.put(each)
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.assignments.of_user(org_id(1), user_id(1)), (mine[1], mine[0]))
            equal(await store.assignments.of_user(org_id(1), user_id(3)), ())
