"""Who is told of a disabled authenticator, and the allowances of address blocks and mailboxes."""

from ctsec.storage.sql.migrations.first import add_column, add_index, drop, drop_column, drop_index, nullable, table
from ctsec.storage.sql.types import Ident, Instant

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and make the table."""
    add_column("attempt", "subject", Ident(64), default="")
    add_column("attempt", "told_at", nullable(Instant()))
    add_index("attempt", "by_disabling", ("disabled_at",))
    table("allowance", {"key": Ident(1280), "full_at": Instant()}, key=("key",), indexes={"by_time": ("full_at",)})


def downgrade() -> None:
    """Take them away again."""
    drop("allowance")
    drop_index("attempt", "by_disabling")
    drop_column("attempt", "told_at")
    drop_column("attempt", "subject")
