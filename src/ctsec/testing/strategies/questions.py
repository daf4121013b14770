"""Questions to a policy: every kind of person, place and key, and places that are somebody else's."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from ctsec.ids import OrganizationId
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


@st.composite
def questions(draw: st.DrawFn, policy: Policy, *, standing: st.SearchStrategy[Standing | None] | None = None) -> Question:
    """Draw a question to `policy`: what `standing` draws (anybody or nobody) asks, with a session or a key, in the right place or not."""
    who = st.one_of(standings(policy), st.none()) if standing is None else standing
    narrowed = draw(st.sampled_from((False, False, True)))
    place = draw(st.one_of(places(), places(), st.sampled_from(_ASTRAY)))
    return Question(
        standing=draw(who),
        permission=draw(permissions(policy)),
        workspace=place.get("workspace"),
        workspace_organization=place.get("workspace_organization"),
        scopes=draw(scopes(policy)) if narrowed else None,
        workspaces=draw(pinned()) if narrowed else None,
    )
