# Generated from src/ctsec/security/_async_key_parts.py by tools/twin.py; edit that file.
"""What the services of API keys and of those who own them are made of (async source)."""

from __future__ import annotations

from ctsec.ambient import Ambient
from ctsec.audit._sync_ports import Recorder
from ctsec.directory._sync_service_accounts import ServiceAccountParts
from ctsec.encryption._sync_ports import Sealer
from ctsec.keys._sync import ApiKeyParts
from ctsec.keys._sync_key_rules import KeyRules
from ctsec.rbac._sync_acting import Acting
from ctsec.rbac._sync_authority import Authority
from ctsec.security._sync_leavers import belongings_of
from ctsec.security.parts import Parts
from ctsec.storage._sync_ports import Store


def key_parts(store: Store, *, rights: Authority, sealer: Sealer, parts: Parts) -> ApiKeyParts:
    """Return what API keys are kept in, and their secrets under."""
    return ApiKeyParts(
        records=store.api_keys,
        policies=store.key_policies,
        rights=rights,
        epochs=store.epochs,
        sealer=sealer,
        ring=parts.key_peppers,
        policy=parts.settings.keys,
    )


def account_parts(store: Store, *, authority: Authority, acting: Acting) -> ServiceAccountParts:
    """Return what service accounts are kept in."""
    return ServiceAccountParts(
        accounts=store.service_accounts,
        memberships=store.memberships,
        organizations=store.organizations,
        keys=store.api_keys,
        rules=store.workload_rules,
        authority=authority,
        belongings=belongings_of(store, acting=acting),
        epochs=store.epochs,
    )


def rules_of_keys(store: Store, *, rights: Authority, parts: Parts, audit: Recorder, ambient: Ambient) -> KeyRules:
    """Return the rules of organizations for API keys."""
    return KeyRules(
        policies=store.key_policies,
        lists=store.key_lists,
        rights=rights,
        epochs=store.epochs,
        deployment=parts.settings.keys,
        audit=audit,
        ambient=ambient,
    )
