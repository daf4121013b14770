# Generated from src/ctsec/security/_async_app_work.py by tools/twin.py; edit that file.
"""What a unit of work does with connected apps, made together (async source)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Unpack

from ctsec.ambient import Ambient, Request
from ctsec.audit._sync import AsideLog
from ctsec.audit._sync_ports import Recorder
from ctsec.audit.event import Telling, build
from ctsec.connections._sync import AppParts, ConnectedApps
from ctsec.connections._sync_ages import AppAges
from ctsec.connections._sync_endings import AppEndings
from ctsec.connections._sync_pending import PendingConsents
from ctsec.connections._sync_ports import AppRights, AppSealer
from ctsec.connections._sync_tokens import AppTokens
from ctsec.guard._sync_ports import GuardStore
from ctsec.ids import OrganizationId
from ctsec.keys._sync_owner_ports import KeyPolicyRecords
from ctsec.security.parts import Parts
from ctsec.storage._sync_ports import Storage, Store


@dataclass(frozen=True, slots=True, kw_only=True)
class AppWork:
    """Connections, their tokens, consents on their way, connections that have ended, and which may be kept alive."""

    apps: ConnectedApps
    tokens: AppTokens
    consents: PendingConsents
    endings: AppEndings
    ages: AppAges


def app_parts(store: Store, *, guard: GuardStore, rights: AppRights) -> AppParts:
    """Return what connected apps are kept in and judged with."""
    return AppParts(records=store.apps, tokens=guard.app_tokens, rights=rights, rules=_RulesOfGrants(store.key_policies))


def app_work(
    store: Store,
    *,
    guard: GuardStore,
    rights: AppRights,
    ring: AppSealer,
    audit: Recorder,
    ambient: Ambient,
) -> AppWork:
    """Return it; `ring` seals without a transaction, and so where one that writes may not be opened."""
    parts = app_parts(store, guard=guard, rights=rights)
    return AppWork(
        apps=ConnectedApps(parts, audit=audit, ambient=ambient),
        tokens=AppTokens(guard.app_tokens, sealer=ring, audit=audit, ambient=ambient),
        consents=PendingConsents(guard.proofs, sealer=ring, ambient=ambient),
        endings=AppEndings(store.apps, audit=audit, ambient=ambient),
        ages=AppAges(store.apps, rules=parts.rules, ambient=ambient),
    )


@dataclass(frozen=True, slots=True)
class _RulesOfGrants:
    """What organizations ask of consents: it stands beside what they ask of keys."""

    policies: KeyPolicyRecords

    def longest_grant(self, organization: OrganizationId, /) -> timedelta | None:
        """Return after how long a person has to consent again (None: never)."""
        found = self.policies.get(organization)
        return found.longest_grant if found is not None else None


@dataclass(frozen=True, slots=True)
class AppBeside:
    """What tokens are handed out with: no transaction, since who holds a connection of the main store must wait for no other one."""

    storage: Storage
    ring: AppSealer
    aside: AsideLog
    parts: Parts
    ambient: Ambient

    def tokens(self, request: Request | None) -> AppTokens:
        """Return the tokens of connected apps, for a request."""
        ambient = Ambient(clock=self.ambient.clock, random=self.ambient.random, request=request or Request())
        notes = _Notes(self.aside, ambient)
        return AppTokens(self.storage.guard.app_tokens, sealer=self.ring, audit=notes, ambient=ambient)


@dataclass(frozen=True, slots=True)
class _Notes:
    """Writes events of a request aside."""

    aside: AsideLog
    ambient: Ambient

    def note_aside(self, name: str, **told: Unpack[Telling]) -> None:
        """Write an event, committed before this returns."""
        self.aside.record_aside(build(name, ambient=self.ambient, **told))
