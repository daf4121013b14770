"""Data keys get a version and are found by the key that wrapped them; organizations get keys of their own."""

from sqlalchemy import BigInteger

from ctsec.storage.sql.migrations.first import add_index, add_number, drop, drop_column, drop_index, table
from ctsec.storage.sql.types import Ident, Instant

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the number and the index, and make the table."""
    add_number("dek", "version")
    add_index("dek", "by_kek", ("kek", "id"))
    table(
        "customer_key",
        {
            "organization_id": Ident(64),
            "region": Ident(64),
            "ref": Ident(512),
            "registered_by": Ident(256),
            "registered_at": Instant(),
            "checked_at": Instant(),
            "problem": Ident(64),
            "version": BigInteger(),
        },
        key=("organization_id", "region"),
        indexes={"by_ref": ("ref",)},
    )


def downgrade() -> None:
    """Take everything away again."""
    drop("customer_key")
    drop_index("dek", "by_kek")
    drop_column("dek", "version")
