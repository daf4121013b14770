"""After how long the person of a connected app has to consent again."""

from sqlalchemy import BigInteger

from ctsec.storage.sql.migrations.first import add_column, drop_column

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the column; nothing is asked of consents that are there."""
    add_column("key_policy", "longest_grant_seconds", BigInteger(), default="0")


def downgrade() -> None:
    """Take it away again."""
    drop_column("key_policy", "longest_grant_seconds")
