"""The conformance suite of people's coming and going (async source)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ctsec.directory.record import OrganizationStatus
from ctsec.storage._async_ports import AsyncStorage
from ctsec.testing.conformance.expect import equal
from ctsec.testing.conformance.lifecycle_samples import parked, presence, rules_of
from ctsec.testing.conformance.samples import HOUR, NOW, ignore, membership, org_id, organization, session, user_id


class AsyncLifecycleConformance:
    """What every store does with people who leave or are not there."""

    async def test_rules_are_written_over_and_listed(self, storage: AsyncStorage) -> None:
        """An organization has one set of rules, the last; those that judge absence are listed in the order of ids."""
        first, quiet = rules_of(1, by=1, remove_days=90), rules_of(2, by=1, remove_days=0)
        warned = replace(rules_of(3, by=1, remove_days=0), warn_days=30, heir=None)
        later = replace(first, suspend_days=30, changed_by=user_id(2))
        async with storage.begin(after_commit=ignore) as store:
            for each in (first, quiet, warned, later):
                await store.lifecycle.put_policy(each)
        async with storage.reading() as store:
            equal(await store.lifecycle.policy(org_id(1)), later)
            equal(await store.lifecycle.policy(org_id(4)), None)
            equal(await store.lifecycle.judging(after="", limit=9), (later, warned))
            equal(await store.lifecycle.judging(after=org_id(1), limit=1), (warned,))

    async def test_memberships_that_end_come_in_order(self, storage: AsyncStorage) -> None:
        """Those that end before an instant, the earliest first, by pages; none without an end, and none that was told of its end."""
        ends = ((1, 1, 2), (2, 1, 1), (4, 1, 1), (2, 2, 1))
        late, soon, next_one, other = [replace(membership(n, of=of), expires_at=NOW + hours * HOUR) for n, of, hours in ends]
        async with storage.begin(after_commit=ignore) as store:
            for each in (late, soon, next_one, other, membership(3, of=1)):
                equal(await store.memberships.add(each), True)
        asked: dict[str, Any] = {"now": NOW, "before": NOW + 3 * HOUR}
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.lifecycle.ending(**asked, limit=9), (soon, next_one, other, late))
            equal(await store.lifecycle.ending(**asked, limit=1), (soon,))
            equal(await store.lifecycle.ending(now=NOW, before=NOW + HOUR, limit=9), ())
            for after, rest in ((soon, (next_one, other)), (next_one, (other, late)), (other, (late,)), (late, ())):
                equal(await store.lifecycle.ending(**asked, after=after, limit=2), rest)
            told = replace(presence(2, of=1, hours=0), end_told=soon.expires_at)
            await store.lifecycle.put_presence(told)
            await store.lifecycle.put_presence(replace(presence(1, of=1, hours=0), end_told=NOW + HOUR))
            equal(await store.lifecycle.ending(**asked, limit=9), (next_one, other, late))
            equal(await store.lifecycle.ending(now=NOW + HOUR, before=NOW + 3 * HOUR, limit=9), (soon, next_one, other, late))

    async def test_the_last_use_is_that_of_ended_sessions_too(self, storage: AsyncStorage) -> None:
        """A session that was signed out counts as a use; who has none was never seen."""
        async with storage.begin(after_commit=ignore) as store:
            await store.sessions.add(replace(session(1, of=1), last_seen_at=NOW + HOUR))
            await store.sessions.revoke(user_id(1), None, keep=None, now=NOW + HOUR)
        async with storage.reading() as store:
            equal(await store.lifecycle.last_use(org_id(1), user_id(1)), NOW + HOUR)
            equal(await store.lifecycle.last_use(org_id(1), user_id(2)), None)

    async def test_a_presence_is_one_and_forgotten(self, storage: AsyncStorage) -> None:
        """It is written over, and gone when it is forgotten; that of another organization stays."""
        async with storage.begin(after_commit=ignore) as store:
            for each in (presence(1, of=1, hours=0), presence(1, of=2, hours=0), presence(1, of=1, hours=2)):
                await store.lifecycle.put_presence(each)
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.lifecycle.presence(org_id(1), user_id(1)), presence(1, of=1, hours=2))
            await store.lifecycle.forget(org_id(1), user_id(1))
            await store.lifecycle.forget(org_id(1), user_id(1))
            equal(await store.lifecycle.presence(org_id(1), user_id(1)), None)
            equal(await store.lifecycle.presence(org_id(2), user_id(1)), presence(1, of=2, hours=0))

    async def test_roles_that_sleep_are_of_one_person_and_place(self, storage: AsyncStorage) -> None:
        """They are listed by workspace, removed together, and trimmed when their time is over."""
        every = (parked(1, of=1, space=2), parked(1, of=1, space=1), parked(2, of=1, space=3), parked(1, of=2, space=4))
        async with storage.begin(after_commit=ignore) as store:
            for each in (*every, every[0]):
                await store.parked.put(each)
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.parked.of_user(org_id(1), user_id(1)), (every[1], every[0]))
            equal(await store.parked.trim(before=NOW + HOUR), 1)
            equal(await store.parked.remove(org_id(1), user_id(1)), 1)
            equal(await store.parked.remove(org_id(1), user_id(1)), 0)
            equal(await store.parked.of_user(org_id(2), user_id(1)), (every[3],))

    async def test_an_organization_without_an_owner_says_so(self, storage: AsyncStorage) -> None:
        """It is ownerless from the moment its last owner is taken until it has one again; a name read before is not written over it."""
        before = organization(1)
        async with storage.begin(after_commit=ignore) as store:
            await store.organizations.add(before)
            await store.organizations.disown(org_id(1))
            lost = replace(before, status=OrganizationStatus.OWNERLESS, permanent_owners=0, version=before.version + 1)
            equal(await store.organizations.get(org_id(1)), lost)
            equal(await store.organizations.replace(replace(before, name="Late", version=before.version + 1)), False)
            await store.organizations.gain_owner(org_id(1))
            found = replace(lost, status=before.status, permanent_owners=1, version=lost.version + 1)
            equal(await store.organizations.get(org_id(1)), found)
            await store.organizations.gain_owner(org_id(1))
            equal(await store.organizations.get(org_id(1)), replace(found, permanent_owners=2))
