"""Which end of a connected app's consent somebody was told of."""

from ctsec.storage.sql.migrations.first import add_column, drop_column, nullable
from ctsec.storage.sql.types import Instant

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the column; nobody was told of anything yet."""
    add_column("app_connection", "reminded_for", nullable(Instant()))


def downgrade() -> None:
    """Take it away again."""
    drop_column("app_connection", "reminded_for")
