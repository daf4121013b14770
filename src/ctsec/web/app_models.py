"""What the bodies of requests about connected apps hold, and how connections are shown."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ctsec.connections.health import AppStatus
from ctsec.connections.provider import MAX_SCOPES
from ctsec.web.models import Body
from ctsec.web.views import View, moment

MAX_PROVIDER = 32
MAX_SCOPE = 200


class AppBegin(Body):
    """An app to connect: for oneself (`own`) or the organization, with scopes beside its usual ones; `app_id` renews a consent."""

    provider: Annotated[str, Field(min_length=1, max_length=MAX_PROVIDER)]
    own: bool = True
    scopes: Annotated[list[Annotated[str, Field(min_length=1, max_length=MAX_SCOPE)]], Field(max_length=MAX_SCOPES, default_factory=list)]
    app_id: Annotated[str, Field(max_length=64)] | None = None


def app(found: AppStatus) -> View:
    """Return a connection as it is shown."""
    one = found.app
    return {
        "id": one.id,
        "provider": one.provider,
        "user_id": one.user_id,
        "scopes": one.scopes.split(),
        "connected_by": one.connected_by,
        "connected_at": moment(one.connected_at),
        "health": found.health.value,
        "problem": found.problem or None,
        "failing_since": moment(found.since),
        "refreshed_at": moment(found.refreshed_at),
        "consent_by": moment(found.consent_by),
    }
