"""Conformance of API keys (async source)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from ctsec.ids import WorkspaceId
from ctsec.keys.usage import KeyDay
from ctsec.storage._async_ports import AsyncStorage
from ctsec.testing.conformance.expect import equal
from ctsec.testing.conformance.samples import HOUR, NOW, TICK, api_key, digest, ignore, key_secret, org_id, user_id


class AsyncKeyConformance:
    """API keys."""

    async def test_what_was_added_comes_back_equal(self, storage: AsyncStorage) -> None:
        """None (not narrowed) and the empty set (nothing) stay different, for scopes and for workspaces."""
        keys = (
            api_key(1, of=1, owner=1),
            replace(api_key(2, of=1, owner=1, scopes=frozenset()), workspaces=frozenset(), networks=(), expires_at=None),
            replace(api_key(3, of=1, owner=1, scopes=frozenset({"a:b", "c:d"})), workspaces=frozenset({WorkspaceId("wsp_1")})),
        )
        async with storage.begin(after_commit=ignore) as store:
            for n, key in enumerate(keys, start=1):
                await store.api_keys.add(key, key_secret(n))
        async with storage.reading() as store:
            for n, key in enumerate(keys, start=1):
                equal(await store.api_keys.get(key.id), (key, (key_secret(n),)))
            equal(await store.api_keys.get(api_key(9, of=1, owner=1).id), None)

    async def test_keys_of_an_owner_are_listed_newest_first(self, storage: AsyncStorage) -> None:
        """The list holds revoked keys too, and none of another owner or organization."""
        async with storage.begin(after_commit=ignore) as store:
            for n, of, owner in ((2, 1, 1), (1, 1, 1), (3, 1, 1), (4, 2, 1), (5, 1, 2)):
                await store.api_keys.add(api_key(n, of=of, owner=owner), key_secret(n))
            await store.api_keys.revoke(org_id(1), api_key(2, of=1, owner=1).id, now=NOW)
        async with storage.reading() as store:
            found = await store.api_keys.of_owner(org_id(1), user_id(1))
            equal([key.id for key in found], [api_key(n, of=1, owner=1).id for n in (3, 2, 1)])
            equal(await store.api_keys.of_owner(org_id(2), user_id(2)), ())

    async def test_a_key_is_revoked_once_and_by_its_organization(self, storage: AsyncStorage) -> None:
        """Another organization can not revoke it; the first revocation sets the time."""
        key = api_key(1, of=1, owner=1)
        async with storage.begin(after_commit=ignore) as store:
            await store.api_keys.add(key, key_secret(1))
            equal(await store.api_keys.revoke(org_id(2), key.id, now=NOW), False)
            equal(await store.api_keys.revoke(org_id(1), key.id, now=NOW), True)
            equal(await store.api_keys.revoke(org_id(1), key.id, now=NOW + TICK), False)
            equal(await store.api_keys.get(key.id), (replace(key, revoked_at=NOW), (key_secret(1),)))

    async def test_rotation_adds_a_generation_and_ends_the_earlier_ones(self, storage: AsyncStorage) -> None:
        """Each generation is added once; earlier secrets end at the overlap, one that ended sooner keeps its end."""
        key = api_key(1, of=1, owner=1)
        second, third = key_secret(1, generation=2), key_secret(1, generation=3)
        async with storage.begin(after_commit=ignore) as store:
            await store.api_keys.add(key, key_secret(1))
            await store.api_keys.add(api_key(2, of=1, owner=1), key_secret(2))
            equal(await store.api_keys.rotate(third, overlap_until=NOW + HOUR), False)
            equal(await store.api_keys.rotate(second, overlap_until=NOW + HOUR), True)
            equal(await store.api_keys.rotate(replace(second, mac=digest("lost")), overlap_until=NOW + HOUR), False)
            equal(await store.api_keys.rotate(key_secret(9, generation=2), overlap_until=NOW + HOUR), False)
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.api_keys.rotate(replace(second, mac=digest("lost")), overlap_until=NOW + HOUR), False)
            equal(await store.api_keys.rotate(third, overlap_until=NOW + 2 * HOUR), True)
        async with storage.reading() as store:
            ended = (replace(second, expires_at=NOW + 2 * HOUR), replace(key_secret(1), expires_at=NOW + HOUR))
            equal(await store.api_keys.get(key.id), (key, (third, *ended)))
            equal(await store.api_keys.get(api_key(2, of=1, owner=1).id), (api_key(2, of=1, owner=1), (key_secret(2),)))

    async def test_a_generation_gets_another_mac_while_its_pepper_is_the_expected_one(self, storage: AsyncStorage) -> None:
        """Exactly the named generation changes, once; a rotation elsewhere, which knows nothing of it, does not lose it."""
        key, second = api_key(1, of=1, owner=1), key_secret(1, generation=2)
        renewed = replace(key_secret(1), mac=digest("new"), pepper_id="p2", expires_at=NOW + HOUR)
        async with storage.begin(after_commit=ignore) as store:
            await store.api_keys.add(key, key_secret(1))
            await store.api_keys.rotate(second, overlap_until=NOW + HOUR)
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.api_keys.remac(renewed, was="p2"), False)
            equal(await store.api_keys.remac(replace(renewed, generation=3), was="p1"), False)
            equal(await store.api_keys.remac(renewed, was="p1"), True)
            equal(await store.api_keys.remac(replace(renewed, mac=digest("lost")), was="p1"), False)
        async with storage.reading() as store:
            equal(await store.api_keys.get(key.id), (key, (second, renewed)))

    async def test_secrets_that_may_still_work_are_counted_by_pepper(self, storage: AsyncStorage) -> None:
        """What was revoked, has expired or was rotated away is not counted; what ends later is."""
        gone = api_key(3, of=1, owner=1)
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.api_keys.peppers(now=NOW), ())
            await store.api_keys.add(api_key(1, of=1, owner=1), key_secret(1))
            await store.api_keys.add(replace(api_key(2, of=1, owner=1), expires_at=None), replace(key_secret(2), pepper_id="P1"))
            await store.api_keys.add(gone, replace(key_secret(3), pepper_id="p3"))
            await store.api_keys.add(replace(api_key(4, of=1, owner=1), expires_at=NOW), replace(key_secret(4), pepper_id="p4"))
            await store.api_keys.revoke(org_id(1), gone.id, now=NOW)
            await store.api_keys.rotate(replace(key_secret(1, generation=2), pepper_id="p5"), overlap_until=NOW + TICK)
        async with storage.reading() as store:
            equal(await store.api_keys.peppers(now=NOW), (("P1", 1), ("p1", 1), ("p5", 1)))
            equal(await store.api_keys.peppers(now=NOW + TICK), (("P1", 1), ("p5", 1)))
            equal(await store.api_keys.peppers(now=NOW + HOUR), (("P1", 1),))

    async def test_the_last_use_is_written(self, storage: AsyncStorage) -> None:
        """A touch writes time and address and nothing else; a key that is gone is no error."""
        key = api_key(1, of=1, owner=1)
        async with storage.begin(after_commit=ignore) as store:
            await store.api_keys.add(key, key_secret(1))
            await store.api_keys.touch(key.id, at=NOW + TICK, address="192.0.2.9")
            await store.api_keys.touch(api_key(9, of=1, owner=1).id, at=NOW, address="192.0.2.9")
        async with storage.reading() as store:
            equal(
                await store.api_keys.get(key.id), (replace(key, last_used_at=NOW + TICK, last_used_address="192.0.2.9"), (key_secret(1),))
            )

    async def test_days_are_counted_and_trimmed(self, storage: AsyncStorage) -> None:
        """What is counted of a day adds up, in one transaction and in two; other days and keys stay; days before one are deleted."""
        one, other = api_key(1, of=1, owner=1).id, api_key(2, of=1, owner=1).id
        first = KeyDay(key_id=one, day=NOW.replace(hour=0, minute=0, second=0, microsecond=0), used=3, refused=0)
        second = replace(first, day=first.day + timedelta(days=1), used=0, refused=2)
        async with storage.begin(after_commit=ignore) as store:
            for day in (first, second, replace(first, key_id=other, used=1), replace(first, used=4, refused=1)):
                await store.key_days.add(day)
        async with storage.begin(after_commit=ignore) as store:
            await store.key_days.add(replace(first, used=1_000))
        async with storage.reading() as store:
            summed = replace(first, used=1_007, refused=1)
            equal(await store.key_days.of(one, limit=9), (second, summed))
            equal(await store.key_days.of(one, limit=1), (second,))
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.key_days.trim(before=second.day), 2)
            equal(await store.key_days.of(one, limit=9), (second,))
            equal(await store.key_days.of(other, limit=9), ())

    async def test_an_overlap_ends_by_hand(self, storage: AsyncStorage) -> None:
        """Every generation but the newest ends at that moment, one that ended sooner keeps its end; a second time there is none to end."""
        key, second, third = api_key(1, of=1, owner=1), key_secret(1, generation=2), key_secret(1, generation=3)
        sealed = replace(third, minted_by="usr_2", sealed_root=b"\x00root")
        async with storage.begin(after_commit=ignore) as store:
            await store.api_keys.add(key, key_secret(1))
            equal(await store.api_keys.end_earlier(key.id, now=NOW), False)
            await store.api_keys.rotate(second, overlap_until=NOW + TICK)
            await store.api_keys.rotate(sealed, overlap_until=NOW + HOUR)
            equal(await store.api_keys.end_earlier(key.id, now=NOW + 2 * TICK), True)
            equal(await store.api_keys.end_earlier(key.id, now=NOW + 2 * TICK), False)
            equal(await store.api_keys.end_earlier(api_key(9, of=1, owner=1).id, now=NOW), False)
        async with storage.reading() as store:
            ended = (replace(second, expires_at=NOW + 2 * TICK), replace(key_secret(1), expires_at=NOW + TICK))
            equal(await store.api_keys.get(key.id), (key, (sealed, *ended)))
