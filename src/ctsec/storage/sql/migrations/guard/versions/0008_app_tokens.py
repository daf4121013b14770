"""The tokens of connected apps."""

from sqlalchemy import BigInteger

from ctsec.storage.sql.migrations.first import drop, nullable, table
from ctsec.storage.sql.types import Blob, Ident, Instant, Words

revision = "0008"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    table(
        "app_token",
        {
            "id": Ident(64),
            "organization_id": Ident(64),
            "sealed": Blob(),
            "state": Ident(32),
            "refreshed_at": Instant(),
            "expires_at": nullable(Instant()),
            "due_at": nullable(Instant()),
            "lease_until": nullable(Instant()),
            "retry_at": nullable(Instant()),
            "failures": BigInteger(),
            "failing_since": nullable(Instant()),
            "problem": Words(),
            "version": BigInteger(),
        },
        key=("id",),
        indexes={"by_organization": ("organization_id", "id")},
    )


def downgrade() -> None:
    """Take it away again; every app has to be connected anew."""
    drop("app_token")
