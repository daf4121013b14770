"""How often API keys were used, by day, and how many requests a minute each may make."""

from sqlalchemy import BigInteger

from ctsec.storage.sql.migrations.first import add_number, drop, drop_column, table
from ctsec.storage.sql.types import Ident, Instant

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table and the column; keys have the rate of the deployment's policy."""
    add_number("api_key", "rate")
    table(
        "api_key_day",
        {"key_id": Ident(64), "day": Instant(), "used": BigInteger(), "refused": BigInteger()},
        key=("key_id", "day"),
        indexes={"by_day": ("day",)},
    )


def downgrade() -> None:
    """Take them away again."""
    drop("api_key_day")
    drop_column("api_key", "rate")
