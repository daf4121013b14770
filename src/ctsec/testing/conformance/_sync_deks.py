# Generated from src/ctsec/testing/conformance/_async_deks.py by tools/twin.py; edit that file.
"""Conformance of wrapped data keys, of what they sealed, and of the keys of organizations' own (async source)."""

from __future__ import annotations

from dataclasses import replace

from ctsec.encryption.dek import DekState
from ctsec.errors import StoreError
from ctsec.storage._sync_ports import Storage
from ctsec.testing.conformance.expect import equal, fail
from ctsec.testing.conformance.samples import NOW, TICK, customer_key, dek, ignore, org_id


class DekConformance:
    """Wrapped data keys."""

    def test_what_was_added_comes_back_equal(self, storage: Storage) -> None:
        """A wrapped key is stored exactly."""
        with storage.begin(after_commit=ignore) as store:
            store.deks.add(dek(1))
        with storage.reading() as store:
            equal(store.deks.get(dek(1).id), dek(1))
            equal(store.deks.get(dek(2).id), None)

    def test_the_active_key_of_a_scope(self, storage: Storage) -> None:
        """It is an active one of exactly this scope and region, the newest; keys that only open, or that are destroyed, never seal."""
        with storage.begin(after_commit=ignore) as store:
            store.deks.add(dek(1, scope=org_id(1)))
            store.deks.add(dek(2, scope=org_id(1), state=DekState.DECRYPT_ONLY))
            store.deks.add(dek(3, scope=org_id(1), state=DekState.DESTROYED))
            store.deks.add(dek(4, scope=org_id(2), state=DekState.DECRYPT_ONLY))
            store.deks.add(replace(dek(5, scope=org_id(1)), region="us"))
            store.deks.add(replace(dek(6, scope=org_id(1)), region="us"))
        with storage.reading() as store:
            equal(store.deks.active(org_id(1), "eu"), dek(1, scope=org_id(1)))
            equal(store.deks.active(org_id(1), "us"), replace(dek(6, scope=org_id(1)), region="us"))
            equal(store.deks.active(org_id(1), "ap"), None)
            equal(store.deks.active(org_id(2), "eu"), None)
            equal(store.deks.active("deployment", "eu"), None)

    def test_the_keys_of_a_scope_and_under_a_key(self, storage: Storage) -> None:
        """The keys of a scope are all of it in any state; those under a KEK are of every scope, in pages, without the destroyed ones."""
        kept = [dek(1, scope=org_id(1)), dek(2, scope=org_id(2), state=DekState.DECRYPT_ONLY), dek(3)]
        gone, other = dek(4, scope=org_id(1), state=DekState.DESTROYED), replace(dek(5, scope=org_id(1)), kek="local:2")
        with storage.begin(after_commit=ignore) as store:
            for each in (other, *reversed(kept), gone):
                store.deks.add(each)
        with storage.reading() as store:
            equal(store.deks.of_scope(org_id(1)), (kept[0], gone, other))
            equal(store.deks.of_scope(org_id(9)), ())
            equal(store.deks.under("local:1", after="", limit=2), tuple(kept[:2]))
            equal(store.deks.under("local:1", after=kept[1].id, limit=2), (kept[2],))
            equal(store.deks.under("local:9", after="", limit=2), ())
            equal(store.deks.active_page(after="", limit=2), (kept[0], kept[2]))
            equal(store.deks.active_page(after=kept[2].id, limit=2), (other,))
            equal(store.deks.of_scopes((org_id(1), "deployment", org_id(9))), (kept[2], kept[0], gone, other))
            equal(store.deks.of_scopes(()), ())

    def test_scopes_with_keys_that_only_open(self, storage: Storage) -> None:
        """Each is named once, in order and in pages; neither active nor destroyed keys count."""
        with storage.begin(after_commit=ignore) as store:
            for n, of in enumerate((2, 1, 1, 3)):
                store.deks.add(dek(n, scope=org_id(of), state=DekState.DECRYPT_ONLY))
            store.deks.add(dek(8, scope=org_id(4), state=DekState.DESTROYED))
            store.deks.add(dek(9, scope=org_id(5)))
        with storage.reading() as store:
            equal(store.deks.retired_scopes(after="", limit=2), (org_id(1), org_id(2)))
            equal(store.deks.retired_scopes(after=org_id(2), limit=2), (org_id(3),))

    def test_a_change_is_compared_and_set(self, storage: Storage) -> None:
        """Of two who change the same version one is told True, and what it wrote stays; nothing but wrapping and state changes."""
        first = dek(1).rewrapped(b"anew", kek="local:2")
        with storage.begin(after_commit=ignore) as store:
            store.deks.add(dek(1))
            equal(store.deks.change(first), True)
            equal(store.deks.change(dek(1).rewrapped(b"late", kek="local:3")), False)
            equal(store.deks.change(dek(2).retired()), False)
            equal(store.deks.change(replace(first.retired(), scope="other", region="us")), True)
        with storage.reading() as store:
            equal(store.deks.get(dek(1).id), first.retired())
        with storage.begin(after_commit=ignore) as store:
            equal(store.deks.change(first.retired().destroyed()), True)
        with storage.reading() as store:
            equal(store.deks.get(dek(1).id), first.retired().destroyed())


