# Generated from src/ctsec/testing/conformance/_async_isolation.py by tools/twin.py; edit that file.
"""Conformance of the isolation of organizations: whatever is asked for one organization, no row of the other comes back (async source)."""

from __future__ import annotations

from ctsec.audit.event import LogId
from ctsec.audit.query import AuditQuery
from ctsec.ids import OrganizationId
from ctsec.storage._sync_ports import Storage, Store
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


def _twins(store: Store) -> None:
    """Write two organizations with the same people, each with everything."""
    for n in (1, 2):
        store.users.add(user(n))
    for of in (1, 2):
        store.organizations.add(organization(of))
        store.workspaces.add(workspace(of, of=of))
        store.invitations.add(invitation(of, of=of, space=of))
        store.inbox.append(event(of, of=of))
        for n in (1, 2):
            store.memberships.add(membership(n, of=of))
            store.assignments.put(assignment(n, of=of, workspace=of))
            number = 10 * of + n
            store.api_keys.add(api_key(number, of=of, owner=n), key_secret(number))
    store.log.place(limit=9)


def _everything(store: Store, organization_id: OrganizationId) -> dict[str, int]:
    """Return how often each organization's id stands in what can be read for one organization."""
    rows: list[object] = [store.organizations.get(organization_id)]
    rows += store.workspaces.of_organization(organization_id, after="", limit=99)
    rows += store.roster.of_organization(organization_id, after="", limit=99)
    rows += store.invitations.open(organization_id, now=NOW)
    rows += store.log.search(AuditQuery(log=LogId(organization_id)), before=None, limit=99)
    for n in (1, 2):
        rows += [store.memberships.get(organization_id, user_id(n)), store.standings.standing(organization_id, user_id(n))]
        rows += [store.standings.standing(organization_id, user_id(n), fresh=True)]
        rows += store.api_keys.of_owner(organization_id, user_id(n))
        rows += store.assignments.of_workspace(organization_id, workspace_id(n), after="", limit=99)
    text = repr(rows)
    return {each: text.count(each) for each in (org_id(1), org_id(2), workspace_id(1), workspace_id(2))}


class IsolationConformance:
    """Two organizations in one store."""

    def test_reads_of_one_organization_never_show_the_other(self, storage: Storage) -> None:
        """Every read that names an organization returns its rows, all of them, and none of the other's."""
        with storage.begin(after_commit=ignore) as store:
            _twins(store)
        with storage.begin(after_commit=ignore) as store:
            for own, other in ((1, 2), (2, 1)):
                found = _everything(store, org_id(own))
                holds(found[org_id(own)] > 0 and found[workspace_id(own)] > 0, "the organization's own rows are there")
                equal((found[org_id(other)], found[workspace_id(other)]), (0, 0))

    def test_writes_of_one_organization_never_change_the_other(self, storage: Storage) -> None:
        """Every write that names an organization leaves the other one's rows as they were, whatever ids of it are guessed."""
        with storage.begin(after_commit=ignore) as store:
            _twins(store)
        with storage.begin(after_commit=ignore) as store:
            before = _everything(store, org_id(2))
            equal(store.invitations.revoke(org_id(1), invitation(2, of=2).id, now=NOW), False)
            equal(store.assignments.remove(org_id(1), workspace_id(2), user_id(1)), False)
            equal(store.api_keys.revoke(org_id(1), api_key(21, of=2, owner=1).id, now=NOW), False)
            equal(store.standings.change_membership(**role_change(1, of=1, before="member", after="owner")), True)
            equal(store.memberships.remove(org_id(1), user_id(1)), True)
            store.organizations.gain_owner(org_id(1))
        with storage.begin(after_commit=ignore) as store:
            equal(_everything(store, org_id(2)), before)
            equal(store.organizations.get(org_id(2)), organization(2))
            equal(store.memberships.get(org_id(2), user_id(1)), membership(1, of=2))

    def test_a_role_in_a_foreign_workspace_is_not_shown_there(self, storage: Storage) -> None:
        """A workspace role that names another organization than the workspace's is no role in that workspace for its organization."""
        with storage.begin(after_commit=ignore) as store:
            _twins(store)
            store.assignments.put(assignment(1, of=1, workspace=2, role="admin"))
        with storage.reading() as store:
            theirs = store.assignments.of_workspace(org_id(2), workspace_id(2), after="", limit=9)
            equal(theirs, (assignment(1, of=2, workspace=2), assignment(2, of=2, workspace=2)))
