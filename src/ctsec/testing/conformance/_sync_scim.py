# Generated from src/ctsec/testing/conformance/_async_scim.py by tools/twin.py; edit that file.
"""Conformance of what providers push (async source)."""

from __future__ import annotations

from dataclasses import replace

from ctsec.ids import ScimConnectionId, ScimGroupId, ScimTokenId, ScimUserId
from ctsec.storage._sync_ports import Storage
from ctsec.testing.conformance.expect import equal
from ctsec.testing.conformance.samples import HOUR, NOW, ignore, org_id, user_id
from ctsec.testing.conformance.scim_samples import scim, scim_group, scim_token, scim_user


class ScimConformance:
    """SCIM connections, their credentials, users and groups."""

    def test_a_scim_connection_is_compared_and_set(self, storage: Storage) -> None:
        """Connections are read back field by field, of their organization alone, and written over the version that was read only."""
        one = scim(1, of=1)
        after = replace(one, connection_id=None, name="ünï", provisioning=None, owners_by="usr_x", version=2)
        with storage.begin(after_commit=ignore) as store:
            store.scim_connections.add(one)
            store.scim_connections.add(scim(2, of=2))
        with storage.begin(after_commit=ignore) as store:
            equal(store.scim_connections.get(one.id), one)
            equal(store.scim_connections.get(ScimConnectionId(f"scm_{9:026d}")), None)
            equal(store.scim_connections.of_organization(org_id(1)), (one,))
            equal(store.scim_connections.replace(after), True)
            equal(store.scim_connections.replace(after), False)
        with storage.reading() as store:
            equal(store.scim_connections.get(one.id), after)

    def test_how_far_people_were_settled_is_written_beside_the_version(self, storage: Storage) -> None:
        """It is listed while there is something left, is written over whatever the version, and stays when the connection is changed."""
        one, two, three = [scim(number, of=number) for number in (1, 2, 3)]
        with storage.begin(after_commit=ignore) as store:
            for each in (one, two, three):
                store.scim_connections.add(each)
            for each in (one, three):
                store.scim_connections.settle(each.id, after="")
            store.scim_connections.settle(ScimConnectionId(f"scm_{9:026d}"), after="")
        with storage.begin(after_commit=ignore) as store:
            store.scim_connections.settle(one.id, after="scu_1")
            equal(store.scim_connections.replace(replace(one, name="New", version=2)), True)
        with storage.begin(after_commit=ignore) as store:
            behind = (replace(one, name="New", version=2, settle_after="scu_1"), replace(three, settle_after=""))
            equal(store.scim_connections.settling(limit=9), behind)
            equal(store.scim_connections.settling(limit=1), behind[:1])
            equal(store.scim_connections.settling(after=one.id, limit=9), behind[1:])
            store.scim_connections.settle(one.id, after=None)
            equal(store.scim_connections.settling(limit=9), behind[1:])

    def test_a_scim_token_only_ends_earlier(self, storage: Storage) -> None:
        """A credential is found by its id; its end is brought forward, never put off, and by its own connection alone."""
        one, other = scim_token(1, of=1), scim_token(2, of=2)
        with storage.begin(after_commit=ignore) as store:
            store.scim_connections.add_token(one)
            store.scim_connections.add_token(other)
            equal(store.scim_connections.end_token(other.scim_id, one.id, at=NOW), False)
            equal(store.scim_connections.end_token(one.scim_id, one.id, at=one.expires_at + HOUR), False)
            equal(store.scim_connections.end_token(one.scim_id, one.id, at=NOW + HOUR), True)
            equal(store.scim_connections.end_token(one.scim_id, one.id, at=NOW + HOUR), False)
        with storage.reading() as store:
            equal(store.scim_connections.token(one.id), replace(one, expires_at=NOW + HOUR))
            equal(store.scim_connections.token(ScimTokenId(f"sct_{9:026d}")), None)
            equal(store.scim_connections.tokens(other.scim_id), (other,))

    def test_scim_users_are_found_in_their_connection_alone(self, storage: Storage) -> None:
        """By id, name, external id, account and page; another connection's users answer to none of it."""
        one, two, other = scim_user(1, of=1), scim_user(2, of=1), scim_user(3, of=2)
        other = replace(other, name_key=one.name_key, external_key=one.external_key, user_id=one.user_id)
        here = one.scim_id
        with storage.begin(after_commit=ignore) as store:
            for each in (other, two, one):
                store.scim_users.add(each)
        with storage.reading() as store:
            users = store.scim_users
            equal(users.get(here, one.id), one)
            equal(users.get(here, other.id), None)
            equal(users.many(here, [two.id, other.id, one.id, ScimUserId(f"scu_{9:026d}")]), (one, two))
            equal(users.many(here, []), ())
            equal(users.named(here, name=one.name_key), (one,))
            equal(users.named(here, external=one.external_key), (one,))
            equal(users.named(here), ())
            equal(users.of_account(here, user_id(1)), (one,))
            equal(users.count(here), 2)
            equal(users.page(here, limit=1), (one,))
            equal(users.page(here, skip=1, limit=5), (two,))
            equal(users.page(here, after=one.id, limit=5), (two,))
            equal(users.page(here, after=two.id, limit=5), ())

    def test_a_scim_user_is_compared_and_set(self, storage: Storage) -> None:
        """A user is written over the version that was read only, and goes with its places in groups."""
        one, group = scim_user(1, of=1), scim_group(1, of=1)
        after = replace(one, user_id=None, external_id=None, external_key=None, attributes='{"title":"ü"}', version=2)
        with storage.begin(after_commit=ignore) as store:
            store.scim_users.add(one)
            store.scim_groups.add(group)
            store.scim_members.put(group, [one.id])
            equal(store.scim_users.replace(after), True)
            equal(store.scim_users.replace(after), False)
        with storage.begin(after_commit=ignore) as store:
            equal(store.scim_users.get(one.scim_id, one.id), after)
            equal(store.scim_users.remove(scim(2, of=2).id, one.id), False)
            equal(store.scim_users.remove(one.scim_id, one.id), True)
            equal(store.scim_users.remove(one.scim_id, one.id), False)
            equal(store.scim_members.of_group(group.id), ())

    def test_scim_groups_and_their_members(self, storage: Storage) -> None:
        """Groups are found as users are; members come and go one by one, and go with their group."""
        one, two, other = scim_group(1, of=1), scim_group(2, of=1), replace(scim_group(3, of=2), name_key=scim_group(1, of=1).name_key)
        here, (a, b, c) = one.scim_id, (scim_user(n, of=1).id for n in (1, 2, 3))
        with storage.begin(after_commit=ignore) as store:
            for each in (other, two, one):
                store.scim_groups.add(each)
            store.scim_members.put(one, [b, a])
            store.scim_members.put(two, [b, one.id])
            store.scim_members.put(two, [])
            equal(store.scim_groups.replace(replace(two, display_name="ü", version=2)), True)
            equal(store.scim_groups.replace(replace(two, version=2)), False)
        with storage.begin(after_commit=ignore) as store:
            equal(store.scim_groups.get(here, one.id), one)
            equal(store.scim_groups.get(here, other.id), None)
            equal(store.scim_groups.named(here, name=one.name_key), (one,))
            equal(store.scim_groups.named(here, external=one.external_key), (one,))
            equal((store.scim_groups.count(here), store.scim_groups.page(here, limit=1)), (2, (one,)))
            equal(store.scim_members.of_group(one.id), (a, b))
            equal((store.scim_members.count(one.id), store.scim_members.count(other.id)), (2, 0))
            equal(store.scim_members.present(one.id, [a, c]), frozenset({a}))
            equal(store.scim_members.groups_of([b, one.id]), ((one.id, two.id), (b, one.id), (b, two.id)))
            store.scim_members.drop(one.id, [a, c])
            equal(store.scim_members.of_group(one.id), (b,))
            equal(store.scim_groups.remove(other.scim_id, one.id), False)
            equal(store.scim_groups.remove(here, one.id), True)
            equal(store.scim_members.groups_of([b, one.id, ScimGroupId(f"scg_{9:026d}")]), ((b, two.id),))

    def test_a_scim_connection_takes_everything_along(self, storage: Storage) -> None:
        """With a connection its credentials, users, groups and members go; those of another stay."""
        with storage.begin(after_commit=ignore) as store:
            for n in (1, 2):
                store.scim_connections.add(scim(n, of=n))
                store.scim_connections.add_token(scim_token(n, of=n))
                store.scim_users.add(scim_user(n, of=n))
                store.scim_groups.add(scim_group(n, of=n))
                store.scim_members.put(scim_group(n, of=n), [scim_user(n, of=n).id])
            equal(store.scim_connections.remove(org_id(2), scim(1, of=1).id), False)
            equal(store.scim_connections.remove(org_id(1), scim(1, of=1).id), True)
            equal(store.scim_connections.remove(org_id(1), scim(1, of=1).id), False)
        with storage.reading() as store:
            for n, left in ((1, 0), (2, 1)):
                here, group = scim(n, of=n).id, scim_group(n, of=n)
                equal(len(store.scim_connections.tokens(here)), left)
                equal((store.scim_users.count(here), store.scim_groups.count(here)), (left, left))
                equal(len(store.scim_members.of_group(group.id)), left)
