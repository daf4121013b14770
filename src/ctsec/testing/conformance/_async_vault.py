"""Conformance of credentials of the vault and of the keys of blind indexes (async source)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from ctsec.encryption.blind_index import IndexKey
from ctsec.ids import CredentialId
from ctsec.storage._async_ports import AsyncStorage
from ctsec.testing.conformance.expect import equal
from ctsec.testing.conformance.samples import HOUR, NOW, TICK, ignore, number, org_id, user_id, workspace_id
from ctsec.vault.record import AccessMode, VaultCredential, VaultKind, name_digest


def credential(n: int, *, of: int = 1, space: int | None = None, name: str | None = None, due: datetime | None = None) -> VaultCredential:
    """Return the n-th credential, of an organization or a workspace of it."""
    text = name or f"credential {n}"
    place = workspace_id(space) if space is not None else None
    return VaultCredential(
        id=CredentialId(number("crd", n)),
        organization_id=org_id(of),
        workspace_id=place,
        name=text,
        name_digest=name_digest(text, workspace=place),
        kind=VaultKind.AWS,
        label="",
        access=AccessMode.READ_ONLY,
        services=frozenset({"s3"}),
        regions=None,
        users=None,
        rotate_seconds=3600 if due else 0,
        due_at=due,
        created_by=user_id(1),
        created_at=NOW,
        changed_by=user_id(1),
        changed_at=NOW,
        rotated_by=user_id(1),
        rotated_at=NOW,
    )


def index_key(generation: int, *, of: int = 1, place: str = "note.email") -> IndexKey:
    """Return the key of a generation."""
    return IndexKey(organization_id=org_id(of), place=place, generation=generation, sealed=b"\x00%d\xff" % generation, created_at=NOW)


class AsyncIndexKeyConformance:
    """The keys of blind indexes."""

    async def test_keys_come_in_the_order_of_their_generations(self, storage: AsyncStorage) -> None:
        """Each place of each organization has keys of its own, byte by byte; a generation is made once; earlier ones are dropped."""
        ours = [index_key(n) for n in (1, 2, 3)]
        others = (index_key(1, of=2), index_key(1, place="note.Email"), index_key(1, place="note.email "))
        async with storage.begin(after_commit=ignore) as store:
            for each in (*reversed(ours), *others):
                equal(await store.index_keys.add(each), True)
            equal(await store.index_keys.add(replace(ours[1], sealed=b"other")), False)
            for fresh in (False, True):
                equal(await store.index_keys.of_place(org_id(1), "note.email", fresh=fresh), tuple(ours))
            equal(await store.index_keys.remove(org_id(1), "note.email", below=3), 2)
            equal(await store.index_keys.remove(org_id(1), "note.email", below=3), 0)
        async with storage.reading() as store:
            equal(await store.index_keys.of_place(org_id(1), "note.email"), (ours[2],))
            for each in others:
                equal(await store.index_keys.of_place(each.organization_id, each.place), (each,))
            equal(await store.index_keys.of_place(org_id(3), "note.email"), ())


class AsyncCredentialConformance:
    """Credentials of the vault."""

    async def test_what_was_added_comes_back_equal(self, storage: AsyncStorage) -> None:
        """None (not narrowed) and a set stay different; the sealed bytes are apart; another organization sees neither."""
        one = credential(1, due=NOW + HOUR)
        two = replace(credential(2, space=3), services=None, regions=frozenset({"eu", "us"}), users=frozenset({user_id(1)}), label="ß")
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.credentials.add(one, b"\x00one\xff"), True)
            equal(await store.credentials.add(two, b"two" * 30_000), True)
        async with storage.reading() as store:
            for each in (one, two):
                equal(await store.credentials.get(org_id(1), each.id), each)
                equal(await store.credentials.get(org_id(2), each.id), None)
            equal(await store.credentials.sealed(one.id), b"\x00one\xff")
            equal(await store.credentials.sealed(two.id), b"two" * 30_000)
            equal(await store.credentials.sealed(credential(3).id), None)

    async def test_a_name_is_taken_once_in_its_place(self, storage: AsyncStorage) -> None:
        """The same name may be in another workspace or organization, and is free again when it was given up or removed."""
        one, elsewhere, foreign = credential(1, name="prod"), credential(2, name="prod", space=1), credential(3, of=2, name="prod")
        again = credential(4, name="prod")
        async with storage.begin(after_commit=ignore) as store:
            for each in (one, elsewhere, foreign):
                equal(await store.credentials.add(each, b"s"), True)
            equal(await store.credentials.add(again, b"s"), False)
            equal(await store.credentials.sealed(again.id), None)
            equal(await store.credentials.add(credential(5), b"s"), True)
            taken = replace(credential(5, name="prod"), version=1)
            equal(await store.credentials.replace(taken), False)
            equal(await store.credentials.replace(replace(credential(1, name="old"), version=1)), True)
            equal(await store.credentials.replace(taken), True)
            equal(await store.credentials.remove(org_id(1), one.id), True)
            equal(await store.credentials.add(credential(6, name="old"), b"s"), True)

    async def test_a_record_is_written_over_the_version_before(self, storage: AsyncStorage) -> None:
        """The secret changes where one is given; the last use and the reminder stay as they are stored."""
        one = credential(1, due=NOW)
        after = replace(one, access=AccessMode.READ_WRITE, regions=frozenset({"eu"}), due_at=NOW + HOUR, rotated_by="svc", version=1)
        async with storage.begin(after_commit=ignore) as store:
            await store.credentials.add(one, b"old")
            await store.credentials.touch(one.id, at=NOW + TICK, by=user_id(2))
            equal(await store.credentials.reminded(one.id, due_at=NOW), True)
            equal(await store.credentials.replace(after, sealed=b"new"), True)
            equal(await store.credentials.replace(replace(after, name="lost"), sealed=b"lost"), False)
            equal(await store.credentials.replace(replace(credential(9), version=1), sealed=b"lost"), False)
        stored = replace(after, last_used_at=NOW + TICK, last_used_by=user_id(2), reminded_for=NOW)
        async with storage.reading() as store:
            equal(await store.credentials.get(org_id(1), one.id), stored)
            equal(await store.credentials.sealed(one.id), b"new")

    async def test_a_removed_credential_leaves_no_sealed_bytes(self, storage: AsyncStorage) -> None:
        """Only its organization removes it, once, and the secret goes with it."""
        one = credential(1)
        async with storage.begin(after_commit=ignore) as store:
            await store.credentials.add(one, b"s")
            equal(await store.credentials.remove(org_id(2), one.id), False)
            equal(await store.credentials.sealed(one.id), b"s")
            equal(await store.credentials.remove(org_id(1), one.id), True)
            equal(await store.credentials.remove(org_id(1), one.id), False)
            await store.credentials.touch(one.id, at=NOW, by=user_id(1))
        async with storage.reading() as store:
            equal(await store.credentials.get(org_id(1), one.id), None)
            equal(await store.credentials.sealed(one.id), None)

    async def test_lists_are_in_order_and_in_pages(self, storage: AsyncStorage) -> None:
        """Pages go by id; what is due comes with the longest due first, from the very moment on, and each due time is reminded of once."""
        late, later, soon = (credential(n, due=due) for n, due in ((3, NOW), (2, NOW + TICK), (1, NOW + HOUR)))
        never, foreign = credential(4), credential(5, of=2, due=NOW)
        async with storage.begin(after_commit=ignore) as store:
            for each in (soon, foreign, late, never, later):
                await store.credentials.add(each, b"s")
            equal(await store.credentials.of_organization(org_id(1), after="", limit=3), (soon, later, late))
            equal(await store.credentials.of_organization(org_id(1), after=late.id, limit=3), (never,))
            equal(await store.credentials.due(org_id(1), by=NOW - TICK, limit=9), ())
            equal(await store.credentials.due(org_id(1), by=NOW + TICK, limit=9), (late, later))
            equal(await store.credentials.due(org_id(1), by=NOW + HOUR, limit=2), (late, later))
            equal(await store.credentials.to_remind(now=NOW, limit=9), (late, foreign))
            equal(await store.credentials.reminded(late.id, due_at=NOW + HOUR), False)
            equal(await store.credentials.reminded(late.id, due_at=NOW), True)
            equal(await store.credentials.reminded(late.id, due_at=NOW), False)
            equal(await store.credentials.reminded(never.id, due_at=NOW), False)
            equal(await store.credentials.to_remind(now=NOW + TICK, limit=9), (foreign, later))
            equal(await store.credentials.replace(replace(late, due_at=NOW + TICK, version=1)), True)
            again = replace(late, due_at=NOW + TICK, reminded_for=NOW, version=1)
            equal(await store.credentials.to_remind(now=NOW + TICK, limit=2), (foreign, later))
            equal(await store.credentials.to_remind(now=NOW + TICK, limit=9), (foreign, later, again))
