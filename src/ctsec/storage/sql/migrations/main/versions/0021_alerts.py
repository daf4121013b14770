"""Alerts over the logs, how far the rules have read, and what is muted."""

from sqlalchemy import BigInteger

from ctsec.audit.alerts.record import AlertStatus
from ctsec.storage.sql.migrations.first import drop, nullable, table
from ctsec.storage.sql.types import Blob, EnumText, Ident, Instant

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    table(
        "alert",
        {
            "id": Ident(64),
            "log": Ident(64),
            "rule": Ident(64),
            "key": Ident(256),
            "occasion": Ident(64),
            "severity": Ident(64),
            "source": Ident(64),
            "index": nullable(BigInteger()),
            "happened_at": Instant(),
            "fired_at": Instant(),
            "state": EnumText(AlertStatus, "alert.state"),
            "changed_by": Ident(256),
            "changed_at": nullable(Instant()),
            "due_at": nullable(Instant()),
            "attempts": BigInteger(),
            "delivered_at": nullable(Instant()),
            "version": BigInteger(),
        },
        key=("id",),
        indexes={"one_occasion": ("log", "rule", "key", "occasion"), "by_log": ("log", "id"), "by_due": ("due_at", "id")},
    )
    table(
        "alert_position",
        {"log": Ident(64), "position": BigInteger(), "remembered": Blob(), "version": BigInteger()},
        key=("log",),
        indexes={},
    )
    table(
        "alert_mute",
        {
            "log": Ident(64),
            "rule": Ident(64),
            "key": Ident(256),
            "until": Instant(),
            "muted_by": Ident(256),
            "muted_at": Instant(),
        },
        key=("log", "rule", "key"),
        indexes={},
    )


def downgrade() -> None:
    """Take them away again; the events of alerts stay in the logs."""
    drop("alert")
    drop("alert_position")
    drop("alert_mute")
