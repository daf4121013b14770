"""The law of comparing policies: a difference is exactly what is answered differently."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ctsec.rbac.difference import PolicyPlace, diff, tables
from ctsec.rbac.permission import Scope
from ctsec.rbac.policy import Policy
from ctsec.rbac.standing import Assignment, Standing
from ctsec.testing.conformance.expect import equal
from ctsec.testing.laws.law import Case, Law
from ctsec.testing.reference import allowed
from ctsec.testing.strategies import DAYS, HERE, USERS, WORKSPACES, masks


def _difference(case: Case) -> None:
    before = case.policy
    scope = before.index.workspace_scope

    @given(cuts=st.lists(masks(scope), min_size=3, max_size=3), which=st.integers(0, 63))
    def law(cuts: list[int], which: int) -> None:
        changed = [
            replace(role, base=role.base ^ cuts[0], ceiling=role.ceiling ^ cuts[1]) if which >> number & 1 else role
            for number, role in enumerate(before.organization_roles)
        ]
        roles = [
            replace(role, mask=role.mask ^ cuts[2]) if which >> number & 1 else role for number, role in enumerate(before.workspace_roles)
        ]
        after = replace(before, organization_roles=tuple(changed), workspace_roles=tuple(roles))
        told = diff(before, after)
        named = {each.place: (frozenset(each.gains), frozenset(each.losses)) for each in told.changes}
        old, new = tables(before, after)
        for place in old:
            one, other = _reference(before, place), _reference(after, place)
            equal(named.pop(place, (frozenset(), frozenset())), (other - one, one - other))
        equal(named, {})
        equal(told.apply(old), new)
        equal(diff(after, before).apply(new), old)

    case.search(law)


def _reference(policy: Policy, place: PolicyPlace) -> frozenset[str]:
    held = {WORKSPACES[0]: Assignment(place.workspace_role)} if place.workspace_role is not None else {}
    person = Standing(user=USERS[0], organization=HERE, role=place.organization_role, workspaces=held)
    where, home = (WORKSPACES[0], HERE) if place.scope is Scope.WORKSPACE else (None, None)
    return frozenset(
        str(name) for name in policy.permissions if allowed(policy, person, name, now=DAYS[0], workspace=where, workspace_organization=home)
    )


CHANGES = (
    Law(
        number=24,
        name="policy difference",
        statement="a difference names exactly the answers that differ, is empty where none does, and turns one table into the other",
        hold=_difference,
    ),
)
