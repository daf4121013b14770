"""Numbers for situations: which decisions a person of some organization role meets in one place, as a byte.

Rules that this module keeps:

- a code stands for an organization role together with a place: the organization, a workspace without a role there, or a workspace role;
- the decisions of a code are the table that `Policy.resolve` gives for that situation, the very object: nothing is decided here;
- 0 means that no code stands for it and the whole standing has to be asked; 1 is a stranger;
- a code is never given another meaning; when all 255 are taken, 0 is given.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final, TypeAlias

from ctsec.ids import OrganizationId, UserId, WorkspaceId
from ctsec.rbac.decision import Decision, DecisionTable
from ctsec.rbac.policy import Policy
from ctsec.rbac.standing import Assignment, Standing

WHOLE: Final = 0
STRANGER: Final = 1
MAX_CODES: Final = 256
# Where somebody is: the name of a workspace role, or one of these, which are no names.
IN_ORGANIZATION: Final = None
ABSENT: Final = 0
Place: TypeAlias = str | int | None
_NONE: Final[Mapping[Place, int]] = MappingProxyType({})
_UNKNOWN: Final = "?"  # the name of no role: all unknown roles are one situation
_ANYWHEN: Final = datetime(2000, 1, 1, tzinfo=UTC)
_HERE: Final = OrganizationId("here")
_PLACE: Final = WorkspaceId("place")


class Codebook:
    """The codes of one policy. Safe to use from several threads; lists only grow, so a code that was read can be looked up.

    `answers`, `tables` and `foreign` are indexed by code: the decisions of its table, the table, and the table that the same person meets
    in a workspace that is not the organization's. `absent` gives the code of a workspace without a role, for the code of an organization.
    """

    __slots__ = ("_allowing", "_codes", "_lock", "absent", "answers", "foreign", "policy", "tables")

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        stranger = policy.resolve(None, _ANYWHEN, None, None)
        self.answers: list[dict[str, Decision]] = [{}, stranger.decisions]
        self.tables: list[DecisionTable] = [stranger, stranger]
        self.foreign: list[DecisionTable] = [stranger, stranger]
        self.absent: list[int] = [WHOLE, STRANGER]
        self._codes: dict[str, dict[Place, int]] = {}
        self._allowing: dict[str, tuple[int, bytes]] = {}
        self._lock = threading.Lock()

    def code(self, role: str, place: Place) -> int:
        """Return the code of organization role `role` in `place`: IN_ORGANIZATION, ABSENT, or the name of a workspace role."""
        code = self.of_role(role).get(place)
        return self._number(role, place) if code is None else code

    def of_role(self, role: str) -> Mapping[Place, int]:
        """Return the codes of an organization role that were asked for, by place; for who asks for many."""
        return self._codes.get(role, _NONE)

    def allowing(self, permission: str) -> bytes:
        """Return a table for `bytes.translate` that turns a code into 1 if it allows `permission`, else 0; KeyError for an unknown name."""
        size = len(self.answers)
        made, table = self._allowing.get(permission, (0, b""))
        if made == size:
            return table
        table = bytes([0, *(answers[permission].allowed for answers in self.answers[1:size])]).ljust(MAX_CODES, b"\0")
        self._allowing[permission] = (size, table)
        return table

    def _number(self, role: str, place: Place) -> int:
        policy = self.policy
        known = role if policy.organization_role(role) is not None else _UNKNOWN
        spot = place if not isinstance(place, str) or policy.workspace_role(place) is not None else _UNKNOWN
        if (known, spot) != (role, place):
            return self.code(known, spot)
        with self._lock:
            codes = self._codes.setdefault(role, {})
            code = codes.get(place)
            if code is None:
                code = codes[place] = self._grow(role, place)
            return code

    def _grow(self, role: str, place: Place) -> int:
        code = len(self.tables)
        if code + (place is IN_ORGANIZATION) >= MAX_CODES:
            return WHOLE
        held = {_PLACE: Assignment(place)} if isinstance(place, str) else {}
        somebody = Standing(user=UserId(""), organization=_HERE, role=role, workspaces=held)
        where = (None, None) if place is IN_ORGANIZATION else (_PLACE, _HERE)
        table = self.policy.resolve(somebody, _ANYWHEN, *where)
        self.tables.append(table)
        self.foreign.append(self.policy.resolve(somebody, _ANYWHEN, _PLACE, None))
        self.absent.append(WHOLE)
        self.answers.append(table.decisions)
        if place is IN_ORGANIZATION:
            self.absent[code] = self._codes[role][ABSENT] = self._grow(role, ABSENT)
        return code
