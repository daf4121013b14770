"""The tables of a region's store, as they were first.

Frozen: a later change of `ctsec.storage.sql.tables` comes with a later revision.
"""

from sqlalchemy import BigInteger

from ctsec.storage.sql.migrations.first import drop, table
from ctsec.storage.sql.types import Blob, Ident, Instant, Words

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    table(
        "residence",
        {"workspace_id": Ident(64), "organization_id": Ident(64), "state": Ident(32), "epoch": BigInteger()},
        key=("workspace_id",),
        indexes={},
    )
    table(
        "content",
        {
            "workspace_id": Ident(64),
            "kind": Ident(64),
            "key": Ident(256),
            "organization_id": Ident(64),
            "sealed": Blob(),
            "changed_at": Instant(),
        },
        key=("workspace_id", "kind", "key"),
        indexes={"by_organization": ("organization_id", "workspace_id")},
    )
    table("region_meta", {"name": Ident(64), "value": Words()}, key=("name",), indexes={})


def downgrade() -> None:
    """Drop the tables, and everything in them."""
    drop("residence", "content", "region_meta")
