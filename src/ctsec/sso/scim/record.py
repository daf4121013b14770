"""What is kept of SCIM: the connection of an organization, its tokens, and the users and groups that its provider pushed.

Rules that this module keeps:

- everything belongs to one connection, and with it to one organization, for ever;
- the id of a resource is ours; `externalId` and `userName` are words of the provider, and identify nobody outside of the connection;
- names are found by a digest of their folded form, so that no length and no script of them matters to an index;
- a user may be nobody's (`user_id` None): a resource whose address the organization does not speak for gives nothing.
"""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from ctsec.ids import ConnectionId, OrganizationId, ScimConnectionId, ScimGroupId, ScimTokenId, ScimUserId, UserId
from ctsec.sso.oidc.presets import Provider
from ctsec.sso.record import Connection, ConnectionState


class ScimState(StrEnum):
    """What the provider says of a user: `active` true or false."""

    ACTIVE = "active"
    INACTIVE = "inactive"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScimConnection:
    """Where a provider pushes people of an organization to.

    With `connection_id` it belongs to a connection for sign-in, whose default role and rules count; without one, its own do.
    `owners_by` is the owner who let the provider's groups change roles of owners too, None if nobody did. `settle_after` says that people
    have still to be brought in line with their groups: those of users with a higher id; None: nobody.
    """

    id: ScimConnectionId
    organization_id: OrganizationId
    connection_id: ConnectionId | None
    name: str
    default_role: str
    provisioning: str | None
    owners_by: str | None
    created_by: str
    created_at: datetime
    version: int = 1
    settle_after: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScimToken:
    """A bearer credential of a SCIM connection: the digest of its text, and when it ends."""

    id: ScimTokenId
    scim_id: ScimConnectionId
    organization_id: OrganizationId
    digest: bytes = field(repr=False)
    created_by: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ScimUser:
    """A user as the provider tells it; `attributes` is the rest of the resource as JSON text, `user_id` the account that it is of."""

    id: ScimUserId
    scim_id: ScimConnectionId
    organization_id: OrganizationId
    user_id: UserId | None
    user_name: str
    name_key: str
    external_id: str | None
    external_key: str | None
    state: ScimState
    attributes: str
    created_at: datetime
    changed_at: datetime
    version: int = 1

    @property
    def active(self) -> bool:
        """Whether the provider says that the person is there."""
        return self.state is ScimState.ACTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class ScimGroup:
    """A group as the provider tells it, without its members; `attributes` is the rest of the resource as JSON text."""

    id: ScimGroupId
    scim_id: ScimConnectionId
    organization_id: OrganizationId
    display_name: str
    name_key: str
    external_id: str | None
    external_key: str | None
    attributes: str
    created_at: datetime
    changed_at: datetime
    version: int = 1

    @property
    def names(self) -> tuple[str, ...]:
        """Under which names rules may speak of it."""
        return (self.display_name, *([self.external_id] if self.external_id else []))


def name_key(name: str) -> str:
    """Return the digest by which a name is found, whatever its case (RFC 7643, 4.1.1)."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return hashlib.sha256(folded.encode("utf-8", "surrogatepass")).hexdigest()


def exact_key(text: str | None) -> str | None:
    """Return the digest by which an `externalId` is found: its case counts (RFC 7643, 3.1)."""
    return None if text is None else hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def provider_ids(subject: str, *, provider: Provider) -> tuple[str, ...]:
    """Return the ids that a provider may push for the subject of an identity: itself, and at Entra ID its part behind the tenant.

    That subject is made here (`tid/oid`). What others put before a slash may be a realm, with people of the same names in each.
    """
    tenant, _, own = subject.rpartition("/")
    return (subject, own) if provider is Provider.ENTRA and tenant and own else (subject,)


def giver(scim: ScimConnection, connection: Connection | None) -> Connection:
    """Return the connection in whose name roles are given: the one for sign-in, or one that stands for the SCIM connection itself."""
    if connection is not None:
        return connection
    return Connection(
        id=ConnectionId(scim.id),
        organization_id=scim.organization_id,
        name=scim.name,
        provider=Provider.GENERIC,
        client_id="",
        sealed_secret=b"",
        settings="{}",
        default_role=scim.default_role,
        state=ConnectionState.DRAFT,
        created_by=scim.created_by,
        created_at=scim.created_at,
        provisioning=scim.provisioning,
    )


def changed(user: ScimUser, *, now: datetime) -> ScimUser:
    """Return the next version of a user."""
    return replace(user, changed_at=now, version=user.version + 1)
