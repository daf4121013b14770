# Generated from src/ctsec/testing/conformance/_async_members.py by tools/twin.py; edit that file.
"""Conformance of memberships, rosters, standings and workspace roles (async source)."""

from __future__ import annotations

from dataclasses import replace

from ctsec.directory.record import Member, MembershipStatus
from ctsec.rbac.elevation import ElevationState
from ctsec.rbac.standing import Assignment as Role
from ctsec.rbac.standing import MembershipStatus as StandingStatus
from ctsec.rbac.standing import Standing
from ctsec.storage._sync_ports import Storage, Store
from ctsec.testing.conformance.expect import equal, holds
from ctsec.testing.conformance.samples import (
    HOUR,
    NOW,
    TICK,
    assignment,
    elevation,
    ignore,
    membership,
    org_id,
    organization,
    role_change,
    user,
    user_id,
    workspace,
    workspace_id,
)


def _two_organizations(store: Store) -> None:
    """Write organizations 1 and 2 with workspaces 1 and 2 each (numbers 11, 12, 21, 22), and users 0 to 5."""
    for n in range(6):
        store.users.add(user(n))
    for n in (1, 2):
        store.organizations.add(organization(n))
        for space in (10 * n + 1, 10 * n + 2):
            store.workspaces.add(workspace(space, of=n))


class MembershipConformance:
    """Memberships, one by one."""

    def test_what_was_added_comes_back_equal(self, storage: Storage) -> None:
        """A membership is stored exactly, and found by its pair only, by plain and by locking reads."""
        ending = membership(1, of=1, ends=NOW + HOUR)
        endless = replace(membership(2, of=1), starts_at=None)
        with storage.begin(after_commit=ignore) as store:
            _two_organizations(store)
            equal(store.memberships.add(ending), True)
            equal(store.memberships.add(endless), True)
        with storage.begin(after_commit=ignore) as store:
            for fresh in (False, True):
                equal(store.memberships.get(org_id(1), user_id(1), fresh=fresh), ending)
                equal(store.memberships.get(org_id(1), user_id(2), fresh=fresh), endless)
                equal(store.memberships.get(org_id(2), user_id(1), fresh=fresh), None)

    def test_a_person_is_a_member_once(self, storage: Storage) -> None:
        """A second membership of the pair is not added, and the transaction goes on."""
        with storage.begin(after_commit=ignore) as store:
            _two_organizations(store)
            store.memberships.add(membership(1, of=1))
            equal(store.memberships.add(membership(1, of=1, role="owner")), False)
        with storage.begin(after_commit=ignore) as store:
            equal(store.memberships.add(membership(1, of=1, role="owner")), False)
            equal(store.memberships.add(membership(1, of=2)), True)
        with storage.reading() as store:
            equal(store.memberships.get(org_id(1), user_id(1)), membership(1, of=1))
            equal(store.memberships.get(org_id(2), user_id(1)), membership(1, of=2))

    def test_replace_is_a_compare_and_set_on_the_version(self, storage: Storage) -> None:
        """A change is written if it follows the stored version, and lost otherwise."""
        second = replace(membership(1, of=1), status=MembershipStatus.SUSPENDED, expires_at=NOW + TICK, version=2)
        with storage.begin(after_commit=ignore) as store:
            _two_organizations(store)
            store.memberships.add(membership(1, of=1))
            equal(store.memberships.replace(second), True)
            equal(store.memberships.replace(replace(second, role="lost")), False)
            equal(store.memberships.replace(replace(membership(2, of=1), version=2)), False)
        with storage.reading() as store:
            equal(store.memberships.get(org_id(1), user_id(1)), second)

    def test_removal_takes_the_workspace_roles_of_that_organization(self, storage: Storage) -> None:
        """With the membership go the person's workspace roles there; other people's and other organizations' stay."""
        with storage.begin(after_commit=ignore) as store:
            _two_organizations(store)
            for n, of in ((1, 1), (2, 1), (1, 2)):
                store.memberships.add(membership(n, of=of))
                for space in (10 * of + 1, 10 * of + 2):
                    store.assignments.put(assignment(n, of=of, workspace=space))
        with storage.begin(after_commit=ignore) as store:
            equal(store.memberships.remove(org_id(1), user_id(1)), True)
            equal(store.memberships.remove(org_id(1), user_id(1)), False)
        with storage.begin(after_commit=ignore) as store:
            equal(store.standings.standing(org_id(1), user_id(1)), None)
            equal(store.assignments.of_workspace(org_id(1), workspace_id(12), after="", limit=9), (assignment(2, of=1, workspace=12),))
            equal(store.assignments.of_workspace(org_id(2), workspace_id(21), after="", limit=9), (assignment(1, of=2, workspace=21),))
            equal(store.memberships.add(membership(1, of=1)), True)
            again = store.standings.standing(org_id(1), user_id(1))
            equal(dict(again.workspaces) if again else None, {})


