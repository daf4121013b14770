"""How many messages each data key may have sealed."""

from sqlalchemy import BigInteger

from ctsec.storage.sql.migrations.first import drop, table
from ctsec.storage.sql.types import Ident

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    table("dek_use", {"id": Ident(64), "messages": BigInteger()}, key=("id",), indexes={})


def downgrade() -> None:
    """Take it away again."""
    drop("dek_use")
