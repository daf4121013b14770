"""Indexes by which sessions and devices that ended are found."""

from ctsec.storage.sql.migrations.first import add_index, drop_index

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the indexes."""
    add_index("session", "by_end", ("expires_at",))
    add_index("session", "by_revocation", ("revoked_at",))
    add_index("device", "by_end", ("expires_at",))


def downgrade() -> None:
    """Take them away again."""
    drop_index("device", "by_end")
    drop_index("session", "by_revocation")
    drop_index("session", "by_end")
