"""Organizations get a version of their roles and roles of their own; people get roles for a time.

The two numbers begin at 0, which is what a row without a change since then says.
"""

from sqlalchemy import BigInteger

from ctsec.storage.sql.migrations.first import add_number, drop, drop_column, nullable, table
from ctsec.storage.sql.types import Ident, Instant, Words

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the numbers and make the tables."""
    add_number("organization", "roles_version")
    add_number("organization", "custom_roles")
    table(
        "custom_role",
        {
            "organization_id": Ident(64),
            "name": Ident(64),
            "permissions": Words(),
            "extends": nullable(Ident(64)),
            "created_by": Ident(256),
            "created_at": Instant(),
            "version": BigInteger(),
        },
        key=("organization_id", "name"),
        indexes={},
    )
    table(
        "elevation",
        {
            "id": Ident(64),
            "organization_id": Ident(64),
            "workspace_id": nullable(Ident(64)),
            "user_id": Ident(64),
            "role": Ident(64),
            "kind": Ident(32),
            "state": Ident(32),
            "reason": Words(),
            "seconds": BigInteger(),
            "requested_at": Instant(),
            "decided_by": nullable(Ident(256)),
            "decided_at": nullable(Instant()),
            "starts_at": nullable(Instant()),
            "expires_at": nullable(Instant()),
            "ended_at": nullable(Instant()),
        },
        key=("id",),
        indexes={
            "by_organization": ("organization_id", "state", "id"),
            "by_user": ("organization_id", "user_id", "state"),
            "by_end": ("state", "expires_at"),
        },
    )
    table(
        "break_glass",
        {
            "id": Ident(64),
            "organization_id": Ident(64),
            "workspace_id": nullable(Ident(64)),
            "user_id": Ident(64),
            "role": Ident(64),
            "seconds": BigInteger(),
            "granted_by": Ident(256),
            "created_at": Instant(),
            "expires_at": nullable(Instant()),
        },
        key=("id",),
        indexes={"by_user": ("organization_id", "user_id")},
    )


def downgrade() -> None:
    """Take everything away again."""
    drop("custom_role", "elevation", "break_glass")
    drop_column("organization", "custom_roles")
    drop_column("organization", "roles_version")
