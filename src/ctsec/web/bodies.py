"""How much of a body a host reads, by the path that the table has."""

from __future__ import annotations

from functools import cache

from ctsec.web.http import MAX_BODY
from ctsec.web.scim_paths import MAX_SCIM_BODY, SCIM_PATHS
from ctsec.web.table import ROUTES


@cache
def longest_body(template: str | None) -> int:
    """Return how many bytes of body any route of a path takes, 64 KiB for what neither the table nor SCIM has."""
    if template in SCIM_PATHS:
        return MAX_SCIM_BODY
    return max((route.longest for route in ROUTES if route.path == template), default=MAX_BODY)
