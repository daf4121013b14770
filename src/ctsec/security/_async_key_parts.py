"""What the services of API keys and of those who own them are made of (async source)."""

from __future__ import annotations

from ctsec.ambient import Ambient
from ctsec.audit._async_ports import AsyncRecorder
from ctsec.directory._async_service_accounts import AsyncServiceAccountParts
from ctsec.encryption._async_ports import AsyncSealer
from ctsec.keys._async import AsyncApiKeyParts
from ctsec.keys._async_key_rules import AsyncKeyRules
from ctsec.rbac._async_acting import AsyncActing
from ctsec.rbac._async_authority import AsyncAuthority
from ctsec.security._async_leavers import belongings_of
from ctsec.security.parts import Parts
from ctsec.storage._async_ports import AsyncStore


def key_parts(store: AsyncStore, *, rights: AsyncAuthority, sealer: AsyncSealer, parts: Parts) -> AsyncApiKeyParts:
    """Return what API keys are kept in, and their secrets under."""
    return AsyncApiKeyParts(
        records=store.api_keys,
        policies=store.key_policies,
        rights=rights,
        epochs=store.epochs,
        sealer=sealer,
        ring=parts.key_peppers,
        policy=parts.settings.keys,
    )


def account_parts(store: AsyncStore, *, authority: AsyncAuthority, acting: AsyncActing) -> AsyncServiceAccountParts:
    """Return what service accounts are kept in."""
    return AsyncServiceAccountParts(
        accounts=store.service_accounts,
        memberships=store.memberships,
        organizations=store.organizations,
        keys=store.api_keys,
        rules=store.workload_rules,
        authority=authority,
        belongings=belongings_of(store, acting=acting),
        epochs=store.epochs,
    )


def rules_of_keys(store: AsyncStore, *, rights: AsyncAuthority, parts: Parts, audit: AsyncRecorder, ambient: Ambient) -> AsyncKeyRules:
    """Return the rules of organizations for API keys."""
    return AsyncKeyRules(
        policies=store.key_policies,
        lists=store.key_lists,
        rights=rights,
        epochs=store.epochs,
        deployment=parts.settings.keys,
        audit=audit,
        ambient=ambient,
    )
