"""Policies of any masks: chains and not, ceilings below the base, empty roles and full ones."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from hypothesis import strategies as st

from ctsec.rbac.permission import PermissionIndex
from ctsec.rbac.policy import Policy
from ctsec.rbac.role import OrganizationRole, WorkspaceRole

# "custom" and "expired": roles of a host's own, one of them named like a reason for a denial.
ORGANIZATION_ROLES: Final = ("viewer", "member", "custom", "admin", "owner")
WORKSPACE_ROLES: Final = ("viewer", "operator", "editor", "admin", "expired")
KEPT: Final = 256  # strategies of one kind that are kept


def permissions(policy: Policy) -> st.SearchStrategy[str]:
    """Draw a permission of `policy`."""
    return _permissions(policy.permissions)


@lru_cache(KEPT)
def _permissions(names: tuple[str, ...]) -> st.SearchStrategy[str]:
    return st.sampled_from(names)


def unknown_permissions(policy: Policy) -> st.SearchStrategy[str]:
    """Draw a text that is no permission of `policy`, often one that looks like it."""

    def outside(name: str) -> bool:
        return name not in policy.permissions

    spoiled = [spelling(name) for name in policy.permissions for spelling in (str.upper, str.title, _spaced, _starred)]
    return st.one_of(st.sampled_from(spoiled), st.text(max_size=60)).filter(outside)


def _spaced(name: str) -> str:
    return f"{name} "


def _starred(name: str) -> str:
    return name.partition(":")[0] + ":*"


def masks(within: int) -> st.SearchStrategy[int]:
    """Draw a part of the mask `within`, which may be empty or whole."""
    return _masks(within)


@lru_cache(KEPT)
def _masks(within: int) -> st.SearchStrategy[int]:

    def cut(mask: int) -> int:
        return mask & within

    return st.integers(0, (1 << within.bit_length()) - 1).map(cut)


@st.composite
def policies(draw: st.DrawFn, *, max_permissions: int = 6) -> Policy:
    """Draw a policy of up to `max_permissions` permissions, named `thing0:act` and so on, with roles of any masks."""
    names = tuple(f"thing{number}:act" for number in range(draw(st.integers(1, max_permissions))))
    index = PermissionIndex(names, draw(st.integers(0, (1 << len(names)) - 1)))
    organization = [
        OrganizationRole(
            name=name,
            organization_mask=draw(masks(index.organization_scope)),
            base=draw(masks(index.workspace_scope)),
            ceiling=draw(masks(index.workspace_scope)),
            rank=rank,
        )
        for rank, name in enumerate(ORGANIZATION_ROLES)
    ]
    workspace = [
        WorkspaceRole(name=name, mask=draw(masks(index.workspace_scope)), rank=rank) for rank, name in enumerate(reversed(WORKSPACE_ROLES))
    ]
    return Policy(index=index, organization_roles=tuple(organization), workspace_roles=tuple(workspace))
