"""A key of an organization's own at its key service, under which its data keys are wrapped (BYOK)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ctsec.ids import OrganizationId


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
