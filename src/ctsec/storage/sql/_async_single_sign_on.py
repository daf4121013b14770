"""What a store has for single sign-on, made together (async source)."""

from __future__ import annotations

from typing import TypedDict

from ctsec.storage.sql._async_domain_claims import AsyncSqlDomainClaims
from ctsec.storage.sql._async_entrances import AsyncSqlEntrances, AsyncSqlGlassCodes
from ctsec.storage.sql._async_executor import AsyncExecutor
from ctsec.storage.sql._async_grants import AsyncSqlGrants
from ctsec.storage.sql._async_scim import AsyncSqlScimConnections, AsyncSqlScimGroups, AsyncSqlScimMembers, AsyncSqlScimUsers, async_scim
from ctsec.storage.sql._async_sso import AsyncSqlConnections, AsyncSqlIdentities
from ctsec.storage.sql.tables import Tables


class AsyncSqlSingleSignOn(TypedDict):
    """What a store has for single sign-on."""

    connections: AsyncSqlConnections
    identities: AsyncSqlIdentities
    entrances: AsyncSqlEntrances
    glass_codes: AsyncSqlGlassCodes
    domain_claims: AsyncSqlDomainClaims
    grants: AsyncSqlGrants
    scim_connections: AsyncSqlScimConnections
    scim_users: AsyncSqlScimUsers
    scim_groups: AsyncSqlScimGroups
    scim_members: AsyncSqlScimMembers


def async_single_sign_on(run: AsyncExecutor, tables: Tables) -> AsyncSqlSingleSignOn:
    """Return what a store has for single sign-on."""
    return {
        "connections": AsyncSqlConnections(run, tables),
        "identities": AsyncSqlIdentities(run, tables),
        "entrances": AsyncSqlEntrances(run, tables),
        "glass_codes": AsyncSqlGlassCodes(run, tables),
        "domain_claims": AsyncSqlDomainClaims(run, tables),
        "grants": AsyncSqlGrants(run, tables),
        **async_scim(run, tables),
    }
