"""Sign-in: passwords, the journey, sessions, and accounts.

Names are resolved at first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctsec.lazy import face

if TYPE_CHECKING:
    from ctsec.authn._async import AsyncSignIn as AsyncSignIn
    from ctsec.authn._async_accounts import AsyncAccounts as AsyncAccounts
    from ctsec.authn._async_addresses import AsyncAddresses as AsyncAddresses
    from ctsec.authn._async_device_list import AsyncDeviceList as AsyncDeviceList
    from ctsec.authn._async_owing import AsyncOwing as AsyncOwing
    from ctsec.authn._async_sessions import AsyncSessions as AsyncSessions
    from ctsec.authn._sync import SignIn as SignIn
    from ctsec.authn._sync_accounts import Accounts as Accounts
    from ctsec.authn._sync_addresses import Addresses as Addresses
    from ctsec.authn._sync_device_list import DeviceList as DeviceList
    from ctsec.authn._sync_owing import Owing as Owing
    from ctsec.authn._sync_sessions import Sessions as Sessions
    from ctsec.authn.argon2 import Argon2Parameters as Argon2Parameters
    from ctsec.authn.argon2_pool import Argon2Bounds as Argon2Bounds
    from ctsec.authn.argon2_pool import Argon2Hasher as Argon2Hasher
    from ctsec.authn.argon2_pool import AsyncArgon2Hasher as AsyncArgon2Hasher
    from ctsec.authn.calibration import calibrate as calibrate
    from ctsec.authn.device import KnownDevice as KnownDevice
    from ctsec.authn.journey import Duty as Duty
    from ctsec.authn.journey import EnrolmentRequired as EnrolmentRequired
    from ctsec.authn.journey import ImportedAccount as ImportedAccount
    from ctsec.authn.journey import LinkRequested as LinkRequested
    from ctsec.authn.journey import MfaRequired as MfaRequired
    from ctsec.authn.journey import PasswordChangeRequired as PasswordChangeRequired
    from ctsec.authn.journey import SignedIn as SignedIn
    from ctsec.authn.journey import SignInStep as SignInStep
    from ctsec.authn.password_policy import check_password as check_password
    from ctsec.authn.place import PlaceNames as PlaceNames
    from ctsec.authn.record import Session as Session
    from ctsec.authn.record import SessionPolicy as SessionPolicy
    from ctsec.authn.strength import PasswordHint as PasswordHint
    from ctsec.authn.strength import PasswordLevel as PasswordLevel
    from ctsec.authn.strength import Weakness as Weakness
    from ctsec.authn.strength import password_hint as password_hint

_HOME = {
    "Accounts": "ctsec.authn._sync_accounts",
    "Addresses": "ctsec.authn._sync_addresses",
    "Argon2Bounds": "ctsec.authn.argon2_pool",
    "Argon2Hasher": "ctsec.authn.argon2_pool",
    "Argon2Parameters": "ctsec.authn.argon2",
    "AsyncAccounts": "ctsec.authn._async_accounts",
    "AsyncAddresses": "ctsec.authn._async_addresses",
    "AsyncArgon2Hasher": "ctsec.authn.argon2_pool",
    "AsyncDeviceList": "ctsec.authn._async_device_list",
    "AsyncSessions": "ctsec.authn._async_sessions",
    "AsyncSignIn": "ctsec.authn._async",
    "DeviceList": "ctsec.authn._sync_device_list",
    "PlaceNames": "ctsec.authn.place",
    "AsyncOwing": "ctsec.authn._async_owing",
    "Duty": "ctsec.authn.journey",
    "EnrolmentRequired": "ctsec.authn.journey",
    "ImportedAccount": "ctsec.authn.journey",
    "KnownDevice": "ctsec.authn.device",
    "LinkRequested": "ctsec.authn.journey",
    "MfaRequired": "ctsec.authn.journey",
    "Owing": "ctsec.authn._sync_owing",
    "PasswordChangeRequired": "ctsec.authn.journey",
    "PasswordHint": "ctsec.authn.strength",
    "PasswordLevel": "ctsec.authn.strength",
    "Session": "ctsec.authn.record",
    "SessionPolicy": "ctsec.authn.record",
    "Sessions": "ctsec.authn._sync_sessions",
    "SignIn": "ctsec.authn._sync",
    "SignInStep": "ctsec.authn.journey",
    "SignedIn": "ctsec.authn.journey",
    "Weakness": "ctsec.authn.strength",
    "calibrate": "ctsec.authn.calibration",
    "check_password": "ctsec.authn.password_policy",
    "password_hint": "ctsec.authn.strength",
}
__all__ = [
    "Accounts",
    "Addresses",
    "Argon2Bounds",
    "Argon2Hasher",
    "Argon2Parameters",
    "AsyncAccounts",
    "AsyncAddresses",
    "AsyncArgon2Hasher",
    "AsyncDeviceList",
    "AsyncOwing",
    "AsyncSessions",
    "AsyncSignIn",
    "DeviceList",
    "Duty",
    "EnrolmentRequired",
    "ImportedAccount",
    "KnownDevice",
    "LinkRequested",
    "MfaRequired",
    "Owing",
    "PasswordChangeRequired",
    "PasswordHint",
    "PasswordLevel",
    "PlaceNames",
    "Session",
    "SessionPolicy",
    "Sessions",
    "SignIn",
    "SignInStep",
    "SignedIn",
    "Weakness",
    "calibrate",
    "check_password",
    "password_hint",
]

__getattr__ = face(__name__, _HOME)
