"""The keys of persons, which the personal parts of events are sealed under."""

from ctsec.storage.sql.migrations.first import drop, nullable, table
from ctsec.storage.sql.types import Blob, Ident, Instant

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; parts that were sealed before stay under the deployment's key."""
    table(
        "subject_key",
        {"id": Ident(64), "subject": Ident(64), "wrapped": Blob(), "created_at": Instant(), "destroyed_at": nullable(Instant())},
        key=("id",),
        indexes={"by_subject": ("subject", "id")},
    )


def downgrade() -> None:
    """Take it away again, and with it what was sealed under its keys."""
    drop("subject_key")
