"""The routes of retention and legal holds: a part of `ctsec.web.table`."""

from __future__ import annotations

from typing import Final

from ctsec.web import retention_models as models
from ctsec.web.route import principal_route as _route
from ctsec.web.route import session_route as _signed_in

_LOG: Final = "/organizations/{organization_id}/audit"
_PLAN: Final = ("days:integer", "classes:object", "following:object", "starts_at:date-time", "floor:integer", "regions:array")
_HOLD: Final = (
    "id",
    "matter",
    "state",
    "person",
    "name",
    "since:date-time",
    "until:date-time",
    "placed_by",
    "placed_at:date-time",
    "asked_by",
    "released_by",
    "released_at:date-time",
    "regions:array",
)
_PREVIEW: Final = (
    "plan:object",
    "count:integer",
    "ranges",
    "names:object",
    "held:integer",
    "holds:array",
    "regions:array",
    "silent:object",
)
_PRUNE: Final = ("minimum:integer", "following:integer", "tiles:integer")
_ONE: Final = f"{_LOG}/holds/{{hold_id}}/release"
RETENTION: Final = (
    _route(f"GET {_LOG}/retention retention", "How long events are kept", returns=_PLAN),
    _signed_in(
        f"PUT {_LOG}/retention set_retention", "Keep them longer, or later shorter", body=models.PlanChoice, returns=_PLAN, apart=True
    ),
    _route(f"GET {_LOG}/purge preview_purge", "What a purge would take now", returns=_PREVIEW),
    _route(f"GET {_LOG}/prune preview_prune", "What a prune would take now", returns=_PRUNE),
    _route(f"GET {_LOG}/holds holds", "Legal holds, those that were released too", returns=("holds:array",)),
    _signed_in(
        f"POST {_LOG}/holds place_hold", "Keep what it covers from now on", body=models.NewHold, status=201, returns=_HOLD, apart=True
    ),
    _signed_in(f"POST {_ONE} request_release", "Ask for the release of a hold", returns=_HOLD, apart=True),
    _signed_in(f"POST {_ONE}/approve approve_release", "Release a hold that somebody else asked for", returns=_HOLD, apart=True),
)
