"""Conformance of the owners of API keys (async source)."""

from __future__ import annotations

from dataclasses import replace

from ctsec.ids import UserId
from ctsec.principal import PrincipalKind
from ctsec.storage._async_ports import AsyncStorage
from ctsec.testing.conformance.expect import equal
from ctsec.testing.conformance.key_samples import key_policy, service_account
from ctsec.testing.conformance.samples import HOUR, NOW, TICK, api_key, ignore, key_secret, membership, org_id


class AsyncKeyOwnerConformance:
    """Owners of API keys, lists of keys, and organizations' policies."""

    async def test_service_accounts_are_their_organizations(self, storage: AsyncStorage) -> None:
        """They are read, listed in the order of ids and removed by their own organization alone."""
        first, second, other = (service_account(n, of=of) for n, of in ((1, 1), (2, 1), (3, 2)))
        async with storage.begin(after_commit=ignore) as store:
            for each in (second, other, first):
                await store.service_accounts.add(each)
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.service_accounts.get(org_id(1), first.id), first)
            equal(await store.service_accounts.get(org_id(2), first.id), None)
            equal(await store.service_accounts.of_organization(org_id(1), after="", limit=5), (first, second))
            equal(await store.service_accounts.of_organization(org_id(1), after=first.id, limit=5), (second,))
            equal(await store.service_accounts.of_organization(org_id(1), after="", limit=1), (first,))
            equal(await store.service_accounts.remove(org_id(2), first.id), False)
            equal(await store.service_accounts.remove(org_id(1), first.id), True)
            equal(await store.service_accounts.remove(org_id(1), first.id), False)
        async with storage.reading() as store:
            equal(await store.service_accounts.of_organization(org_id(1), after="", limit=5), (second,))

    async def test_no_service_account_is_listed_with_the_people(self, storage: AsyncStorage) -> None:
        """A list of members has ids before and after those of service accounts, and not these; a list of standings has them all."""
        ids = ("a", service_account(1, of=1).id, "svd_1", "usr_1")
        async with storage.begin(after_commit=ignore) as store:
            for each in ids:
                equal(await store.memberships.add(replace(membership(1, of=1), user_id=UserId(each))), True)
        async with storage.reading() as store:
            found = await store.roster.of_organization(org_id(1), after="", limit=9)
            equal([each.membership.user_id for each in found], ["a", "svd_1", "usr_1"])
            equal([each.user for each in await store.standings.of_organization(org_id(1), after="", limit=9)], list(ids))

    async def test_keys_of_an_organization_come_with_their_newest_secret(self, storage: AsyncStorage) -> None:
        """In the order of ids, whoever owns them, without what was revoked and what is another organization's."""
        keys = [api_key(n, of=of, owner=n) for n, of in ((1, 1), (2, 1), (3, 1), (4, 2))]
        second = key_secret(2, generation=2)
        async with storage.begin(after_commit=ignore) as store:
            for n, key in enumerate(keys, start=1):
                await store.api_keys.add(key, key_secret(n))
            await store.api_keys.rotate(second, overlap_until=NOW + HOUR)
            await store.api_keys.revoke(org_id(1), keys[2].id, now=NOW)
        async with storage.reading() as store:
            found = await store.key_lists.of_organization(org_id(1), after="", limit=9)
            equal(found, ((keys[0], key_secret(1).created_at), (keys[1], second.created_at)))
            equal(await store.key_lists.of_organization(org_id(1), after=keys[0].id, limit=9), found[1:])
            equal(await store.key_lists.of_organization(org_id(1), after="", limit=1), found[:1])
            equal(await store.key_lists.of_organization(org_id(3), after="", limit=9), ())

    async def test_who_was_shown_a_secret_that_works(self, storage: AsyncStorage) -> None:
        """A key counts for whoever was shown one of its secrets, until that has ended, or the key."""
        keys = [api_key(n, of=of, owner=9) for n, of in ((1, 1), (2, 1), (3, 1), (4, 2))]
        async with storage.begin(after_commit=ignore) as store:
            for n, key in enumerate(keys, start=1):
                await store.api_keys.add(key, replace(key_secret(n), minted_by="usr_7"))
            await store.api_keys.revoke(org_id(1), keys[2].id, now=NOW)
            await store.api_keys.rotate(replace(key_secret(2, generation=2), minted_by="usr_8"), overlap_until=NOW + TICK)
        async with storage.reading() as store:
            for moment, minter, ids in (
                (NOW, "usr_7", [keys[0].id, keys[1].id]),
                (NOW + TICK, "usr_7", [keys[0].id]),
                (NOW + TICK, "usr_8", [keys[1].id]),
                (NOW + HOUR, "usr_7", []),
                (NOW, "usr_9", []),
            ):
                equal([key.id for key in await store.key_lists.minted_by(org_id(1), minter, now=moment)], ids)

    async def test_secrets_that_somebody_was_ever_shown_end_one_by_one(self, storage: AsyncStorage) -> None:
        """Accounts are found by any secret of any key, people are none; one secret ends once, and the others of its key work on."""
        keys = [api_key(n, of=of, owner=9) for n, of in ((1, 1), (2, 1), (3, 1), (4, 2), (5, 1))]
        robots = [replace(key, owner_id=f"svc_{n % 2}", owner_kind=PrincipalKind.SERVICE_ACCOUNT) for n, key in enumerate(keys[:4])]
        async with storage.begin(after_commit=ignore) as store:
            for n, key in enumerate([*robots, keys[4]], start=1):
                await store.api_keys.add(key, replace(key_secret(n), minted_by="usr_7"))
            await store.api_keys.rotate(replace(key_secret(1, generation=2), minted_by="usr_8"), overlap_until=NOW + HOUR)
            await store.api_keys.revoke(org_id(1), keys[1].id, now=NOW)
            equal(await store.key_lists.end_secret(keys[0].id, 1, now=NOW + TICK), True)
            equal(await store.key_lists.end_secret(keys[0].id, 1, now=NOW + TICK), False)
            equal(await store.key_lists.end_secret(keys[0].id, 3, now=NOW + TICK), False)
        async with storage.reading() as store:
            for of, minter, found in (
                (1, "usr_7", ("svc_0", "svc_1")),
                (1, "usr_8", ("svc_0",)),
                (2, "usr_7", ("svc_1",)),
                (2, "usr_8", ()),
            ):
                equal(await store.key_lists.shown_accounts(org_id(of), minter), found)
            held = await store.api_keys.get(keys[0].id)
            equal([each.expires_at for each in held[1]] if held is not None else [], [None, NOW + TICK])

    async def test_an_end_is_reminded_of_once(self, storage: AsyncStorage) -> None:
        """The soonest end first; not what ended, is endless, revoked or reminded of, nor where a policy sets the ends."""
        ends = {1: NOW + 2 * TICK, 2: NOW + TICK, 3: NOW, 4: None, 5: NOW + HOUR, 6: NOW + TICK, 7: NOW + TICK}
        keys = {n: replace(api_key(n, of=2 if n == 7 else 1, owner=1), expires_at=end) for n, end in ends.items()}
        async with storage.begin(after_commit=ignore) as store:
            for n, key in keys.items():
                await store.api_keys.add(key, key_secret(n))
            await store.api_keys.revoke(org_id(1), keys[6].id, now=NOW)
            await store.key_policies.put(key_policy(of=1, seconds=0))
            await store.key_policies.put(key_policy(of=2))
            equal(await store.key_lists.to_remind(now=NOW, before=NOW + 2 * TICK, limit=9), (keys[2], keys[1]))
            equal(await store.key_lists.to_remind(now=NOW, before=NOW + 2 * TICK, limit=1), (keys[2],))
            equal(await store.key_lists.reminded(keys[2].id, end=NOW + TICK), True)
            equal(await store.key_lists.reminded(keys[2].id, end=NOW + TICK), False)
            equal(await store.key_lists.reminded(keys[6].id, end=NOW + TICK), False)
            equal(await store.key_lists.reminded(api_key(9, of=1, owner=1).id, end=NOW), False)
        async with storage.reading() as store:
            equal(await store.key_lists.to_remind(now=NOW, before=NOW + 2 * TICK, limit=9), (keys[1],))

    async def test_a_policy_takes_the_place_of_the_one_before(self, storage: AsyncStorage) -> None:
        """One for each organization, listed in the order of their ids."""
        first, other = key_policy(of=1), key_policy(of=2)
        second = replace(key_policy(of=1, seconds=0), networks=("192.0.2.0/24",), version=2)
        async with storage.begin(after_commit=ignore) as store:
            for each in (first, other, second):
                await store.key_policies.put(each)
        async with storage.reading() as store:
            equal(await store.key_policies.get(org_id(1)), second)
            equal(await store.key_policies.get(org_id(3)), None)
            equal(await store.key_policies.page(after="", limit=9), (second, other))
            equal(await store.key_policies.page(after=org_id(1), limit=9), (other,))
