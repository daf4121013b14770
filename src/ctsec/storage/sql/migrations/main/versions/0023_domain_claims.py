"""Claims of domains."""

from sqlalchemy import BigInteger

from ctsec.storage.sql.migrations.first import drop, nullable, table
from ctsec.storage.sql.types import Ident, Instant

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    table(
        "domain_claim",
        {
            "organization_id": Ident(64),
            "name": Ident(1016),
            "token": Ident(64),
            "claimed_by": Ident(256),
            "claimed_at": Instant(),
            "expires_at": Instant(),
            "proved_at": nullable(Instant()),
            "due_at": nullable(Instant()),
            "missing_since": nullable(Instant()),
            "misses": BigInteger(),
            "version": BigInteger(),
        },
        key=("organization_id", "name"),
        indexes={"by_due": ("due_at",)},
    )


def downgrade() -> None:
    """Take it away again."""
    drop("domain_claim")
