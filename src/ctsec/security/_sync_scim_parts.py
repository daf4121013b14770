# Generated from src/ctsec/security/_async_scim_parts.py by tools/twin.py; edit that file.
"""What the services of SCIM are made of, from the store and the services beside them (async source)."""

from __future__ import annotations

from dataclasses import dataclass

from ctsec.ambient import Ambient
from ctsec.audit._sync_ports import Recorder
from ctsec.directory._sync_departures import Departures
from ctsec.rbac._sync_authority import Authority
from ctsec.sso._sync_provisioning import Provisioning
from ctsec.sso.scim._sync_connections import ScimConnectionParts, ScimConnections
from ctsec.sso.scim._sync_groups import ScimGroups
from ctsec.sso.scim._sync_mapping import ScimMapping, ScimMappingParts
from ctsec.sso.scim._sync_people import ScimPeople, ScimPeopleParts
from ctsec.sso.scim._sync_reads import ScimReadParts, ScimReads
from ctsec.sso.scim._sync_same import SamePeople
from ctsec.sso.scim._sync_settling import ScimSettling
from ctsec.storage._sync_ports import Store


def scim_people_parts(store: Store, *, provisioning: Provisioning, departures: Departures) -> ScimPeopleParts:
    """Return what pushed users and groups are kept in and carried out with."""
    return ScimPeopleParts(
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
        same=SamePeople(store.scim_connections, store.scim_users, store.identities),
    )


def scim_read_parts(store: Store) -> ScimReadParts:
    """Return what SCIM reads."""
    return ScimReadParts(
        records=store.scim_connections,
        connections=store.connections,
        users=store.scim_users,
        groups=store.scim_groups,
        members=store.scim_members,
    )


def scim_mapping_parts(store: Store, *, rights: Authority) -> ScimMappingParts:
    """Return what is compared with what a provider pushed."""
    return ScimMappingParts(
        records=store.scim_connections,
        connections=store.connections,
        users=store.scim_users,
        roster=store.roster,
        rights=rights,
    )


@dataclass(frozen=True, slots=True)
class Scim:
    """The services of SCIM over one transaction.

    `connections` and `mapping` are for administrators and `settling` is for the worker; the SCIM routes call the rest.
    """

    connections: ScimConnections
    reads: ScimReads
    people: ScimPeople
    groups: ScimGroups
    mapping: ScimMapping
    settling: ScimSettling


def scim_services(parts: ScimPeopleParts, store: Store, *, rights: Authority, audit: Recorder, ambient: Ambient) -> Scim:
    """Return the services of SCIM."""
    own = ScimConnectionParts(records=store.scim_connections, connections=store.connections, memberships=store.memberships, rights=rights)
    people, reads = ScimPeople(parts, audit=audit, ambient=ambient), ScimReads(scim_read_parts(store), ambient=ambient)
    return Scim(
        ScimConnections(own, audit=audit, ambient=ambient),
        reads,
        people,
        ScimGroups(parts, people=people, audit=audit, ambient=ambient),
        ScimMapping(scim_mapping_parts(store, rights=rights), people=people, audit=audit),
        ScimSettling(parts, people=people, reads=reads),
    )
