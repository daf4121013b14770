# Generated from src/ctsec/testing/conformance/_async_credentials.py by tools/twin.py; edit that file.
"""Conformance of passwords, sessions, authenticators and backup codes (async source)."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from ctsec.authn.device import Device
from ctsec.ids import DeviceId
from ctsec.storage._sync_ports import Storage
from ctsec.testing.conformance.expect import equal, is_utc
from ctsec.testing.conformance.samples import (
    HOUR,
    NOW,
    TICK,
    authenticator,
    backup_codes,
    digest,
    ignore,
    number,
    org_id,
    password,
    session,
    user_id,
)


class PasswordConformance:
    """Sealed password hashes."""

    def test_each_version_follows_the_one_before(self, storage: Storage) -> None:
        """Version 1 is inserted once; a later one replaces exactly the version before it."""
        with storage.begin(after_commit=ignore) as store:
            equal(store.passwords.get(user_id(1)), None)
            equal(store.passwords.put(password(1, version=2)), False)
            equal(store.passwords.put(password(1)), True)
            equal(store.passwords.put(replace(password(1), sealed=b"lost")), False)
            equal(store.passwords.put(password(1, version=3)), False)
            equal(store.passwords.get(user_id(1)), password(1))
            equal(store.passwords.get(user_id(1), held=True), password(1))
            equal(store.passwords.get(user_id(2), held=True), None)
        with storage.begin(after_commit=ignore) as store:
            equal(store.passwords.put(replace(password(1), sealed=b"lost")), False)
            equal(store.passwords.put(password(1, version=2)), True)
            equal(store.passwords.put(password(2)), True)
        with storage.reading() as store:
            equal(store.passwords.get(user_id(1)), password(1, version=2))
            equal(store.passwords.get(user_id(2)), password(2))

    def test_passwords_are_counted_and_paged_by_pepper_and_scheme(self, storage: Storage) -> None:
        """Every record is in exactly one group, byte by byte; a group is read page by page, and what changed is in its new group."""
        old = [password(n, pepper="p", scheme="bcrypt-12") for n in range(1, 6)]
        others = [password(6, pepper="P", scheme="bcrypt-12"), password(7, pepper="p", scheme="")]
        with storage.begin(after_commit=ignore) as store:
            equal(store.passwords.census(), ())
            for record in reversed((*old, *others)):
                store.passwords.put(record)
        with storage.begin(after_commit=ignore) as store:
            groups = [(group.pepper, group.scheme, group.count) for group in store.passwords.census()]
            equal(groups, [("P", "bcrypt-12", 1), ("p", "", 1), ("p", "bcrypt-12", 5)])
            equal(store.passwords.page("p", "bcrypt-12", after="", limit=2), tuple(old[:2]))
            equal(store.passwords.page("p", "bcrypt-12", after=old[1].user_id, limit=9), tuple(old[2:]))
            equal(store.passwords.page("p", "bcrypt-12", after=old[4].user_id, limit=9), ())
            moved = replace(old[0], version=2, pepper="q")
            equal(store.passwords.put(moved), True)
        with storage.reading() as store:
            equal(store.passwords.page("q", "bcrypt-12", after="", limit=9), (moved,))
            equal(store.passwords.page("p", "bcrypt-12", after="", limit=9), tuple(old[1:]))


class SessionConformance:
    """Sessions."""

    def test_what_was_added_comes_back_equal(self, storage: Storage) -> None:
        """A session is stored exactly, with the microsecond of every factor, and with none."""
        bare = replace(session(2, of=1), factors=MappingProxyType({}), organization_id=org_id(1), user_agent="", address="")
        with storage.begin(after_commit=ignore) as store:
            store.sessions.add(session(1, of=1))
            store.sessions.add(bare)
        with storage.reading() as store:
            found = store.sessions.get(session(1, of=1).id)
            equal(found, session(1, of=1))
            equal(store.sessions.get(bare.id), bare)
            equal(store.sessions.get(session(3, of=1).id), None)
        for name in session(1, of=1).factors:
            is_utc(found.factors.get(name) if found else None)

    def test_replace_is_a_compare_and_set_on_the_version(self, storage: Storage) -> None:
        """A change is written if it follows the stored version, and lost otherwise."""
        second = replace(session(1, of=1), last_seen_at=NOW + 2 * TICK, organization_id=org_id(1), secret_digest=digest("new"), version=2)
        with storage.begin(after_commit=ignore) as store:
            store.sessions.add(session(1, of=1))
            equal(store.sessions.replace(second), True)
            equal(store.sessions.replace(replace(second, aal=1)), False)
            equal(store.sessions.replace(replace(session(9, of=1), version=2)), False)
        with storage.reading() as store:
            equal(store.sessions.get(second.id), second)

    def test_a_revoked_session_is_not_revived(self, storage: Storage) -> None:
        """What a request writes to its session after it was revoked is lost, whatever version it names."""
        with storage.begin(after_commit=ignore) as store:
            store.sessions.add(session(1, of=1))
            equal(store.sessions.revoke(user_id(1), session(1, of=1).id, keep=None, now=NOW), 1)
            for version in (2, 3):
                equal(store.sessions.replace(replace(session(1, of=1), version=version)), False)
        with storage.reading() as store:
            found = store.sessions.get(session(1, of=1).id)
            equal(found.revoked_at if found else None, NOW)

    def test_revocation_is_of_one_person(self, storage: Storage) -> None:
        """One session or all, never those of others, never the kept one; only live rows count."""
        with storage.begin(after_commit=ignore) as store:
            for n in (1, 2, 3):
                store.sessions.add(session(n, of=1))
            store.sessions.add(session(4, of=2))
            equal(store.sessions.revoke(user_id(1), session(4, of=2).id, keep=None, now=NOW), 0)
            equal(store.sessions.revoke(user_id(1), session(2, of=1).id, keep=session(2, of=1).id, now=NOW), 0)
            equal(store.sessions.revoke(user_id(1), session(1, of=1).id, keep=None, now=NOW), 1)
            equal(store.sessions.revoke(user_id(1), session(1, of=1).id, keep=None, now=NOW), 0)
            equal(store.sessions.revoke(user_id(1), None, keep=session(2, of=1).id, now=NOW), 1)
            equal(store.sessions.of_user(user_id(1)), (session(2, of=1),))
        with storage.begin(after_commit=ignore) as store:
            equal(store.sessions.revoke(user_id(1), None, keep=None, now=NOW + TICK), 1)
            equal(store.sessions.of_user(user_id(1)), ())
            equal(store.sessions.of_user(user_id(2)), (session(4, of=2),))
            first = store.sessions.get(session(1, of=1).id)
            equal(first.revoked_at if first else None, NOW)

    def test_the_last_use_only_moves_forward(self, storage: Storage) -> None:
        """A touch writes a later use, never an earlier one, changes no version, and revives nothing; a session that is gone is no error."""
        later = replace(session(1, of=1), last_seen_at=NOW + 9 * TICK)
        with storage.begin(after_commit=ignore) as store:
            store.sessions.add(session(1, of=1))
            for moment in (NOW + 9 * TICK, NOW + 8 * TICK):
                store.sessions.touch(later.id, at=moment)
                equal(store.sessions.get(later.id), later)
            store.sessions.touch(session(9, of=1).id, at=NOW)
            equal(store.sessions.replace(replace(later, aal=1, version=2)), True)
            store.sessions.revoke(user_id(1), later.id, keep=None, now=NOW)
            store.sessions.touch(later.id, at=NOW + 10 * TICK)
            equal(store.sessions.of_user(user_id(1)), ())

    def test_the_list_has_every_session_that_is_not_revoked(self, storage: Storage) -> None:
        """Expired sessions are in the list until they are revoked; the caller judges their times."""
        expired = replace(session(2, of=1), expires_at=NOW - TICK)
        with storage.begin(after_commit=ignore) as store:
            store.sessions.add(session(1, of=1))
            store.sessions.add(expired)
        with storage.reading() as store:
            equal({each.id for each in store.sessions.of_user(user_id(1))}, {session(1, of=1).id, expired.id})

    def test_what_ended_is_deleted_in_batches(self, storage: Storage) -> None:
        """Sessions that reached their absolute end, or were revoked, by a moment are deleted, at most so many at once, and no other."""
        with storage.begin(after_commit=ignore) as store:
            for n in (1, 2, 3):
                store.sessions.add(replace(session(n, of=n), expires_at=NOW - n * TICK))
            for n, at in ((4, NOW), (5, NOW + TICK)):
                store.sessions.add(session(n, of=n))
                equal(store.sessions.revoke(user_id(n), None, keep=None, now=at), 1)
            store.sessions.add(replace(session(6, of=6), last_seen_at=NOW - 9 * HOUR))
        for deleted in (2, 2, 0):
            with storage.begin(after_commit=ignore) as store:
                equal(store.sessions.trim(before=NOW, limit=2), deleted)
        with storage.reading() as store:
            left = [n for n in range(1, 7) if store.sessions.get(session(n, of=n).id) is not None]
        equal(left, [5, 6])


class DeviceConformance:
    """Devices that people have used before."""

    def test_what_was_added_comes_back_equal(self, storage: Storage) -> None:
        """A device is stored exactly, and listed for its person in the order of ids, for nobody else."""
        first, second, other = device(1, of=1), device(2, of=1), device(3, of=2)
        with storage.begin(after_commit=ignore) as store:
            for each in (second, first, other):
                store.devices.add(each)
        with storage.reading() as store:
            equal(store.devices.get(first.id), first)
            equal(store.devices.get(device(9, of=1).id), None)
            equal(store.devices.of_user(user_id(1)), (first, second))
            equal(store.devices.of_user(user_id(3)), ())

    def test_a_forgotten_device_is_not_renewed(self, storage: Storage) -> None:
        """Renewing writes both times; a device is forgotten by its own person only, and what is forgotten is never revived."""
        kept = device(1, of=1)
        with storage.begin(after_commit=ignore) as store:
            store.devices.add(kept)
            equal(store.devices.renew(kept.id, seen_at=NOW + HOUR, expires_at=NOW + 2 * HOUR), True)
            equal(store.devices.get(kept.id), replace(kept, seen_at=NOW + HOUR, expires_at=NOW + 2 * HOUR))
            equal(store.devices.forget(user_id(2), kept.id), False)
            equal(store.devices.forget(user_id(1), kept.id), True)
            equal(store.devices.forget(user_id(1), kept.id), False)
            equal(store.devices.renew(kept.id, seen_at=NOW, expires_at=NOW + HOUR), False)
            equal(store.devices.get(kept.id), None)

    def test_what_ended_is_deleted_in_batches(self, storage: Storage) -> None:
        """Devices that ended by a moment are deleted and returned, at most so many at once, and no other."""
        made = [replace(device(n, of=n), expires_at=NOW + (n - 3) * TICK) for n in range(1, 5)]
        with storage.begin(after_commit=ignore) as store:
            for each in made:
                store.devices.add(each)
        gone: list[Device] = []
        for deleted in (2, 1, 0):
            with storage.begin(after_commit=ignore) as store:
                found = store.devices.trim(before=NOW, limit=2)
            equal(len(found), deleted)
            gone += found
        equal(sorted(each.id for each in gone), [each.id for each in made[:3]])
        with storage.reading() as store:
            equal([store.devices.get(each.id) for each in made], [None, None, None, made[3]])

    def test_trust_is_taken_from_one_or_from_all(self, storage: Storage) -> None:
        """Trust ends for one device or for all of a person, nobody else's; the devices stay known, and only what had it is counted."""
        plain, *trusted = (
            device(1, of=1),
            *(replace(device(n, of=of), trusted_until=NOW + HOUR) for n, of in ((2, 1), (3, 1), (4, 1), (5, 2))),
        )
        with storage.begin(after_commit=ignore) as store:
            for each in (plain, *trusted):
                store.devices.add(each)
        with storage.begin(after_commit=ignore) as store:
            equal(store.devices.get(trusted[0].id), trusted[0])
            equal(store.devices.distrust(user_id(2), trusted[0].id), 0)
            equal([store.devices.distrust(user_id(1), trusted[0].id) for _ in range(2)], [1, 0])
            equal(store.devices.get(trusted[0].id), replace(trusted[0], trusted_until=None))
            equal([store.devices.distrust(user_id(1), None) for _ in range(2)], [2, 0])
        with storage.begin(after_commit=ignore) as store:
            equal([each.trusted_until for each in store.devices.of_user(user_id(1))], [None] * 4)
            equal(store.devices.of_user(user_id(2)), (trusted[3],))


