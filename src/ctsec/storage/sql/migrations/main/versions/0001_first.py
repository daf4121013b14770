"""The main tables, as they were first.

Frozen: a later change of `ctsec.storage.sql.tables` comes with a later revision.
"""

from sqlalchemy import BigInteger, Integer

from ctsec.storage.sql.migrations.first import drop, nullable, table
from ctsec.storage.sql.types import Blob, Digest, Ident, Instant, Words

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    table(
        "user",
        {
            "id": Ident(64), "email": Words(), "email_key": Ident(1016), "name": Words(), "status": Ident(32),
            "email_verified_at": nullable(Instant()), "created_at": Instant(), "version": BigInteger(),
        },
        key=("id",), indexes={"one_email": ("email_key",)},
    )  # fmt: skip
    table(
        "password",
        {
            "user_id": Ident(64), "sealed": Blob(), "changed_at": Instant(), "version": BigInteger(),
        },
        key=("user_id",), indexes={},
    )  # fmt: skip
    table(
        "session",
        {
            "id": Ident(64), "user_id": Ident(64), "secret_digest": Digest(64), "created_at": Instant(), "last_seen_at": Instant(),
            "idle_seconds": BigInteger(), "expires_at": Instant(), "aal": Integer(), "factors": Words(),
            "organization_id": nullable(Ident(64)), "user_agent": Words(), "address": Words(), "revoked_at": nullable(Instant()),
            "version": BigInteger(),
        },
        key=("id",), indexes={"by_user": ("user_id",)},
    )  # fmt: skip
    table(
        "authenticator",
        {
            "id": Ident(64), "user_id": Ident(64), "name": Words(), "sealed_seed": Blob(), "created_at": Instant(),
            "confirmed_at": nullable(Instant()), "version": BigInteger(),
        },
        key=("id",), indexes={"by_user": ("user_id",)},
    )  # fmt: skip
    table(
        "backup_code_set",
        {
            "id": Ident(64), "user_id": Ident(64), "salt": Blob(), "digests": Words(), "created_at": Instant(),
        },
        key=("user_id",), indexes={},
    )  # fmt: skip
    table(
        "organization",
        {
            "id": Ident(64), "name": Words(), "status": Ident(32), "permanent_owners": BigInteger(), "created_at": Instant(),
            "version": BigInteger(),
        },
        key=("id",), indexes={},
    )  # fmt: skip
    table(
        "workspace",
        {
            "id": Ident(64), "organization_id": Ident(64), "name": Words(), "region": Ident(64), "status": Ident(32),
            "created_at": Instant(), "version": BigInteger(),
        },
        key=("id",), indexes={"by_organization": ("organization_id", "id")},
    )  # fmt: skip
    table(
        "membership",
        {
            "organization_id": Ident(64), "user_id": Ident(64), "role": Ident(64), "status": Ident(32),
            "starts_at": nullable(Instant()), "expires_at": nullable(Instant()), "created_at": Instant(), "version": BigInteger(),
        },
        key=("organization_id", "user_id"), indexes={"by_user": ("user_id",)},
    )  # fmt: skip
    table(
        "workspace_role",
        {
            "organization_id": Ident(64), "workspace_id": Ident(64), "user_id": Ident(64), "role": Ident(64),
            "starts_at": nullable(Instant()), "expires_at": nullable(Instant()), "granted_by": Ident(256), "created_at": Instant(),
        },
        key=("organization_id", "workspace_id", "user_id"), indexes={"by_user": ("organization_id", "user_id")},
    )  # fmt: skip
    table(
        "invitation",
        {
            "id": Ident(64), "organization_id": Ident(64), "email": Words(), "email_key": Ident(1016), "role": Ident(64),
            "workspace_id": nullable(Ident(64)), "workspace_role": nullable(Ident(64)), "token_digest": Digest(64),
            "invited_by": Ident(256), "created_at": Instant(), "expires_at": Instant(), "accepted_at": nullable(Instant()),
            "accepted_by": nullable(Ident(64)), "revoked_at": nullable(Instant()),
        },
        key=("id",), indexes={"by_organization": ("organization_id", "id"), "one_token": ("token_digest",)},
    )  # fmt: skip
    table(
        "api_key",
        {
            "id": Ident(64), "organization_id": Ident(64), "owner_id": Ident(64), "owner_kind": Ident(32), "name": Words(),
            "environment": Ident(64), "scopes": nullable(Words()), "workspaces": nullable(Words()), "networks": Words(),
            "created_at": Instant(), "expires_at": nullable(Instant()), "revoked_at": nullable(Instant()),
            "last_used_at": nullable(Instant()), "last_used_address": Words(),
        },
        key=("id",), indexes={"by_owner": ("organization_id", "owner_id")},
    )  # fmt: skip
    table(
        "api_key_secret",
        {
            "key_id": Ident(64), "generation": BigInteger(), "mac": Digest(64), "pepper_id": Ident(64), "created_at": Instant(),
            "expires_at": nullable(Instant()),
        },
        key=("key_id", "generation"), indexes={},
    )  # fmt: skip
    table(
        "dek",
        {
            "id": Ident(64), "scope": Ident(64), "region": Ident(64), "kek": Ident(512), "wrapped": Blob(), "commitment": Blob(),
            "state": Ident(32), "created_at": Instant(),
        },
        key=("id",), indexes={"by_scope": ("scope", "state")},
    )  # fmt: skip
    table(
        "audit_inbox",
        {
            "id": Ident(64), "log": Ident(64), "time": Instant(), "name": Ident(256), "actor_kind": Ident(256),
            "actor_id": Ident(256), "target_kind": Ident(256), "target_id": Ident(256), "subject_id": Ident(256),
            "outcome": Ident(256), "reason": Ident(256), "organization_id": nullable(Ident(64)),
            "workspace_id": nullable(Ident(64)), "request_id": Ident(256), "body": Blob(), "leaf": Digest(32), "personal": Blob(),
        },
        key=("id",), indexes={"by_log": ("log", "id")},
    )  # fmt: skip
    table(
        "audit_event",
        {
            "index": BigInteger(), "id": Ident(64), "log": Ident(64), "time": Instant(), "name": Ident(256),
            "actor_kind": Ident(256), "actor_id": Ident(256), "target_kind": Ident(256), "target_id": Ident(256),
            "subject_id": Ident(256), "outcome": Ident(256), "reason": Ident(256), "organization_id": nullable(Ident(64)),
            "workspace_id": nullable(Ident(64)), "request_id": Ident(256), "body": Blob(), "leaf": Digest(32), "personal": Blob(),
        },
        key=("log", "index"),
        indexes={
            "by_actor": ("log", "actor_id", "index"), "by_name": ("log", "name", "index"), "by_subject": ("log", "subject_id", "index"),
            "by_target": ("log", "target_id", "index"), "by_time": ("log", "time"), "one_id": ("id",),
        },
    )  # fmt: skip
    table(
        "audit_head",
        {
            "log": Ident(64), "size": BigInteger(), "frontier": nullable(Blob()),
        },
        key=("log",), indexes={},
    )  # fmt: skip
    table(
        "outbox",
        {
            "id": Ident(64), "kind": Ident(64), "payload": Blob(), "created_at": Instant(), "due_at": Instant(),
            "attempts": BigInteger(), "delivered_at": nullable(Instant()), "failed_at": nullable(Instant()), "last_error": Words(),
            "version": BigInteger(),
        },
        key=("id",), indexes={"by_due": ("delivered_at", "failed_at", "due_at")},
    )  # fmt: skip
    table(
        "job",
        {
            "name": Ident(128), "owner": Ident(128), "leased_until": Instant(), "due_at": Instant(),
            "last_run_at": nullable(Instant()), "last_error": Words(),
        },
        key=("name",), indexes={},
    )  # fmt: skip
    table(
        "epoch",
        {
            "scope": Ident(64), "epoch": BigInteger(),
        },
        key=("scope",), indexes={},
    )  # fmt: skip
    table(
        "meta",
        {
            "name": Ident(64), "value": Words(),
        },
        key=("name",), indexes={},
    )  # fmt: skip


def downgrade() -> None:
    """Drop the tables, and everything in them."""
    drop(
        "user",
        "password",
        "session",
        "authenticator",
        "backup_code_set",
        "organization",
        "workspace",
        "membership",
        "workspace_role",
        "invitation",
        "api_key",
        "api_key_secret",
        "dek",
        "audit_inbox",
        "audit_event",
        "audit_head",
        "outbox",
        "job",
        "epoch",
        "meta",
    )
