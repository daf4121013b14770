"""Connections of organizations to identity providers, and whose account an identity there is.

Rules that this module keeps:

- a connection belongs to one organization for ever; it signs people in only while it is enabled, and what it is made of is a value;
- an identity is (connection, issuer, subject), stored under one digest of the three, each behind its length; never an address;
- how an identity came to its account is remembered: what an owner did from inside counts for more than what an address says;
- the secret of a client is stored sealed, bound to its organization and its connection.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ctsec.encryption.context import Context
from ctsec.ids import ConnectionId, OrganizationId, UserId
from ctsec.sso.oidc.presets import Provider


class ConnectionState(StrEnum):
    """What may be done with a connection: DRAFT and DISABLED ones sign nobody in."""

    DRAFT = "draft"
    ENABLED = "enabled"
    DISABLED = "disabled"


class LinkedBy(StrEnum):
    """How an identity came to its account: made for it, found by its verified address or as whom its provider pushes, or linked by its
    signed-in person.
    """

    CREATED = "created"
    ADDRESS = "address"
    PUSHED = "pushed"
    PERSON = "person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A connection of an organization to a provider.

    `settings` is the text of `ctsec.sso.settings.ConnectionSettings`, `provisioning` that of `ctsec.sso.provisioning.ProvisioningSettings`.
    `tested_at` is when these very settings passed their test (None: not yet), `enabled_at` since when people may sign in through it:
    sessions from before count for nothing.
    `public_keys` are JWKs, the one that signs first; a connection with a secret has none.
    """

    id: ConnectionId
    organization_id: OrganizationId
    name: str
    provider: Provider
    client_id: str
    sealed_secret: bytes = field(repr=False)
    settings: str
    default_role: str
    state: ConnectionState
    created_by: str
    created_at: datetime
    tested_at: datetime | None = None
    enabled_at: datetime | None = None
    version: int = 1
    public_keys: str | None = None
    provisioning: str | None = None

    def carries(self, word_from: datetime) -> bool:
        """Tell whether a session that rests on its provider's word of then still counts."""
        return self.state is ConnectionState.ENABLED and self.enabled_at is not None and self.enabled_at <= word_from


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedIdentity:
    """Whose account an identity at a provider is; `attributes` is what was last read of the person for the host, as JSON text."""

    digest: bytes
    connection_id: ConnectionId
    organization_id: OrganizationId
    user_id: UserId
    issuer: str
    subject: str
    linked_by: LinkedBy
    linked_at: datetime
    attributes: str | None = None


def identity_digest(connection: str, issuer: str, subject: str) -> bytes:
    """Return under which digest an identity is stored: SHA-256 of its three parts, each behind its length in four bytes."""
    parts = [part.encode("utf-8", "surrogatepass") for part in (connection, issuer, subject)]
    return hashlib.sha256(b"".join(len(part).to_bytes(4, "big") + part for part in parts)).digest()


def client_secret_context(organization: OrganizationId, connection: ConnectionId) -> Context:
    """Return what the sealed secret of a connection is bound to."""
    return Context(organization=organization, table="sso_connection", row=connection, field="sealed_secret", purpose="sso")
