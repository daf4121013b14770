"""The guard store's tables, as they were first.

Frozen: a later change of `ctsec.storage.sql.tables` comes with a later revision.
"""

from sqlalchemy import BigInteger

from ctsec.storage.sql.migrations.first import drop, nullable, table
from ctsec.storage.sql.types import Blob, Digest, Ident, Instant, Words

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    table(
        "proof",
        {
            "purpose": Ident(32), "digest": Digest(64), "subject": Ident(1280), "issued_at": Instant(),
            "expires_at": nullable(Instant()), "used_at": nullable(Instant()), "claims": Words(),
        },
        key=("purpose", "digest"), indexes={"by_subject": ("purpose", "subject")},
    )  # fmt: skip
    table(
        "step",
        {
            "authenticator": Ident(64), "step": BigInteger(),
        },
        key=("authenticator",), indexes={},
    )  # fmt: skip
    table(
        "attempt",
        {
            "key": Ident(1280), "failures": BigInteger(), "last_failed_at": nullable(Instant()),
            "blocked_until": nullable(Instant()), "disabled_at": nullable(Instant()),
        },
        key=("key",), indexes={},
    )  # fmt: skip
    table(
        "aside_event",
        {
            "id": Ident(64), "log": Ident(64), "time": Instant(), "name": Ident(256), "actor_kind": Ident(256),
            "actor_id": Ident(256), "target_kind": Ident(256), "target_id": Ident(256), "subject_id": Ident(256),
            "outcome": Ident(256), "reason": Ident(256), "organization_id": nullable(Ident(64)),
            "workspace_id": nullable(Ident(64)), "request_id": Ident(256), "body": Blob(), "leaf": Digest(32), "personal": Blob(),
        },
        key=("id",), indexes={},
    )  # fmt: skip


def downgrade() -> None:
    """Drop the tables, and everything in them."""
    drop("proof", "step", "attempt", "aside_event")
