"""The roles of everybody in dicts of the application: what engines without roles of their own are given to look at."""

from __future__ import annotations

from benchmarks.engines import workload
from benchmarks.engines.workload import Question, Size


class Held:
    """The organization role of each person, the role in each workspace, and the organization of each workspace."""

    def __init__(self, size: Size) -> None:
        self.size = size
        self.members: dict[str, dict[str, str]] = {}
        self.roles: dict[str, dict[str, str]] = {}
        self.homes: dict[str, str] = {}
        for number in range(size.organizations):
            home, places = workload.organization_id(number), workload.workspaces(size, number)
            self.homes.update(dict.fromkeys(places, home))
            members = self.members[home] = {}
            for user, (role, held) in workload.people(size, number):
                members[user] = role
                self.roles[user] = dict(zip(places, held, strict=True))

    def places(self, question: Question) -> tuple[str, ...]:
        """Return the workspaces of the question's organization."""
        return workload.workspaces(self.size, int(question.organization[4:]))

    def assign(self, question: Question, role: str) -> None:
        """Give a workspace role."""
        self.roles[question.user][question.workspace or ""] = role

    def revoke(self, question: Question) -> None:
        """Take it back."""
        del self.roles[question.user][question.workspace or ""]
