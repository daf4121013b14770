# Generated from src/ctsec/storage/sql/_async_single_sign_on.py by tools/twin.py; edit that file.
"""What a store has for single sign-on, made together (async source)."""

from __future__ import annotations

from typing import TypedDict

from ctsec.storage.sql._sync_domain_claims import SqlDomainClaims
from ctsec.storage.sql._sync_entrances import SqlEntrances, SqlGlassCodes
from ctsec.storage.sql._sync_executor import Executor
from ctsec.storage.sql._sync_grants import SqlGrants
from ctsec.storage.sql._sync_scim import SqlScimConnections, SqlScimGroups, SqlScimMembers, SqlScimUsers, sync_scim
from ctsec.storage.sql._sync_sso import SqlConnections, SqlIdentities
from ctsec.storage.sql.tables import Tables


class SqlSingleSignOn(TypedDict):
    """What a store has for single sign-on."""

    connections: SqlConnections
    identities: SqlIdentities
    entrances: SqlEntrances
    glass_codes: SqlGlassCodes
    domain_claims: SqlDomainClaims
    grants: SqlGrants
    scim_connections: SqlScimConnections
    scim_users: SqlScimUsers
    scim_groups: SqlScimGroups
    scim_members: SqlScimMembers


def sync_single_sign_on(run: Executor, tables: Tables) -> SqlSingleSignOn:
    """Return what a store has for single sign-on."""
    return {
        "connections": SqlConnections(run, tables),
        "identities": SqlIdentities(run, tables),
        "entrances": SqlEntrances(run, tables),
        "glass_codes": SqlGlassCodes(run, tables),
        "domain_claims": SqlDomainClaims(run, tables),
        "grants": SqlGrants(run, tables),
        **sync_scim(run, tables),
    }
