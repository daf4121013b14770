"""Conformance of lists of workspaces, roles for a time and permits to break the glass (async source)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from itertools import product

from ctsec.directory.record import MembershipStatus
from ctsec.ids import ElevationId, WorkspaceId
from ctsec.rbac.elevation import ElevationRequest, ElevationState
from ctsec.rbac.listing import Reach, reach
from ctsec.rbac.preset import POLICY
from ctsec.rbac.standing import Elevation
from ctsec.storage._async_ports import AsyncStorage, AsyncStore
from ctsec.testing.conformance.expect import equal, holds
from ctsec.testing.conformance.samples import (
    HOUR,
    NOW,
    TICK,
    assignment,
    custom_role,
    elevation,
    ignore,
    invitation,
    membership,
    number,
    org_id,
    organization,
    permit,
    user,
    user_id,
    workspace,
    workspace_id,
)

_SPACES = (11, 12, 13)
_PEOPLE = range(1, 9)


async def _people(store: AsyncStore) -> None:
    """Write organizations 1 and 2 with three workspaces each, and in the first one people of every kind that a list must tell apart."""
    for n in range(10):
        await store.users.add(user(n))
    for of in (1, 2):
        await store.organizations.add(organization(of))
        for space in _SPACES:
            await store.workspaces.add(workspace(10 * (of - 1) + space, of=of))
    roles = ("owner", "admin", "member", "viewer", "member", "member", "viewer", "gone")
    for n, role in zip(_PEOPLE, roles, strict=True):
        await store.memberships.add(membership(n, of=1, role=role, ends=NOW + HOUR if n == 5 else None))
        await store.assignments.put(assignment(n, of=1, workspace=11, role="editor", ends=NOW + TICK))
        await store.assignments.put(assignment(n, of=1, workspace=12, role="viewer"))
    await store.memberships.replace(replace(membership(6, of=1), status=MembershipStatus.SUSPENDED, version=2))
    await store.elevations.add(elevation(1, of=1, person=3, state=ElevationState.ACTIVE, space=13))
    await store.elevations.add(elevation(2, of=1, person=7, state=ElevationState.ACTIVE, space=None))
    await store.elevations.add(elevation(3, of=1, person=5, state=ElevationState.OPEN, space=13))
    await store.elevations.add(replace(elevation(4, of=1, person=3, state=ElevationState.ACTIVE, space=11), state=ElevationState.ENDED))
    await store.elevations.add(replace(elevation(5, of=1, person=8, state=ElevationState.ACTIVE, space=None), role="owner"))
    # Left over from a membership that ended, and a member of the other organization with a role in a workspace of the first.
    await store.assignments.put(assignment(9, of=1, workspace=11, role="admin"))
    await store.memberships.add(membership(9, of=2, role="owner"))


class AsyncListConformance:
    """Lists of workspaces."""

    async def test_a_list_equals_the_checks(self, storage: AsyncStorage) -> None:
        """Law 13: for everybody, every permission and every instant the list is the workspaces in which a check allows."""
        async with storage.begin(after_commit=ignore) as store:
            await _people(store)
        seen: set[int] = set()
        answered: dict[Reach, tuple[WorkspaceId, ...]] = {}
        async with storage.reading() as store:
            for n, now in product((*_PEOPLE, 9, 0), (NOW - TICK, NOW, NOW + TICK, NOW + HOUR - TICK, NOW + HOUR)):
                standing = await store.standings.standing(org_id(1), user_id(n))
                for permission in POLICY.index.names_of(POLICY.index.workspace_scope):
                    wanted = tuple(
                        workspace_id(space)
                        for space in _SPACES
                        if POLICY.check(standing, permission, now=now, workspace=workspace_id(space), workspace_organization=org_id(1))
                    )
                    asked = reach(POLICY, permission, organization=org_id(1), user=user_id(n), now=now)
                    if asked not in answered:  # permissions that the same roles give are one question
                        answered[asked] = await store.lists.workspaces(asked, after="", limit=9)
                        equal(await store.lists.count(asked), len(answered[asked]))
                    equal(answered[asked], wanted)
                    seen.add(len(wanted))
        holds(seen == {0, 1, 2, 3}, "lists that are empty, full and neither were compared")

    async def test_pages_of_every_size_are_the_same_list(self, storage: AsyncStorage) -> None:
        """Pages of one, of all but one, of all and of one more hold every workspace once, in the order of ids."""
        async with storage.begin(after_commit=ignore) as store:
            await _people(store)
        asked = reach(POLICY, "dashboards:view", organization=org_id(1), user=user_id(1), now=NOW)
        async with storage.reading() as store:
            for size in (1, 2, 3, 4):
                pages: list[WorkspaceId] = []
                while page := await store.lists.workspaces(asked, after=pages[-1] if pages else "", limit=size):
                    holds(len(page) <= size, "a page has at most as many ids as were asked for")
                    holds(len(pages) + len(page) <= len(_SPACES), "pages repeat nothing")
                    pages += page
                equal(tuple(pages), tuple(workspace_id(space) for space in _SPACES))

    async def test_a_key_narrows_the_list(self, storage: AsyncStorage) -> None:
        """Only workspaces that a key is narrowed to are listed, of its own organization, and none without the scope."""
        async with storage.begin(after_commit=ignore) as store:
            await _people(store)

        def asked(scopes: frozenset[str] | None, spaces: frozenset[WorkspaceId] | None) -> Reach:
            named = {"scopes": scopes, "workspaces": spaces}
            return reach(POLICY, "agents:run", organization=org_id(1), user=user_id(1), now=NOW, **named)  # type: ignore[arg-type]

        within = frozenset({workspace_id(12), workspace_id(21), WorkspaceId(workspace_id(11).upper())})
        async with storage.reading() as store:
            equal(await store.lists.workspaces(asked(None, within), after="", limit=9), (workspace_id(12),))
            equal(await store.lists.count(asked(frozenset({"agents:run"}), frozenset())), 0)
            equal(await store.lists.count(asked(frozenset({"dashboards:view"}), None)), 0)
            equal(await store.lists.count(asked(frozenset({"agents:run"}), None)), 3)


class AsyncElevationConformance:
    """Requests for a role for a time."""

    async def test_what_was_added_comes_back_equal(self, storage: AsyncStorage) -> None:
        """A request is stored exactly and found in its own organization only, by plain and by locking reads."""
        kept = (elevation(1, of=1, person=1), elevation(2, of=1, person=1, state=ElevationState.ACTIVE, space=None))
        async with storage.begin(after_commit=ignore) as store:
            for each in kept:
                await store.elevations.add(each)
        async with storage.begin(after_commit=ignore) as store:
            for each, fresh in product(kept, (False, True)):
                equal(await store.elevations.get(org_id(1), each.id, fresh=fresh), each)
                equal(await store.elevations.get(org_id(2), each.id, fresh=fresh), None)

    async def test_a_request_is_decided_once(self, storage: AsyncStorage) -> None:
        """A decision is a compare-and-set on the state: the second one, and one of another organization, is not written."""
        asked, given = elevation(1, of=1, person=1), elevation(1, of=1, person=1, state=ElevationState.ACTIVE)
        async with storage.begin(after_commit=ignore) as store:
            await store.elevations.add(asked)
            equal(await store.elevations.change(replace(given, organization_id=org_id(2)), before=ElevationState.OPEN), False)
            equal(await store.elevations.change(given, before=ElevationState.OPEN), True)
            equal(await store.elevations.change(replace(asked, state=ElevationState.DENIED), before=ElevationState.OPEN), False)
        async with storage.reading() as store:
            equal(await store.elevations.get(org_id(1), asked.id), given)

    async def test_only_what_is_active_is_part_of_a_standing(self, storage: AsyncStorage) -> None:
        """A standing has the active elevations of the person in the organization, by plain and by locking reads, and no others."""
        states = (ElevationState.OPEN, ElevationState.DENIED, ElevationState.WITHDRAWN, ElevationState.ENDED)
        async with storage.begin(after_commit=ignore) as store:
            await _people(store)
            for n, state in enumerate(states, start=20):
                await store.elevations.add(replace(elevation(n, of=1, person=1, state=ElevationState.ACTIVE), state=state))
            for n, space in ((30, 11), (31, None)):
                await store.elevations.add(elevation(n, of=1, person=1, state=ElevationState.ACTIVE, space=space))
            await store.elevations.add(elevation(32, of=2, person=1, state=ElevationState.ACTIVE, space=21))
            await store.elevations.add(elevation(33, of=1, person=2, state=ElevationState.ACTIVE))
        wanted = {Elevation(role="admin", starts_at=NOW, expires_at=NOW + HOUR, workspace=place) for place in (workspace_id(11), None)}
        async with storage.begin(after_commit=ignore) as store:
            for fresh in (False, True):
                standing = await store.standings.standing(org_id(1), user_id(1), fresh=fresh)
                equal(set(standing.elevations) if standing else None, wanted)

    async def test_lists_are_by_state_and_in_pages(self, storage: AsyncStorage) -> None:
        """Requests are listed by state in the order of ids, of one organization, and the open ones of a person are counted."""
        waiting = [elevation(n, of=1, person=n % 2) for n in range(5)]
        async with storage.begin(after_commit=ignore) as store:
            for each in (*waiting, elevation(8, of=2, person=1), elevation(9, of=1, person=1, state=ElevationState.ACTIVE)):
                await store.elevations.add(each)
        async with storage.reading() as store:
            first = await store.elevations.of_organization(org_id(1), state=ElevationState.OPEN, after="", limit=3)
            rest = await store.elevations.of_organization(org_id(1), state=ElevationState.OPEN, after=first[-1].id, limit=3)
            equal([*first, *rest], waiting)
            equal(await store.elevations.open_of_user(org_id(1), user_id(1)), 2)
            equal(await store.elevations.open_of_user(org_id(2), user_id(1)), 1)
            equal(await store.elevations.open_of_user(org_id(2), user_id(0)), 0)

    async def test_who_leaves_keeps_nothing(self, storage: AsyncStorage) -> None:
        """What is open or active of a person who leaves ends; what was decided, and other people's and organizations', stays."""
        kept = [
            replace(elevation(1, of=1, person=1), state=ElevationState.DENIED),
            elevation(2, of=1, person=2),
            elevation(3, of=2, person=1),
        ]
        async with storage.begin(after_commit=ignore) as store:
            for each in (*kept, elevation(4, of=1, person=1), elevation(5, of=1, person=1, state=ElevationState.ACTIVE)):
                await store.elevations.add(each)
            await store.elevations.end_of_user(org_id(1), user_id(1), now=NOW + TICK)
        async with storage.reading() as store:
            for each in kept:
                equal(await store.elevations.get(each.organization_id, each.id), each)
            for n in (4, 5):
                found = await store.elevations.get(org_id(1), ElevationId(number("elv", n)))
                equal((found.state, found.ended_at) if found else None, (ElevationState.ENDED, NOW + TICK))

    async def test_what_is_over_is_marked(self, storage: AsyncStorage) -> None:
        """What was active and ended by itself is marked with its own end; what lasts longer, or waits, is not."""

        def ending(n: int, at: datetime) -> ElevationRequest:
            return replace(elevation(n, of=1, person=1, state=ElevationState.ACTIVE), starts_at=NOW - HOUR, expires_at=at)

        async with storage.begin(after_commit=ignore) as store:
            for each in (ending(1, NOW), ending(2, NOW + TICK), elevation(3, of=1, person=1)):
                await store.elevations.add(each)
            equal(await store.elevations.end_expired(before=NOW), 1)
            equal(await store.elevations.end_expired(before=NOW), 0)
        async with storage.reading() as store:
            states = [await store.elevations.get(org_id(1), ElevationId(number("elv", n))) for n in (1, 2, 3)]
            equal([each.state for each in states if each], [ElevationState.ENDED, ElevationState.ACTIVE, ElevationState.OPEN])
            equal(states[0].ended_at if states[0] else None, NOW)


class AsyncBreakGlassConformance:
    """Permits to break the glass."""

    async def test_permits_are_kept_listed_and_taken_back(self, storage: AsyncStorage) -> None:
        """A permit is stored exactly, listed by person and by organization, and removed once, under its own organization only."""
        first, second = permit(1, of=1, person=1), permit(2, of=1, person=1, space=None)
        others = (permit(3, of=1, person=2), permit(4, of=2, person=1, space=21))
        async with storage.begin(after_commit=ignore) as store:
            for each in (second, first, *others):
                await store.break_glass.add(each)
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.break_glass.of_user(org_id(1), user_id(1)), (first, second))
            equal(await store.break_glass.of_organization(org_id(1), after="", limit=2), (first, second))
            equal(await store.break_glass.of_organization(org_id(1), after=second.id, limit=2), (others[0],))
            equal(await store.break_glass.get(org_id(1), first.id), first)
            equal(await store.break_glass.get(org_id(2), first.id), None)
            equal(await store.break_glass.remove(org_id(2), first.id), False)
            equal(await store.break_glass.remove(org_id(1), first.id), True)
            equal(await store.break_glass.remove(org_id(1), first.id), False)
            await store.break_glass.remove_of_user(org_id(1), user_id(1))
        async with storage.reading() as store:
            equal(await store.break_glass.of_user(org_id(1), user_id(1)), ())
            equal(await store.break_glass.of_user(org_id(1), user_id(2)), (others[0],))
            equal(await store.break_glass.of_user(org_id(2), user_id(1)), (others[1],))


class AsyncCustomRoleConformance:
    """Organizations' own roles."""

    async def test_roles_are_kept_by_name(self, storage: AsyncStorage) -> None:
        """A role is stored exactly, replaced under its name, listed by its organization in the order of names, and removed once."""
        one, two, other = custom_role("one", of=1), replace(custom_role("two", of=1), extends="viewer"), custom_role("one", of=2)
        changed = replace(one, permissions=frozenset({"agents:run", "dashboards:view"}), version=2)
        async with storage.begin(after_commit=ignore) as store:
            for each in (two, one, other, changed):
                await store.custom_roles.put(each)
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.custom_roles.of_organization(org_id(1)), (changed, two))
            equal(await store.custom_roles.of_organization(org_id(2)), (other,))
            equal(await store.custom_roles.remove(org_id(1), "ONE"), False)
            equal(await store.custom_roles.remove(org_id(1), "one"), True)
            equal(await store.custom_roles.remove(org_id(1), "one"), False)
        async with storage.reading() as store:
            equal(await store.custom_roles.of_organization(org_id(1)), (two,))
            equal(await store.custom_roles.of_organization(org_id(2)), (other,))

    async def test_every_use_of_a_role_is_found(self, storage: AsyncStorage) -> None:
        """A role is in use while somebody holds it, asks for it, is invited to it or has a permit for it, in this organization alone."""
        offered = replace(invitation(1, of=1, space=11), workspace_role="invited")
        async with storage.begin(after_commit=ignore) as store:
            await _people(store)
            await store.assignments.put(assignment(1, of=1, workspace=11, role="held"))
            await store.elevations.add(replace(elevation(40, of=1, person=1), role="asked"))
            await store.elevations.add(replace(elevation(41, of=1, person=1), role="refused", state=ElevationState.DENIED))
            await store.elevations.add(replace(elevation(42, of=1, person=1, space=None), role="raised"))
            await store.break_glass.add(replace(permit(1, of=1, person=1), role="permitted"))
            await store.invitations.add(offered)
        async with storage.begin(after_commit=ignore) as store:
            for name in ("held", "asked", "permitted", "invited"):
                equal(await store.custom_roles.in_use(org_id(1), name, now=NOW), True)
                equal(await store.custom_roles.in_use(org_id(2), name, now=NOW), False)
            for name in ("refused", "raised", "Held", "nobody"):
                equal(await store.custom_roles.in_use(org_id(1), name, now=NOW), False)
            equal(await store.custom_roles.in_use(org_id(1), "invited", now=offered.expires_at), False)

    async def test_a_standing_tells_which_roles_its_organization_had(self, storage: AsyncStorage) -> None:
        """The number of an organization's own roles is written with its transaction and comes with every standing of it."""
        async with storage.begin(after_commit=ignore) as store:
            await _people(store)
            equal(await store.standings.revision(org_id(1)), 0)
            await store.custom_roles.customise(org_id(1), (1 << 62) + 1)
        async with storage.begin(after_commit=ignore) as store:
            for fresh in (False, True):
                standing = await store.standings.standing(org_id(1), user_id(1), fresh=fresh)
                equal(standing.custom_roles if standing else None, (1 << 62) + 1)
            page = await store.standings.of_organization(org_id(1), after="", limit=9)
            equal({each.custom_roles for each in page}, {(1 << 62) + 1})
            equal(await store.standings.revision(org_id(1)), (1 << 62) + 1)
            equal(await store.standings.revision(org_id(2)), 0)


