"""Erasures of persons from the log."""

from sqlalchemy import BigInteger

from ctsec.audit.erasure.record import ErasureState
from ctsec.storage.sql.migrations.first import drop, nullable, table
from ctsec.storage.sql.types import EnumText, Ident, Instant

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    table(
        "erasure",
        {
            "id": Ident(64),
            "user_id": Ident(64),
            "state": EnumText(ErasureState, "erasure.state"),
            "requested_by": Ident(256),
            "requested_at": Instant(),
            "done_at": nullable(Instant()),
            "keys": BigInteger(),
            "version": BigInteger(),
        },
        key=("id",),
        indexes={"by_user": ("user_id", "id"), "by_state": ("state", "id")},
    )


def downgrade() -> None:
    """Take it away again; what was erased stays erased."""
    drop("erasure")
