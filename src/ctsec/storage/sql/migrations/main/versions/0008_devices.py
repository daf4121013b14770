"""Devices that people have used before."""

from ctsec.storage.sql.migrations.first import drop, table
from ctsec.storage.sql.types import Digest, Ident, Instant, Words

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    table(
        "device",
        {
            "id": Ident(64),
            "user_id": Ident(64),
            "secret_digest": Digest(64),
            "created_at": Instant(),
            "seen_at": Instant(),
            "expires_at": Instant(),
            "user_agent": Words(),
        },
        key=("id",),
        indexes={"by_user": ("user_id",)},
    )


def downgrade() -> None:
    """Take it away again."""
    drop("device")
