# Generated from src/ctsec/testing/conformance/_async_directory.py by tools/twin.py; edit that file.
"""Conformance of users, organizations and workspaces (async source)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta, timezone

from ctsec.directory.record import OrganizationStatus
from ctsec.errors import StoreError, StoreReadOnly
from ctsec.mfa_policy import MfaPolicy
from ctsec.storage._sync_ports import Storage
from ctsec.testing.conformance.expect import equal, fail, holds, is_utc
from ctsec.testing.conformance.samples import (
    HOUR,
    NOW,
    TICK,
    ignore,
    membership,
    org_id,
    organization,
    user,
    user_id,
    workspace,
    workspace_id,
)
from ctsec.user import UserStatus


class UserConformance:
    """Accounts."""

    def test_what_was_added_comes_back_equal(self, storage: Storage) -> None:
        """An account is stored exactly: every text, every microsecond, every absent time."""
        plain, unverified = user(1), replace(user(2), email_verified_at=None, name="\U0001f511 \u202e")
        with storage.begin(after_commit=ignore) as store:
            equal(store.users.add(plain), True)
            equal(store.users.add(unverified), True)
        with storage.reading() as store:
            equal(store.users.get(plain.id), plain)
            equal(store.users.get(unverified.id), unverified)
            equal(store.users.by_email(plain.email_key), plain)
            equal(store.users.get(user_id(3)), None)
            equal(store.users.by_email("nobody@example.com"), None)

    def test_times_come_back_in_utc(self, storage: Storage) -> None:
        """A time given in another zone is the same instant, in UTC."""
        there = user(1).created_at.astimezone(timezone(timedelta(hours=5, minutes=30)))
        with storage.begin(after_commit=ignore) as store:
            store.users.add(replace(user(1), created_at=there))
        with storage.reading() as store:
            found = store.users.get(user_id(1))
        is_utc(found.created_at if found else None)
        equal(found, user(1))

    def test_a_naive_time_is_refused(self, storage: Storage) -> None:
        """A time without a zone could mean any instant and is never stored."""
        try:
            with storage.begin(after_commit=ignore) as store:
                store.users.add(replace(user(1), created_at=user(1).created_at.replace(tzinfo=None)))
        except (ValueError, StoreError):
            pass
        else:
            fail("a naive datetime was stored")
        with storage.reading() as store:
            equal(store.users.get(user_id(1)), None)

    def test_email_keys_compare_byte_by_byte(self, storage: Storage) -> None:
        """Keys that differ in case, in a trailing space or in an accent are different accounts."""
        keys = (
            "s@example.com",
            "S@example.com",
            "s@example.com ",
            "ß@example.com",
            "ss@example.com",
            "é@example.com",
            "e\u0301@example.com",
        )
        people = [replace(user(n), email_key=key) for n, key in enumerate(keys)]
        with storage.begin(after_commit=ignore) as store:
            for person in people:
                equal(store.users.add(person), True)
        with storage.reading() as store:
            for person in people:
                equal(store.users.by_email(person.email_key), person)

    def test_ids_compare_byte_by_byte(self, storage: Storage) -> None:
        """An id in another case, or with a trailing space, is not the id."""
        with storage.begin(after_commit=ignore) as store:
            store.users.add(user(1))
        with storage.reading() as store:
            for other in (user(1).id.upper(), f"{user(1).id} ", user(1).id[:-1]):
                equal(store.users.get(type(user(1).id)(other)), None)

    def test_a_taken_email_key_is_refused(self, storage: Storage) -> None:
        """A second account with the key is not added, committed before or in the same transaction, and the transaction goes on."""
        same = replace(user(2), email_key=user(1).email_key)
        with storage.begin(after_commit=ignore) as store:
            store.users.add(user(1))
            equal(store.users.add(same), False)
        with storage.begin(after_commit=ignore) as store:
            equal(store.users.add(same), False)
            equal(store.users.add(user(3)), True)
        with storage.reading() as store:
            equal(store.users.get(same.id), None)
            equal(store.users.by_email(user(1).email_key), user(1))
            equal(store.users.get(user_id(3)), user(3))

    def test_replace_is_a_compare_and_set_on_the_version(self, storage: Storage) -> None:
        """A change is written if it follows the stored version, and lost if it does not or if there is no account."""
        second = replace(user(1), status=UserStatus.DISABLED, version=2)
        with storage.begin(after_commit=ignore) as store:
            store.users.add(user(1))
            equal(store.users.replace(second), True)
            equal(store.users.replace(replace(second, name="lost")), False)
            equal(store.users.replace(replace(second, name="lost", version=4)), False)
            equal(store.users.replace(replace(user(9), version=2)), False)
        with storage.reading() as store:
            equal(store.users.get(user_id(1)), second)

    def test_a_changed_email_key_frees_the_old_one(self, storage: Storage) -> None:
        """After a change of address the new key finds the account and the old key may be taken."""
        moved = replace(user(1), email="New@example.com", email_key="new@example.com", version=2)
        with storage.begin(after_commit=ignore) as store:
            store.users.add(user(1))
            equal(store.users.replace(moved), True)
            equal(store.users.by_email(user(1).email_key), None)
            equal(store.users.add(replace(user(2), email_key=user(1).email_key)), True)
        with storage.reading() as store:
            equal(store.users.by_email("new@example.com"), moved)


class OrganizationConformance:
    """Organizations and the count of their owners."""

    def test_what_was_added_comes_back_equal(self, storage: Storage) -> None:
        """An organization is stored exactly."""
        with storage.begin(after_commit=ignore) as store:
            store.organizations.add(organization(1))
        with storage.reading() as store:
            equal(store.organizations.get(org_id(1)), organization(1))
            equal(store.organizations.get(org_id(2)), None)

    def test_replace_leaves_the_owner_count(self, storage: Storage) -> None:
        """Name and status are written by a compare-and-set; a stale owner count in the record does not overwrite the stored one."""
        changed = replace(organization(1), name="Renamed", status=OrganizationStatus.CLOSED, version=2)
        with storage.begin(after_commit=ignore) as store:
            store.organizations.add(organization(1))
            store.organizations.gain_owner(org_id(1))
            equal(store.organizations.replace(changed), True)
            equal(store.organizations.replace(replace(changed, name="lost")), False)
            equal(store.organizations.replace(replace(organization(9), version=2)), False)
        with storage.reading() as store:
            equal(store.organizations.get(org_id(1)), replace(changed, permanent_owners=2))

    def test_of_whom_a_second_factor_is_required(self, storage: Storage) -> None:
        """A policy is stored exactly, changes no version, comes with every standing of its organization, and can be taken away."""
        named = MfaPolicy(
            starts_at=NOW, grace_until=NOW + TICK, organization_roles=frozenset({"owner", "admin"}), workspace_roles=frozenset({"editor"})
        )
        everybody = MfaPolicy(starts_at=NOW.astimezone(timezone(timedelta(hours=-9))), grace_until=NOW + HOUR)
        with storage.begin(after_commit=ignore) as store:
            for n in (1, 2, 3):
                store.organizations.add(organization(n))
                store.memberships.add(membership(1, of=n))
            store.organizations.put_mfa_policy(org_id(1), named)
            store.organizations.put_mfa_policy(org_id(3), everybody)
            store.organizations.put_mfa_policy(org_id(9), everybody)
            equal(store.organizations.requiring_mfa(user_id(1)), (org_id(1), org_id(3)))
        with storage.begin(after_commit=ignore) as store:
            equal(store.organizations.get(org_id(1)), replace(organization(1), mfa_policy=named))
            equal([store.organizations.mfa_policy(org_id(n)) for n in (1, 2, 3, 9)], [named, None, everybody, None])
            for n, policy in ((1, named), (2, None), (3, everybody)):
                for fresh in (False, True):
                    found = store.standings.standing(org_id(n), user_id(1), fresh=fresh)
                    equal(found.mfa_policy if found is not None else "no standing", policy)
                (listed,) = store.standings.of_organization(org_id(n), after="", limit=9)
                equal(listed.mfa_policy, policy)
            equal(store.organizations.replace(replace(organization(3), name="Renamed", version=2)), True)
            store.organizations.put_mfa_policy(org_id(1), None)
            equal(store.organizations.requiring_mfa(user_id(1)), (org_id(3),))
            equal(store.organizations.requiring_mfa(user_id(2)), ())

    def test_the_last_owner_is_never_lost(self, storage: Storage) -> None:
        """The count goes up and down, never below one, and changes no version."""
        with storage.begin(after_commit=ignore) as store:
            store.organizations.add(organization(1))
            equal(store.organizations.lose_owner(org_id(1)), False)
            store.organizations.gain_owner(org_id(1))
            store.organizations.gain_owner(org_id(1))
        with storage.begin(after_commit=ignore) as store:
            equal([store.organizations.lose_owner(org_id(1)) for _ in range(4)], [True, True, False, False])
            equal(store.organizations.lose_owner(org_id(2)), False)
        with storage.reading() as store:
            equal(store.organizations.get(org_id(1)), organization(1))

    def test_lock_says_whether_there_is_one(self, storage: Storage) -> None:
        """Locking tells an organization that exists from one that does not; a reading locks nothing, and says so."""
        with storage.begin(after_commit=ignore) as store:
            store.organizations.add(organization(1))
        with storage.begin(after_commit=ignore) as store:
            equal(store.organizations.lock(org_id(1)), True)
            equal(store.organizations.lock(org_id(2)), False)
        with storage.reading() as store:
            try:
                store.organizations.lock(org_id(1))
            except StoreReadOnly:
                pass
            else:
                fail("a reading locked")


class WorkspaceConformance:
    """Workspaces."""

    def test_what_was_added_comes_back_equal(self, storage: Storage) -> None:
        """A workspace is stored exactly, and its organization can be asked for."""
        with storage.begin(after_commit=ignore) as store:
            store.organizations.add(organization(1))
            store.workspaces.add(workspace(1, of=1))
        with storage.reading() as store:
            equal(store.workspaces.get(workspace_id(1)), workspace(1, of=1))
            equal(store.workspaces.get(workspace_id(2)), None)
            equal(store.standings.organization_of(workspace_id(1)), org_id(1))
            equal(store.standings.organization_of(workspace_id(2)), None)

    def test_a_region_is_compared_and_set(self, storage: Storage) -> None:
        """A workspace is pinned elsewhere from where it is only, with another version; the workspaces of a region are counted."""
        with storage.begin(after_commit=ignore) as store:
            store.organizations.add(organization(1))
            for n in (1, 2):
                store.workspaces.add(workspace(n, of=1))
        with storage.begin(after_commit=ignore) as store:
            equal(store.workspaces.pinned(org_id(1), "eu"), 2)
            equal(store.workspaces.repin(workspace_id(1), source="us", target="eu"), False)
            equal(store.workspaces.repin(workspace_id(9), source="eu", target="us"), False)
            equal(store.workspaces.repin(workspace_id(1), source="eu", target="us"), True)
        with storage.reading() as store:
            equal([store.workspaces.pinned(org_id(1), region) for region in ("eu", "us", "ap")], [1, 1, 0])
            equal(store.workspaces.pinned(org_id(2), "eu"), 0)
            moved = replace(workspace(1, of=1), region="us", version=2)
            equal([store.workspaces.get(workspace_id(n)) for n in (1, 2)], [moved, workspace(2, of=1)])

    def test_pages_are_in_the_order_of_ids_and_complete(self, storage: Storage) -> None:
        """Pages of every size lose and repeat nothing, in the order of ids, whatever the order of insertion."""
        ids = [workspace_id(n) for n in range(5)]
        with storage.begin(after_commit=ignore) as store:
            store.organizations.add(organization(1))
            for n in (3, 0, 4, 1, 2):
                store.workspaces.add(workspace(n, of=1))
        with storage.reading() as store:
            for size in (1, 4, 5, 6):
                seen: list[str] = []
                while page := store.workspaces.of_organization(org_id(1), after=seen[-1] if seen else "", limit=size):
                    holds(len(page) <= size, "a page has at most as many records as were asked for")
                    holds(len(seen) + len(page) <= 5, "pages repeat nothing")
                    seen += [each.id for each in page]
                equal(seen, ids)
