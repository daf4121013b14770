"""The logs of a region's store: events that commit with the content of their workspace, and the trees over them."""

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from sqlalchemy import BigInteger
from sqlalchemy.types import TypeEngine

from ctsec.storage.sql.migrations.first import Nullable, drop, nullable, table
from ctsec.storage.sql.types import Blob, Digest, Ident, Instant

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_Columns: TypeAlias = Mapping[str, TypeEngine[Any] | Nullable]
_EVENT: Final[_Columns] = {
    "id": Ident(64), "log": Ident(64), "time": Instant(), "name": Ident(256), "actor_kind": Ident(256), "actor_id": Ident(256),
    "target_kind": Ident(256), "target_id": Ident(256), "subject_id": Ident(256), "outcome": Ident(256), "reason": Ident(256),
    "organization_id": nullable(Ident(64)), "workspace_id": nullable(Ident(64)), "request_id": Ident(256), "body": Blob(),
    "leaf": Digest(32), "personal": Blob(),
}  # fmt: skip


def upgrade() -> None:
    """Make the tables."""
    table("region_audit_inbox", _EVENT, key=("id",), indexes={"by_log": ("log", "id"), "by_time": ("time", "id")})
    table(
        "region_audit_event",
        {"index": BigInteger(), **_EVENT},
        key=("log", "index"),
        indexes={
            "by_actor": ("log", "actor_id", "index"),
            "by_name": ("log", "name", "index"),
            "by_subject": ("log", "subject_id", "index"),
            "by_target": ("log", "target_id", "index"),
            "by_time": ("log", "time"),
            "one_id": ("id",),
        },
    )
    head: _Columns = {
        "log": Ident(64), "size": BigInteger(), "frontier": nullable(Blob()), "signed": BigInteger(), "signed_at": nullable(Instant()),
    }  # fmt: skip
    table("region_audit_head", head, key=("log",), indexes={})
    tile: _Columns = {"log": Ident(64), "level": BigInteger(), "number": BigInteger(), "root": Digest(32), "hashes": Blob()}
    table("region_audit_tile", tile, key=("log", "level", "number"), indexes={})
    checkpoint: _Columns = {
        "log": Ident(64), "size": BigInteger(), "number": nullable(BigInteger()), "root": Digest(32), "note": Blob(),
        "signed_at": Instant(),
    }  # fmt: skip
    table("region_audit_checkpoint", checkpoint, key=("log", "size"), indexes={"one_number": ("number",)})
    table("region_audit_leaf", {"log": Ident(64), "index": BigInteger(), "leaf": Digest(32)}, key=("log", "index"), indexes={})


def downgrade() -> None:
    """Drop the tables, and every event in them."""
    drop(
        "region_audit_inbox",
        "region_audit_event",
        "region_audit_head",
        "region_audit_tile",
        "region_audit_checkpoint",
        "region_audit_leaf",
    )
