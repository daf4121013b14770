# Generated from src/ctsec/connections/_async_ports.py by tools/twin.py; edit that file.
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


class AppRecords(Protocol):
    """Connections, in the main store."""

    def add(self, app: AppConnection) -> None:
        """Insert a connection."""
        ...

    def get(self, app_id: AppId) -> AppConnection | None:
        """Return a connection, one that has ended too."""
        ...

    def replace(self, app: AppConnection) -> bool:
        """Write if the stored version is one less; True if written."""
        ...

    def remove(self, app_id: AppId) -> bool:
        """Delete a connection; False if there is none."""
        ...

    def of_organization(self, organization_id: OrganizationId) -> tuple[AppConnection, ...]:
        """Return the connections of an organization and its people that have not ended, in the order of ids."""
        ...

    def end_of_person(self, organization_id: OrganizationId, user_id: UserId, *, now: datetime) -> tuple[AppConnection, ...]:
        """End every connection of a person in an organization; return those that were live, as they are now, in the order of ids."""
        ...

    def due(self, *, now: datetime, limit: int) -> tuple[AppConnection, ...]:
        """Return ended connections whose tokens are to be given back by now, those that have waited longest first."""
        ...


class AppTokenRecords(Protocol):
    """Tokens, in the guard store: every method commits before it returns."""

    def get(self, app_id: AppId) -> StoredTokens | None:
        """Return the tokens of a connection."""
        ...

    def of(self, app_ids: tuple[AppId, ...]) -> tuple[StoredTokens, ...]:
        """Return the tokens of connections, in the order of ids."""
        ...

    def of_organization(self, organization_id: OrganizationId, *, after: str, limit: int) -> tuple[StoredTokens, ...]:
        """Return the tokens of an organization's connections with an id above `after`, in the order of ids."""
        ...

    def to_keep(self, *, now: datetime, limit: int) -> tuple[StoredTokens, ...]:
        """Return live tokens to be refreshed though nobody asks, that nobody refreshes and whose last failure was waited out.

        Those that are due longest come first.
        """
        ...

    def add(self, tokens: StoredTokens) -> bool:
        """Insert tokens; False if the connection has some."""
        ...

    def replace(self, tokens: StoredTokens) -> bool:
        """Write if the stored version is one less; True for exactly one caller."""
        ...

    def remove(self, app_id: AppId) -> bool:
        """Delete the tokens of a connection; False if there are none."""
        ...


class AppRights(Protocol):
    """Who may do what with connections, answered by the roles feature."""

    def may(self, actor: Principal, *, organization: OrganizationId, permission: str, lock: bool = True) -> Refusal | None:
        """Return why `actor` may not use an organization permission, or None; owners and admins may what no policy names."""
        ...

    def may_own(self, actor: Principal, *, organization: OrganizationId, permission: str, lock: bool = True) -> Refusal | None:
        """Return why `actor` may not have something of their own, or None; where no policy names it, every member may."""
        ...


class GrantRules(Protocol):
    """What an organization asks of consents."""

    def longest_grant(self, organization: OrganizationId, /) -> timedelta | None:
        """Return after how long a person has to consent again (None: never)."""
        ...


class AppNotes(Protocol):
    """Where events of tokens go: aside, without a transaction."""

    def note_aside(self, name: str, **told: Unpack[Telling]) -> None:
        """Write an event through the guard store, committed before this returns."""
        ...


class AppSealer(Protocol):
    """Tokens at rest."""

    def seal(self, plaintext: bytes, *, context: Context, region: str = ...) -> bytes:
        """Return a managed blob under the data key of the context's organization."""
        ...

    def open(self, blob: bytes, *, context: Context) -> bytes:
        """Return the plaintext; raise DecryptionFailed if the blob belongs to another context."""
        ...


class AppFetches(Protocol):
    """Fetches over https, guarded as `ctsec.transport.fetch` is."""

    def fetch(self, request: HttpRequest, *, reach: Reach, hosts: frozenset[str] | None) -> HttpAnswer:
        """Return the answer; raise a FetchError if there is none, or the address may not be asked."""
        ...


class Pause(Protocol):
    """Waits for a moment; an event loop goes on meanwhile."""

    def __call__(self, seconds: float, /) -> None:
        """Return after some seconds."""
        ...
