"""What a provider says of somebody's work, and what of it changed: this is what moves are reported by.

Rules that this module keeps:

- names of attributes are told, and never what they hold: that is personal;
- what is left out is the same as what is empty.
"""

from __future__ import annotations

import json
from typing import Any, Final, cast

_ENTERPRISE: Final = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
_OWN: Final = ("title", "userType")
_OF_ENTERPRISE: Final = ("employeeNumber", "costCenter", "organization", "division", "department", "manager")


def moves(before: str, after: str) -> tuple[str, ...]:
    """Return which attributes of a person's work (RFC 7643, 4.1.1 and 4.3) differ between two resources, which are JSON texts."""
    was, now = _work(before), _work(after)
    return tuple(name for name in (*_OWN, *_OF_ENTERPRISE) if was.get(name) != now.get(name))


def _work(attributes: str) -> dict[str, object]:
    told: dict[str, Any] = json.loads(attributes)
    more: object = next((value for key, value in told.items() if key.lower() == _ENTERPRISE.lower()), None)
    of = {**{name: told.get(name) for name in _OWN}, **(cast("dict[str, Any]", more) if isinstance(more, dict) else {})}
    manager: object = of.get("manager")
    if isinstance(manager, dict):
        of["manager"] = cast("dict[str, Any]", manager).get("value")
    return {name: value for name, value in of.items() if value}
