"""Conformance of the isolation of organizations: whatever is asked for one organization, no row of the other comes back (async source)."""

from __future__ import annotations

from ctsec.audit.event import LogId
from ctsec.audit.query import AuditQuery
from ctsec.ids import OrganizationId
from ctsec.storage._async_ports import AsyncStorage, AsyncStore
from ctsec.testing.conformance.expect import equal, holds
from ctsec.testing.conformance.samples import (
    NOW,
    api_key,
    assignment,
    event,
    ignore,
    invitation,
    key_secret,
    membership,
    org_id,
    organization,
    role_change,
    user,
    user_id,
    workspace,
    workspace_id,
)


async def _twins(store: AsyncStore) -> None:
    """Write two organizations with the same people, each with everything."""
    for n in (1, 2):
        await store.users.add(user(n))
    for of in (1, 2):
        await store.organizations.add(organization(of))
        await store.workspaces.add(workspace(of, of=of))
        await store.invitations.add(invitation(of, of=of, space=of))
        await store.inbox.append(event(of, of=of))
        for n in (1, 2):
            await store.memberships.add(membership(n, of=of))
            await store.assignments.put(assignment(n, of=of, workspace=of))
            number = 10 * of + n
            await store.api_keys.add(api_key(number, of=of, owner=n), key_secret(number))
    await store.log.place(limit=9)


async def _everything(store: AsyncStore, organization_id: OrganizationId) -> dict[str, int]:
    """Return how often each organization's id stands in what can be read for one organization."""
    rows: list[object] = [await store.organizations.get(organization_id)]
    rows += await store.workspaces.of_organization(organization_id, after="", limit=99)
    rows += await store.roster.of_organization(organization_id, after="", limit=99)
    rows += await store.invitations.open(organization_id, now=NOW)
    rows += await store.log.search(AuditQuery(log=LogId(organization_id)), before=None, limit=99)
    for n in (1, 2):
        rows += [await store.memberships.get(organization_id, user_id(n)), await store.standings.standing(organization_id, user_id(n))]
        rows += [await store.standings.standing(organization_id, user_id(n), fresh=True)]
        rows += await store.api_keys.of_owner(organization_id, user_id(n))
        rows += await store.assignments.of_workspace(organization_id, workspace_id(n), after="", limit=99)
    text = repr(rows)
    return {each: text.count(each) for each in (org_id(1), org_id(2), workspace_id(1), workspace_id(2))}


class AsyncIsolationConformance:
    """Two organizations in one store."""

    async def test_reads_of_one_organization_never_show_the_other(self, storage: AsyncStorage) -> None:
        """Every read that names an organization returns its rows, all of them, and none of the other's."""
        async with storage.begin(after_commit=ignore) as store:
            await _twins(store)
        async with storage.begin(after_commit=ignore) as store:
            for own, other in ((1, 2), (2, 1)):
                found = await _everything(store, org_id(own))
                holds(found[org_id(own)] > 0 and found[workspace_id(own)] > 0, "the organization's own rows are there")
                equal((found[org_id(other)], found[workspace_id(other)]), (0, 0))

    async def test_writes_of_one_organization_never_change_the_other(self, storage: AsyncStorage) -> None:
        """Every write that names an organization leaves the other one's rows as they were, whatever ids of it are guessed."""
        async with storage.begin(after_commit=ignore) as store:
            await _twins(store)
        async with storage.begin(after_commit=ignore) as store:
            before = await _everything(store, org_id(2))
            equal(await store.invitations.revoke(org_id(1), invitation(2, of=2).id, now=NOW), False)
            equal(await store.assignments.remove(org_id(1), workspace_id(2), user_id(1)), False)
            equal(await store.api_keys.revoke(org_id(1), api_key(21, of=2, owner=1).id, now=NOW), False)
            equal(await store.standings.change_membership(**role_change(1, of=1, before="member", after="owner")), True)
            equal(await store.memberships.remove(org_id(1), user_id(1)), True)
            await store.organizations.gain_owner(org_id(1))
        async with storage.begin(after_commit=ignore) as store:
            equal(await _everything(store, org_id(2)), before)
            equal(await store.organizations.get(org_id(2)), organization(2))
            equal(await store.memberships.get(org_id(2), user_id(1)), membership(1, of=2))

    async def test_a_role_in_a_foreign_workspace_is_not_shown_there(self, storage: AsyncStorage) -> None:
        """A workspace role that names another organization than the workspace's is no role in that workspace for its organization."""
        async with storage.begin(after_commit=ignore) as store:
            await _twins(store)
            await store.assignments.put(assignment(1, of=1, workspace=2, role="admin"))
        async with storage.reading() as store:
            theirs = await store.assignments.of_workspace(org_id(2), workspace_id(2), after="", limit=9)
            equal(theirs, (assignment(1, of=2, workspace=2), assignment(2, of=2, workspace=2)))
