"""What a store has for single sign-on, made together (async source)."""

from __future__ import annotations

from typing import TypedDict

from ctsec.storage.memory._async_domain_claims import AsyncMemoryDomainClaims
from ctsec.storage.memory._async_entrances import AsyncMemoryEntrances, AsyncMemoryGlassCodes
from ctsec.storage.memory._async_grants import AsyncMemoryGrants
from ctsec.storage.memory._async_scim import (
    AsyncMemoryScimConnections,
    AsyncMemoryScimGroups,
    AsyncMemoryScimMembers,
    AsyncMemoryScimUsers,
    async_scim,
)
from ctsec.storage.memory._async_sso import AsyncMemoryConnections, AsyncMemoryIdentities
from ctsec.storage.memory.state import Transaction


class AsyncMemorySingleSignOn(TypedDict):
    """What a store has for single sign-on."""

    connections: AsyncMemoryConnections
    identities: AsyncMemoryIdentities
    entrances: AsyncMemoryEntrances
    glass_codes: AsyncMemoryGlassCodes
    domain_claims: AsyncMemoryDomainClaims
    grants: AsyncMemoryGrants
    scim_connections: AsyncMemoryScimConnections
    scim_users: AsyncMemoryScimUsers
    scim_groups: AsyncMemoryScimGroups
    scim_members: AsyncMemoryScimMembers


def async_single_sign_on(tx: Transaction) -> AsyncMemorySingleSignOn:
    """Return what a store has for single sign-on."""
    return {
        "connections": AsyncMemoryConnections(tx),
        "identities": AsyncMemoryIdentities(tx),
        "entrances": AsyncMemoryEntrances(tx),
        "glass_codes": AsyncMemoryGlassCodes(tx),
        "domain_claims": AsyncMemoryDomainClaims(tx),
        "grants": AsyncMemoryGrants(tx),
        **async_scim(tx),
    }
