"""What sessions through a provider rest on."""

from sqlalchemy import BigInteger

from ctsec.storage.sql.migrations.first import drop, nullable, table
from ctsec.storage.sql.types import Blob, Digest, Ident, Instant, Words

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    table(
        "sso_grant",
        {
            "session_id": Ident(64),
            "connection_id": Ident(64),
            "organization_id": Ident(64),
            "user_id": Ident(64),
            "identity": Digest(64),
            "provider_subject": Digest(64),
            "provider_session": nullable(Digest(64)),
            "end_session": Words(),
            "sign_out_name": Words(),
            "sealed": Blob(),
            "began_at": Instant(),
            "checked_at": Instant(),
            "due_at": Instant(),
            "claimed_until": nullable(Instant()),
            "failures": BigInteger(),
            "version": BigInteger(),
        },
        key=("session_id",),
        indexes={
            "by_connection": ("connection_id",),
            "by_identity": ("identity",),
            "by_subject": ("provider_subject",),
            "by_provider_session": ("provider_session",),
            "by_due": ("due_at",),
        },
    )


def downgrade() -> None:
    """Take it away again."""
    drop("sso_grant")
