"""Passkeys of people."""

from typing import Any

from sqlalchemy import BigInteger

from ctsec.mfa.passkey import MAX_CREDENTIAL_ID, Backup
from ctsec.storage.sql.migrations.first import drop, nullable, table
from ctsec.storage.sql.types import Blob, Digest, EnumText, Ident, Instant, JsonText, Words

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    table(
        "passkey",
        {
            "id": Ident(64),
            "user_id": Ident(64),
            "credential_id": Digest(MAX_CREDENTIAL_ID),
            "public_key": Blob(),
            "transports": JsonText[Any]("texts", "passkey.transports"),
            "backup": EnumText(Backup, "passkey.backup"),
            "name": Words(),
            "created_at": Instant(),
            "last_used_at": nullable(Instant()),
            "version": BigInteger(),
        },
        key=("id",),
        indexes={"one_credential": ("credential_id",), "by_user": ("user_id",)},
    )


def downgrade() -> None:
    """Take everything away again."""
    drop("passkey")
