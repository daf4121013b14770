# Generated from src/ctsec/security/_async_key_loading.py by tools/twin.py; edit that file.
"""An API key as a cache holds it: prepared under its organization's policy, with what is known of its owner (async source)."""

from __future__ import annotations

from dataclasses import dataclass, field

from ctsec.directory.record import MembershipStatus
from ctsec.encryption._sync_ports import Sealer
from ctsec.errors import DecryptionFailed, KmsError
from ctsec.ids import KeyId, ServiceAccountId, UserId
from ctsec.keys._sync_roots import open_roots
from ctsec.keys.record import ApiKey, KeySecret
from ctsec.keys.verify import VerifiableKey, prepare
from ctsec.principal import PrincipalKind
from ctsec.secret import Secret
from ctsec.storage._sync_ports import Storage, Store
from ctsec.user import UserStatus


@dataclass(frozen=True, slots=True)
class LoadedKey:
    """A key that was read: `alive` says whether its owner is there and enabled, `enrolled` whether that is enough of a second factor.

    `roots` are what keys are derived from, of the secrets that have one; `unopened` is why one of them could not be opened, None if all
    were: the key itself does not need them.
    """

    prepared: VerifiableKey
    alive: bool
    enrolled: bool
    roots: tuple[tuple[KeySecret, Secret], ...] = field(default=(), repr=False)
    unopened: KmsError | DecryptionFailed | None = None


def load_key(storage: Storage, key_id: KeyId, *, sealer: Sealer) -> LoadedKey | None:
    """Return a key, read in one short transaction."""
    with storage.reading() as store:
        found = store.api_keys.get(key_id)
        if found is None:
            return None
        policy = store.key_policies.get(found[0].organization_id)
        alive, enrolled = _alive(store, found[0]), _meets_policy(store, found[0])
    roots, unopened = open_roots(found[0], found[1], sealer=sealer)
    return LoadedKey(prepare(found[0], secrets=found[1], policy=policy), alive, enrolled, roots, unopened)


def _alive(store: Store, key: ApiKey) -> bool:
    if key.owner_kind is PrincipalKind.SERVICE_ACCOUNT:
        account = store.service_accounts.get(key.organization_id, ServiceAccountId(key.owner_id))
        seat = store.memberships.get(key.organization_id, UserId(key.owner_id))
        return account is not None and seat is not None and seat.status is MembershipStatus.ACTIVE
    person = store.users.get(UserId(key.owner_id))
    return person is not None and person.status is UserStatus.ACTIVE


def _meets_policy(store: Store, key: ApiKey) -> bool:
    """Say whether the key's organization requires second factors and its owner has one; where it requires none, nobody asks.

    A service account is no person, so nothing is required of it: who was let to make its keys was judged then.
    """
    if key.owner_kind is PrincipalKind.SERVICE_ACCOUNT:
        return True
    if store.organizations.mfa_policy(key.organization_id) is None:
        return False
    owner = UserId(key.owner_id)
    confirmed = any(each.confirmed_at is not None for each in store.authenticators.of_user(owner))
    return confirmed or bool(store.passkeys.of_user(owner))
