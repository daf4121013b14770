"""Conformance of memberships, rosters, standings and workspace roles (async source)."""

from __future__ import annotations

from dataclasses import replace

from ctsec.directory.record import Member, MembershipStatus
from ctsec.rbac.elevation import ElevationState
from ctsec.rbac.standing import Assignment as Role
from ctsec.rbac.standing import MembershipStatus as StandingStatus
from ctsec.rbac.standing import Standing
from ctsec.storage._async_ports import AsyncStorage, AsyncStore
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


async def _two_organizations(store: AsyncStore) -> None:
    """Write organizations 1 and 2 with workspaces 1 and 2 each (numbers 11, 12, 21, 22), and users 0 to 5."""
    for n in range(6):
        await store.users.add(user(n))
    for n in (1, 2):
        await store.organizations.add(organization(n))
        for space in (10 * n + 1, 10 * n + 2):
            await store.workspaces.add(workspace(space, of=n))


class AsyncMembershipConformance:
    """Memberships, one by one."""

    async def test_what_was_added_comes_back_equal(self, storage: AsyncStorage) -> None:
        """A membership is stored exactly, and found by its pair only, by plain and by locking reads."""
        ending = membership(1, of=1, ends=NOW + HOUR)
        endless = replace(membership(2, of=1), starts_at=None)
        async with storage.begin(after_commit=ignore) as store:
            await _two_organizations(store)
            equal(await store.memberships.add(ending), True)
            equal(await store.memberships.add(endless), True)
        async with storage.begin(after_commit=ignore) as store:
            for fresh in (False, True):
                equal(await store.memberships.get(org_id(1), user_id(1), fresh=fresh), ending)
                equal(await store.memberships.get(org_id(1), user_id(2), fresh=fresh), endless)
                equal(await store.memberships.get(org_id(2), user_id(1), fresh=fresh), None)

    async def test_a_person_is_a_member_once(self, storage: AsyncStorage) -> None:
        """A second membership of the pair is not added, and the transaction goes on."""
        async with storage.begin(after_commit=ignore) as store:
            await _two_organizations(store)
            await store.memberships.add(membership(1, of=1))
            equal(await store.memberships.add(membership(1, of=1, role="owner")), False)
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.memberships.add(membership(1, of=1, role="owner")), False)
            equal(await store.memberships.add(membership(1, of=2)), True)
        async with storage.reading() as store:
            equal(await store.memberships.get(org_id(1), user_id(1)), membership(1, of=1))
            equal(await store.memberships.get(org_id(2), user_id(1)), membership(1, of=2))

    async def test_replace_is_a_compare_and_set_on_the_version(self, storage: AsyncStorage) -> None:
        """A change is written if it follows the stored version, and lost otherwise."""
        second = replace(membership(1, of=1), status=MembershipStatus.SUSPENDED, expires_at=NOW + TICK, version=2)
        async with storage.begin(after_commit=ignore) as store:
            await _two_organizations(store)
            await store.memberships.add(membership(1, of=1))
            equal(await store.memberships.replace(second), True)
            equal(await store.memberships.replace(replace(second, role="lost")), False)
            equal(await store.memberships.replace(replace(membership(2, of=1), version=2)), False)
        async with storage.reading() as store:
            equal(await store.memberships.get(org_id(1), user_id(1)), second)

    async def test_removal_takes_the_workspace_roles_of_that_organization(self, storage: AsyncStorage) -> None:
        """With the membership go the person's workspace roles there; other people's and other organizations' stay."""
        async with storage.begin(after_commit=ignore) as store:
            await _two_organizations(store)
            for n, of in ((1, 1), (2, 1), (1, 2)):
                await store.memberships.add(membership(n, of=of))
                for space in (10 * of + 1, 10 * of + 2):
                    await store.assignments.put(assignment(n, of=of, workspace=space))
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.memberships.remove(org_id(1), user_id(1)), True)
            equal(await store.memberships.remove(org_id(1), user_id(1)), False)
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.standings.standing(org_id(1), user_id(1)), None)
            equal(
                await store.assignments.of_workspace(org_id(1), workspace_id(12), after="", limit=9), (assignment(2, of=1, workspace=12),)
            )
            equal(
                await store.assignments.of_workspace(org_id(2), workspace_id(21), after="", limit=9), (assignment(1, of=2, workspace=21),)
            )
            equal(await store.memberships.add(membership(1, of=1)), True)
            again = await store.standings.standing(org_id(1), user_id(1))
            equal(dict(again.workspaces) if again else None, {})


