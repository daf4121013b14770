"""Conformance of what providers push (async source)."""

from __future__ import annotations

from dataclasses import replace

from ctsec.ids import ScimConnectionId, ScimGroupId, ScimTokenId, ScimUserId
from ctsec.storage._async_ports import AsyncStorage
from ctsec.testing.conformance.expect import equal
from ctsec.testing.conformance.samples import HOUR, NOW, ignore, org_id, user_id
from ctsec.testing.conformance.scim_samples import scim, scim_group, scim_token, scim_user


class AsyncScimConformance:
    """SCIM connections, their credentials, users and groups."""

    async def test_a_scim_connection_is_compared_and_set(self, storage: AsyncStorage) -> None:
        """Connections are read back field by field, of their organization alone, and written over the version that was read only."""
        one = scim(1, of=1)
        after = replace(one, connection_id=None, name="ünï", provisioning=None, owners_by="usr_x", version=2)
        async with storage.begin(after_commit=ignore) as store:
            await store.scim_connections.add(one)
            await store.scim_connections.add(scim(2, of=2))
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.scim_connections.get(one.id), one)
            equal(await store.scim_connections.get(ScimConnectionId(f"scm_{9:026d}")), None)
            equal(await store.scim_connections.of_organization(org_id(1)), (one,))
            equal(await store.scim_connections.replace(after), True)
            equal(await store.scim_connections.replace(after), False)
        async with storage.reading() as store:
            equal(await store.scim_connections.get(one.id), after)

    async def test_how_far_people_were_settled_is_written_beside_the_version(self, storage: AsyncStorage) -> None:
        """It is listed while there is something left, is written over whatever the version, and stays when the connection is changed."""
        one, two, three = [scim(number, of=number) for number in (1, 2, 3)]
        async with storage.begin(after_commit=ignore) as store:
            for each in (one, two, three):
                await store.scim_connections.add(each)
            for each in (one, three):
                await store.scim_connections.settle(each.id, after="")
            await store.scim_connections.settle(ScimConnectionId(f"scm_{9:026d}"), after="")
        async with storage.begin(after_commit=ignore) as store:
            await store.scim_connections.settle(one.id, after="scu_1")
            equal(await store.scim_connections.replace(replace(one, name="New", version=2)), True)
        async with storage.begin(after_commit=ignore) as store:
            behind = (replace(one, name="New", version=2, settle_after="scu_1"), replace(three, settle_after=""))
            equal(await store.scim_connections.settling(limit=9), behind)
            equal(await store.scim_connections.settling(limit=1), behind[:1])
            equal(await store.scim_connections.settling(after=one.id, limit=9), behind[1:])
            await store.scim_connections.settle(one.id, after=None)
            equal(await store.scim_connections.settling(limit=9), behind[1:])

    async def test_a_scim_token_only_ends_earlier(self, storage: AsyncStorage) -> None:
        """A credential is found by its id; its end is brought forward, never put off, and by its own connection alone."""
        one, other = scim_token(1, of=1), scim_token(2, of=2)
        async with storage.begin(after_commit=ignore) as store:
            await store.scim_connections.add_token(one)
            await store.scim_connections.add_token(other)
            equal(await store.scim_connections.end_token(other.scim_id, one.id, at=NOW), False)
            equal(await store.scim_connections.end_token(one.scim_id, one.id, at=one.expires_at + HOUR), False)
            equal(await store.scim_connections.end_token(one.scim_id, one.id, at=NOW + HOUR), True)
            equal(await store.scim_connections.end_token(one.scim_id, one.id, at=NOW + HOUR), False)
        async with storage.reading() as store:
            equal(await store.scim_connections.token(one.id), replace(one, expires_at=NOW + HOUR))
            equal(await store.scim_connections.token(ScimTokenId(f"sct_{9:026d}")), None)
            equal(await store.scim_connections.tokens(other.scim_id), (other,))

    async def test_scim_users_are_found_in_their_connection_alone(self, storage: AsyncStorage) -> None:
        """By id, name, external id, account and page; another connection's users answer to none of it."""
        one, two, other = scim_user(1, of=1), scim_user(2, of=1), scim_user(3, of=2)
        other = replace(other, name_key=one.name_key, external_key=one.external_key, user_id=one.user_id)
        here = one.scim_id
        async with storage.begin(after_commit=ignore) as store:
            for each in (other, two, one):
                await store.scim_users.add(each)
        async with storage.reading() as store:
            users = store.scim_users
            equal(await users.get(here, one.id), one)
            equal(await users.get(here, other.id), None)
            equal(await users.many(here, [two.id, other.id, one.id, ScimUserId(f"scu_{9:026d}")]), (one, two))
            equal(await users.many(here, []), ())
            equal(await users.named(here, name=one.name_key), (one,))
            equal(await users.named(here, external=one.external_key), (one,))
            equal(await users.named(here), ())
            equal(await users.of_account(here, user_id(1)), (one,))
            equal(await users.count(here), 2)
            equal(await users.page(here, limit=1), (one,))
            equal(await users.page(here, skip=1, limit=5), (two,))
            equal(await users.page(here, after=one.id, limit=5), (two,))
            equal(await users.page(here, after=two.id, limit=5), ())

    async def test_a_scim_user_is_compared_and_set(self, storage: AsyncStorage) -> None:
        """A user is written over the version that was read only, and goes with its places in groups."""
        one, group = scim_user(1, of=1), scim_group(1, of=1)
        after = replace(one, user_id=None, external_id=None, external_key=None, attributes='{"title":"ü"}', version=2)
        async with storage.begin(after_commit=ignore) as store:
            await store.scim_users.add(one)
            await store.scim_groups.add(group)
            await store.scim_members.put(group, [one.id])
            equal(await store.scim_users.replace(after), True)
            equal(await store.scim_users.replace(after), False)
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.scim_users.get(one.scim_id, one.id), after)
            equal(await store.scim_users.remove(scim(2, of=2).id, one.id), False)
            equal(await store.scim_users.remove(one.scim_id, one.id), True)
            equal(await store.scim_users.remove(one.scim_id, one.id), False)
            equal(await store.scim_members.of_group(group.id), ())

    async def test_scim_groups_and_their_members(self, storage: AsyncStorage) -> None:
        """Groups are found as users are; members come and go one by one, and go with their group."""
        one, two, other = scim_group(1, of=1), scim_group(2, of=1), replace(scim_group(3, of=2), name_key=scim_group(1, of=1).name_key)
        here, (a, b, c) = one.scim_id, (scim_user(n, of=1).id for n in (1, 2, 3))
        async with storage.begin(after_commit=ignore) as store:
            for each in (other, two, one):
                await store.scim_groups.add(each)
            await store.scim_members.put(one, [b, a])
            await store.scim_members.put(two, [b, one.id])
            await store.scim_members.put(two, [])
            equal(await store.scim_groups.replace(replace(two, display_name="ü", version=2)), True)
            equal(await store.scim_groups.replace(replace(two, version=2)), False)
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.scim_groups.get(here, one.id), one)
            equal(await store.scim_groups.get(here, other.id), None)
            equal(await store.scim_groups.named(here, name=one.name_key), (one,))
            equal(await store.scim_groups.named(here, external=one.external_key), (one,))
            equal((await store.scim_groups.count(here), await store.scim_groups.page(here, limit=1)), (2, (one,)))
            equal(await store.scim_members.of_group(one.id), (a, b))
            equal((await store.scim_members.count(one.id), await store.scim_members.count(other.id)), (2, 0))
            equal(await store.scim_members.present(one.id, [a, c]), frozenset({a}))
            equal(await store.scim_members.groups_of([b, one.id]), ((one.id, two.id), (b, one.id), (b, two.id)))
            await store.scim_members.drop(one.id, [a, c])
            equal(await store.scim_members.of_group(one.id), (b,))
            equal(await store.scim_groups.remove(other.scim_id, one.id), False)
            equal(await store.scim_groups.remove(here, one.id), True)
            equal(await store.scim_members.groups_of([b, one.id, ScimGroupId(f"scg_{9:026d}")]), ((b, two.id),))

    async def test_a_scim_connection_takes_everything_along(self, storage: AsyncStorage) -> None:
        """With a connection its credentials, users, groups and members go; those of another stay."""
        async with storage.begin(after_commit=ignore) as store:
            for n in (1, 2):
                await store.scim_connections.add(scim(n, of=n))
                await store.scim_connections.add_token(scim_token(n, of=n))
                await store.scim_users.add(scim_user(n, of=n))
                await store.scim_groups.add(scim_group(n, of=n))
                await store.scim_members.put(scim_group(n, of=n), [scim_user(n, of=n).id])
            equal(await store.scim_connections.remove(org_id(2), scim(1, of=1).id), False)
            equal(await store.scim_connections.remove(org_id(1), scim(1, of=1).id), True)
            equal(await store.scim_connections.remove(org_id(1), scim(1, of=1).id), False)
        async with storage.reading() as store:
            for n, left in ((1, 0), (2, 1)):
                here, group = scim(n, of=n).id, scim_group(n, of=n)
                equal(len(await store.scim_connections.tokens(here)), left)
                equal((await store.scim_users.count(here), await store.scim_groups.count(here)), (left, left))
                equal(len(await store.scim_members.of_group(group.id)), left)