class AuthenticatorConformance:
    """TOTP authenticators."""

    def test_what_was_added_comes_back_equal(self, storage: Storage) -> None:
        """Pending and confirmed authenticators of a person are stored exactly and listed, nobody else's."""
        pending, confirmed = authenticator(1, of=1), authenticator(2, of=1, confirmed=True)
        with storage.begin(after_commit=ignore) as store:
            for each in (pending, confirmed, authenticator(3, of=2)):
                store.authenticators.add(each)
        with storage.reading() as store:
            equal(set(store.authenticators.of_user(user_id(1))), {pending, confirmed})
            equal(store.authenticators.of_user(user_id(3)), ())

    def test_replace_is_a_compare_and_set_on_the_version(self, storage: Storage) -> None:
        """An authenticator is confirmed by one of two callers."""
        confirmed = replace(authenticator(1, of=1, confirmed=True), version=2)
        with storage.begin(after_commit=ignore) as store:
            store.authenticators.add(authenticator(1, of=1))
            equal(store.authenticators.replace(confirmed), True)
            equal(store.authenticators.replace(confirmed), False)
            equal(store.authenticators.replace(replace(authenticator(9, of=1), version=2)), False)
            equal(store.authenticators.of_user(user_id(1)), (confirmed,))

    def test_one_of_several_is_removed(self, storage: Storage) -> None:
        """An authenticator is removed by its id and its person's; the others stay, with their last use and drift."""
        used = replace(authenticator(2, of=1, confirmed=True), last_used_at=NOW + HOUR, drift=-2)
        with storage.begin(after_commit=ignore) as store:
            for each in (authenticator(1, of=1, confirmed=True), used):
                store.authenticators.add(each)
            equal(store.authenticators.remove_one(user_id(2), authenticator(1, of=1).id), False)
            equal(store.authenticators.remove_one(user_id(1), authenticator(1, of=1).id), True)
            equal(store.authenticators.remove_one(user_id(1), authenticator(1, of=1).id), False)
            equal(store.authenticators.of_user(user_id(1)), (used,))

    def test_removal_is_of_one_person_and_one_state(self, storage: Storage) -> None:
        """The pending ones go without the confirmed one, and the other way round."""
        confirmed = authenticator(3, of=1, confirmed=True)
        with storage.begin(after_commit=ignore) as store:
            for each in (authenticator(1, of=1), authenticator(2, of=1), confirmed, authenticator(4, of=2)):
                store.authenticators.add(each)
            equal(store.authenticators.remove(user_id(1), confirmed=False), 2)
            equal(store.authenticators.remove(user_id(1), confirmed=False), 0)
            equal(store.authenticators.of_user(user_id(1)), (confirmed,))
            equal(store.authenticators.remove(user_id(1), confirmed=True), 1)
            equal(store.authenticators.of_user(user_id(2)), (authenticator(4, of=2),))


