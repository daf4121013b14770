"""Moves of workspaces between regions, and replicas that were promoted."""

from sqlalchemy import BigInteger

from ctsec.storage.sql.migrations.first import drop, table
from ctsec.storage.sql.types import Ident, Instant

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    table(
        "workspace_move",
        {
            "id": Ident(64),
            "organization_id": Ident(64),
            "workspace_id": Ident(64),
            "source": Ident(64),
            "target": Ident(64),
            "number": BigInteger(),
            "state": Ident(32),
            "started_by": Ident(256),
            "started_at": Instant(),
            "changed_at": Instant(),
            "rows": BigInteger(),
            "digest": Ident(64),
            "problem": Ident(64),
            "version": BigInteger(),
        },
        key=("id",),
        indexes={
            "one_number": ("workspace_id", "number"),
            "by_organization": ("organization_id", "id"),
            "by_state": ("state", "id"),
        },
    )
    table(
        "region_primary",
        {"region": Ident(64), "store": Ident(64), "promoted_by": Ident(256), "promoted_at": Instant(), "version": BigInteger()},
        key=("region",),
        indexes={},
    )


def downgrade() -> None:
    """Take everything away again."""
    drop("workspace_move", "region_primary")
