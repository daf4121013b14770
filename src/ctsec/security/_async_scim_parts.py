"""What the services of SCIM are made of, from the store and the services beside them (async source)."""

from __future__ import annotations

from dataclasses import dataclass

from ctsec.ambient import Ambient
from ctsec.audit._async_ports import AsyncRecorder
from ctsec.directory._async_departures import AsyncDepartures
from ctsec.rbac._async_authority import AsyncAuthority
from ctsec.sso._async_provisioning import AsyncProvisioning
from ctsec.sso.scim._async_connections import AsyncScimConnectionParts, AsyncScimConnections
from ctsec.sso.scim._async_groups import AsyncScimGroups
from ctsec.sso.scim._async_mapping import AsyncScimMapping, AsyncScimMappingParts
from ctsec.sso.scim._async_people import AsyncScimPeople, AsyncScimPeopleParts
from ctsec.sso.scim._async_reads import AsyncScimReadParts, AsyncScimReads
from ctsec.sso.scim._async_same import AsyncSamePeople
from ctsec.sso.scim._async_settling import AsyncScimSettling
from ctsec.storage._async_ports import AsyncStore


def scim_people_parts(store: AsyncStore, *, provisioning: AsyncProvisioning, departures: AsyncDepartures) -> AsyncScimPeopleParts:
    """Return what pushed users and groups are kept in and carried out with."""
    return AsyncScimPeopleParts(
        records=store.scim_connections,
        users=store.scim_users,
        groups=store.scim_groups,
        members=store.scim_members,
        accounts=store.users,
        domains=store.domains,
        organizations=store.organizations,
        memberships=store.memberships,
        departures=departures,
        provisioning=provisioning,
        same=AsyncSamePeople(store.scim_connections, store.scim_users, store.identities),
    )


def scim_read_parts(store: AsyncStore) -> AsyncScimReadParts:
    """Return what SCIM reads."""
    return AsyncScimReadParts(
        records=store.scim_connections,
        connections=store.connections,
        users=store.scim_users,
        groups=store.scim_groups,
        members=store.scim_members,
    )


def scim_mapping_parts(store: AsyncStore, *, rights: AsyncAuthority) -> AsyncScimMappingParts:
    """Return what is compared with what a provider pushed."""
    return AsyncScimMappingParts(
        records=store.scim_connections,
        connections=store.connections,
        users=store.scim_users,
        roster=store.roster,
        rights=rights,
    )


@dataclass(frozen=True, slots=True)
class AsyncScim:
    """The services of SCIM over one transaction.

    `connections` and `mapping` are for administrators and `settling` is for the worker; the SCIM routes call the rest.
    """

    connections: AsyncScimConnections
    reads: AsyncScimReads
    people: AsyncScimPeople
    groups: AsyncScimGroups
    mapping: AsyncScimMapping
    settling: AsyncScimSettling


def scim_services(
    parts: AsyncScimPeopleParts, store: AsyncStore, *, rights: AsyncAuthority, audit: AsyncRecorder, ambient: Ambient
) -> AsyncScim:
    """Return the services of SCIM."""
    own = AsyncScimConnectionParts(
        records=store.scim_connections, connections=store.connections, memberships=store.memberships, rights=rights
    )
    people, reads = AsyncScimPeople(parts, audit=audit, ambient=ambient), AsyncScimReads(scim_read_parts(store), ambient=ambient)
    return AsyncScim(
        AsyncScimConnections(own, audit=audit, ambient=ambient),
        reads,
        people,
        AsyncScimGroups(parts, people=people, audit=audit, ambient=ambient),
        AsyncScimMapping(scim_mapping_parts(store, rights=rights), people=people, audit=audit),
        AsyncScimSettling(parts, people=people, reads=reads),
    )