class AsyncRosterConformance:
    """Lists of memberships."""

    async def test_lists_hold_every_membership_of_a_person(self, storage: AsyncStorage) -> None:
        """The memberships of a person are those of every organization, suspended ones too, and nobody else's."""
        suspended = replace(membership(1, of=2), status=MembershipStatus.SUSPENDED)
        async with storage.begin(after_commit=ignore) as store:
            await _two_organizations(store)
            for each in (suspended, membership(1, of=1), membership(2, of=1)):
                await store.memberships.add(each)
        async with storage.reading() as store:
            equal(await store.roster.of_user(user_id(1)), (membership(1, of=1), suspended))
            equal(await store.roster.of_user(user_id(5)), ())

    async def test_pages_of_members_are_in_the_order_of_ids_and_complete(self, storage: AsyncStorage) -> None:
        """Pages of every size lose and repeat nobody, and show each person's own address and name."""
        async with storage.begin(after_commit=ignore) as store:
            await _two_organizations(store)
            for n in (3, 1, 4, 0, 2):
                await store.memberships.add(membership(n, of=1))
            await store.memberships.add(membership(5, of=2))
        wanted = [Member(membership(n, of=1), user(n).email, user(n).name) for n in range(5)]
        async with storage.reading() as store:
            for size in (1, 4, 5, 6):
                seen: list[Member] = []
                while page := await store.roster.of_organization(org_id(1), after=seen[-1].membership.user_id if seen else "", limit=size):
                    holds(len(page) <= size, "a page has at most as many records as were asked for")
                    holds(len(seen) + len(page) <= 5, "pages repeat nothing")
                    seen += page
                equal(seen, wanted)


class AsyncStandingConformance:
    """What people are in organizations."""

    async def test_a_standing_has_membership_and_roles(self, storage: AsyncStorage) -> None:
        """A standing repeats membership and workspace roles of one organization with their periods, by plain and by locking reads."""
        suspended = replace(membership(1, of=1, ends=NOW + HOUR), status=MembershipStatus.SUSPENDED)
        async with storage.begin(after_commit=ignore) as store:
            await _two_organizations(store)
            await store.memberships.add(suspended)
            await store.memberships.add(membership(1, of=2))
            await store.assignments.put(assignment(1, of=1, workspace=11, role="operator", ends=NOW + TICK))
            await store.assignments.put(assignment(1, of=1, workspace=12))
            await store.assignments.put(assignment(1, of=2, workspace=21, role="admin"))
        wanted = Standing(
            user=user_id(1),
            organization=org_id(1),
            role="member",
            status=StandingStatus.SUSPENDED,
            starts_at=NOW,
            expires_at=NOW + HOUR,
            workspaces={workspace_id(11): Role("operator", None, NOW + TICK), workspace_id(12): Role("viewer")},
        )
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.standings.standing(org_id(1), user_id(1)), wanted)
            equal(await store.standings.standing(org_id(1), user_id(1), fresh=True), wanted)
            equal(await store.standings.standing(org_id(1), user_id(2)), None)
            equal(await store.standings.standing(org_id(1), user_id(2), fresh=True), None)

    async def test_pages_of_standings_are_complete_and_those_that_are_read_one_by_one(self, storage: AsyncStorage) -> None:
        """Pages of every size hold each member of the organization once, in the order of ids, as `standing` returns them."""
        async with storage.begin(after_commit=ignore) as store:
            await _two_organizations(store)
            await store.memberships.add(replace(membership(3, of=1), status=MembershipStatus.SUSPENDED))
            for n in (1, 4, 0, 2):
                await store.memberships.add(membership(n, of=1, role="viewer" if n == 4 else "member"))
            await store.memberships.add(membership(1, of=2))
            await store.memberships.add(membership(5, of=2))
            for n in (1, 3, 5):
                await store.assignments.put(assignment(n, of=1, workspace=11, role="operator", ends=NOW + TICK))
                await store.assignments.put(assignment(n, of=1, workspace=12))
            await store.assignments.put(assignment(1, of=2, workspace=21, role="admin"))
            for n, state in enumerate(ElevationState):
                await store.elevations.add(elevation(n, of=1, person=n, state=state))
        async with storage.reading() as store:
            wanted = [await store.standings.standing(org_id(1), user_id(n)) for n in range(5)]
            holds([len(each.workspaces) for each in wanted if each] == [0, 2, 0, 2, 0], "the standings have roles and not")
            holds(sum(len(each.elevations) for each in wanted if each) == 1, "one of them is raised")
            for size in (1, 4, 5, 6):
                seen: list[Standing] = []
                while page := await store.standings.of_organization(org_id(1), after=seen[-1].user if seen else "", limit=size):
                    holds(len(page) <= size, "a page has at most as many standings as were asked for")
                    holds(len(seen) + len(page) <= 5, "pages repeat nothing")
                    seen += page
                equal(seen, wanted)
                equal([(each.version, each.custom_roles) for each in seen], [(each.version, each.custom_roles) for each in wanted if each])
            equal(await store.standings.of_organization(org_id(3), after="", limit=9), ())

    async def test_roles_without_membership_are_no_standing(self, storage: AsyncStorage) -> None:
        """A workspace role of somebody who is not a member gives nothing."""
        async with storage.begin(after_commit=ignore) as store:
            await _two_organizations(store)
            await store.assignments.put(assignment(1, of=1, workspace=11))
            equal(await store.standings.standing(org_id(1), user_id(1)), None)

    async def test_a_role_changes_only_from_what_it_was(self, storage: AsyncStorage) -> None:
        """A role is changed by a compare-and-set on the role before."""
        async with storage.begin(after_commit=ignore) as store:
            await _two_organizations(store)
            await store.memberships.add(membership(1, of=1))
            change = store.standings.change_membership
            equal(await change(**role_change(1, of=1, before="owner", after="admin")), False)
            equal(await change(**role_change(1, of=1, before="Member", after="admin")), False)
            equal(await change(**role_change(1, of=1, before="member", after="admin")), True)
            equal(await change(**role_change(1, of=1, before="member", after="owner")), False)
            equal(await change(**role_change(1, of=2, before="member", after="owner")), False)
        async with storage.reading() as store:
            found = await store.memberships.get(org_id(1), user_id(1))
            equal(found.role if found else None, "admin")

    async def test_a_stale_membership_does_not_undo_a_role_change(self, storage: AsyncStorage) -> None:
        """A membership that was read before its role changed is not written over the new role."""
        async with storage.begin(after_commit=ignore) as store:
            await _two_organizations(store)
            await store.memberships.add(membership(1, of=1))
            await store.standings.change_membership(**role_change(1, of=1, before="member", after="admin"))
            equal(await store.memberships.replace(replace(membership(1, of=1), status=MembershipStatus.SUSPENDED, version=2)), False)


