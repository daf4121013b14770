"""What organizations say of people who leave or are not there, who was there, and roles that sleep."""

from sqlalchemy import BigInteger

from ctsec.storage.sql.migrations.first import add_index, drop, drop_index, nullable, table
from ctsec.storage.sql.types import Ident, Instant

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables, and an index over the ends of memberships."""
    pair = {"organization_id": Ident(64), "user_id": Ident(64)}
    table(
        "lifecycle_policy",
        {
            "organization_id": Ident(64), "park_days": BigInteger(), "heir": nullable(Ident(64)), "warn_days": BigInteger(),
            "suspend_days": BigInteger(), "remove_days": BigInteger(), "changed_by": Ident(256), "changed_at": Instant(),
        },
        key=("organization_id",), indexes={},
    )  # fmt: skip
    table(
        "presence",
        {**pair, "used_at": Instant(), "warned_at": nullable(Instant()), "end_told": nullable(Instant())},
        key=("organization_id", "user_id"),
        indexes={},
    )
    table(
        "parked_role",
        {
            "organization_id": Ident(64), "workspace_id": Ident(64), "user_id": Ident(64), "role": Ident(64),
            "starts_at": nullable(Instant()), "expires_at": nullable(Instant()), "granted_by": Ident(256), "parked_at": Instant(),
            "until": Instant(),
        },
        key=("organization_id", "workspace_id", "user_id"), indexes={"by_user": ("organization_id", "user_id"), "by_end": ("until",)},
    )  # fmt: skip
    add_index("membership", "by_end", ("expires_at",))


def downgrade() -> None:
    """Take them away again."""
    drop_index("membership", "by_end")
    drop("lifecycle_policy", "presence", "parked_role")
