"""A credential of the vault: what is known of it, and which use of it is refused.

Rules that this module keeps:

- the record holds no secret: the sealed bytes are kept apart, so that no list and no log line can carry them;
- a use says what it is for, and is refused if it writes with a read-only credential, names a service or a region outside of what the
  credential is for (or none, where it is narrowed), or comes from somebody who is not among its users;
- None means "not narrowed" for services, regions and users; an empty set would be a credential for nothing and is refused;
- a credential is due at the very moment that its rotation interval ends, and each due time is reminded of once;
- a name is unique in its place (the organization, or one workspace), whatever its case.
"""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from ctsec.encryption.context import Context
from ctsec.ids import CredentialId, OrganizationId, UserId, WorkspaceId
from ctsec.outcome import Reason, Refusal
from ctsec.secret import Secret

CREDENTIALS_USE: Final = "credentials:use"
CREDENTIALS_MANAGE: Final = "credentials:manage"


class VaultKind(StrEnum):
    """Whose credential it is; `label` of the record says it more exactly."""

    AWS = "aws"
    GCP = "gcp"
    AZURE = "azure"
    KUBERNETES = "kubernetes"
    DATABASE = "database"
    OTHER = "other"


class AccessMode(StrEnum):
    """What a credential may be used for, and what a use is for."""

    READ_ONLY = "read_only"
    READ_WRITE = "read_write"


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultWish:
    """What a credential is to be: everything but its secret and its place.

    `services` and `regions` are those that it is for, and have to be given: None is all of them. `users` narrows who may use it to these
    people, who need the permission besides. `rotate_every` is 1 hour to 3650 days, None for no schedule.
    """

    name: str
    kind: VaultKind
    services: frozenset[str] | None
    regions: frozenset[str] | None
    access: AccessMode = AccessMode.READ_ONLY
    label: str = ""
    users: frozenset[UserId] | None = None
    rotate_every: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultCredential:
    """A credential without its secret.

    `workspace_id` None is a credential of the whole organization; `rotate_seconds` 0 is no schedule; `reminded_for` is the due time that
    was reminded of. Times are aware UTC datetimes.
    """

    id: CredentialId
    organization_id: OrganizationId
    workspace_id: WorkspaceId | None
    name: str
    name_digest: bytes
    kind: VaultKind
    label: str
    access: AccessMode
    services: frozenset[str] | None
    regions: frozenset[str] | None
    users: frozenset[UserId] | None
    rotate_seconds: int
    due_at: datetime | None
    reminded_for: datetime | None = None
    created_by: str
    created_at: datetime
    changed_by: str
    changed_at: datetime
    rotated_by: str
    rotated_at: datetime
    last_used_at: datetime | None = None
    last_used_by: str = ""
    version: int = 0

    def is_due(self, now: datetime) -> bool:
        """Say whether the secret should have been rotated by `now`."""
        return self.due_at is not None and now >= self.due_at


@dataclass(frozen=True, slots=True)
class Disclosure:
    """A credential with its secret, opened for one use that is in the audit log."""

    credential: VaultCredential
    secret: Secret


def name_digest(name: str, *, workspace: WorkspaceId | None) -> bytes:
    """Return 32 bytes that are equal for names that are the same in their place: SHA-256 of the place and the name without case."""
    folded = unicodedata.normalize("NFC", name.casefold())
    return hashlib.sha256(f"{workspace or ''}\0{folded}".encode()).digest()


def due_after(rotated_at: datetime, *, seconds: int) -> datetime | None:
    """Return when a secret of `rotated_at` is due; None without a schedule (0 seconds)."""
    return rotated_at + timedelta(seconds=seconds) if seconds else None


def refuse_use(credential: VaultCredential, *, user: str, access: AccessMode, service: str | None, region: str | None) -> Refusal | None:
    """Return why this use of the credential is refused, or None; the permission is judged elsewhere."""
    if credential.users is not None and user not in credential.users:
        return Refusal(Reason.DENIED, "you are not among the people who may use this credential")
    if access is not AccessMode.READ_ONLY and credential.access is AccessMode.READ_ONLY:
        return Refusal(Reason.DENIED, "this credential is for reading only")
    if credential.services is not None and service not in credential.services:
        return Refusal(Reason.DENIED, "this credential is not for this service; name one that it is for")
    if credential.regions is not None and region not in credential.regions:
        return Refusal(Reason.DENIED, "this credential is not for this region; name one that it is for")
    return None


def secret_context(organization: OrganizationId, credential: CredentialId) -> Context:
    """Return what the sealed secret of a credential is bound to."""
    return Context(organization=organization, table="credential", row=credential, field="secret", purpose="vault")
