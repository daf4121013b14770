"""Until when a known device is asked for no second step."""

from ctsec.storage.sql.migrations.first import add_column, drop_column, nullable
from ctsec.storage.sql.types import Instant

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; no device is trusted yet."""
    add_column("device", "trusted_until", nullable(Instant()))


def downgrade() -> None:
    """Take it away again."""
    drop_column("device", "trusted_until")
