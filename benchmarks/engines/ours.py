"""ctsec: the snapshot of role assignments in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from benchmarks.engines import workload
from benchmarks.engines.contract import Prepared
from benchmarks.engines.workload import Question, Size
from ctsec.ids import OrganizationId, UserId, WorkspaceId
from ctsec.rbac import Assignment, OrganizationRole, PermissionIndex, Policy, Snapshot, Standing, WorkspaceRole


def policy() -> Policy:
    """Return the workload's roles as a policy."""
    index = PermissionIndex.of(
        (*workload.WORKSPACE_PERMISSIONS, *workload.ORGANIZATION_PERMISSIONS), organization_scope=workload.ORGANIZATION_PERMISSIONS
    )
    organization = [
        OrganizationRole(name=name, organization_mask=index.mask(held), base=index.mask(base), ceiling=index.mask(ceiling), rank=-rank)
        for rank, (name, (held, base, ceiling)) in enumerate(workload.ORGANIZATION_ROLES.items())
    ]
    return Policy(
        index=index,
        organization_roles=tuple(organization),
        workspace_roles=tuple(WorkspaceRole(name=name, mask=index.mask(mask)) for name, mask in workload.WORKSPACE_ROLES.items()),
    )


class Ours:
    """See `benchmarks.engines.contract.Engine`."""

    roles_are_kept_in = "the engine"

    def __init__(self) -> None:
        self._snapshot = Snapshot(policy())
        self._roles = {name: Assignment(name) for name in workload.WORKSPACE_ROLES}
        self._now = datetime.now(UTC)
        self._size = workload.SIZES["S"]
        self._known: dict[str, Standing] = {}

    def load(self, size: Size) -> None:
        self._size = size
        for number in range(size.organizations):
            home = OrganizationId(workload.organization_id(number))
            self._snapshot.load(home, map(WorkspaceId, workload.workspaces(size, number)), self._standings(number))

    def _standings(self, number: int) -> Iterator[Standing]:
        places = [WorkspaceId(each) for each in workload.workspaces(self._size, number)]
        home = OrganizationId(workload.organization_id(number))
        for user, (role, held) in workload.people(self._size, number):
            roles = {place: self._roles[each] for place, each in zip(places, held, strict=True)}
            yield Standing(user=UserId(user), organization=home, role=role, workspaces=roles)

    def prepared(self, question: Question) -> Prepared:
        names = {"check": self._snapshot.check, "now": self._now, **question._asdict()}
        return Prepared("check(user, organization, permission, workspace=workspace, now=now)", names)

    def batch(self, asked: Sequence[Question]) -> Iterator[Sequence[object]]:
        yield self._snapshot.check_many(asked, now=self._now)  # type: ignore[arg-type]

    def assign(self, question: Question, role: str) -> None:
        self._put(question, self._roles[role])

    def revoke(self, question: Question, role: str) -> None:  # noqa: ARG002
        self._put(question, None)

    def _put(self, question: Question, role: Assignment | None) -> None:
        """Put a person whose standing the host has read, with one workspace role more or less."""
        before = self._known.get(question.user) or self._read(question.user)
        roles = dict(before.assignments)
        place = WorkspaceId(question.workspace or "")
        if role is None:
            del roles[place]
        else:
            roles[place] = role
        self._snapshot.put(Standing(user=before.user, organization=before.organization, role=before.role, workspaces=roles))

    def _read(self, user: str) -> Standing:
        found = next(each for each in self._standings(int(user[4:17])) if each.user == user)
        self._known[user] = found
        return found

    def workspaces(self, question: Question) -> list[str]:
        user, organization = UserId(question.user), OrganizationId(question.organization)
        return list(self._snapshot.workspaces_with(user, organization, question.permission, now=self._now) or ())
