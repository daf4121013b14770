"""A key of an organization's own at its key service, under which its data keys are wrapped (BYOK).

Rules that this module keeps:

- a reference has 1 to 512 printable ASCII characters without spaces, a region 1 to 32 of `a-z`, `0-9` and `-`;
- where a region of ctsec says in which regions of the key service its keys must be, a key elsewhere is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from ctsec.ids import OrganizationId

ENCRYPTION_MANAGE: Final = "encryption:manage"
KEY_CHANGED: Final = "the key of the organization was changed while a data key was made under the earlier one; try again"
_REF: Final = re.compile(r"[!-~]{1,512}")
_REGION: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerKey:
    """The key `ref` of `organization_id` for one region; `problem` is the code of the last failed check, empty while all is well."""

    organization_id: OrganizationId
    region: str
    ref: str
    registered_by: str
    registered_at: datetime
    checked_at: datetime
    problem: str = ""
    version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerKeyPolicy:
    """Where keys must be: `regions` maps a region of ctsec to those of the key service (`{"eu": {"eu-central-1"}}`); others: anywhere."""

    regions: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])

    def allowed(self, region: str) -> frozenset[str] | None:
        """Return where the key of a region may be; None: anywhere."""
        return self.regions.get(region)


def parse_ref(text: str) -> str:
    """Return `text` if it can be a reference of a key; raise ValueError."""
    if not _REF.fullmatch(text):
        raise ValueError("expected the reference of a key, such as its ARN: at most 512 characters without spaces")
    return text


def parse_region(text: str) -> str:
    """Return `text` if it can be a region; raise ValueError."""
    if not _REGION.fullmatch(text):
        raise ValueError("expected a region of at most 32 lower-case letters, digits and hyphens")
    return text


def same_key(one: CustomerKey | None, other: CustomerKey | None) -> bool:
    """Say whether two records name the same key, whatever was found out about it; None is the deployment's."""
    return (one.ref if one is not None else None) == (other.ref if other is not None else None)