class AsyncAssignmentConformance:
    """Workspace roles."""

    async def test_a_person_has_one_role_in_a_workspace(self, storage: AsyncStorage) -> None:
        """A second role replaces the first one, and no other workspace's."""
        async with storage.begin(after_commit=ignore) as store:
            await _two_organizations(store)
            await store.memberships.add(membership(1, of=1))
            await store.assignments.put(assignment(1, of=1, workspace=11))
            await store.assignments.put(assignment(1, of=1, workspace=12))
            await store.assignments.put(assignment(1, of=1, workspace=11, role="admin", ends=NOW + HOUR))
        async with storage.reading() as store:
            changed = assignment(1, of=1, workspace=11, role="admin", ends=NOW + HOUR)
            equal(await store.assignments.of_workspace(org_id(1), workspace_id(11), after="", limit=9), (changed,))
            equal(
                await store.assignments.of_workspace(org_id(1), workspace_id(12), after="", limit=9), (assignment(1, of=1, workspace=12),)
            )

    async def test_removal_says_whether_there_was_one(self, storage: AsyncStorage) -> None:
        """A role is removed once, and only under its own organization."""
        async with storage.begin(after_commit=ignore) as store:
            await _two_organizations(store)
            await store.assignments.put(assignment(1, of=1, workspace=11))
            equal(await store.assignments.remove(org_id(2), workspace_id(11), user_id(1)), False)
            equal(await store.assignments.remove(org_id(1), workspace_id(11), user_id(1)), True)
            equal(await store.assignments.remove(org_id(1), workspace_id(11), user_id(1)), False)

    async def test_pages_are_in_the_order_of_ids_and_complete(self, storage: AsyncStorage) -> None:
        """Pages of every size lose and repeat no role."""
        wanted = [assignment(n, of=1, workspace=11) for n in range(5)]
        async with storage.begin(after_commit=ignore) as store:
            await _two_organizations(store)
            for n in (3, 1, 4, 0, 2):
                await store.assignments.put(wanted[n])
        async with storage.reading() as store:
            for size in (1, 4, 5, 6):
                seen: list[object] = []
                after = ""
                while page := await store.assignments.of_workspace(org_id(1), workspace_id(11), after=after, limit=size):
                    holds(len(page) <= size, "a page has at most as many records as were asked for")
                    holds(len(seen) + len(page) <= 5, "pages repeat nothing")
                    seen += page
                    after = page[-1].user_id
                equal(seen, wanted)
