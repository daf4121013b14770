"""What the bodies of requests about required providers and break-glass codes hold, and how a requirement is shown."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, SecretStr

from ctsec.mfa.backup_codes import MAX_INPUT
from ctsec.sso.entrance import Entrance
from ctsec.web.models import Body, Id
from ctsec.web.moments import Moment
from ctsec.web.views import View, moment


class SsoRequirement(Body):
    """From when on an organization is entered through its provider only; left out: from now on."""

    starts_at: Moment | None = None


class GlassCode(Body):
    """A break-glass code, and the organization whose settings it opens."""

    organization_id: Id
    code: Annotated[SecretStr, Field(max_length=MAX_INPUT)]


def requirement(found: Entrance) -> View:
    """Return a requirement as answers tell it."""
    return {"required_from": moment(found.required_from), "codes_left": found.codes_left}
