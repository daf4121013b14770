"""The tables: three sets of metadata, for the host's transaction, for the guard store, and for the store of a region.

Rules that this module keeps:

- columns have the names and the order of the dataclass fields, so a row is a record;
- every name carries the prefix and has at most 63 characters;
- no statement of a host's session touches a guard table, and no guard table has a foreign key: a key to the user blocks behind the host.
"""

from __future__ import annotations

import re
from typing import Any, Final

from sqlalchemy import Column, Index, Integer, MetaData, PrimaryKeyConstraint, Table

from ctsec.directory.record import MembershipStatus, OrganizationStatus, WorkspaceStatus
from ctsec.encryption.dek import DekState
from ctsec.errors import ConfigurationError
from ctsec.guard.proof import Purpose
from ctsec.mfa.passkey import MAX_CREDENTIAL_ID, Backup
from ctsec.principal import PrincipalKind
from ctsec.rbac.elevation import ElevationKind, ElevationState
from ctsec.recovery.record import RecoveryState
from ctsec.residency.record import MAX_KEY, MAX_KIND, MoveState, ResidenceState
from ctsec.storage.sql.columns import at as _at
from ctsec.storage.sql.columns import blob as _blob
from ctsec.storage.sql.columns import event_columns as _event
from ctsec.storage.sql.columns import id_column as _id
from ctsec.storage.sql.columns import number as _number
from ctsec.storage.sql.columns import version_table as _version_table
from ctsec.storage.sql.columns import words as _words
from ctsec.storage.sql.types import Digest, EnumText, JsonText
from ctsec.user import UserStatus
from ctsec.vault.record import AccessMode, VaultKind

_PREFIX: Final = re.compile(r"[a-z][a-z0-9_]{0,19}")
_OPTIONS: Final[dict[str, Any]] = {
    f"{dialect}_{option}": value
    for dialect in ("mysql", "mariadb")
    for option, value in {"engine": "InnoDB", "charset": "utf8mb4", "collate": "utf8mb4_bin", "row_format": "DYNAMIC"}.items()
}
_EMAIL: Final = 1016
_KEY: Final = 1280


def user_columns() -> list[Column[Any]]:
    """Return the columns of the user table: what a host's own table is measured by."""
    return [
        _id("id"), _words("email"), _id("email_key", length=_EMAIL), _words("name"),
        Column("status", EnumText(UserStatus, "user.status"), nullable=False), _at("email_verified_at", nullable=True), _at("created_at"),
        _number("version"),
    ]  # fmt: skip


def _checked(user: Table) -> Table:
    wanted = [column.name for column in user_columns()]
    if [column.key for column in user.columns] != wanted:
        raise ConfigurationError(f"expected the host's user table with the column keys {', '.join(wanted)}, in this order")
    return user


