"""The routes of SCIM connections for administrators, their bodies, and how they are shown: a part of `ctsec.web.table`."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Final

from pydantic import Field

from ctsec.ids import ConnectionId
from ctsec.sso.provisioning import ProvisioningSettings
from ctsec.sso.scim.drift import Difference, Look
from ctsec.sso.scim.record import ScimConnection, ScimToken
from ctsec.sso.scim.token import DEFAULT_LIFE, DEFAULT_OVERLAP, MAX_LIFE, MAX_OVERLAP
from ctsec.sso.scim.wish import ScimRules, ScimWish
from ctsec.sso.settings import MAX_NAME
from ctsec.web.models import Body
from ctsec.web.route import principal_route as _route
from ctsec.web.route import session_route as _signed_in
from ctsec.web.sso_models import Provisioning, foreseen_view, provisioning_view
from ctsec.web.views import moment

_EVERY: Final = "/organizations/{organization_id}/sso/scim"
_ONE: Final = f"{_EVERY}/{{scim_connection_id}}"
_DAY: Final = timedelta(days=1)
_SHOWN: Final = (
    *("id", "name", "connection_id", "default_role", "provisioning:object", "owners:boolean", "url", "created_at:date-time"),
    "tokens:array",
)


class ScimSetup(Body):
    """What a SCIM connection is to be; rules are its own only where it belongs to no connection for sign-in."""

    name: Annotated[str, Field(max_length=MAX_NAME)]
    connection_id: Annotated[str, Field(max_length=30)] | None = None
    default_role: Annotated[str, Field(max_length=64)] = "member"
    provisioning: Annotated[Provisioning, Field(default_factory=lambda: Provisioning.model_validate({}))]
    owners: bool = False

    def wish(self) -> ScimWish:
        """Return what is asked for; raise ValueError for what can not be."""
        return ScimWish(
            name=self.name,
            connection=ConnectionId(self.connection_id) if self.connection_id is not None else None,
            default_role=self.default_role,
            provisioning=self.provisioning.settings(),
            owners=self.owners,
        )


class ScimPreview(Body):
    """A default role and rules to look at before they are set."""

    default_role: Annotated[str, Field(max_length=64)] = "member"
    provisioning: Annotated[Provisioning, Field(default_factory=lambda: Provisioning.model_validate({}))]

    def rules(self) -> ScimRules:
        """Return what is asked about; raise ValueError for what can not be."""
        return ScimRules(default_role=self.default_role, provisioning=self.provisioning.settings())


class ScimIssue(Body):
    """How long a credential works, and how long those from before go on."""

    days: Annotated[int, Field(ge=1, le=MAX_LIFE.days)] = DEFAULT_LIFE.days
    overlap_days: Annotated[int, Field(ge=0, le=MAX_OVERLAP.days)] = DEFAULT_OVERLAP.days

    @property
    def life(self) -> timedelta:
        """How long it works."""
        return self.days * _DAY

    @property
    def overlap(self) -> timedelta:
        """How long those from before go on."""
        return self.overlap_days * _DAY


SCIM: Final = (
    _route(f"GET {_EVERY} scim_connections", "Where providers push people to", glass=True, returns=("connections:array",)),
    _signed_in(f"POST {_EVERY} create_scim_connection", "Make a SCIM connection", body=ScimSetup, status=201, returns=_SHOWN),
    _signed_in(f"PUT {_ONE} change_scim_connection", "Change a SCIM connection", body=ScimSetup, returns=_SHOWN),
    _signed_in(f"DELETE {_ONE} remove_scim_connection", "Remove it; memberships stay", status=204),
    _signed_in(
        f"POST {_ONE}/tokens issue_scim_token",
        "Make a credential; it is shown once, and those from before end after the overlap",
        body=ScimIssue,
        status=201,
        returns=("id", "token", "expires_at:date-time"),
    ),
    _signed_in(f"DELETE {_ONE}/tokens/{{scim_token_id}} revoke_scim_token", "End a credential at once", status=204),
    _route(
        f"POST {_ONE}/preview preview_scim_rules",
        "Who of those whom the provider pushed would get what by these rules; nothing changes",
        body=ScimPreview,
        query=("after", "limit"),
        returns=("people:array", "next"),
    ),
    _route(
        f"GET {_ONE}/drift scim_drift",
        "Where the provider and the organization differ",
        query=("after", "limit"),
        returns=("differences:array", "next"),
    ),
)


def scim_view(found: ScimConnection, *, tokens: tuple[ScimToken, ...], url: str) -> dict[str, Any]:
    """Return a SCIM connection; its credentials by their ids alone."""
    return {
        "id": found.id,
        "name": found.name,
        "connection_id": found.connection_id,
        "default_role": found.default_role,
        "provisioning": provisioning_view(ProvisioningSettings.read(found.provisioning)),
        "owners": found.owners_by is not None,
        "url": url,
        "created_at": moment(found.created_at),
        "tokens": [{"id": each.id, "created_at": moment(each.created_at), "expires_at": moment(each.expires_at)} for each in tokens],
    }


def look_view(look: Look) -> dict[str, Any]:
    """Return a pushed user, and what rules make of it."""
    return {
        "scim_user_id": look.user.id,
        "user_name": look.user.user_name,
        "active": look.user.active,
        "why": look.why or None,
        "groups": None if look.groups is None else list(look.groups),
        **(foreseen_view(look.foreseen) if look.foreseen is not None else {}),
    }


def difference_view(found: Difference) -> dict[str, Any]:
    """Return somebody about whom provider and organization differ."""
    return {
        "gap": found.gap.value,
        "user_id": found.user_id,
        "email": found.email,
        "held_role": found.role,
        "provisioned": found.provisioned,
        "pushed": look_view(found.look) if found.look is not None else None,
    }
