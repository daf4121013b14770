"""Connections to identity providers, identities there, and the connection that a session came through."""

from sqlalchemy import BigInteger

from ctsec.sso.oidc.presets import Provider
from ctsec.sso.record import ConnectionState, LinkedBy
from ctsec.storage.sql.migrations.first import add_column, drop, drop_column, nullable, table
from ctsec.storage.sql.types import Blob, Digest, EnumText, Ident, Instant, Words

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables and the column."""
    table(
        "sso_connection",
        {
            "id": Ident(64),
            "organization_id": Ident(64),
            "name": Words(),
            "provider": EnumText(Provider, "sso_connection.provider"),
            "client_id": Words(),
            "sealed_secret": Blob(),
            "settings": Words(),
            "default_role": Ident(64),
            "state": EnumText(ConnectionState, "sso_connection.state"),
            "created_by": Ident(256),
            "created_at": Instant(),
            "tested_at": nullable(Instant()),
            "enabled_at": nullable(Instant()),
            "version": BigInteger(),
        },
        key=("id",),
        indexes={"by_organization": ("organization_id", "id")},
    )
    table(
        "sso_identity",
        {
            "digest": Digest(64),
            "connection_id": Ident(64),
            "organization_id": Ident(64),
            "user_id": Ident(64),
            "issuer": Words(),
            "subject": Words(),
            "linked_by": EnumText(LinkedBy, "sso_identity.linked_by"),
            "linked_at": Instant(),
        },
        key=("digest",),
        indexes={"by_connection": ("connection_id",), "by_user": ("user_id",)},
    )
    add_column("session", "connection_id", nullable(Ident(64)))


def downgrade() -> None:
    """Take them away again."""
    drop_column("session", "connection_id")
    drop("sso_connection", "sso_identity")
