"""vakt: nine policies over attributes, and an application that resolves roles out of its dicts before it asks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from benchmarks.engines import workload
from benchmarks.engines.contract import Prepared
from benchmarks.engines.held import Held
from benchmarks.engines.workload import Question, Size


class Vakt:
    """See `benchmarks.engines.contract.Engine`. The cache that vakt offers is left out: it made it seven times slower."""

    roles_are_kept_in = "dicts of the application"

    def __init__(self) -> None:
        self._vakt: Any = None
        self._guard: Any = None
        self._held: Any = None

    def load(self, size: Size) -> None:
        import vakt
        from vakt.rules import Eq, In

        self._vakt = vakt
        self._held = Held(size)
        storage = vakt.MemoryStorage()

        def add(name: str, acts: frozenset[str], kind: str, roles: Iterable[str], effect: str = vakt.ALLOW_ACCESS) -> None:
            policy = vakt.Policy(name, effect=effect, subjects=[In(*roles)], actions=[In(*sorted(acts))], resources=[Eq(kind)])
            storage.add(policy)

        for name, role in workload.ORGANIZATION_ROLES.items():
            everywhere = [f"{name}/{held}" for held in ("", *workload.WORKSPACE_ROLES)]
            if role.organization:
                add(f"{name} in an organization", role.organization, "org", [name])
            if role.base:
                add(f"{name} in workspaces", role.base, "ws", everywhere)
            if above := workload.EVERYTHING - role.ceiling:
                add(f"{name} at most", above, "ws", everywhere, vakt.DENY_ACCESS)
        for name, mask in workload.WORKSPACE_ROLES.items():
            add(f"{name} in a workspace", mask, "ws", [f"{role}/{name}" for role in workload.ORGANIZATION_ROLES])
        self._guard = vakt.Guard(storage, vakt.RulesChecker())

    def ask(self, question: Question, workspace: str | None) -> bool:
        """Resolve the roles into one name, and ask."""
        held, user = self._held, question.user
        role = held.members[question.organization].get(user)
        if role is None:
            return False
        if workspace is None:
            inquiry = self._vakt.Inquiry(subject=role, action=question.permission, resource="org")
        else:
            if held.homes[workspace] != question.organization:
                return False
            place = f"{role}/{held.roles[user].get(workspace, '')}"
            inquiry = self._vakt.Inquiry(subject=place, action=question.permission, resource="ws")
        return bool(self._guard.is_allowed_check(inquiry))

    def prepared(self, question: Question) -> Prepared:
        return Prepared("ask(question, workspace)", {"ask": self.ask, "question": question, "workspace": question.workspace})

    def batch(self, asked: Sequence[Question]) -> Iterator[Sequence[object]]:
        ask = self.ask
        for question in asked:
            yield (ask(question, question.workspace),)

    def assign(self, question: Question, role: str) -> None:
        self._held.assign(question, role)

    def revoke(self, question: Question, role: str) -> None:  # noqa: ARG002
        self._held.revoke(question)

    def workspaces(self, question: Question) -> list[str]:
        return [place for place in self._held.places(question) if self.ask(question, place)]
