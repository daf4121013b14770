"""Rules of workload identity, and which of them gave a key."""

from sqlalchemy import BigInteger

from ctsec.keys.workload_presets import Workload
from ctsec.storage.sql.migrations.first import add_column, drop, drop_column, nullable, table
from ctsec.storage.sql.types import EnumText, Ident, Instant, JsonText, Words

revision = "0036"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table and the column."""
    table(
        "workload_rule",
        {
            "id": Ident(64),
            "organization_id": Ident(64),
            "account_id": Ident(64),
            "name": Words(),
            "preset": EnumText(Workload, "workload_rule.preset"),
            "issuer": Ident(256),
            "audience": Ident(256),
            "claims": JsonText("map", "workload_rule.claims"),
            "scopes": nullable(JsonText("set", "workload_rule.scopes")),
            "workspaces": nullable(JsonText("set", "workload_rule.workspaces")),
            "networks": JsonText("texts", "workload_rule.networks"),
            "life_seconds": BigInteger(),
            "made_by": Ident(256),
            "created_at": Instant(),
            "changed_at": Instant(),
            "exchanged": BigInteger(),
            "last_exchanged_at": nullable(Instant()),
            "version": BigInteger(),
        },
        key=("id",),
        indexes={"by_organization": ("organization_id", "id"), "by_account": ("account_id", "id")},
    )
    add_column("api_key", "rule_id", nullable(Ident(64)))


def downgrade() -> None:
    """Take them away again."""
    drop_column("api_key", "rule_id")
    drop("workload_rule")
