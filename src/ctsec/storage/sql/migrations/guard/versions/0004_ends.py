"""An index by which proofs that ended, or were used, are found."""

from ctsec.storage.sql.migrations.first import add_index, drop_index

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index."""
    add_index("proof", "by_end", ("expires_at", "used_at"))


def downgrade() -> None:
    """Take it away again."""
    drop_index("proof", "by_end")
