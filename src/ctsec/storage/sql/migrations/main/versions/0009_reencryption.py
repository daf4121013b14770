"""How far the values of each scope are sealed anew after a rotation."""

from sqlalchemy import BigInteger

from ctsec.storage.sql.migrations.first import drop, nullable, table
from ctsec.storage.sql.types import Ident, Instant

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    table(
        "reencryption",
        {
            "scope": Ident(64),
            "place": Ident(256),
            "started_at": Instant(),
            "reached": Ident(1280),
            "ended_at": nullable(Instant()),
            "written": BigInteger(),
            "remaining": BigInteger(),
            "problem": Ident(64),
            "keys": Ident(64),
            "version": BigInteger(),
        },
        key=("scope", "place"),
        indexes={},
    )


def downgrade() -> None:
    """Take it away again."""
    drop("reencryption")
