"""Single sign-on: sign-in through an organization's identity provider. Its protocols are rooms of their own (`oidc`).

Names are resolved at first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctsec.lazy import face

if TYPE_CHECKING:
    from ctsec.sso._async_driving import AsyncDriver as AsyncDriver
    from ctsec.sso._sync_driving import Driver as Driver
    from ctsec.sso.doctor import Check as Check
    from ctsec.sso.doctor import CheckName as CheckName
    from ctsec.sso.doctor import DoctorReport as DoctorReport
    from ctsec.sso.doctor import Verdict as Verdict
    from ctsec.sso.foreseen import Foreseen as Foreseen
    from ctsec.sso.oidc.mapping import ClaimMap as ClaimMap
    from ctsec.sso.policy import SsoPolicy as SsoPolicy
    from ctsec.sso.provisioning import ProvisioningSettings as ProvisioningSettings
    from ctsec.sso.record import Connection as Connection
    from ctsec.sso.record import ConnectionState as ConnectionState
    from ctsec.sso.record import LinkedBy as LinkedBy
    from ctsec.sso.record import LinkedIdentity as LinkedIdentity
    from ctsec.sso.rules import GroupRule as GroupRule
    from ctsec.sso.settings import ConnectionSettings as ConnectionSettings
    from ctsec.sso.settings import ConnectionWish as ConnectionWish
    from ctsec.sso.settings import Preview as Preview
    from ctsec.sso.settings import preview as preview
    from ctsec.sso.trial import DryRun as DryRun

_HOME = {
    "AsyncDriver": "ctsec.sso._async_driving",
    "Check": "ctsec.sso.doctor",
    "CheckName": "ctsec.sso.doctor",
    "ClaimMap": "ctsec.sso.oidc.mapping",
    "Connection": "ctsec.sso.record",
    "ConnectionSettings": "ctsec.sso.settings",
    "ConnectionState": "ctsec.sso.record",
    "ConnectionWish": "ctsec.sso.settings",
    "DoctorReport": "ctsec.sso.doctor",
    "Driver": "ctsec.sso._sync_driving",
    "DryRun": "ctsec.sso.trial",
    "Foreseen": "ctsec.sso.foreseen",
    "GroupRule": "ctsec.sso.rules",
    "LinkedBy": "ctsec.sso.record",
    "LinkedIdentity": "ctsec.sso.record",
    "Preview": "ctsec.sso.settings",
    "ProvisioningSettings": "ctsec.sso.provisioning",
    "SsoPolicy": "ctsec.sso.policy",
    "Verdict": "ctsec.sso.doctor",
    "preview": "ctsec.sso.settings",
}
__all__ = [
    "AsyncDriver",
    "Check",
    "CheckName",
    "ClaimMap",
    "Connection",
    "ConnectionSettings",
    "ConnectionState",
    "ConnectionWish",
    "DoctorReport",
    "Driver",
    "DryRun",
    "Foreseen",
    "GroupRule",
    "LinkedBy",
    "LinkedIdentity",
    "Preview",
    "ProvisioningSettings",
    "SsoPolicy",
    "Verdict",
    "preview",
]

__getattr__ = face(__name__, _HOME)
