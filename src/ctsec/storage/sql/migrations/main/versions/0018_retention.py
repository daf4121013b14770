"""How long events of the log are kept, what holds them, and the leaves of those that were purged."""

from sqlalchemy import BigInteger

from ctsec.storage.sql.migrations.first import drop, nullable, table
from ctsec.storage.sql.types import Digest, Ident, Instant, Words

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables; no log has a plan yet, and nothing is purged without one."""
    table("audit_leaf", {"log": Ident(64), "index": BigInteger(), "leaf": Digest(32)}, key=("log", "index"), indexes={})
    table(
        "audit_retention",
        {
            "log": Ident(64),
            "plan": Words(),
            "following": Words(),
            "starts": nullable(Instant()),
            "chosen_by": Ident(256),
            "purged_at": nullable(Instant()),
            "version": BigInteger(),
        },
        key=("log",),
        indexes={},
    )
    table(
        "audit_hold",
        {
            "id": Ident(64),
            "log": Ident(64),
            "matter": Words(),
            "person": nullable(Ident(256)),
            "name": nullable(Ident(256)),
            "since": nullable(Instant()),
            "until": nullable(Instant()),
            "extent": Words(),
            "size": BigInteger(),
            "placed_by": Ident(256),
            "placed_at": Instant(),
            "asked_by": nullable(Ident(256)),
            "asked_at": nullable(Instant()),
            "released_by": nullable(Ident(256)),
            "released_at": nullable(Instant()),
            "version": BigInteger(),
        },
        key=("id",),
        indexes={"by_log": ("log", "id")},
    )


def downgrade() -> None:
    """Take everything away again. The leaves of purged events go too, so the trees of logs from which events were purged do not add up."""
    drop("audit_leaf", "audit_retention", "audit_hold")
