"""Permissions: names `resource:action`, their scope, and the index that turns sets of them into integers.

Rules that this module keeps:

- a permission is two words of at most 31 characters, `[a-z][a-z0-9_]*`, with one colon between them; nothing is normalised;
- each permission belongs to exactly one scope: the organization, or each workspace;
- a set of permissions is an int, bit n standing for the n-th member of the host's enum; `IntFlag` is not used (38 times slower);
- a name that the policy does not hold raises `UnknownPermission`: it is a mistake in the host's code and never a denial.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from ctsec.errors import UnknownPermission

MAX_PERMISSIONS: Final = 256
MAX_WORD: Final = 31
_WORD: Final = re.compile(r"[a-z][a-z0-9_]{0,30}")
_PERMISSION: Final = re.compile(r"[a-z][a-z0-9_]{0,30}:[a-z][a-z0-9_]{0,30}")


class Scope(StrEnum):
    """Where a permission is held: once for the whole organization, or in each workspace."""

    ORGANIZATION = "organization"
    WORKSPACE = "workspace"


def shown(text: object) -> str:
    """Return `text` quoted for an error message, cut after 40 characters."""
    plain = str(text)
    return repr(plain if len(plain) <= 40 else plain[:40] + "…")


def parse_permission(text: str) -> str:
    """Return `text` if it is a permission name; raise ValueError that quotes it otherwise."""
    if not _PERMISSION.fullmatch(text):
        raise ValueError(
            f"expected a permission as resource:action in lower-case words of at most {MAX_WORD} characters, found {shown(text)}"
        )
    return text


def parse_role_name(text: str) -> str:
    """Return `text` if it can name a role (one lower-case word of at most 31 characters); raise ValueError that quotes it otherwise."""
    if not _WORD.fullmatch(text):
        raise ValueError(f"expected a role name as one lower-case word of at most {MAX_WORD} characters, found {shown(text)}")
    return text


def unknown(permission: object) -> UnknownPermission:
    """Return the error for a name that the policy does not hold."""
    return UnknownPermission(f"expected a permission of the policy, found {shown(permission)}")


@dataclass(frozen=True, slots=True)
class PermissionIndex:
    """The permissions of a policy, in the order of the host's enum; `organization_scope` is the mask of those held per organization."""

    names: tuple[str, ...]
    organization_scope: int = 0
    bits: Mapping[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 1 <= len(self.names) <= MAX_PERMISSIONS:
            raise ValueError(f"expected 1 to {MAX_PERMISSIONS} permissions, found {len(self.names)}")
        bits = {parse_permission(name): 1 << position for position, name in enumerate(self.names)}
        if len(bits) != len(self.names):
            raise ValueError("expected each permission once")
        if self.organization_scope & ~self.everything:
            raise ValueError("expected the organization scope to hold permissions of the index only")
        object.__setattr__(self, "bits", MappingProxyType(bits))

    @classmethod
    def of(cls, permissions: Iterable[str], *, organization_scope: Iterable[str] = ()) -> PermissionIndex:
        """Return the index of `permissions` (the host's StrEnum); `organization_scope` names those held per organization.

        Raises ValueError for a malformed or repeated name, UnknownPermission for a scope's name outside of `permissions`.
        """
        plain = cls(tuple(permissions))
        return cls(plain.names, plain.mask(organization_scope))

    @property
    def everything(self) -> int:
        """Return the mask of all permissions."""
        return (1 << len(self.names)) - 1

    @property
    def workspace_scope(self) -> int:
        """Return the mask of the permissions that are held in each workspace."""
        return self.everything & ~self.organization_scope

    def all_of(self, scope: Scope) -> int:
        """Return the mask of every permission of `scope`."""
        return self.organization_scope if scope is Scope.ORGANIZATION else self.workspace_scope

    def scope_of(self, permission: str) -> Scope:
        """Return the scope of `permission`; raise UnknownPermission for a name outside of the index."""
        return Scope.ORGANIZATION if self.bit(permission) & self.organization_scope else Scope.WORKSPACE

    def bit(self, permission: str) -> int:
        """Return the one bit of `permission`; raise UnknownPermission for a name outside of the index."""
        try:
            return self.bits[permission]
        except KeyError:
            raise unknown(permission) from None

    def bit_in(self, scope: Scope, permission: str) -> int:
        """Return the one bit of `permission`; raise UnknownPermission for a name of no scope, ValueError for one of the other scope."""
        bit = self.bit(permission)
        if not bit & self.all_of(scope):
            raise ValueError(f"expected a permission of the {scope} scope, found {shown(permission)}")
        return bit

    def mask(self, permissions: Iterable[str]) -> int:
        """Return the mask of `permissions`; raise UnknownPermission for a name outside of the index."""
        mask = 0
        for permission in permissions:
            mask |= self.bit(permission)
        return mask

    def known(self, permissions: Iterable[str]) -> int:
        """Return the mask of those `permissions` that the index holds: a key's scope that the host has since removed grants nothing."""
        mask = 0
        for permission in permissions:
            mask |= self.bits.get(permission, 0)
        return mask

    def names_of(self, mask: int) -> tuple[str, ...]:
        """Return the permissions in `mask`, in the order of the index."""
        return tuple(name for name, bit in self.bits.items() if bit & mask)
