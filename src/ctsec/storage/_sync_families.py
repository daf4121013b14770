# Generated from src/ctsec/storage/_async_families.py by tools/twin.py; edit that file.
"""Record families of the store that belong together: single sign-on, life cycle, log (async source)."""

from __future__ import annotations

from typing import Protocol

from ctsec.audit.alerts._sync_ports import AlertRecords
from ctsec.audit.erasure._sync_ports import ErasureRecords
from ctsec.audit.retention._sync_ports import RetentionRecords
from ctsec.audit.streams._sync_ports import PositionRecords
from ctsec.connections._sync_ports import AppRecords
from ctsec.directory._sync_lifecycle_ports import LifecycleRecords, ParkedRecords
from ctsec.directory._sync_service_ports import ServiceAccountRecords
from ctsec.keys._sync_owner_ports import KeyLists, KeyPolicyRecords
from ctsec.keys._sync_workload_ports import WorkloadRuleRecords
from ctsec.sso._sync_domain_ports import DomainClaimRecords
from ctsec.sso._sync_record_ports import (
    ConnectionRecords,
    EntranceRecords,
    GlassCodeRecords,
    GrantRecords,
    IdentityRecords,
)
from ctsec.sso.scim._sync_ports import (
    ScimConnectionRecords,
    ScimGroupRecords,
    ScimMemberRecords,
    ScimUserRecords,
)


class SsoFamilies(Protocol):
    """What is kept of organizations' providers."""

    @property
    def domain_claims(self) -> DomainClaimRecords:
        """Claims of domains."""
        ...

    @property
    def connections(self) -> ConnectionRecords:
        """Connections to identity providers."""
        ...

    @property
    def identities(self) -> IdentityRecords:
        """Whose account an identity at a provider is."""
        ...

    @property
    def entrances(self) -> EntranceRecords:
        """From when on organizations are entered through their provider only."""
        ...

    @property
    def glass_codes(self) -> GlassCodeRecords:
        """Break-glass codes of owners."""
        ...

    @property
    def grants(self) -> GrantRecords:
        """What sessions through providers rest on."""
        ...

    @property
    def scim_connections(self) -> ScimConnectionRecords:
        """SCIM connections and their credentials."""
        ...

    @property
    def scim_users(self) -> ScimUserRecords:
        """Users that providers pushed."""
        ...

    @property
    def scim_groups(self) -> ScimGroupRecords:
        """Groups that providers pushed."""
        ...

    @property
    def scim_members(self) -> ScimMemberRecords:
        """Who is in which of them."""
        ...


class PeopleFamilies(Protocol):
    """What is kept of people's coming and going."""

    @property
    def lifecycle(self) -> LifecycleRecords:
        """What organizations say of people who leave or are not there."""
        ...

    @property
    def parked(self) -> ParkedRecords:
        """Workspace roles of people who left."""
        ...


class KeyFamilies(Protocol):
    """What is kept of the owners of API keys, and of what organizations ask of keys."""

    @property
    def service_accounts(self) -> ServiceAccountRecords:
        """Service accounts."""
        ...

    @property
    def key_lists(self) -> KeyLists:
        """API keys of whole organizations."""
        ...

    @property
    def key_policies(self) -> KeyPolicyRecords:
        """What organizations ask of API keys."""
        ...

    @property
    def workload_rules(self) -> WorkloadRuleRecords:
        """Rules of workload identity."""
        ...


class AppFamilies(Protocol):
    """What is kept of connected apps, beside their tokens."""

    @property
    def apps(self) -> AppRecords:
        """Connections."""
        ...


class LogFamilies(Protocol):
    """What is kept of what is done with the logs, beside the logs themselves (`ctsec.audit.ports.SealedStore`)."""

    @property
    def retention(self) -> RetentionRecords:
        """The plans of the logs, and the holds on them."""
        ...

    @property
    def erasures(self) -> ErasureRecords:
        """Erasures of persons."""
        ...

    @property
    def positions(self) -> PositionRecords:
        """How far streams and anchors of the logs are."""
        ...

    @property
    def alerts(self) -> AlertRecords:
        """What fired over the logs."""
        ...
