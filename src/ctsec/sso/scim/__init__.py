"""SCIM 2.0: what an organization's provider pushes of its people and groups (RFC 7643 and 7644). Names are resolved at first use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctsec.lazy import face

if TYPE_CHECKING:
    from ctsec.sso.scim.drift import Difference as Difference
    from ctsec.sso.scim.drift import Gap as Gap
    from ctsec.sso.scim.drift import Look as Look
    from ctsec.sso.scim.record import ScimConnection as ScimConnection
    from ctsec.sso.scim.record import ScimGroup as ScimGroup
    from ctsec.sso.scim.record import ScimState as ScimState
    from ctsec.sso.scim.record import ScimToken as ScimToken
    from ctsec.sso.scim.record import ScimUser as ScimUser
    from ctsec.sso.scim.token import IssuedScimToken as IssuedScimToken
    from ctsec.sso.scim.wish import ScimRules as ScimRules
    from ctsec.sso.scim.wish import ScimWish as ScimWish

_HOME = {
    "Difference": "ctsec.sso.scim.drift",
    "Gap": "ctsec.sso.scim.drift",
    "IssuedScimToken": "ctsec.sso.scim.token",
    "Look": "ctsec.sso.scim.drift",
    "ScimConnection": "ctsec.sso.scim.record",
    "ScimGroup": "ctsec.sso.scim.record",
    "ScimRules": "ctsec.sso.scim.wish",
    "ScimState": "ctsec.sso.scim.record",
    "ScimToken": "ctsec.sso.scim.record",
    "ScimUser": "ctsec.sso.scim.record",
    "ScimWish": "ctsec.sso.scim.wish",
}

__all__ = [
    "Difference",
    "Gap",
    "IssuedScimToken",
    "Look",
    "ScimConnection",
    "ScimGroup",
    "ScimRules",
    "ScimState",
    "ScimToken",
    "ScimUser",
    "ScimWish",
]

__getattr__ = face(__name__, _HOME)
