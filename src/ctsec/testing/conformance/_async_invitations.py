"""Conformance of invitations (async source)."""

from __future__ import annotations

from dataclasses import replace

from ctsec.errors import StoreError
from ctsec.storage._async_ports import AsyncStorage
from ctsec.testing.conformance.expect import equal, fail
from ctsec.testing.conformance.samples import HOUR, NOW, TICK, digest, ignore, invitation, org_id, organization, user, user_id


class AsyncInvitationConformance:
    """Invitations."""

    async def test_what_was_added_comes_back_equal(self, storage: AsyncStorage) -> None:
        """An invitation is stored exactly and found by the digest of its token only."""
        plain, narrow = invitation(1, of=1), invitation(2, of=1, space=1)
        async with storage.begin(after_commit=ignore) as store:
            await store.organizations.add(organization(1))
            await store.invitations.add(plain)
            await store.invitations.add(narrow)
        async with storage.reading() as store:
            equal(await store.invitations.by_digest(plain.token_digest), plain)
            equal(await store.invitations.by_digest(narrow.token_digest), narrow)
            equal(await store.invitations.by_digest(digest("another")), None)
            equal(await store.invitations.by_digest(plain.token_digest[:-1]), None)

    async def test_a_token_belongs_to_one_invitation(self, storage: AsyncStorage) -> None:
        """A second invitation with the same digest is a broken promise of the caller: StoreError, nothing written."""
        async with storage.begin(after_commit=ignore) as store:
            await store.invitations.add(invitation(1, of=1))
        try:
            async with storage.begin(after_commit=ignore) as store:
                await store.invitations.add(replace(invitation(2, of=1), token_digest=invitation(1, of=1).token_digest))
        except StoreError:
            pass
        else:
            fail("two invitations share a token")
        async with storage.reading() as store:
            equal(await store.invitations.open(org_id(1), now=NOW), (invitation(1, of=1),))

    async def test_it_is_accepted_once(self, storage: AsyncStorage) -> None:
        """The first acceptance is written with who and when; a second one, and a revocation, come too late."""
        async with storage.begin(after_commit=ignore) as store:
            await store.users.add(user(1))
            await store.invitations.add(invitation(1, of=1))
            equal(await store.invitations.accept(invitation(1, of=1), by=user_id(1), now=NOW + TICK), True)
            equal(await store.invitations.accept(invitation(1, of=1), by=user_id(2), now=NOW + TICK), False)
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.invitations.accept(invitation(1, of=1), by=user_id(2), now=NOW + TICK), False)
            equal(await store.invitations.revoke(org_id(1), invitation(1, of=1).id, now=NOW), False)
        async with storage.reading() as store:
            accepted = replace(invitation(1, of=1), accepted_at=NOW + TICK, accepted_by=user_id(1))
            equal(await store.invitations.by_digest(accepted.token_digest), accepted)
            equal(await store.invitations.open(org_id(1), now=NOW), ())

    async def test_it_ends_at_the_very_moment(self, storage: AsyncStorage) -> None:
        """It can be accepted a microsecond before its end, not at its end."""
        async with storage.begin(after_commit=ignore) as store:
            for n in (1, 2):
                await store.invitations.add(invitation(n, of=1))
            equal(await store.invitations.accept(invitation(1, of=1), by=user_id(1), now=NOW + HOUR), False)
            equal(await store.invitations.accept(invitation(2, of=1), by=user_id(1), now=NOW + HOUR - TICK), True)
            equal(await store.invitations.open(org_id(1), now=NOW + HOUR), ())
            equal(await store.invitations.open(org_id(1), now=NOW + HOUR - TICK), (invitation(1, of=1),))

    async def test_it_is_revoked_once_and_by_its_organization(self, storage: AsyncStorage) -> None:
        """A revoked invitation can not be accepted; another organization can not revoke it."""
        async with storage.begin(after_commit=ignore) as store:
            await store.invitations.add(invitation(1, of=1))
            equal(await store.invitations.revoke(org_id(2), invitation(1, of=1).id, now=NOW), False)
            equal(await store.invitations.revoke(org_id(1), invitation(1, of=1).id, now=NOW), True)
            equal(await store.invitations.revoke(org_id(1), invitation(1, of=1).id, now=NOW), False)
            equal(await store.invitations.accept(invitation(1, of=1), by=user_id(1), now=NOW), False)
            equal(await store.invitations.revoke(org_id(1), "inv_unknown", now=NOW), False)

    async def test_one_that_was_never_added_is_not_accepted(self, storage: AsyncStorage) -> None:
        """Acceptance believes the stored row, not the record that the caller holds."""
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.invitations.accept(invitation(1, of=1), by=user_id(1), now=NOW), False)

    async def test_open_ones_are_listed_by_organization(self, storage: AsyncStorage) -> None:
        """The list holds every open invitation of the organization and none of another."""
        async with storage.begin(after_commit=ignore) as store:
            for n, of in ((3, 1), (1, 1), (2, 2)):
                await store.invitations.add(invitation(n, of=of))
        async with storage.reading() as store:
            equal({each.id for each in await store.invitations.open(org_id(1), now=NOW)}, {invitation(n, of=1).id for n in (1, 3)})
