"""Of whom an organization requires a second factor, and under which minimum of length a password was set."""

from typing import Any

from ctsec.storage.sql.migrations.first import add_column, add_number, drop_column, nullable
from ctsec.storage.sql.types import JsonText

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; of the passwords that are there nothing is known."""
    add_column("organization", "mfa_policy", nullable(JsonText[Any]("mfa_policy", "organization.mfa_policy")))
    add_number("password", "minimum")


def downgrade() -> None:
    """Take the columns away again."""
    drop_column("password", "minimum")
    drop_column("organization", "mfa_policy")
