"""What connected apps need from outside (async source; the sync colour is generated from it)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol, Unpack

from ctsec.audit.event import Telling
from ctsec.connections.record import AppConnection, StoredTokens
from ctsec.encryption.context import Context
from ctsec.ids import AppId, OrganizationId, UserId
from ctsec.outcome import Refusal
from ctsec.principal import Principal
from ctsec.transport.reach import Reach
from ctsec.transport.request import HttpAnswer, HttpRequest


class AsyncAppRecords(Protocol):
    """Connections, in the main store."""

    async def add(self, app: AppConnection) -> None:
        """Insert a connection."""
        ...

    async def get(self, app_id: AppId) -> AppConnection | None:
        """Return a connection, one that has ended too."""
        ...

    async def replace(self, app: AppConnection) -> bool:
        """Write if the stored version is one less; True if written."""
        ...

    async def remove(self, app_id: AppId) -> bool:
        """Delete a connection; False if there is none."""
        ...

    async def of_organization(self, organization_id: OrganizationId) -> tuple[AppConnection, ...]:
        """Return the connections of an organization and its people that have not ended, in the order of ids."""
        ...

    async def end_of_person(self, organization_id: OrganizationId, user_id: UserId, *, now: datetime) -> tuple[AppConnection, ...]:
        """End every connection of a person in an organization; return those that were live, as they are now, in the order of ids."""
        ...

    async def due(self, *, now: datetime, limit: int) -> tuple[AppConnection, ...]:
        """Return ended connections whose tokens are to be given back by now, those that have waited longest first."""
        ...


class AsyncAppTokenRecords(Protocol):
    """Tokens, in the guard store: every method commits before it returns."""

    async def get(self, app_id: AppId) -> StoredTokens | None:
        """Return the tokens of a connection."""
        ...

    async def of(self, app_ids: tuple[AppId, ...]) -> tuple[StoredTokens, ...]:
        """Return the tokens of connections, in the order of ids."""
        ...

    async def of_organization(self, organization_id: OrganizationId, *, after: str, limit: int) -> tuple[StoredTokens, ...]:
        """Return the tokens of an organization's connections with an id above `after`, in the order of ids."""
        ...

    async def to_keep(self, *, now: datetime, limit: int) -> tuple[StoredTokens, ...]:
        """Return live tokens to be refreshed though nobody asks, that nobody refreshes and whose last failure was waited out.

        Those that are due longest come first.
        """
        ...

    async def add(self, tokens: StoredTokens) -> bool:
        """Insert tokens; False if the connection has some."""
        ...

    async def replace(self, tokens: StoredTokens) -> bool:
        """Write if the stored version is one less; True for exactly one caller."""
        ...

    async def remove(self, app_id: AppId) -> bool:
        """Delete the tokens of a connection; False if there are none."""
        ...


class AsyncAppRights(Protocol):
    """Who may do what with connections, answered by the roles feature."""

    async def may(self, actor: Principal, *, organization: OrganizationId, permission: str, lock: bool = True) -> Refusal | None:
        """Return why `actor` may not use an organization permission, or None; owners and admins may what no policy names."""
        ...

    async def may_own(self, actor: Principal, *, organization: OrganizationId, permission: str, lock: bool = True) -> Refusal | None:
        """Return why `actor` may not have something of their own, or None; where no policy names it, every member may."""
        ...


class AsyncGrantRules(Protocol):
    """What an organization asks of consents."""

    async def longest_grant(self, organization: OrganizationId, /) -> timedelta | None:
        """Return after how long a person has to consent again (None: never)."""
        ...


class AsyncAppNotes(Protocol):
    """Where events of tokens go: aside, without a transaction."""

    async def note_aside(self, name: str, **told: Unpack[Telling]) -> None:
        """Write an event through the guard store, committed before this returns."""
        ...


class AsyncAppSealer(Protocol):
    """Tokens at rest."""

    async def seal(self, plaintext: bytes, *, context: Context, region: str = ...) -> bytes:
        """Return a managed blob under the data key of the context's organization."""
        ...

    async def open(self, blob: bytes, *, context: Context) -> bytes:
        """Return the plaintext; raise DecryptionFailed if the blob belongs to another context."""
        ...


class AsyncAppFetches(Protocol):
    """Fetches over https, guarded as `ctsec.transport.fetch` is."""

    async def fetch(self, request: HttpRequest, *, reach: Reach, hosts: frozenset[str] | None) -> HttpAnswer:
        """Return the answer; raise a FetchError if there is none, or the address may not be asked."""
        ...


class AsyncPause(Protocol):
    """Waits for a moment; an event loop goes on meanwhile."""

    async def __call__(self, seconds: float, /) -> None:
        """Return after some seconds."""
        ...
