"""A policy written as a document that reads back equal.

Rules that this module keeps:

- `Policy.from_json(policy_document(policy)) == policy`: nothing is left to a default, ranks and managing permissions are written out;
- a role that extends another is written with all that it holds: who extends whom is a matter of the document, not of the policy.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from ctsec.rbac.document import MEMBERS, PERMISSIONS, WORKSPACE_MEMBERS
from ctsec.rbac.document_values import ALL
from ctsec.rbac.errors import PolicyError, below
from ctsec.rbac.matrix import MAX_TEXT
from ctsec.rbac.permission import Scope
from ctsec.rbac.policy import Policy
from ctsec.rbac.role import EXCLUSIVE_ROLES, ORGANIZATION_ROLES, WORKSPACE_ROLES

_LIST: Final = re.compile(r"\[\n([^\[\]]*)\]")


def policy_document(policy: Policy) -> str:
    """Return `policy` as a JSON document that `Policy.from_json` reads back equal.

    Raises PolicyError for a policy of so many roles and permissions that its document would have more than 64 KiB, and for one that was
    joined with an organization's own roles, which are no part of the host's policy.
    """
    # Each list on one line: no name holds a bracket.
    text = _LIST.sub(lambda match: "[" + " ".join(match[1].split()) + "]", json.dumps(policy_data(policy), indent=2)) + "\n"
    if len(text) > MAX_TEXT:
        raise PolicyError(f"expected a policy whose document has at most {MAX_TEXT} bytes, found {len(text)}")
    return text


def policy_data(policy: Policy) -> dict[str, Any]:
    """Return the tables of the document, which `ctsec.rbac.document.read_document` reads back."""
    index = policy.index
    for role in policy.workspace_roles:
        if role.custom:
            raise PolicyError("expected a role of the policy, found one of an organization's own", place=below(WORKSPACE_ROLES, role.name))

    def named(mask: int, scope: Scope) -> object:
        return ALL if mask and mask == index.all_of(scope) else [str(name) for name in index.names_of(mask)]

    data: dict[str, Any] = {
        PERMISSIONS: {str(name): index.scope_of(name).value for name in index.names},
        MEMBERS: str(policy.members_permission) if policy.members_permission is not None else False,
        WORKSPACE_MEMBERS: str(policy.workspace_members_permission) if policy.workspace_members_permission is not None else False,
        ORGANIZATION_ROLES: {
            role.name: {
                "organization": named(role.organization_mask, Scope.ORGANIZATION),
                "base": named(role.base, Scope.WORKSPACE),
                "ceiling": named(role.ceiling, Scope.WORKSPACE),
                "rank": role.rank,
            }
            for role in policy.organization_roles
        },
        WORKSPACE_ROLES: {
            role.name: {"permissions": named(role.mask, Scope.WORKSPACE), "rank": role.rank} for role in policy.workspace_roles
        },
    }
    if policy.exclusive_roles:
        data[EXCLUSIVE_ROLES] = [sorted(each) for each in policy.exclusive_roles]
    return data
