# Generated from src/ctsec/testing/conformance/_async_invitations.py by tools/twin.py; edit that file.
"""Conformance of invitations (async source)."""

from __future__ import annotations

from dataclasses import replace

from ctsec.errors import StoreError
from ctsec.storage._sync_ports import Storage
from ctsec.testing.conformance.expect import equal, fail
from ctsec.testing.conformance.samples import HOUR, NOW, TICK, digest, ignore, invitation, org_id, organization, user, user_id


class InvitationConformance:
    """Invitations."""

    def test_what_was_added_comes_back_equal(self, storage: Storage) -> None:
        """An invitation is stored exactly and found by the digest of its token only."""
        plain, narrow = invitation(1, of=1), invitation(2, of=1, space=1)
        with storage.begin(after_commit=ignore) as store:
            store.organizations.add(organization(1))
            store.invitations.add(plain)
            store.invitations.add(narrow)
        with storage.reading() as store:
            equal(store.invitations.by_digest(plain.token_digest), plain)
            equal(store.invitations.by_digest(narrow.token_digest), narrow)
            equal(store.invitations.by_digest(digest("another")), None)
            equal(store.invitations.by_digest(plain.token_digest[:-1]), None)

    def test_a_token_belongs_to_one_invitation(self, storage: Storage) -> None:
        """A second invitation with the same digest is a broken promise of the caller: StoreError, nothing written."""
        with storage.begin(after_commit=ignore) as store:
            store.invitations.add(invitation(1, of=1))
        try:
            with storage.begin(after_commit=ignore) as store:
                store.invitations.add(replace(invitation(2, of=1), token_digest=invitation(1, of=1).token_digest))
        except StoreError:
            pass
        else:
            fail("two invitations share a token")
        with storage.reading() as store:
            equal(store.invitations.open(org_id(1), now=NOW), (invitation(1, of=1),))

    def test_it_is_accepted_once(self, storage: Storage) -> None:
        """The first acceptance is written with who and when; a second one, and a revocation, come too late."""
        with storage.begin(after_commit=ignore) as store:
            store.users.add(user(1))
            store.invitations.add(invitation(1, of=1))
            equal(store.invitations.accept(invitation(1, of=1), by=user_id(1), now=NOW + TICK), True)
            equal(store.invitations.accept(invitation(1, of=1), by=user_id(2), now=NOW + TICK), False)
        with storage.begin(after_commit=ignore) as store:
            equal(store.invitations.accept(invitation(1, of=1), by=user_id(2), now=NOW + TICK), False)
            equal(store.invitations.revoke(org_id(1), invitation(1, of=1).id, now=NOW), False)
        with storage.reading() as store:
            accepted = replace(invitation(1, of=1), accepted_at=NOW + TICK, accepted_by=user_id(1))
            equal(store.invitations.by_digest(accepted.token_digest), accepted)
            equal(store.invitations.open(org_id(1), now=NOW), ())

    def test_it_ends_at_the_very_moment(self, storage: Storage) -> None:
        """It can be accepted a microsecond before its end, not at its end."""
        with storage.begin(after_commit=ignore) as store:
            for n in (1, 2):
                store.invitations.add(invitation(n, of=1))
            equal(store.invitations.accept(invitation(1, of=1), by=user_id(1), now=NOW + HOUR), False)
            equal(store.invitations.accept(invitation(2, of=1), by=user_id(1), now=NOW + HOUR - TICK), True)
            equal(store.invitations.open(org_id(1), now=NOW + HOUR), ())
            equal(store.invitations.open(org_id(1), now=NOW + HOUR - TICK), (invitation(1, of=1),))

    def test_it_is_revoked_once_and_by_its_organization(self, storage: Storage) -> None:
        """A revoked invitation can not be accepted; another organization can not revoke it."""
        with storage.begin(after_commit=ignore) as store:
            store.invitations.add(invitation(1, of=1))
            equal(store.invitations.revoke(org_id(2), invitation(1, of=1).id, now=NOW), False)
            equal(store.invitations.revoke(org_id(1), invitation(1, of=1).id, now=NOW), True)
            equal(store.invitations.revoke(org_id(1), invitation(1, of=1).id, now=NOW), False)
            equal(store.invitations.accept(invitation(1, of=1), by=user_id(1), now=NOW), False)
            equal(store.invitations.revoke(org_id(1), "inv_unknown", now=NOW), False)

    def test_one_that_was_never_added_is_not_accepted(self, storage: Storage) -> None:
        """Acceptance believes the stored row, not the record that the caller holds."""
        with storage.begin(after_commit=ignore) as store:
            equal(store.invitations.accept(invitation(1, of=1), by=user_id(1), now=NOW), False)

    def test_open_ones_are_listed_by_organization(self, storage: Storage) -> None:
        """The list holds every open invitation of the organization and none of another."""
        with storage.begin(after_commit=ignore) as store:
            for n, of in ((3, 1), (1, 1), (2, 2)):
                store.invitations.add(invitation(n, of=of))
        with storage.reading() as store:
            equal({each.id for each in store.invitations.open(org_id(1), now=NOW)}, {invitation(n, of=1).id for n in (1, 3)})
