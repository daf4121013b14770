"""Single sign-on: sign-in through an organization's identity provider. Its protocols are rooms of their own (`oidc`).

Names are resolved at first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctsec.lazy import face

if TYPE_CHECKING:
    from ctsec.sso._async_driving import AsyncDriver as AsyncDriver
    from ctsec.sso._sync_driving import Driver as Driver

_HOME = {
    "AsyncDriver": "ctsec.sso._async_driving",
    "Driver": "ctsec.sso._sync_driving",
}
__all__ = [
    "AsyncDriver",
    "Driver",
]

__getattr__ = face(__name__, _HOME)
