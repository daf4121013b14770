"""How the permissions of a role are put together from names: a list of its own, and the role that it extends.

Documents and custom roles share this module, so a list means the same in both.

Rules that this module keeps:

- a list names permissions of one scope, each once; an error names the element;
- a role holds its own list and everything of the role that it extends, and so on; a chain that comes back to itself is an error, and so
  is a name that no role has.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from ctsec.rbac.errors import PolicyError, below, found, placed
from ctsec.rbac.permission import PermissionIndex, Scope, shown

NO_ROLES: Final[Mapping[str, int]] = MappingProxyType({})


def list_mask(index: PermissionIndex, names: Iterable[object], *, scope: Scope, place: str) -> int:
    """Return the mask of `names`; raise PolicyError at `place[3]` for one that is no permission of `scope` or stands there twice."""
    mask = 0
    for position, name in enumerate(names):
        at = f"{place}[{position}]"
        if not isinstance(name, str):
            raise PolicyError(f"expected a permission, found {found(name)}", place=at)
        with placed(at):
            bit = index.bit_in(scope, name)
            if mask & bit:
                raise ValueError(f"expected each permission once, found {shown(name)} again")
            mask |= bit
    return mask


def extended_masks(
    own: Mapping[str, int], *, extends: Mapping[str, str], place: str, known: Mapping[str, int] = NO_ROLES
) -> dict[str, int]:
    """Return the whole mask of each role in `own`: its own and those of the roles that it extends, which may be in `known`.

    Raises PolicyError at `<place>.<role>.extends` for a name that is in neither, or a role that extends itself in the end.
    """
    whole = dict(known)
    for role in own:
        chain: list[str] = []
        at: str | None = role
        while at is not None and at not in whole:
            if at in chain:
                circle = " > ".join([*chain[chain.index(at) :], at])
                raise PolicyError(f"expected roles that do not extend themselves, found {shown(circle)}", place=_extends(place, chain[-1]))
            if at not in own:
                raise PolicyError(f"expected the name of a workspace role, found {shown(at)}", place=_extends(place, chain[-1]))
            chain.append(at)
            at = extends.get(at)
        mask = 0 if at is None else whole[at]
        for name in reversed(chain):
            mask |= own[name]
            whole[name] = mask
    return {name: whole[name] for name in own}


def _extends(place: str, role: str) -> str:
    return below(below(place, role), "extends")