class AsyncRolesVersionConformance:
    """The version of an organization's roles."""

    async def test_the_version_goes_up_with_its_transaction(self, storage: AsyncStorage) -> None:
        """Each advance raises the version of its own organization by one, a rollback takes it back, and a standing carries it."""
        async with storage.begin(after_commit=ignore) as store:
            await _people(store)
            equal(await store.standings.version(org_id(1)), 0)
            await store.organizations.advance_roles(org_id(1))
            await store.organizations.advance_roles(org_id(1))
            equal(await store.standings.version(org_id(1)), 2)
        try:
            async with storage.begin(after_commit=ignore) as store:
                await store.organizations.advance_roles(org_id(1))
                raise _Undone
        except _Undone:
            pass
        async with storage.begin(after_commit=ignore) as store:
            for fresh in (False, True):
                standing = await store.standings.standing(org_id(1), user_id(1), fresh=fresh)
                equal(standing.version if standing else None, 2)
            equal(await store.standings.version(org_id(1)), 2)
            equal(await store.standings.version(org_id(2)), 0)
            equal(await store.standings.version(org_id(7)), 0)

    async def test_a_change_of_name_keeps_it(self, storage: AsyncStorage) -> None:
        """Writing an organization that was read before the roles changed does not set its version back."""
        async with storage.begin(after_commit=ignore) as store:
            await store.organizations.add(organization(1))
        async with storage.begin(after_commit=ignore) as store:
            before = await store.organizations.get(org_id(1))
            await store.organizations.advance_roles(org_id(1))
            renamed = replace(before or organization(1), name="Other", version=2)
            equal(await store.organizations.replace(renamed), True)
            equal(await store.standings.version(org_id(1)), 1)


class _Undone(Exception):
    """Rolls a transaction back."""
