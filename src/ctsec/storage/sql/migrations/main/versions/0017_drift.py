"""Authenticators say how far their clocks were off."""

from ctsec.storage.sql.migrations.first import add_number, drop_column

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; nobody's clock was seen to be off yet."""
    add_number("authenticator", "drift")


def downgrade() -> None:
    """Take the column away again."""
    drop_column("authenticator", "drift")
