"""The work: organizations, people, roles and questions, as a pure function of a size; and the oracle that knows every answer.

Rules that this module keeps:

- nothing here comes from ctsec or from another engine: the roles are written out as sets of names, and the oracle looks them up;
- every engine is loaded from the same stream and asked the same questions: 80 % about a workspace, 10 % about an organization, 10 % about a
  workspace of an organization that the person does not belong to (where there are several);
- ids have the form and length of ctsec's.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

WORKSPACE_PERMISSIONS: Final = (
    "dashboards:view",
    "agents:run",
    "recommendations:create",
    "operations:approve",
    "connections:manage",
    "workspace_members:manage",
)
ORGANIZATION_PERMISSIONS: Final = ("members:manage", "organization:manage", "billing:manage")
QUESTIONS: Final = 10_000
VIEW: Final = frozenset(WORKSPACE_PERMISSIONS[:1])
EVERYTHING: Final = frozenset(WORKSPACE_PERMISSIONS)
NOTHING: Final[frozenset[str]] = frozenset()


class OrganizationRole(NamedTuple):
    """What an organization role holds in the organization, in every workspace, and at most in a workspace."""

    organization: frozenset[str]
    base: frozenset[str]
    ceiling: frozenset[str]


ORGANIZATION_ROLES: Final = {
    "owner": OrganizationRole(frozenset(ORGANIZATION_PERMISSIONS), EVERYTHING, EVERYTHING),
    "admin": OrganizationRole(frozenset(ORGANIZATION_PERMISSIONS[:2]), EVERYTHING, EVERYTHING),
    "member": OrganizationRole(NOTHING, NOTHING, EVERYTHING),
    "viewer": OrganizationRole(NOTHING, NOTHING, VIEW),
}
WORKSPACE_ROLES: Final = {
    "wsadmin": EVERYTHING,
    "editor": EVERYTHING - {"workspace_members:manage"},
    "operator": frozenset(WORKSPACE_PERMISSIONS[:2]),
    "wsviewer": VIEW,
}
# Fifteen of a hundred people are privileged.
_CHANCES: Final = ("owner",) * 5 + ("admin",) * 10 + ("member",) * 75 + ("viewer",) * 10
_NAMES: Final = tuple(WORKSPACE_ROLES)


class Question(NamedTuple):
    """May `user` do `permission` in `organization`, or in a `workspace` of it."""

    user: str
    organization: str
    workspace: str | None
    permission: str


Roles: TypeAlias = tuple[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is: organizations, people in each, workspaces in each. Everybody has a role in every workspace."""

    name: str
    organizations: int
    people: int
    workspaces: int

    @property
    def users(self) -> int:
        """How many people there are."""
        return self.organizations * self.people

    @property
    def assignments(self) -> int:
        """How many workspace roles there are."""
        return self.users * self.workspaces


SIZES: Final = {size.name: size for size in (Size("S", 1, 10, 5), Size("M", 100, 100, 20), Size("L10", 1000, 1000, 10))}


def organization_id(organization: int) -> str:
    """Return the id of an organization."""
    return f"org_{organization:026d}"


def workspace_id(organization: int, workspace: int) -> str:
    """Return the id of a workspace of an organization."""
    return f"wsp_{organization:013d}{workspace:013d}"


def user_id(organization: int, person: int) -> str:
    """Return the id of a person of an organization."""
    return f"usr_{organization:013d}{person:013d}"


def people(size: Size, organization: int) -> Iterator[tuple[str, Roles]]:
    """Yield everybody of an organization: id, organization role, and the role in each workspace; the same in every call."""
    chance = random.Random(organization)
    for person in range(size.people):
        roles = chance.choices(_NAMES, k=size.workspaces)
        yield user_id(organization, person), (chance.choice(_CHANCES), tuple(roles))


def workspaces(size: Size, organization: int) -> tuple[str, ...]:
    """Return the ids of an organization's workspaces."""
    return tuple(workspace_id(organization, number) for number in range(size.workspaces))


def questions(size: Size, *, count: int = QUESTIONS, seed: int = 0) -> list[Question]:
    """Return questions about people chosen at random, as new texts: as they come from requests, and not as an engine knows them."""
    chance = random.Random(f"questions {seed}")
    return [_question(size, chance) for _ in range(count)]


def _question(size: Size, chance: random.Random) -> Question:
    home = chance.randrange(size.organizations)
    user, kind = user_id(home, chance.randrange(size.people)), chance.random()
    if kind < 0.1:
        return Question(user, organization_id(home), None, chance.choice(ORGANIZATION_PERMISSIONS))
    place = home
    if kind >= 0.9 and size.organizations > 1:
        place = (home + 1 + chance.randrange(size.organizations - 1)) % size.organizations
    workspace = workspace_id(place, chance.randrange(size.workspaces))
    return Question(user, organization_id(place), workspace, chance.choice(WORKSPACE_PERMISSIONS))


class Oracle:
    """The right answer to every question, from the people of the organizations that it was asked about."""

    def __init__(self, size: Size) -> None:
        self._size = size
        self._known: dict[str, dict[str, Roles]] = {}

    def roles(self, user: str) -> Roles:
        """Return somebody's roles at home."""
        home = int(user[4:17])
        if home not in range(self._size.organizations):
            raise KeyError(user)
        key = organization_id(home)
        if key not in self._known:
            self._known[key] = dict(people(self._size, home))
        return self._known[key][user]

    def answer(self, question: Question) -> bool:
        """Return whether a question is allowed."""
        if organization_id(int(question.user[4:17])) != question.organization:
            return False
        role, held = self.roles(question.user)
        own = ORGANIZATION_ROLES[role]
        if question.workspace is None:
            return question.permission in own.organization
        mask = WORKSPACE_ROLES[held[int(question.workspace[17:])]]
        return question.permission in (own.base | mask) & own.ceiling

    def workspaces(self, user: str, permission: str) -> list[str]:
        """Return the workspaces of somebody's organization in which a permission is allowed, in order."""
        home = int(user[4:17])
        places = workspaces(self._size, home)
        return [place for place in places if self.answer(Question(user, organization_id(home), place, permission))]

    def find(self, *, role: str, held: str, organization: int = 0) -> tuple[str, str]:
        """Return somebody of an organization who has `role` there and `held` in a workspace, with that workspace."""
        for user, (own, roles) in people(self._size, organization):
            if own == role and held in roles:
                return user, workspace_id(organization, roles.index(held))
        raise LookupError(f"nobody is {role} and {held}")
