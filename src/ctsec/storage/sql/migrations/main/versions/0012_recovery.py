"""Resets of second factors, the trails of accounts, and the domains and terms of organizations."""

from sqlalchemy import BigInteger

from ctsec.recovery.record import RecoveryState
from ctsec.storage.sql.migrations.first import drop, nullable, table
from ctsec.storage.sql.types import Blob, EnumText, Ident, Instant, Words

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    table(
        "recovery",
        {
            "id": Ident(64),
            "organization_id": nullable(Ident(64)),
            "user_id": Ident(64),
            "state": EnumText(RecoveryState, "recovery.state"),
            "sealed": Blob(),
            "requested_by": Ident(256),
            "requested_at": Instant(),
            "due_at": Instant(),
            "expires_at": Instant(),
            "approved_by": nullable(Ident(256)),
            "approved_at": nullable(Instant()),
            "ended_by": nullable(Ident(256)),
            "ended_at": nullable(Instant()),
        },
        key=("id",),
        indexes={"by_organization": ("organization_id", "id"), "by_user": ("user_id", "state"), "by_state": ("state", "due_at")},
    )
    table(
        "recovery_terms",
        {
            "organization_id": Ident(64),
            "approvals": BigInteger(),
            "delay_seconds": BigInteger(),
            "changed_by": Ident(256),
            "changed_at": Instant(),
            "version": BigInteger(),
        },
        key=("organization_id",),
        indexes={},
    )
    table(
        "trail",
        {
            "user_id": Ident(64),
            "password_reset_at": nullable(Instant()),
            "factor_proved_at": nullable(Instant()),
            "factors_reset_at": nullable(Instant()),
            "password_proved_at": nullable(Instant()),
            "deciders": BigInteger(),
            "address_changed_at": nullable(Instant()),
            "former_address": Words(),
            "version": BigInteger(),
        },
        key=("user_id",),
        indexes={},
    )
    table(
        "domain",
        {
            "name": Ident(1016),
            "organization_id": Ident(64),
            "proof": Words(),
            "recorded_by": Ident(256),
            "recorded_at": Instant(),
        },
        key=("name",),
        indexes={"by_organization": ("organization_id", "name")},
    )


def downgrade() -> None:
    """Take everything away again."""
    drop("recovery", "recovery_terms", "trail", "domain")
