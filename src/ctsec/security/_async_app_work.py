"""What a unit of work does with connected apps, made together (async source)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Unpack

from ctsec.ambient import Ambient, Request
from ctsec.audit._async import AsyncAsideLog
from ctsec.audit._async_ports import AsyncRecorder
from ctsec.audit.event import Telling, build
from ctsec.connections._async import AsyncAppParts, AsyncConnectedApps
from ctsec.connections._async_ages import AsyncAppAges
from ctsec.connections._async_endings import AsyncAppEndings
from ctsec.connections._async_pending import AsyncPendingConsents
from ctsec.connections._async_ports import AsyncAppRights, AsyncAppSealer
from ctsec.connections._async_tokens import AsyncAppTokens
from ctsec.guard._async_ports import AsyncGuardStore
from ctsec.ids import OrganizationId
from ctsec.keys._async_owner_ports import AsyncKeyPolicyRecords
from ctsec.security.parts import Parts
from ctsec.storage._async_ports import AsyncStorage, AsyncStore


@dataclass(frozen=True, slots=True, kw_only=True)
class AsyncAppWork:
    """Connections, their tokens, consents on their way, connections that have ended, and which may be kept alive."""

    apps: AsyncConnectedApps
    tokens: AsyncAppTokens
    consents: AsyncPendingConsents
    endings: AsyncAppEndings
    ages: AsyncAppAges


def app_parts(store: AsyncStore, *, guard: AsyncGuardStore, rights: AsyncAppRights) -> AsyncAppParts:
    """Return what connected apps are kept in and judged with."""
    return AsyncAppParts(records=store.apps, tokens=guard.app_tokens, rights=rights, rules=_AsyncRulesOfGrants(store.key_policies))


def app_work(
    store: AsyncStore,
    *,
    guard: AsyncGuardStore,
    rights: AsyncAppRights,
    ring: AsyncAppSealer,
    audit: AsyncRecorder,
    ambient: Ambient,
) -> AsyncAppWork:
    """Return it; `ring` seals without a transaction, and so where one that writes may not be opened."""
    parts = app_parts(store, guard=guard, rights=rights)
    return AsyncAppWork(
        apps=AsyncConnectedApps(parts, audit=audit, ambient=ambient),
        tokens=AsyncAppTokens(guard.app_tokens, sealer=ring, audit=audit, ambient=ambient),
        consents=AsyncPendingConsents(guard.proofs, sealer=ring, ambient=ambient),
        endings=AsyncAppEndings(store.apps, audit=audit, ambient=ambient),
        ages=AsyncAppAges(store.apps, rules=parts.rules, ambient=ambient),
    )


@dataclass(frozen=True, slots=True)
class _AsyncRulesOfGrants:
    """What organizations ask of consents: it stands beside what they ask of keys."""

    policies: AsyncKeyPolicyRecords

    async def longest_grant(self, organization: OrganizationId, /) -> timedelta | None:
        """Return after how long a person has to consent again (None: never)."""
        found = await self.policies.get(organization)
        return found.longest_grant if found is not None else None


@dataclass(frozen=True, slots=True)
class AsyncAppBeside:
    """What tokens are handed out with: no transaction, since who holds a connection of the main store must wait for no other one."""

    storage: AsyncStorage
    ring: AsyncAppSealer
    aside: AsyncAsideLog
    parts: Parts
    ambient: Ambient

    def tokens(self, request: Request | None) -> AsyncAppTokens:
        """Return the tokens of connected apps, for a request."""
        ambient = Ambient(clock=self.ambient.clock, random=self.ambient.random, request=request or Request())
        notes = _AsyncNotes(self.aside, ambient)
        return AsyncAppTokens(self.storage.guard.app_tokens, sealer=self.ring, audit=notes, ambient=ambient)


@dataclass(frozen=True, slots=True)
class _AsyncNotes:
    """Writes events of a request aside."""

    aside: AsyncAsideLog
    ambient: Ambient

    async def note_aside(self, name: str, **told: Unpack[Telling]) -> None:
        """Write an event, committed before this returns."""
        await self.aside.record_aside(build(name, ambient=self.ambient, **told))
