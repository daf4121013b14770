"""The vault: credentials that an organization's people keep for their programs, sealed, narrow, rotated on a schedule.

Names are resolved at first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctsec.lazy import face

if TYPE_CHECKING:
    from ctsec.vault._async import AsyncVault as AsyncVault
    from ctsec.vault._sync import Vault as Vault
    from ctsec.vault.record import AccessMode as AccessMode
    from ctsec.vault.record import Disclosure as Disclosure
    from ctsec.vault.record import VaultCredential as VaultCredential
    from ctsec.vault.record import VaultKind as VaultKind
    from ctsec.vault.record import VaultWish as VaultWish

_HOME = {
    "AccessMode": "ctsec.vault.record",
    "AsyncVault": "ctsec.vault._async",
    "Disclosure": "ctsec.vault.record",
    "Vault": "ctsec.vault._sync",
    "VaultCredential": "ctsec.vault.record",
    "VaultKind": "ctsec.vault.record",
    "VaultWish": "ctsec.vault.record",
}
__all__ = [
    "AccessMode",
    "AsyncVault",
    "Disclosure",
    "Vault",
    "VaultCredential",
    "VaultKind",
    "VaultWish",
]

__getattr__ = face(__name__, _HOME)
