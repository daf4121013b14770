"""Authenticators say when a code of theirs was last accepted."""

from ctsec.storage.sql.migrations.first import add_column, drop_column, nullable
from ctsec.storage.sql.types import Instant

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; nobody knows it of the rows that are there."""
    add_column("authenticator", "last_used_at", nullable(Instant()))


def downgrade() -> None:
    """Take the column away again."""
    drop_column("authenticator", "last_used_at")
