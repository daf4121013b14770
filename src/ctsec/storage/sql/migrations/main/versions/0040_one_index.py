"""One index of waiting events instead of two, since every writer pays for each: by time, with the log that a search asks for."""

from ctsec.storage.sql.migrations.first import add_index, drop_index

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index again with the log in it, and take the other away."""
    drop_index("audit_inbox", "by_time")
    add_index("audit_inbox", "by_time", ("time", "id", "log"))
    drop_index("audit_inbox", "by_log")


def downgrade() -> None:
    """Make both as they were."""
    add_index("audit_inbox", "by_log", ("log", "id"))
    drop_index("audit_inbox", "by_time")
    add_index("audit_inbox", "by_time", ("time", "id"))
