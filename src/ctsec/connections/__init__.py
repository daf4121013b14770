"""Connected apps: tokens of other services that people and organizations connect, kept sealed and refreshed by themselves.

Names are resolved at first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctsec.lazy import face

if TYPE_CHECKING:
    from ctsec.connections._async import AsyncConnectedApps as AsyncConnectedApps
    from ctsec.connections._sync import ConnectedApps as ConnectedApps
    from ctsec.connections.health import AppHealth as AppHealth
    from ctsec.connections.health import AppStatus as AppStatus
    from ctsec.connections.health import DueApp as DueApp
    from ctsec.connections.provider import AppPolicy as AppPolicy
    from ctsec.connections.provider import AppProvider as AppProvider
    from ctsec.connections.record import AccessToken as AccessToken
    from ctsec.connections.record import AppConnection as AppConnection
    from ctsec.jose.client_proof import PrivateKeyJwt as PrivateKeyJwt
    from ctsec.jose.client_proof import SecretBasic as SecretBasic
    from ctsec.jose.client_proof import SecretPost as SecretPost

_HOME = {
    "AccessToken": "ctsec.connections.record",
    "AppConnection": "ctsec.connections.record",
    "AppHealth": "ctsec.connections.health",
    "AppPolicy": "ctsec.connections.provider",
    "AppProvider": "ctsec.connections.provider",
    "AppStatus": "ctsec.connections.health",
    "AsyncConnectedApps": "ctsec.connections._async",
    "ConnectedApps": "ctsec.connections._sync",
    "DueApp": "ctsec.connections.health",
    "PrivateKeyJwt": "ctsec.jose.client_proof",
    "SecretBasic": "ctsec.jose.client_proof",
    "SecretPost": "ctsec.jose.client_proof",
}
__all__ = [
    "AccessToken",
    "AppConnection",
    "AppHealth",
    "AppPolicy",
    "AppProvider",
    "AppStatus",
    "AsyncConnectedApps",
    "ConnectedApps",
    "DueApp",
    "PrivateKeyJwt",
    "SecretBasic",
    "SecretPost",
]

__getattr__ = face(__name__, _HOME)
