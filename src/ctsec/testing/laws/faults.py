"""Fail closed: whatever breaks below a decision denies or raises, and never allows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any, NoReturn, TypeVar

from hypothesis import given

from ctsec.ids import WorkspaceId
from ctsec.rbac.question import Question
from ctsec.rbac.standing import Assignment, Standing
from ctsec.testing.conformance.expect import holds
from ctsec.testing.laws.law import Case, Law
from ctsec.testing.laws.paths import PATHS, WHOLE_ONLY, whole
from ctsec.testing.strategies import DAYS, moments, questions, standings

T = TypeVar("T", bound="_Breaking")


class _Broken(Exception):
    """What a store, a clock or a rule raises when it breaks."""


class _Trap:
    """Whether something broken was touched."""

    sprung = False


class _Breaking:
    """Springs its trap, and breaks, when it is looked at."""

    trap: _Trap

    def spring(self, *_: Any) -> NoReturn:
        """Break."""
        self.trap.sprung = True
        raise _Broken


class _Roles(_Breaking, dict[WorkspaceId, Assignment]):
    """Workspace roles that can not be read."""

    get = __getitem__ = __contains__ = __iter__ = _Breaking.spring  # pyright: ignore[reportAssignmentType]


class _Moment(_Breaking, datetime):
    """An instant that can not be compared."""

    __le__ = __lt__ = __ge__ = __gt__ = _Breaking.spring  # pyright: ignore[reportAssignmentType]


class _Names(_Breaking, frozenset[Any]):
    """The scopes or workspaces of a key that can not be read."""

    __contains__ = __iter__ = _Breaking.spring  # pyright: ignore[reportAssignmentType]


def _set(broken: T, trap: _Trap) -> T:
    broken.trap = trap
    return broken


def _spoiled(question: Question, standing: Standing, now: datetime, trap: _Trap) -> Iterator[tuple[Question, datetime]]:
    """Yield the question and the instant with one thing broken after the other."""
    moment = _set(_Moment.fromtimestamp(now.timestamp(), tz=now.tzinfo), trap)
    unreadable = replace(standing)
    object.__setattr__(unreadable, "assignments", _set(_Roles(standing.workspaces), trap))
    timed = {where: Assignment(each.role, expires_at=moment) for where, each in standing.workspaces.items()}
    yield replace(question, standing=unreadable), now
    yield replace(question, standing=replace(standing, workspaces=timed)), now
    yield replace(question, standing=replace(standing, starts_at=moment, expires_at=None)), now
    yield replace(question, standing=replace(standing, starts_at=None, expires_at=moment)), now
    yield replace(question, standing=replace(standing, starts_at=DAYS[0], expires_at=None)), moment
    yield replace(question, standing=standing, scopes=_set(_Names(question.scopes or ()), trap)), now
    yield replace(question, standing=standing, workspaces=_set(_Names(question.workspaces or ()), trap)), now


def _fail_closed(case: Case) -> None:
    policy = case.policy

    @given(question=questions(policy), standing=standings(policy), now=moments())
    def law(question: Question, standing: Standing, now: datetime) -> None:
        trap = _Trap()
        for asked, moment in _spoiled(question, standing, now, trap):
            for name, path in PATHS.items():
                if name in WHOLE_ONLY and not whole(asked):
                    continue
                trap.sprung = False
                try:
                    answer = path(policy, asked, moment)
                except _Broken:
                    continue
                holds(not (answer and trap.sprung), f"expected {name} to allow nothing after something broke")

    case.search(law)


FAULTS = (
    Law(
        number=22,
        name="fail closed",
        statement="an exception below a decision, in roles, periods, the clock or a key's limits, denies or is raised and never allows",
        hold=_fail_closed,
    ),
)