class SealConformance:
    """Counts of sealed messages."""

    def test_a_count_never_passes_its_bound(self, storage: Storage) -> None:
        """What would be too much is refused whole, what fits is added, and keys are counted apart."""
        seals, (one, two) = storage.guard.seals, (dek(1).id, dek(2).id)
        equal(seals.reserved(one), 0)
        equal(seals.reserve(one, messages=3, most=5), True)
        equal(seals.reserve(one, messages=3, most=5), False)
        equal(seals.reserve(one, messages=2, most=5), True)
        equal(seals.reserve(one, messages=1, most=5), False)
        equal(seals.reserve(two, messages=6, most=5), False)
        equal(seals.reserve(two, messages=1 << 32, most=1 << 32), True)
        equal([seals.reserved(each) for each in (one, two)], [5, 1 << 32])


class CustomerKeyConformance:
    """The keys of organizations' own."""

    def test_a_key_of_each_region(self, storage: Storage) -> None:
        """A region has one key; another of the same is refused with StoreError; organizations do not see each other's."""
        keys = [customer_key(1, region="eu"), customer_key(1, region="us"), customer_key(2, region="eu")]
        with storage.begin(after_commit=ignore) as store:
            for key in reversed(keys):
                store.customer_keys.add(key)
        with storage.reading() as store:
            equal(store.customer_keys.get(org_id(1), "us"), keys[1])
            equal(store.customer_keys.get(org_id(2), "us"), None)
            equal(store.customer_keys.of_organization(org_id(1)), tuple(keys[:2]))
            equal(store.customer_keys.page(after=("", ""), limit=2), tuple(keys[:2]))
            equal(store.customer_keys.page(after=(org_id(1), "us"), limit=2), (keys[2],))
            equal(store.customer_keys.holders(keys[1].ref), (keys[1],))
            equal(store.customer_keys.holders(keys[1].ref.upper()), ())
        try:
            with storage.begin(after_commit=ignore) as store:
                store.customer_keys.add(keys[0])
        except StoreError:
            return
        fail("a second key of a region was stored")

    def test_a_key_is_changed_by_version_and_removed_once(self, storage: Storage) -> None:
        """The version before is what is compared; a removed key is gone, and removing it again says so."""
        key = customer_key(1)
        changed = replace(key, ref="arn:2", problem="key_disabled", checked_at=NOW + TICK, version=1)
        with storage.begin(after_commit=ignore) as store:
            store.customer_keys.add(key)
            equal(store.customer_keys.change(changed), True)
            equal(store.customer_keys.change(replace(changed, ref="arn:3")), False)
            equal(store.customer_keys.change(replace(customer_key(2), version=1)), False)
            equal(store.customer_keys.get(org_id(1), key.region), changed)
            equal(store.customer_keys.remove(org_id(2), key.region), False)
            equal(store.customer_keys.remove(org_id(1), key.region), True)
            equal(store.customer_keys.remove(org_id(1), key.region), False)
        with storage.reading() as store:
            equal(store.customer_keys.of_organization(org_id(1)), ())
