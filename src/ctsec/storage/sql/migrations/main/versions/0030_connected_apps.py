"""Connected apps."""

from sqlalchemy import BigInteger

from ctsec.storage.sql.migrations.first import drop, nullable, table
from ctsec.storage.sql.types import Ident, Instant, Words

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    table(
        "app_connection",
        {
            "id": Ident(64),
            "organization_id": Ident(64),
            "user_id": nullable(Ident(64)),
            "provider": Ident(64),
            "scopes": Words(),
            "connected_by": Ident(256),
            "connected_at": Instant(),
            "ended_at": nullable(Instant()),
            "due_at": nullable(Instant()),
            "tries": BigInteger(),
            "version": BigInteger(),
        },
        key=("id",),
        indexes={
            "by_organization": ("organization_id", "id"),
            "by_person": ("user_id", "organization_id"),
            "by_due": ("due_at",),
        },
    )


def downgrade() -> None:
    """Take it away again."""
    drop("app_connection")