class RosterConformance:
    """Lists of memberships."""

    def test_lists_hold_every_membership_of_a_person(self, storage: Storage) -> None:
        """The memberships of a person are those of every organization, suspended ones too, and nobody else's."""
        suspended = replace(membership(1, of=2), status=MembershipStatus.SUSPENDED)
        with storage.begin(after_commit=ignore) as store:
            _two_organizations(store)
            for each in (suspended, membership(1, of=1), membership(2, of=1)):
                store.memberships.add(each)
        with storage.reading() as store:
            equal(store.roster.of_user(user_id(1)), (membership(1, of=1), suspended))
            equal(store.roster.of_user(user_id(5)), ())

    def test_pages_of_members_are_in_the_order_of_ids_and_complete(self, storage: Storage) -> None:
        """Pages of every size lose and repeat nobody, and show each person's own address and name."""
        with storage.begin(after_commit=ignore) as store:
            _two_organizations(store)
            for n in (3, 1, 4, 0, 2):
                store.memberships.add(membership(n, of=1))
            store.memberships.add(membership(5, of=2))
        wanted = [Member(membership(n, of=1), user(n).email, user(n).name) for n in range(5)]
        with storage.reading() as store:
            for size in (1, 4, 5, 6):
                seen: list[Member] = []
                while page := store.roster.of_organization(org_id(1), after=seen[-1].membership.user_id if seen else "", limit=size):
                    holds(len(page) <= size, "a page has at most as many records as were asked for")
                    holds(len(seen) + len(page) <= 5, "pages repeat nothing")
                    seen += page
                equal(seen, wanted)


class StandingConformance:
    """What people are in organizations."""

    def test_a_standing_has_membership_and_roles(self, storage: Storage) -> None:
        """A standing repeats membership and workspace roles of one organization with their periods, by plain and by locking reads."""
        suspended = replace(membership(1, of=1, ends=NOW + HOUR), status=MembershipStatus.SUSPENDED)
        with storage.begin(after_commit=ignore) as store:
            _two_organizations(store)
            store.memberships.add(suspended)
            store.memberships.add(membership(1, of=2))
            store.assignments.put(assignment(1, of=1, workspace=11, role="operator", ends=NOW + TICK))
            store.assignments.put(assignment(1, of=1, workspace=12))
            store.assignments.put(assignment(1, of=2, workspace=21, role="admin"))
        wanted = Standing(
            user=user_id(1),
            organization=org_id(1),
            role="member",
            status=StandingStatus.SUSPENDED,
            starts_at=NOW,
            expires_at=NOW + HOUR,
            workspaces={workspace_id(11): Role("operator", None, NOW + TICK), workspace_id(12): Role("viewer")},
        )
        with storage.begin(after_commit=ignore) as store:
            equal(store.standings.standing(org_id(1), user_id(1)), wanted)
            equal(store.standings.standing(org_id(1), user_id(1), fresh=True), wanted)
            equal(store.standings.standing(org_id(1), user_id(2)), None)
            equal(store.standings.standing(org_id(1), user_id(2), fresh=True), None)

    def test_pages_of_standings_are_complete_and_those_that_are_read_one_by_one(self, storage: Storage) -> None:
        """Pages of every size hold each member of the organization once, in the order of ids, as `standing` returns them."""
        with storage.begin(after_commit=ignore) as store:
            _two_organizations(store)
            store.memberships.add(replace(membership(3, of=1), status=MembershipStatus.SUSPENDED))
            for n in (1, 4, 0, 2):
                store.memberships.add(membership(n, of=1, role="viewer" if n == 4 else "member"))
            store.memberships.add(membership(1, of=2))
            store.memberships.add(membership(5, of=2))
            for n in (1, 3, 5):
                store.assignments.put(assignment(n, of=1, workspace=11, role="operator", ends=NOW + TICK))
                store.assignments.put(assignment(n, of=1, workspace=12))
            store.assignments.put(assignment(1, of=2, workspace=21, role="admin"))
            for n, state in enumerate(ElevationState):
                store.elevations.add(elevation(n, of=1, person=n, state=state))
        with storage.reading() as store:
            wanted = [store.standings.standing(org_id(1), user_id(n)) for n in range(5)]
            holds([len(each.workspaces) for each in wanted if each] == [0, 2, 0, 2, 0], "the standings have roles and not")
            holds(sum(len(each.elevations) for each in wanted if each) == 1, "one of them is raised")
            for size in (1, 4, 5, 6):
                seen: list[Standing] = []
                while page := store.standings.of_organization(org_id(1), after=seen[-1].user if seen else "", limit=size):
                    holds(len(page) <= size, "a page has at most as many standings as were asked for")
                    holds(len(seen) + len(page) <= 5, "pages repeat nothing")
                    seen += page
                equal(seen, wanted)
                equal([(each.version, each.custom_roles) for each in seen], [(each.version, each.custom_roles) for each in wanted if each])
            equal(store.standings.of_organization(org_id(3), after="", limit=9), ())

    def test_roles_without_membership_are_no_standing(self, storage: Storage) -> None:
        """A workspace role of somebody who is not a member gives nothing."""
        with storage.begin(after_commit=ignore) as store:
            _two_organizations(store)
            store.assignments.put(assignment(1, of=1, workspace=11))
            equal(store.standings.standing(org_id(1), user_id(1)), None)

    def test_a_role_changes_only_from_what_it_was(self, storage: Storage) -> None:
        """A role is changed by a compare-and-set on the role before."""
        with storage.begin(after_commit=ignore) as store:
            _two_organizations(store)
            store.memberships.add(membership(1, of=1))
            change = store.standings.change_membership
            equal(change(**role_change(1, of=1, before="owner", after="admin")), False)
            equal(change(**role_change(1, of=1, before="Member", after="admin")), False)
            equal(change(**role_change(1, of=1, before="member", after="admin")), True)
            equal(change(**role_change(1, of=1, before="member", after="owner")), False)
            equal(change(**role_change(1, of=2, before="member", after="owner")), False)
        with storage.reading() as store:
            found = store.memberships.get(org_id(1), user_id(1))
            equal(found.role if found else None, "admin")

    def test_a_stale_membership_does_not_undo_a_role_change(self, storage: Storage) -> None:
        """A membership that was read before its role changed is not written over the new role."""
        with storage.begin(after_commit=ignore) as store:
            _two_organizations(store)
            store.memberships.add(membership(1, of=1))
            store.standings.change_membership(**role_change(1, of=1, before="member", after="admin"))
            equal(store.memberships.replace(replace(membership(1, of=1), status=MembershipStatus.SUSPENDED, version=2)), False)


