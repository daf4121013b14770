"""Questions to a policy: every kind of person, place and key, and places that are somebody else's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

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
_ANYWHERE: Final = st.one_of(places(), st.sampled_from(_ASTRAY))
_CHANCE: Final = st.integers(0, 4)


def questions(policy: Policy, *, standing: st.SearchStrategy[Standing | None] | None = None) -> st.SearchStrategy[Question]:
    """Draw a question to `policy`: what `standing` draws (anybody or nobody) asks, with a session or a key, in the right place or not.

    Most questions are about a permission where it is held, by a member, without a key, since the others are all denied alike.
    """
    who = standings(policy) if standing is None else standing
    return _question(policy, who, permissions(policy), scopes(policy))


@st.composite
def _question(
    draw: st.DrawFn,
    policy: Policy,
    who: st.SearchStrategy[Standing | None],
    names: st.SearchStrategy[str],
    limits: st.SearchStrategy[frozenset[str] | None],
) -> Question:
    member, fits, whole = (draw(_CHANCE) < 4 for _ in range(3))
    permission = draw(names)
    place = draw(_ANYWHERE)
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
        workspaces=None if whole else draw(pinned()),
    )
