"""What an administrator tells of the people of a connection: who may come in, with which roles, and what is read of them.

Rules that this module keeps:

- it is read from text and checked when it is written, not when somebody signs in;
- no rule names an owner or an admin;
- it is kept apart from what the provider sees: a change of it needs no new test, and ends nobody's session.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Final

from ctsec.ids import WorkspaceId
from ctsec.sso.oidc.mapping import ClaimMap
from ctsec.sso.rules import UNGIVEN, GroupRule

MAX_RULES: Final = 100
MAX_REQUIRED: Final = 50
MAX_GROUP: Final = 255
MAX_ROLE: Final = 64
MAX_PROVISIONING: Final = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvisioningSettings:
    """Rules from groups to roles, in the order in which they are asked, groups one of which somebody must be in, and the map of claims.

    Raises ValueError for too many or too long ones, and for rules that make owners or admins.
    """

    rules: tuple[GroupRule, ...] = ()
    required_groups: tuple[str, ...] = ()
    claims: ClaimMap = field(default_factory=ClaimMap)

    def __post_init__(self) -> None:
        if len(self.rules) > MAX_RULES or len(self.required_groups) > MAX_REQUIRED:
            raise ValueError(f"expected at most {MAX_RULES} rules and {MAX_REQUIRED} required groups")
        groups = (*(rule.group for rule in self.rules), *self.required_groups)
        if not all(0 < len(group) <= MAX_GROUP and group.isprintable() for group in groups):
            raise ValueError(f"expected groups of 1 to {MAX_GROUP} printable characters")
        if not all(0 < len(rule.role) <= MAX_ROLE for rule in self.rules):
            raise ValueError(f"expected roles of 1 to {MAX_ROLE} characters")
        if any(rule.workspace is None and rule.role in UNGIVEN for rule in self.rules):
            raise ValueError("a provider makes nobody an owner or an admin; choose a lower role")
        if len(self.text()) > MAX_PROVISIONING:
            raise ValueError(f"expected rules and maps of at most {MAX_PROVISIONING:,} characters")

    def text(self) -> str:
        """Return this as the store keeps it."""
        claims = self.claims
        rules = [[rule.group, rule.role, *([rule.workspace] if rule.workspace is not None else [])] for rule in self.rules]
        made: dict[str, object] = {
            "rules": rules,
            "required_groups": self.required_groups,
            "name": claims.name,
            "email": claims.email,
            "attributes": dict(claims.attributes),
            "update_name": claims.update_name,
        }
        return json.dumps({name: value for name, value in made.items() if value}, sort_keys=True)

    @classmethod
    def read(cls, text: str | None) -> ProvisioningSettings:
        """Return what a stored text says; None says nothing."""
        found: dict[str, Any] = json.loads(text or "{}")
        return cls(
            rules=tuple(_rule(*each) for each in found.get("rules", ())),
            required_groups=tuple(found.get("required_groups", ())),
            claims=ClaimMap(
                name=tuple(found.get("name", ())),
                email=tuple(found.get("email", ())),
                attributes={name: tuple(path) for name, path in found.get("attributes", {}).items()},
                update_name=found.get("update_name", False),
            ),
        )

    def told(self) -> dict[str, object]:
        """Return what an event says of this: each rule and group in words."""
        return {
            "rules": tuple(f"{rule.group}: {rule.role}" + (f" in {rule.workspace}" if rule.workspace else "") for rule in self.rules),
            "required_groups": self.required_groups,
        }


def _rule(group: str, role: str, workspace: str | None = None) -> GroupRule:
    return GroupRule(group=group, role=role, workspace=WorkspaceId(workspace) if workspace is not None else None)
