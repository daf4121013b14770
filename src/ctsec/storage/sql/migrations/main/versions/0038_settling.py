"""From which user on the people of a SCIM connection have still to be brought in line with their groups."""

from ctsec.storage.sql.migrations.first import Nullable, add_column, drop_column
from ctsec.storage.sql.types import Ident

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the column; nobody is behind."""
    add_column("scim_connection", "settle_after", Nullable(Ident(64)))


def downgrade() -> None:
    """Take it away again."""
    drop_column("scim_connection", "settle_after")
