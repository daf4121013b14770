"""Questions to a policy: every kind of person, place and key, and places that are somebody else's."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from ctsec.ids import OrganizationId
from ctsec.rbac.permission import Scope
from ctsec.rbac.policy import Policy
from ctsec.rbac.question import Question
from ctsec.rbac.standing import Standing
from ctsec.testing.strategies.people import FOREIGN_WORKSPACES, HERE, THERE, WORKSPACES, Place, pinned, places, scopes, standings
from ctsec.testing.strategies.policies import permissions

# A workspace of another organization, one whose organization nobody knows, and ids that only look like the right ones.
_ASTRAY: Sequence[Place] = (
    Place(workspace=FOREIGN_WORKSPACES[0], workspace_organization=THERE),
    Place(workspace=WORKSPACES[0], workspace_organization=THERE),
    Place(workspace=WORKSPACES[0], workspace_organization=None),
    Place(workspace=WORKSPACES[0], workspace_organization=OrganizationId(HERE.upper())),
)


def questions(policy: Policy, *, standing: st.SearchStrategy[Standing | None] | None = None) -> st.SearchStrategy[Question]:
    """Draw a question to `policy`: what `standing` draws (anybody or nobody) asks, with a session or a key, in the right place or not.

    Most questions are about a permission where it is held, by a member, without a key, since the others are all denied alike.
    """
    who = standings(policy) if standing is None else standing
    names, limits, pins = permissions(policy), scopes(policy), pinned()
    astray, chance = st.one_of(places(), st.sampled_from(_ASTRAY)), st.integers(0, 4)

    @st.composite
    def question(draw: st.DrawFn) -> Question:
        member, fits, whole = (draw(chance) < 4 for _ in range(3))
        permission = draw(names)
        place = draw(astray)
        if fits and policy.index.scope_of(permission) is Scope.ORGANIZATION:
            place = Place()
        elif fits:
            place = Place(workspace=WORKSPACES[0], workspace_organization=HERE)
        return Question(
            standing=draw(who) if member else None,
            permission=permission,
            workspace=place.get("workspace"),
            workspace_organization=place.get("workspace_organization"),
            scopes=None if whole else draw(limits),
            workspaces=None if whole else draw(pins),
        )

    return question()
