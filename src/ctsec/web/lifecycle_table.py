"""The routes of people's coming and going, and how they are shown: a part of `ctsec.web.table`."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from ctsec.directory.lifecycle import LONGEST_IDLE, LONGEST_PARK, Due, Leaving, LifecyclePolicy
from ctsec.web.models import Body, Id
from ctsec.web.moments import Moment
from ctsec.web.route import principal_route as _route
from ctsec.web.route import session_route as _signed_in
from ctsec.web.views import View, moment

_ORG: Final = "/organizations/{organization_id}"
_RULES: Final = ("park_days:integer", "heir", "warn_days:integer", "suspend_days:integer", "remove_days:integer")
_LEAVING: Final = (
    *("user_id", "role", "last_owner:boolean", "sessions:array", "api_keys:array", "invitations:array", "workspace_roles:array"),
    *("parked:array", "elevations:integer", "permits:integer", "break_glass_codes:boolean", "apps:integer", "service_keys:integer"),
    "scim_tokens:integer",
    *("shared:object", "heir"),
)
_Park = Annotated[int, Field(ge=0, le=LONGEST_PARK)]
_Idle = Annotated[int, Field(ge=0, le=LONGEST_IDLE)]


class LifecycleRules(Body):
    """What happens to people who leave, or are not there for some days; 0: nothing."""

    park_days: _Park = 0
    heir: Id | None = None
    warn_days: _Idle = 0
    suspend_days: _Idle = 0
    remove_days: _Idle = 0


class MembershipPeriod(Body):
    """From when until when a membership counts; left out: without a bound."""

    starts_at: Moment | None = None
    expires_at: Moment | None = None


class NewOwner(Body):
    """Who is to own an organization that has no owner."""

    user_id: Id


LIFECYCLE: Final = (
    _route(f"GET {_ORG}/members/{{user_id}}/removal removal", "What a removal would end; nothing changes", returns=_LEAVING),
    _route(
        f"PUT {_ORG}/members/{{user_id}}/period change_period",
        "From when until when a membership counts",
        body=MembershipPeriod,
        returns=("user_id", "role", "starts_at:date-time", "expires_at:date-time"),
    ),
    _route(f"GET {_ORG}/lifecycle lifecycle", "What happens to people who leave or are not there", returns=_RULES),
    _signed_in(f"PUT {_ORG}/lifecycle set_lifecycle", "Say what happens to them", body=LifecycleRules, returns=_RULES),
    _route(
        f"GET {_ORG}/lifecycle/absent absent",
        "What the rules would do now; nothing changes",
        query=("after", "limit"),
        returns=("due:array",),
    ),
    _route(
        f"GET {_ORG}/lifecycle/report movements",
        "Who joined, who changed and who left",
        query=("since", "until"),
        returns=("joiners:array", "movers:array", "leavers:array", "complete:boolean"),
    ),
)


def rules(policy: LifecyclePolicy | None) -> View:
    """Return the rules of an organization."""
    if policy is None:
        return {"park_days": 0, "heir": None, "warn_days": 0, "suspend_days": 0, "remove_days": 0}
    days = {"park_days": policy.park_days, "warn_days": policy.warn_days, "suspend_days": policy.suspend_days}
    return {**days, "heir": policy.heir, "remove_days": policy.remove_days}


def due(each: Due) -> View:
    """Return what an absence leads to."""
    return {"user_id": each.membership.user_id, "step": each.step.value, "since": moment(each.since)}


def leaving(found: Leaving) -> View:
    """Return what a removal would end."""
    return {
        "user_id": found.user,
        "role": found.role,
        "last_owner": found.last_owner,
        "sessions": list(found.sessions),
        "api_keys": list(found.api_keys),
        "invitations": list(found.invitations),
        "workspace_roles": [{"workspace_id": place, "role": role} for place, role in found.workspace_roles],
        "parked": list(found.parked),
        "elevations": found.elevations,
        "permits": found.permits,
        "break_glass_codes": found.break_glass_codes,
        "apps": found.apps,
        "service_keys": found.service_keys,
        "scim_tokens": found.scim_tokens,
        "shared": dict(found.shared),
        "heir": found.heir,
    }
