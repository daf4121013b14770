"""How far streams and anchors of the logs are."""

from sqlalchemy import BigInteger

from ctsec.storage.sql.migrations.first import drop, nullable, table
from ctsec.storage.sql.types import Ident, Instant, Words

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; every stream begins at the beginning of each log."""
    table(
        "audit_position",
        {
            "follower": Ident(64),
            "log": Ident(64),
            "next": BigInteger(),
            "until": nullable(BigInteger()),
            "purged": BigInteger(),
            "failures": BigInteger(),
            "problem": Words(),
            "due_at": nullable(Instant()),
            "moved_at": nullable(Instant()),
            "version": BigInteger(),
        },
        key=("follower", "log"),
        indexes={},
    )


def downgrade() -> None:
    """Take it away again; streams begin anew after that, under the same keys."""
    drop("audit_position")
