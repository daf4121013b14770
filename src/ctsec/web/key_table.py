"""The routes of the use of API keys: a part of `ctsec.web.table`."""

from __future__ import annotations

from typing import Final

from ctsec.web.route import open_route as _open
from ctsec.web.route import principal_route as _route

KEY_USE: Final = (
    _route(
        "GET /organizations/{organization_id}/api-keys/{key_id}/usage api_key_usage",
        "How often a key of mine is used",
        returns=("id", "last_used_at:date-time", "last_used_address", "days:array"),
    ),
    _open("POST /api-keys/leaks report_leaked_keys", "Report leaked keys, signed by a scanner that the deployment knows"),
)