class AssignmentConformance:
    """Workspace roles."""

    def test_a_person_has_one_role_in_a_workspace(self, storage: Storage) -> None:
        """A second role replaces the first one, and no other workspace's."""
        with storage.begin(after_commit=ignore) as store:
            _two_organizations(store)
            store.memberships.add(membership(1, of=1))
            store.assignments.put(assignment(1, of=1, workspace=11))
            store.assignments.put(assignment(1, of=1, workspace=12))
            store.assignments.put(assignment(1, of=1, workspace=11, role="admin", ends=NOW + HOUR))
        with storage.reading() as store:
            changed = assignment(1, of=1, workspace=11, role="admin", ends=NOW + HOUR)
            equal(store.assignments.of_workspace(org_id(1), workspace_id(11), after="", limit=9), (changed,))
            equal(store.assignments.of_workspace(org_id(1), workspace_id(12), after="", limit=9), (assignment(1, of=1, workspace=12),))

    def test_removal_says_whether_there_was_one(self, storage: Storage) -> None:
        """A role is removed once, and only under its own organization."""
        with storage.begin(after_commit=ignore) as store:
            _two_organizations(store)
            store.assignments.put(assignment(1, of=1, workspace=11))
            equal(store.assignments.remove(org_id(2), workspace_id(11), user_id(1)), False)
            equal(store.assignments.remove(org_id(1), workspace_id(11), user_id(1)), True)
            equal(store.assignments.remove(org_id(1), workspace_id(11), user_id(1)), False)

    def test_pages_are_in_the_order_of_ids_and_complete(self, storage: Storage) -> None:
        """Pages of every size lose and repeat no role."""
        wanted = [assignment(n, of=1, workspace=11) for n in range(5)]
        with storage.begin(after_commit=ignore) as store:
            _two_organizations(store)
            for n in (3, 1, 4, 0, 2):
                store.assignments.put(wanted[n])
        with storage.reading() as store:
            for size in (1, 4, 5, 6):
                seen: list[object] = []
                after = ""
                while page := store.assignments.of_workspace(org_id(1), workspace_id(11), after=after, limit=size):
                    holds(len(page) <= size, "a page has at most as many records as were asked for")
                    holds(len(seen) + len(page) <= 5, "pages repeat nothing")
                    seen += page
                    after = page[-1].user_id
                equal(seen, wanted)
