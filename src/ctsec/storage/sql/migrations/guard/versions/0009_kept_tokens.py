"""When tokens of connected apps are refreshed though nobody asks for them."""

from ctsec.storage.sql.migrations.first import add_column, add_index, drop_column, drop_index, nullable
from ctsec.storage.sql.types import Instant

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the column; tokens that are there have it from their next refresh on."""
    add_column("app_token", "keep_at", nullable(Instant()))
    add_index("app_token", "by_keep", ("keep_at",))


def downgrade() -> None:
    """Take it away again."""
    drop_index("app_token", "by_keep")
    drop_column("app_token", "keep_at")
