"""Epochs get the second in which they changed, so that a process can ask for the recent ones.

The table is made anew: what it held only told caches of processes that end with the upgrade.
"""

from sqlalchemy import BigInteger

from ctsec.storage.sql.migrations.first import drop, table
from ctsec.storage.sql.types import Ident

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of epochs anew, with the time of each."""
    drop("epoch")
    table(
        "epoch",
        {"scope": Ident(64), "epoch": BigInteger(), "changed_at": BigInteger()},
        key=("scope",),
        indexes={"by_time": ("changed_at",)},
    )


def downgrade() -> None:
    """Make the table of epochs as it was."""
    drop("epoch")
    table("epoch", {"scope": Ident(64), "epoch": BigInteger()}, key=("scope",), indexes={})
