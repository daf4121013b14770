"""What the commands of `ctsec matrix` say: a policy, its findings, and its difference from another."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from ctsec.cli.report import Table, aligned
from ctsec.rbac.difference import PolicyDiff, RoleChange
from ctsec.rbac.document_writer import policy_document
from ctsec.rbac.drifting import Drift
from ctsec.rbac.findings import Finding
from ctsec.rbac.permission import Scope
from ctsec.rbac.policy import Policy
from ctsec.rbac.role import OrganizationRole

_CAPPED: Final = "capped"


@dataclass(frozen=True, slots=True)
class Shown:
    """A whole policy: what each role of the two levels holds."""

    policy: Policy
    title: str

    def text(self) -> Iterator[str]:
        """Yield the tables, aligned."""
        for number, table in enumerate(self.tables()):
            yield from ([""] if number else [])
            yield from aligned(table)

    def data(self) -> Iterator[Any]:
        """Yield the document that reads back as this policy."""
        yield json.loads(policy_document(self.policy))

    def tables(self) -> Iterator[Table]:
        """Yield what is held in the organization, in every workspace, and by a workspace role."""
        policy, index = self.policy, self.policy.index
        organization = index.names_of(index.organization_scope)
        workspace = index.names_of(index.workspace_scope)
        above = ("permission", *(role.name for role in policy.organization_roles))
        beside = ("permission", *(role.name for role in policy.workspace_roles))
        if organization:
            rows = [(str(p), *(_yes(role.organization_mask & index.bit(p)) for role in policy.organization_roles)) for p in organization]
            yield Table("In the organization, by organization role", above, rows)
        if workspace:
            rows = [(str(p), *(_everywhere(role, index.bit(p)) for role in policy.organization_roles)) for p in workspace]
            yield Table("In every workspace, by organization role (capped: no workspace role gives it)", above, rows)
        if workspace and policy.workspace_roles:
            rows = [(str(p), *(_yes(role.mask & index.bit(p)) for role in policy.workspace_roles)) for p in workspace]
            yield Table("In one workspace, by workspace role", beside, rows)


@dataclass(frozen=True, slots=True)
class Checked:
    """What lint found, and where a page says something else."""

    title: str
    findings: tuple[Finding, ...]
    drifts: tuple[Drift, ...]
    page: str

    def text(self) -> Iterator[str]:
        """Yield a line for each finding."""
        yield from (str(each) for each in self.findings)
        yield from (f"{self.page}: {each}" for each in self.drifts)
        if not self.findings and not self.drifts:
            yield "no findings"

    def data(self) -> Iterator[Any]:
        """Yield one object with both lists."""
        findings = [{"kind": each.kind.value, "place": each.place, "sentence": each.sentence} for each in self.findings]
        yield {"findings": findings, "drift": [{"line": each.line, "sentence": each.sentence} for each in self.drifts]}

    def tables(self) -> Iterator[Table]:
        """Yield a table of findings and one of the page's lines, those that have rows."""
        if self.findings:
            yield Table("Findings", ("place", "finding", "kind"), [(each.place, each.sentence, each.kind.value) for each in self.findings])
        if self.drifts:
            yield Table(f"Drift of {self.page}", ("line", "what it says"), [(str(each.line or "-"), each.sentence) for each in self.drifts])


@dataclass(frozen=True, slots=True)
class Differing:
    """What another policy answers differently."""

    title: str
    diff: PolicyDiff

    def text(self) -> Iterator[str]:
        """Yield the changes of each role, then names and rules."""
        for each in self.diff.by_role():
            yield f"{_who(each)}:"
            yield from (f"  + {name}" for name in each.gains)
            yield from (f"  - {name}" for name in each.losses)
        yield from (f"appeared: {kind.value} {name}" for kind, name in self.diff.appeared)
        yield from (f"vanished: {kind.value} {name}" for kind, name in self.diff.vanished)
        yield from (f"rule {each.rule}: {each.before} > {each.after}" for each in self.diff.rules)
        if not self.diff:
            yield "no differences"

    def data(self) -> Iterator[Any]:
        """Yield one object with changes by role, names and rules."""
        diff = self.diff
        yield {
            "changes": [
                {
                    "organization_role": each.organization_role,
                    "scope": each.scope.value,
                    "workspace_roles": list(each.workspace_roles),
                    "gains": list(each.gains),
                    "losses": list(each.losses),
                }
                for each in diff.by_role()
            ],
            "appeared": [{"kind": kind.value, "name": name} for kind, name in diff.appeared],
            "vanished": [{"kind": kind.value, "name": name} for kind, name in diff.vanished],
            "rules": [{"rule": each.rule, "before": each.before, "after": each.after} for each in diff.rules],
        }

    def tables(self) -> Iterator[Table]:
        """Yield tables of changes, names and rules, those that have rows."""
        diff = self.diff
        if changes := [(_who(each), ", ".join(each.gains) or "-", ", ".join(each.losses) or "-") for each in diff.by_role()]:
            yield Table("Changes by role", ("who", "gains", "loses"), changes)
        names = [(name, kind.value, "appeared") for kind, name in diff.appeared]
        names += [(name, kind.value, "vanished") for kind, name in diff.vanished]
        if names:
            yield Table("Names", ("name", "kind", "change"), names)
        if diff.rules:
            yield Table("Rules", ("rule", "before", "after"), [(each.rule, each.before, each.after) for each in diff.rules])


def _who(change: RoleChange) -> str:
    if change.scope is Scope.ORGANIZATION:
        return f"{change.organization_role}, in the organization"
    roles = [role or "no role" for role in change.workspace_roles]
    return f"{change.organization_role}, in a workspace with {' or '.join(roles)}"


def _yes(bits: int) -> str:
    return "yes" if bits else "-"


def _everywhere(role: OrganizationRole, bit: int) -> str:
    return _yes(role.base & bit) if bit & role.ceiling else _CAPPED