class Tables:
    """The tables under one `prefix` (lower case, at most 20 characters) and database `schema`.

    `user` is a table of the host's own that takes the place of ours: its columns have the `key`s and types of `user_columns()`, in that
    order, under whatever names the host's database has. The host makes and migrates it. Raises ConfigurationError for a bad prefix or
    for a table of other columns.
    """

    def __init__(self, prefix: str = "ctsec_", *, schema: str | None = None, user: Table | None = None) -> None:
        if not _PREFIX.fullmatch(prefix):
            raise ConfigurationError(
                "expected a table prefix of 1 to 20 lower-case letters, digits and underscores that starts with a letter"
            )
        self.prefix = prefix
        self.schema = schema
        self.hosts_users = user is not None
        self.main = MetaData(schema=schema)
        self.guard = MetaData(schema=schema)
        self.region = MetaData(schema=schema)
        self.main_version = _version_table(f"{prefix}alembic_version", schema=schema)
        self.guard_version = _version_table(f"{prefix}guard_alembic_version", schema=schema)
        self.region_version = _version_table(f"{prefix}region_alembic_version", schema=schema)
        self.user = self._user() if user is None else _checked(user)
        self._people()
        self._recovery()
        self._directory()
        self._roles()
        self._keys()
        self._vault()
        self._audit()
        self._work()
        self._guard()
        self._residency()
        self._region()

    def names(self) -> frozenset[str]:
        """Return the names of all tables, those of versions too."""
        every = [table for metadata in (self.main, self.guard, self.region) for table in metadata.tables.values()]
        return frozenset(table.name for table in (*every, self.main_version, self.guard_version, self.region_version))

    def _table(
        self, name: str, *columns: Column[Any], key: tuple[str, ...], guard: bool = False, region: bool = False, **indexes: tuple[str, ...]
    ) -> Table:
        """Make a table; an index whose name starts with `one_` is unique."""
        full = f"{self.prefix}{name}"
        parts = [Index(f"{full}_{index}", *names, unique=index.startswith("one_")) for index, names in indexes.items()]
        primary = PrimaryKeyConstraint(*key, name=f"{full}_pk")
        return Table(full, self.guard if guard else self.region if region else self.main, *columns, primary, *parts, **_OPTIONS)

    def _user(self) -> Table:
        return self._table("user", *user_columns(), key=("id",), one_email=("email_key",))

    def _people(self) -> None:
        self.password = self._table(
            "password", _id("user_id"), _blob("sealed"), _at("changed_at"), _number("version"), _id("pepper", default=""),
            _id("scheme", default=""), key=("user_id",), by_kind=("pepper", "scheme", "user_id"),
        )  # fmt: skip
        self.session = self._table(
            "session", _id("id"), _id("user_id"), Column("secret_digest", Digest(64), nullable=False), _at("created_at"),
            _at("last_seen_at"),
            _number("idle_seconds"), _at("expires_at"), Column("aal", Integer(), nullable=False),
            Column("factors", JsonText[Any]("moments", "session.factors"), nullable=False), _id("organization_id", nullable=True),
            _words("user_agent"), _words("address"), _at("revoked_at", nullable=True), _number("version"), key=("id",),
            by_user=("user_id",),
        )  # fmt: skip
        self.authenticator = self._table(
            "authenticator", _id("id"), _id("user_id"), _words("name"), _blob("sealed_seed"), _at("created_at"),
            _at("confirmed_at", nullable=True), _number("version"), key=("id",), by_user=("user_id",),
        )  # fmt: skip
        self.backup_code_set = self._table(
            "backup_code_set", _id("id"), _id("user_id"), _blob("salt"),
            Column("digests", JsonText[Any]("blobs", "backup_code_set.digests"), nullable=False), _at("created_at"), key=("user_id",),
        )  # fmt: skip

        self.passkey = self._table(
            "passkey", _id("id"), _id("user_id"), Column("credential_id", Digest(MAX_CREDENTIAL_ID), nullable=False), _blob("public_key"),
            Column("transports", JsonText[Any]("texts", "passkey.transports"), nullable=False),
            Column("backup", EnumText(Backup, "passkey.backup"), nullable=False), _words("name"), _at("created_at"),
            _at("last_used_at", nullable=True), _number("version"),
            key=("id",), one_credential=("credential_id",), by_user=("user_id",),
        )  # fmt: skip
        self.device = self._table(
            "device", _id("id"), _id("user_id"), Column("secret_digest", Digest(64), nullable=False), _at("created_at"), _at("seen_at"),
            _at("expires_at"), _words("user_agent"), key=("id",), by_user=("user_id",),
        )  # fmt: skip

    def _recovery(self) -> None:
        self.recovery = self._table(
            "recovery", _id("id"), _id("organization_id", nullable=True), _id("user_id"),
            Column("state", EnumText(RecoveryState, "recovery.state"), nullable=False), _blob("sealed"), _id("requested_by", length=256),
            _at("requested_at"), _at("due_at"), _at("expires_at"), _id("approved_by", length=256, nullable=True),
            _at("approved_at", nullable=True), _id("ended_by", length=256, nullable=True), _at("ended_at", nullable=True),
            key=("id",), by_organization=("organization_id", "id"), by_user=("user_id", "state"), by_state=("state", "due_at"),
        )  # fmt: skip
        self.recovery_terms = self._table(
            "recovery_terms", _id("organization_id"), _number("approvals"), _number("delay_seconds"), _id("changed_by", length=256),
            _at("changed_at"), _number("version"), key=("organization_id",),
        )  # fmt: skip
        self.trail = self._table(
            "trail", _id("user_id"), _at("password_reset_at", nullable=True), _at("factor_proved_at", nullable=True),
            _at("factors_reset_at", nullable=True), _at("password_proved_at", nullable=True), _number("deciders"),
            _at("address_changed_at", nullable=True), _words("former_address"), _number("version"), key=("user_id",),
        )  # fmt: skip
        self.domain = self._table(
            "domain", _id("name", length=_EMAIL), _id("organization_id"), _words("proof"), _id("recorded_by", length=256),
            _at("recorded_at"), key=("name",), by_organization=("organization_id", "name"),
        )  # fmt: skip

    def _directory(self) -> None:
        self.organization = self._table(
            "organization", _id("id"), _words("name"),
            Column("status", EnumText(OrganizationStatus, "organization.status"), nullable=False), _number("permanent_owners"),
            _at("created_at"), _number("version"), _number("roles_version", default="0"), _number("custom_roles", default="0"), key=("id",),
        )  # fmt: skip
        self.workspace = self._table(
            "workspace", _id("id"), _id("organization_id"), _words("name"), _id("region"),
            Column("status", EnumText(WorkspaceStatus, "workspace.status"), nullable=False), _at("created_at"), _number("version"),
            key=("id",), by_organization=("organization_id", "id"),
        )  # fmt: skip
        self.membership = self._table(
            "membership", _id("organization_id"), _id("user_id"), _id("role"),
            Column("status", EnumText(MembershipStatus, "membership.status"), nullable=False), _at("starts_at", nullable=True),
            _at("expires_at", nullable=True), _at("created_at"), _number("version"), key=("organization_id", "user_id"),
            by_user=("user_id",),
        )  # fmt: skip
        self.workspace_role = self._table(
            "workspace_role", _id("organization_id"), _id("workspace_id"), _id("user_id"), _id("role"), _at("starts_at", nullable=True),
            _at("expires_at", nullable=True), _id("granted_by", length=256), _at("created_at"),
            key=("organization_id", "workspace_id", "user_id"), by_user=("organization_id", "user_id"),
        )  # fmt: skip
        self.invitation = self._table(
            "invitation", _id("id"), _id("organization_id"), _words("email"), _id("email_key", length=_EMAIL), _id("role"),
            _id("workspace_id", nullable=True), _id("workspace_role", nullable=True), Column("token_digest", Digest(64), nullable=False),
            _id("invited_by", length=256), _at("created_at"), _at("expires_at"), _at("accepted_at", nullable=True),
            _id("accepted_by", nullable=True), _at("revoked_at", nullable=True),
            key=("id",), one_token=("token_digest",), by_organization=("organization_id", "id"),
        )  # fmt: skip

    def _roles(self) -> None:
        self.custom_role = self._table(
            "custom_role", _id("organization_id"), _id("name"), Column("permissions", JsonText[Any]("set", "custom_role.permissions"),
            nullable=False), _id("extends", nullable=True), _id("created_by", length=256), _at("created_at"), _number("version"),
            key=("organization_id", "name"),
        )  # fmt: skip
        self.elevation = self._table(
            "elevation", _id("id"), _id("organization_id"), _id("workspace_id", nullable=True), _id("user_id"), _id("role"),
            Column("kind", EnumText(ElevationKind, "elevation.kind"), nullable=False),
            Column("state", EnumText(ElevationState, "elevation.state"), nullable=False), _words("reason"), _number("seconds"),
            _at("requested_at"), _id("decided_by", length=256, nullable=True), _at("decided_at", nullable=True),
            _at("starts_at", nullable=True), _at("expires_at", nullable=True), _at("ended_at", nullable=True),
            key=("id",), by_organization=("organization_id", "state", "id"), by_user=("organization_id", "user_id", "state"),
            by_end=("state", "expires_at"),
        )  # fmt: skip
        self.break_glass = self._table(
            "break_glass", _id("id"), _id("organization_id"), _id("workspace_id", nullable=True), _id("user_id"), _id("role"),
            _number("seconds"), _id("granted_by", length=256), _at("created_at"), _at("expires_at", nullable=True),
            key=("id",), by_user=("organization_id", "user_id"),
        )  # fmt: skip

    def _keys(self) -> None:
        self.api_key = self._table(
            "api_key", _id("id"), _id("organization_id"), _id("owner_id"),
            Column("owner_kind", EnumText(PrincipalKind, "api_key.owner_kind"), nullable=False), _words("name"), _id("environment"),
            Column("scopes", JsonText[Any]("set", "api_key.scopes"), nullable=True),
            Column("workspaces", JsonText[Any]("set", "api_key.workspaces"), nullable=True),
            Column("networks", JsonText[Any]("texts", "api_key.networks"), nullable=False), _at("created_at"),
            _at("expires_at", nullable=True),
            _at("revoked_at", nullable=True), _at("last_used_at", nullable=True), _words("last_used_address"),
            key=("id",), by_owner=("organization_id", "owner_id"),
        )  # fmt: skip
        self.api_key_secret = self._table(
            "api_key_secret", _id("key_id"), _number("generation"), Column("mac", Digest(64), nullable=False), _id("pepper_id"),
            _at("created_at"), _at("expires_at", nullable=True), key=("key_id", "generation"),
        )  # fmt: skip
        self.dek = self._table(
            "dek", _id("id"), _id("scope"), _id("region"), _id("kek", length=512), _blob("wrapped"), _blob("commitment"),
            Column("state", EnumText(DekState, "dek.state"), nullable=False), _at("created_at"), _number("version"),
            key=("id",), by_scope=("scope", "state"), by_kek=("kek", "id"),
        )  # fmt: skip
        self.customer_key = self._table(
            "customer_key", _id("organization_id"), _id("region"), _id("ref", length=512), _id("registered_by", length=256),
            _at("registered_at"), _at("checked_at"), _id("problem"), _number("version"),
            key=("organization_id", "region"), by_ref=("ref",),
        )  # fmt: skip

        self.reencryption = self._table(
            "reencryption", _id("scope"), _id("place", length=256), _at("started_at"), _id("reached", length=_KEY),
            _at("ended_at", nullable=True), _number("written"), _number("remaining"), _id("problem"), _id("keys"), _number("version"),
            key=("scope", "place"),
        )  # fmt: skip

    def _vault(self) -> None:
        sets: list[Column[Any]] = [
            Column(name, JsonText[Any]("set", f"credential.{name}"), nullable=True) for name in ("services", "regions", "users")
        ]
        self.credential = self._table(
            "credential", _id("id"), _id("organization_id"), _id("workspace_id", nullable=True), _words("name"),
            Column("name_digest", Digest(32), nullable=False), Column("kind", EnumText(VaultKind, "credential.kind"), nullable=False),
            _words("label"), Column("access", EnumText(AccessMode, "credential.access"), nullable=False), *sets, _number("rotate_seconds"),
            _at("due_at", nullable=True), _at("reminded_for", nullable=True), _id("created_by", length=256), _at("created_at"),
            _id("changed_by", length=256), _at("changed_at"), _id("rotated_by", length=256), _at("rotated_at"),
            _at("last_used_at", nullable=True), _id("last_used_by", length=256), _number("version"), key=("id",),
            one_name=("organization_id", "name_digest"), by_organization=("organization_id", "id"),
            by_due=("organization_id", "due_at"), by_time=("due_at",),
        )  # fmt: skip
        self.index_key = self._table(
            "index_key", _id("organization_id"), _id("place", length=512), _number("generation"), _blob("sealed"), _at("created_at"),
            key=("organization_id", "place", "generation"),
        )  # fmt: skip
        self.credential_secret = self._table("credential_secret", _id("credential_id"), _blob("sealed"), key=("credential_id",))

    def _audit(self) -> None:
        self.audit_inbox = self._table("audit_inbox", *_event(), key=("id",), by_log=("log", "id"))
        self.audit_event = self._table(
            "audit_event", _number("index"), *_event(), key=("log", "index"), one_id=("id",), by_time=("log", "time"),
            by_actor=("log", "actor_id", "index"), by_subject=("log", "subject_id", "index"), by_target=("log", "target_id", "index"),
            by_name=("log", "name", "index"),
        )  # fmt: skip
        self.audit_head = self._table("audit_head", _id("log"), _number("size"), _blob("frontier", nullable=True), key=("log",))

    def _work(self) -> None:
        self.outbox = self._table(
            "outbox", _id("id"), _id("kind"), _blob("payload"), _at("created_at"), _at("due_at"), _number("attempts"),
            _at("delivered_at", nullable=True), _at("failed_at", nullable=True), _words("last_error"), _number("version"),
            key=("id",), by_due=("delivered_at", "failed_at", "due_at"),
        )  # fmt: skip
        self.job = self._table(
            "job", _id("name", length=128), _id("owner", length=128), _at("leased_until"), _at("due_at"), _at("last_run_at", nullable=True),
            _words("last_error"), key=("name",),
        )  # fmt: skip
        self.epoch = self._table(
            "epoch", _id("scope"), _number("epoch"), _number("changed_at"), key=("scope",), by_time=("changed_at",)
        )  # fmt: skip
        self.meta = self._table("meta", _id("name"), _words("value"), key=("name",))

    def _guard(self) -> None:
        self.proof = self._table(
            "proof", Column("purpose", EnumText(Purpose, "proof.purpose"), nullable=False), Column("digest", Digest(64), nullable=False),
            _id("subject", length=_KEY), _at("issued_at"), _at("expires_at", nullable=True), _at("used_at", nullable=True),
            Column("claims", JsonText[Any]("map", "proof.claims"), nullable=False),
            guard=True, key=("purpose", "digest"), by_subject=("purpose", "subject"),
        )  # fmt: skip
        self.step = self._table("step", _id("authenticator"), _number("step"), guard=True, key=("authenticator",))
        self.attempt = self._table(
            "attempt", _id("key", length=_KEY), _number("failures"), _at("last_failed_at", nullable=True),
            _at("blocked_until", nullable=True),
            _at("disabled_at", nullable=True), _id("subject", default=""), _at("told_at", nullable=True), guard=True, key=("key",),
            by_disabling=("disabled_at",),
        )  # fmt: skip
        self.allowance = self._table(
            "allowance", _id("key", length=_KEY), _at("full_at"), guard=True, key=("key",), by_time=("full_at",)
        )  # fmt: skip
        self.dek_use = self._table("dek_use", _id("id"), _number("messages"), guard=True, key=("id",))
        self.aside_event = self._table("aside_event", *_event(), guard=True, key=("id",))

    def _residency(self) -> None:
        self.workspace_move = self._table(
            "workspace_move", _id("id"), _id("organization_id"), _id("workspace_id"), _id("source"), _id("target"), _number("number"),
            Column("state", EnumText(MoveState, "workspace_move.state"), nullable=False), _id("started_by", length=256), _at("started_at"),
            _at("changed_at"), _number("rows"), _id("digest"), _id("problem"), _number("version"),
            key=("id",), one_number=("workspace_id", "number"), by_organization=("organization_id", "id"), by_state=("state", "id"),
        )  # fmt: skip
        self.region_primary = self._table(
            "region_primary", _id("region"), _id("store"), _id("promoted_by", length=256), _at("promoted_at"), _number("version"),
            key=("region",),
        )  # fmt: skip

    def _region(self) -> None:
        self.residence = self._table(
            "residence", _id("workspace_id"), _id("organization_id"),
            Column("state", EnumText(ResidenceState, "residence.state"), nullable=False), _number("epoch"),
            region=True, key=("workspace_id",),
        )  # fmt: skip
        self.content = self._table(
            "content", _id("workspace_id"), _id("kind", length=MAX_KIND), _id("key", length=MAX_KEY), _id("organization_id"),
            _blob("sealed"), _at("changed_at"),
            region=True, key=("workspace_id", "kind", "key"), by_organization=("organization_id", "workspace_id"),
        )  # fmt: skip
        self.region_meta = self._table("region_meta", _id("name"), _words("value"), region=True, key=("name",))
