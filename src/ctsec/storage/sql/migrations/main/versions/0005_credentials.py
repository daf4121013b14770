"""The vault: credentials of organizations, and apart from them their sealed secrets; the keys of blind indexes."""

from typing import Any

from sqlalchemy import BigInteger

from ctsec.storage.sql.migrations.first import drop, nullable, table
from ctsec.storage.sql.types import Blob, Digest, EnumText, Ident, Instant, JsonText, Words
from ctsec.vault.record import AccessMode, VaultKind

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    table(
        "credential",
        {
            "id": Ident(64),
            "organization_id": Ident(64),
            "workspace_id": nullable(Ident(64)),
            "name": Words(),
            "name_digest": Digest(32),
            "kind": EnumText(VaultKind, "credential.kind"),
            "label": Words(),
            "access": EnumText(AccessMode, "credential.access"),
            "services": nullable(JsonText[Any]("set", "credential.services")),
            "regions": nullable(JsonText[Any]("set", "credential.regions")),
            "users": nullable(JsonText[Any]("set", "credential.users")),
            "rotate_seconds": BigInteger(),
            "due_at": nullable(Instant()),
            "reminded_for": nullable(Instant()),
            "created_by": Ident(256),
            "created_at": Instant(),
            "changed_by": Ident(256),
            "changed_at": Instant(),
            "rotated_by": Ident(256),
            "rotated_at": Instant(),
            "last_used_at": nullable(Instant()),
            "last_used_by": Ident(256),
            "version": BigInteger(),
        },
        key=("id",),
        indexes={
            "one_name": ("organization_id", "name_digest"),
            "by_organization": ("organization_id", "id"),
            "by_due": ("organization_id", "due_at"),
            "by_time": ("due_at",),
        },
    )
    table(
        "index_key",
        {
            "organization_id": Ident(64),
            "place": Ident(512),
            "generation": BigInteger(),
            "sealed": Blob(),
            "created_at": Instant(),
        },
        key=("organization_id", "place", "generation"),
        indexes={},
    )
    table("credential_secret", {"credential_id": Ident(64), "sealed": Blob()}, key=("credential_id",), indexes={})


def downgrade() -> None:
    """Take everything away again."""
    drop("credential", "index_key", "credential_secret")
