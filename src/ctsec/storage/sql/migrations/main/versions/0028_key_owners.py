"""Service accounts, what organizations ask of API keys, and who was shown a key's secret."""

from sqlalchemy import BigInteger

from ctsec.storage.sql.migrations.first import add_column, add_index, drop, drop_column, drop_index, nullable, table
from ctsec.storage.sql.types import Blob, Ident, Instant, JsonText, Words

revision = "0028"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables, the columns and the indexes."""
    table(
        "service_account",
        {
            "id": Ident(64),
            "organization_id": Ident(64),
            "name": Words(),
            "created_by": Ident(256),
            "created_at": Instant(),
            "version": BigInteger(),
        },
        key=("id",),
        indexes={"by_organization": ("organization_id", "id")},
    )
    table(
        "key_policy",
        {
            "organization_id": Ident(64),
            "longest_life_seconds": BigInteger(),
            "networks": JsonText("texts", "key_policy.networks"),
            "changed_by": Ident(256),
            "changed_at": Instant(),
            "version": BigInteger(),
        },
        key=("organization_id",),
        indexes={},
    )
    add_column("api_key", "reminded_for", nullable(Instant()))
    add_column("api_key_secret", "minted_by", Ident(256), default="")
    add_column("api_key_secret", "sealed_root", nullable(Blob()))
    add_index("api_key", "by_organization", ("organization_id", "id"))
    add_index("api_key", "by_end", ("expires_at",))
    add_index("api_key_secret", "by_minter", ("minted_by",))


def downgrade() -> None:
    """Take them away again."""
    drop_index("api_key_secret", "by_minter")
    drop_index("api_key", "by_end")
    drop_index("api_key", "by_organization")
    drop_column("api_key_secret", "sealed_root")
    drop_column("api_key_secret", "minted_by")
    drop_column("api_key", "reminded_for")
    drop("key_policy")
    drop("service_account")
