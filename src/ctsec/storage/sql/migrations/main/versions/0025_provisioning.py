"""What connections give: the rules, who made a membership and gave its role, and who was a member and is none any more."""

from ctsec.storage.sql.migrations.first import add_column, drop, drop_column, nullable, table
from ctsec.storage.sql.types import Ident, Instant, Words

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table and the columns."""
    table(
        "departure",
        {"organization_id": Ident(64), "user_id": Ident(64), "left_at": Instant(), "removed_by": Ident(256)},
        key=("organization_id", "user_id"),
        indexes={},
    )
    add_column("membership", "provisioned_by", nullable(Ident(64)))
    add_column("membership", "role_given_by", nullable(Ident(64)))
    add_column("sso_connection", "provisioning", nullable(Words()))
    add_column("sso_identity", "attributes", nullable(Words()))


def downgrade() -> None:
    """Take them away again."""
    drop_column("sso_identity", "attributes")
    drop_column("sso_connection", "provisioning")
    drop_column("membership", "role_given_by")
    drop_column("membership", "provisioned_by")
    drop("departure")