class BackupCodeConformance:
    """Backup-code sets."""

    def test_a_person_has_one_set(self, storage: Storage) -> None:
        """A new set replaces the old one, of this person only; a removed set is gone."""
        with storage.begin(after_commit=ignore) as store:
            equal(store.backup_codes.get(user_id(1)), None)
            store.backup_codes.put(backup_codes(1, of=1))
            store.backup_codes.put(backup_codes(2, of=2))
            store.backup_codes.put(backup_codes(3, of=1))
        with storage.begin(after_commit=ignore) as store:
            equal(store.backup_codes.get(user_id(1)), backup_codes(3, of=1))
            equal(store.backup_codes.remove(user_id(1)), True)
            equal(store.backup_codes.remove(user_id(1)), False)
            equal(store.backup_codes.get(user_id(1)), None)
            equal(store.backup_codes.get(user_id(2)), backup_codes(2, of=2))


def device(n: int, *, of: int) -> Device:
    """Return the n-th device, of the user with the number `of`."""
    return Device(
        id=DeviceId(number("dvc", n)),
        user_id=user_id(of),
        secret_digest=digest(f"device {n}"),
        created_at=NOW,
        seen_at=NOW + TICK,
        expires_at=NOW + HOUR,
        user_agent="Browser/1.0 (é)",
    )
