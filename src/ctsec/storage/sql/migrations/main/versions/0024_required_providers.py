"""From when on organizations are entered through their provider only, the codes that break the glass, and sessions that did."""

from typing import Any

from ctsec.storage.sql.migrations.first import add_column, drop, drop_column, nullable, table
from ctsec.storage.sql.types import Blob, Ident, Instant, JsonText

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table and the columns."""
    table(
        "glass_code_set",
        {
            "id": Ident(64),
            "organization_id": Ident(64),
            "user_id": Ident(64),
            "salt": Blob(),
            "digests": JsonText[Any]("blobs", "glass_code_set.digests"),
            "created_at": Instant(),
        },
        key=("organization_id", "user_id"),
        indexes={"by_user": ("user_id",)},
    )
    add_column("organization", "sso_required_from", nullable(Instant()))
    add_column("session", "glass_organization_id", nullable(Ident(64)))
    add_column("session", "glass_until", nullable(Instant()))


def downgrade() -> None:
    """Take them away again: organizations are entered by every session of their people then."""
    drop_column("session", "glass_until")
    drop_column("session", "glass_organization_id")
    drop_column("organization", "sso_required_from")
    drop("glass_code_set")
