# Generated from src/ctsec/storage/memory/_async_single_sign_on.py by tools/twin.py; edit that file.
"""What a store has for single sign-on, made together (async source)."""

from __future__ import annotations

from typing import TypedDict

from ctsec.storage.memory._sync_domain_claims import MemoryDomainClaims
from ctsec.storage.memory._sync_entrances import MemoryEntrances, MemoryGlassCodes
from ctsec.storage.memory._sync_grants import MemoryGrants
from ctsec.storage.memory._sync_scim import (
    MemoryScimConnections,
    MemoryScimGroups,
    MemoryScimMembers,
    MemoryScimUsers,
    sync_scim,
)
from ctsec.storage.memory._sync_sso import MemoryConnections, MemoryIdentities
from ctsec.storage.memory.state import Transaction


class MemorySingleSignOn(TypedDict):
    """What a store has for single sign-on."""

    connections: MemoryConnections
    identities: MemoryIdentities
    entrances: MemoryEntrances
    glass_codes: MemoryGlassCodes
    domain_claims: MemoryDomainClaims
    grants: MemoryGrants
    scim_connections: MemoryScimConnections
    scim_users: MemoryScimUsers
    scim_groups: MemoryScimGroups
    scim_members: MemoryScimMembers


def sync_single_sign_on(tx: Transaction) -> MemorySingleSignOn:
    """Return what a store has for single sign-on."""
    return {
        "connections": MemoryConnections(tx),
        "identities": MemoryIdentities(tx),
        "entrances": MemoryEntrances(tx),
        "glass_codes": MemoryGlassCodes(tx),
        "domain_claims": MemoryDomainClaims(tx),
        "grants": MemoryGrants(tx),
        **sync_scim(tx),
    }
