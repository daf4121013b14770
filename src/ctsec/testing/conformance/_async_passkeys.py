"""Conformance of passkeys (async source)."""

from __future__ import annotations

from dataclasses import replace

from ctsec.ids import PasskeyId
from ctsec.mfa.passkey import MAX_CREDENTIAL_ID, Backup, Passkey
from ctsec.storage._async_ports import AsyncStorage
from ctsec.testing.conformance.expect import equal
from ctsec.testing.conformance.samples import NOW, TICK, digest, ignore, number, user_id


def passkey(n: int, *, of: int, credential: bytes | None = None) -> Passkey:
    """Return the n-th passkey, of the user with the number `of`."""
    return Passkey(
        id=PasskeyId(number("pky", n)),
        user_id=user_id(of),
        credential_id=digest(f"passkey {n}") if credential is None else credential,
        public_key=b"\xa5\x00\xff%d" % n,
        transports=("hybrid", "internal"),
        backup=Backup.ELIGIBLE,
        name=f"Laptop {n} Žofie 人",
        created_at=NOW,
    )


class AsyncPasskeyConformance:
    """Passkeys."""

    async def test_what_was_added_comes_back_equal(self, storage: AsyncStorage) -> None:
        """A passkey is found by every byte of its credential id, the longest too, and listed for its person alone."""
        ids = (b"\x00", b"a", b"A", b"a ", b"a\x00", b"\xff" * MAX_CREDENTIAL_ID)
        mine = [passkey(n, of=1, credential=credential) for n, credential in enumerate(ids, start=1)]
        bare = replace(passkey(20, of=2), transports=(), backup=Backup.BACKED_UP, last_used_at=NOW + TICK)
        async with storage.begin(after_commit=ignore) as store:
            for each in (*reversed(mine), bare):
                equal(await store.passkeys.add(each), True)
        async with storage.reading() as store:
            for each in (*mine, bare):
                equal(await store.passkeys.by_credential(each.credential_id), each)
            equal(await store.passkeys.by_credential(b"b"), None)
            equal(await store.passkeys.of_user(user_id(1)), tuple(mine))
            equal(await store.passkeys.of_user(user_id(2)), (bare,))
            equal(await store.passkeys.of_user(user_id(3)), ())

    async def test_a_credential_id_is_taken_once_in_the_deployment(self, storage: AsyncStorage) -> None:
        """Nobody gets a credential id that anybody has; it is free again when its passkey was removed, and the transaction goes on."""
        taken = passkey(2, of=2, credential=b"one")
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.passkeys.add(passkey(1, of=1, credential=b"one")), True)
            equal(await store.passkeys.add(taken), False)
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.passkeys.add(taken), False)
            equal(await store.passkeys.add(passkey(3, of=2)), True)
            equal(await store.passkeys.remove(user_id(1), passkey(1, of=1).id), True)
            equal(await store.passkeys.add(taken), True)
        async with storage.reading() as store:
            equal(await store.passkeys.by_credential(b"one"), taken)
            equal(await store.passkeys.of_user(user_id(2)), (taken, passkey(3, of=2)))

    async def test_replace_is_a_compare_and_set_on_the_version(self, storage: AsyncStorage) -> None:
        """Of two changes to the same version one is written; whose it is and its key never change."""
        used = replace(passkey(1, of=1), backup=Backup.BACKED_UP, last_used_at=NOW + TICK, name="Phone", version=2)
        async with storage.begin(after_commit=ignore) as store:
            await store.passkeys.add(passkey(1, of=1))
            equal(await store.passkeys.replace(replace(used, user_id=user_id(2), credential_id=b"x", public_key=b"y", transports=())), True)
            equal(await store.passkeys.replace(replace(used, name="lost")), False)
            equal(await store.passkeys.replace(replace(passkey(9, of=1), version=2)), False)
        async with storage.reading() as store:
            equal(await store.passkeys.of_user(user_id(1)), (used,))
            equal(await store.passkeys.by_credential(used.credential_id), used)

    async def test_removal_is_of_one_persons_own(self, storage: AsyncStorage) -> None:
        """A passkey is removed once, by its id and its person together."""
        async with storage.begin(after_commit=ignore) as store:
            for n in (1, 2):
                await store.passkeys.add(passkey(n, of=1))
            equal(await store.passkeys.remove(user_id(2), passkey(1, of=1).id), False)
            equal(await store.passkeys.remove(user_id(1), passkey(1, of=1).id), True)
            equal(await store.passkeys.remove(user_id(1), passkey(1, of=1).id), False)
        async with storage.reading() as store:
            equal(await store.passkeys.by_credential(passkey(1, of=1).credential_id), None)
            equal(await store.passkeys.of_user(user_id(1)), (passkey(2, of=1),))
