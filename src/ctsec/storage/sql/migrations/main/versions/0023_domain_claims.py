"""Claims of domains, and the public keys of connections that sign."""

from sqlalchemy import BigInteger

from ctsec.storage.sql.migrations.first import add_column, drop, drop_column, nullable, table
from ctsec.storage.sql.types import Ident, Instant, Words

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table and the column."""
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
    add_column("sso_connection", "public_keys", nullable(Words()))


def downgrade() -> None:
    """Take them away again."""
    drop_column("sso_connection", "public_keys")
    drop("domain_claim")
