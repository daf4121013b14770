# Generated from src/ctsec/testing/conformance/_async_reencryption.py by tools/twin.py; edit that file.
"""Conformance of values that are sealed under data keys, and of how far they are sealed anew (async source)."""

from __future__ import annotations

from dataclasses import replace

from ctsec.encryption.dek import dek_id_bytes
from ctsec.encryption.reencryption import Reencryption, Stored, StoredValue
from ctsec.storage._sync_ports import Storage
from ctsec.testing.conformance._sync_vault import credential, index_key
from ctsec.testing.conformance.expect import equal
from ctsec.testing.conformance.samples import NOW, TICK, authenticator, dek, ignore, org_id, user_id
from ctsec.testing.conformance.sso_samples import connection


def blob(under: int, rest: int = 0) -> bytes:
    """Return bytes that say they are sealed under the data key number `under`."""
    return b"\xc7\x11" + dek_id_bytes(dek(under).id) + b"rest %d" % rest


def progress(place: str, *, of: int = 1, version: int = 0) -> Reencryption:
    """Return how far a table of an organization is."""
    return Reencryption(scope=org_id(of), place=place, started_at=NOW, reached="a", remaining=version, problem="x", version=version)


class ReencryptionConformance:
    """Values under data keys, and progress."""

    def test_values_are_found_by_the_key_that_they_name(self, storage: Storage) -> None:
        """Of a scope, under the keys that are asked for and no other, in pages in the order of their rows; counted alike."""
        keys = (dek(1).id, dek(2).id)
        with storage.begin(after_commit=ignore) as store:
            for n in range(5):
                store.credentials.add(credential(n, of=1, name=f"n{n}"), blob(1 + n % 3, n))
                store.index_keys.add(replace(index_key(1 + n % 2, of=1, place=f"note.{n // 2}"), sealed=blob(1 + n % 3, n)))
                store.authenticators.add(replace(authenticator(n, of=n), sealed_seed=blob(1 + n % 3, n)))
                store.connections.add(replace(connection(n, of=1), sealed_secret=blob(1 + n % 3, n)))
            store.credentials.add(credential(9, of=2, name="n"), blob(1, 9))
            store.connections.add(replace(connection(9, of=2), sealed_secret=blob(1, 9)))
            store.index_keys.add(replace(index_key(1, of=2, place="note.0"), sealed=blob(1, 9)))
        wanted = {
            Stored.VAULT: [StoredValue(key=(credential(n).id,), blob=blob(1 + n % 3, n)) for n in range(5)],
            Stored.INDEX_KEY: [StoredValue(key=(f"note.{n // 2}", 1 + n % 2), blob=blob(1 + n % 3, n)) for n in range(5)],
            Stored.CONNECTION: [StoredValue(key=(connection(n, of=1).id,), blob=blob(1 + n % 3, n)) for n in range(5)],
            Stored.SEED: [StoredValue(key=(authenticator(n, of=n).id,), blob=blob(1 + n % 3, n), owner=user_id(n)) for n in range(5)],
        }
        with storage.reading() as store:
            for stored, every in wanted.items():
                scope = "deployment" if stored is Stored.SEED else org_id(1)
                found = [each for n, each in enumerate(every) if n % 3 != 2]
                first = store.reencryptions.under(stored, scope, keys=keys, after=(), limit=3)
                equal(first, tuple(found[:3]))
                equal(store.reencryptions.under(stored, scope, keys=keys, after=first[-1].key, limit=3), tuple(found[3:]))
                equal(store.reencryptions.count(stored, scope, keys=keys), 4)
                equal(store.reencryptions.count(stored, scope, keys=(dek(3).id,)), 1)
                for nothing in ((), (dek(4).id,)):
                    equal(store.reencryptions.count(stored, scope, keys=nothing), 0)
                    equal(store.reencryptions.under(stored, scope, keys=nothing, after=(), limit=9), ())
                other = org_id(1) if stored is Stored.SEED else "deployment"
                equal(store.reencryptions.count(stored, other, keys=keys), 0)

    def test_a_seal_is_compared_and_set(self, storage: Storage) -> None:
        """Another seal is written where the one before still stands, in its scope; a record that others write back gets another version."""
        with storage.begin(after_commit=ignore) as store:
            store.credentials.add(credential(1, of=1, name="n"), blob(1))
            store.index_keys.add(replace(index_key(1, of=1, place="note.a"), sealed=blob(1)))
            store.authenticators.add(replace(authenticator(1, of=1), sealed_seed=blob(1)))
            store.connections.add(replace(connection(1, of=1), sealed_secret=blob(1)))
        places: tuple[tuple[Stored, str, tuple[str | int, ...]], ...] = (
            (Stored.VAULT, org_id(1), (credential(1).id,)),
            (Stored.INDEX_KEY, org_id(1), ("note.a", 1)),
            (Stored.SEED, "deployment", (authenticator(1, of=1).id,)),
            (Stored.CONNECTION, org_id(1), (connection(1, of=1).id,)),
        )
        with storage.begin(after_commit=ignore) as store:
            for stored, scope, key in places:
                change = store.reencryptions.replace
                equal(change(stored, scope, key=key, before=blob(9), after=blob(2)), False)
                equal(change(stored, scope, key=key, before=blob(1), after=blob(2)), True)
                equal(change(stored, scope, key=key, before=blob(1), after=blob(3)), False)
            equal(store.reencryptions.replace(Stored.INDEX_KEY, org_id(2), key=("note.a", 1), before=blob(2), after=blob(3)), False)
            elsewhere = (connection(1, of=1).id,)
            equal(store.reencryptions.replace(Stored.CONNECTION, org_id(2), key=elsewhere, before=blob(2), after=blob(3)), False)
            equal(store.reencryptions.replace(Stored.VAULT, org_id(1), key=("crd_none",), before=blob(2), after=blob(3)), False)
        with storage.reading() as store:
            equal(store.connections.get(connection(1, of=1).id), replace(connection(1, of=1), sealed_secret=blob(2), version=2))
            equal(store.credentials.sealed(credential(1).id), blob(2))
            equal([each.sealed for each in store.index_keys.of_place(org_id(1), "note.a")], [blob(2)])
            before = replace(authenticator(1, of=1), sealed_seed=blob(2))
            equal(store.authenticators.of_user(user_id(1)), (replace(before, version=before.version + 1),))

    def test_progress_goes_forward_once(self, storage: Storage) -> None:
        """It is inserted once, and replaced by version; it comes back exactly, by scope, and what is left to do is found."""
        first, other = progress("b"), replace(progress("a", of=2), ended_at=NOW + TICK)
        done = replace(progress("a"), ended_at=NOW + TICK)
        with storage.begin(after_commit=ignore) as store:
            for each in (first, other, done):
                equal(store.reencryptions.put(each), True)
                equal(store.reencryptions.put(each), False)
            equal(store.reencryptions.put(progress("b", version=2)), False)
            equal(store.reencryptions.put(progress("c", version=1)), False)
            equal(store.reencryptions.put(progress("b", version=1)), True)
            equal(store.reencryptions.put(replace(progress("a", of=2, version=1), ended_at=NOW + TICK)), True)
        with storage.reading() as store:
            left = replace(progress("a", of=2, version=1), ended_at=NOW + TICK)
            equal(store.reencryptions.of_scopes((org_id(2), org_id(1))), (done, progress("b", version=1), left))
            equal(store.reencryptions.of_scopes((org_id(1),)), (done, progress("b", version=1)))
            equal(store.reencryptions.of_scopes(()), ())
            equal(store.reencryptions.unfinished(limit=9), (progress("b", version=1), left))
            equal(store.reencryptions.unfinished(limit=1), (progress("b", version=1),))
