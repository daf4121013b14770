"""The tables of people, organizations, roles, keys and credentials, in the host's transaction."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Column, Index, Integer, MetaData, PrimaryKeyConstraint, Table

from ctsec.directory.record import MembershipStatus, OrganizationStatus, WorkspaceStatus
from ctsec.encryption.dek import DekState
from ctsec.keys.workload_presets import Workload
from ctsec.mfa.passkey import MAX_CREDENTIAL_ID, Backup
from ctsec.principal import PrincipalKind
from ctsec.rbac.elevation import ElevationKind, ElevationState
from ctsec.storage.sql.table_columns import EMAIL_LENGTH, KEY_LENGTH, at, blob, ident, number, words
from ctsec.storage.sql.types import Blob, Digest, EnumText, JsonText
from ctsec.vault.record import AccessMode, VaultKind

_OPTIONS: Final[dict[str, Any]] = {
    f"{dialect}_{option}": value
    for dialect in ("mysql", "mariadb")
    for option, value in {"engine": "InnoDB", "charset": "utf8mb4", "collate": "utf8mb4_bin", "row_format": "DYNAMIC"}.items()
}


class FeatureTables:
    """Three sets of metadata under one `prefix` and database `schema`, and the tables of the features in the first of them."""

    def __init__(self, prefix: str, *, schema: str | None) -> None:
        self.prefix = prefix
        self.schema = schema
        self.main = MetaData(schema=schema)
        self.guard = MetaData(schema=schema)
        self.region = MetaData(schema=schema)

    def _table(
        self, name: str, *columns: Column[Any], key: tuple[str, ...], guard: bool = False, region: bool = False, **indexes: tuple[str, ...]
    ) -> Table:
        """Make a table; an index whose name starts with `one_` is unique."""
        full = f"{self.prefix}{name}"
        parts = [Index(f"{full}_{index}", *names, unique=index.startswith("one_")) for index, names in indexes.items()]
        primary = PrimaryKeyConstraint(*key, name=f"{full}_pk")
        return Table(full, self.guard if guard else self.region if region else self.main, *columns, primary, *parts, **_OPTIONS)

    def _people(self) -> None:
        self.password = self._table(
            "password", ident("user_id"), blob("sealed"), at("changed_at"), number("version"), ident("pepper", default=""),
            ident("scheme", default=""), number("minimum", default="0"), key=("user_id",), by_kind=("pepper", "scheme", "user_id"),
        )  # fmt: skip
        self.session = self._table(
            "session", ident("id"), ident("user_id"), Column("secret_digest", Digest(64), nullable=False), at("created_at"),
            at("last_seen_at"),
            number("idle_seconds"), at("expires_at"), Column("aal", Integer(), nullable=False),
            Column("factors", JsonText[Any]("moments", "session.factors"), nullable=False), ident("organization_id", nullable=True),
            words("user_agent"), words("address"), at("revoked_at", nullable=True), number("version"),
            ident("connection_id", nullable=True), ident("glass_organization_id", nullable=True), at("glass_until", nullable=True),
            key=("id",), by_user=("user_id",), by_end=("expires_at",), by_revocation=("revoked_at",),
        )  # fmt: skip
        self.authenticator = self._table(
            "authenticator", ident("id"), ident("user_id"), words("name"), blob("sealed_seed"), at("created_at"),
            at("confirmed_at", nullable=True), number("version"), at("last_used_at", nullable=True), number("drift", default="0"),
            key=("id",), by_user=("user_id",),
        )  # fmt: skip
        self.backup_code_set = self._table(
            "backup_code_set", ident("id"), ident("user_id"), blob("salt"),
            Column("digests", JsonText[Any]("blobs", "backup_code_set.digests"), nullable=False), at("created_at"), key=("user_id",),
        )  # fmt: skip

        self.glass_code_set = self._table(
            "glass_code_set", ident("id"), ident("organization_id"), ident("user_id"), blob("salt"),
            Column("digests", JsonText[Any]("blobs", "glass_code_set.digests"), nullable=False), at("created_at"),
            key=("organization_id", "user_id"), by_user=("user_id",),
        )  # fmt: skip
        self.passkey = self._table(
            "passkey", ident("id"), ident("user_id"), Column("credential_id", Digest(MAX_CREDENTIAL_ID), nullable=False),
            blob("public_key"),
            Column("transports", JsonText[Any]("texts", "passkey.transports"), nullable=False),
            Column("backup", EnumText(Backup, "passkey.backup"), nullable=False), words("name"), at("created_at"),
            at("last_used_at", nullable=True), number("version"),
            key=("id",), one_credential=("credential_id",), by_user=("user_id",),
        )  # fmt: skip
        self.device = self._table(
            "device", ident("id"), ident("user_id"), Column("secret_digest", Digest(64), nullable=False), at("created_at"), at("seen_at"),
            at("expires_at"), words("user_agent"), at("trusted_until", nullable=True), key=("id",), by_user=("user_id",),
            by_end=("expires_at",),
        )  # fmt: skip

    def _directory(self) -> None:
        self.organization = self._table(
            "organization", ident("id"), words("name"),
            Column("status", EnumText(OrganizationStatus, "organization.status"), nullable=False), number("permanent_owners"),
            at("created_at"), number("version"), number("roles_version", default="0"), number("custom_roles", default="0"),
            Column("mfa_policy", JsonText[Any]("mfa_policy", "organization.mfa_policy"), nullable=True),
            at("sso_required_from", nullable=True), key=("id",),
        )  # fmt: skip
        self.workspace = self._table(
            "workspace", ident("id"), ident("organization_id"), words("name"), ident("region"),
            Column("status", EnumText(WorkspaceStatus, "workspace.status"), nullable=False), at("created_at"), number("version"),
            key=("id",), by_organization=("organization_id", "id"),
        )  # fmt: skip
        self.membership = self._table(
            "membership", ident("organization_id"), ident("user_id"), ident("role"),
            Column("status", EnumText(MembershipStatus, "membership.status"), nullable=False), at("starts_at", nullable=True),
            at("expires_at", nullable=True), at("created_at"), number("version"), ident("provisioned_by", nullable=True),
            ident("role_given_by", nullable=True), key=("organization_id", "user_id"), by_user=("user_id",),
            by_end=("expires_at",),
        )  # fmt: skip

    def _leavers(self) -> None:
        self.departure = self._table(
            "departure", ident("organization_id"), ident("user_id"), at("left_at"), ident("removed_by", length=256),
            key=("organization_id", "user_id"),
        )  # fmt: skip
        self.lifecycle_policy = self._table(
            "lifecycle_policy", ident("organization_id"), number("park_days"), ident("heir", nullable=True), number("warn_days"),
            number("suspend_days"), number("remove_days"), ident("changed_by", length=256), at("changed_at"), key=("organization_id",),
        )  # fmt: skip
        self.presence = self._table(
            "presence", ident("organization_id"), ident("user_id"), at("used_at"), at("warned_at", nullable=True),
            at("end_told", nullable=True), key=("organization_id", "user_id"),
        )  # fmt: skip
        self.parked_role = self._table(
            "parked_role", ident("organization_id"), ident("workspace_id"), ident("user_id"), ident("role"), at("starts_at", nullable=True),
            at("expires_at", nullable=True), ident("granted_by", length=256), at("parked_at"), at("until"),
            key=("organization_id", "workspace_id", "user_id"), by_user=("organization_id", "user_id"), by_end=("until",),
        )  # fmt: skip

    def _belonging(self) -> None:
        self.workspace_role = self._table(
            "workspace_role", ident("organization_id"), ident("workspace_id"), ident("user_id"), ident("role"), at("starts_at",
            nullable=True),
            at("expires_at", nullable=True), ident("granted_by", length=256), at("created_at"),
            key=("organization_id", "workspace_id", "user_id"), by_user=("organization_id", "user_id"),
        )  # fmt: skip
        self.invitation = self._table(
            "invitation", ident("id"), ident("organization_id"), words("email"), ident("email_key", length=EMAIL_LENGTH), ident("role"),
            ident("workspace_id", nullable=True), ident("workspace_role", nullable=True), Column("token_digest", Digest(64),
            nullable=False),
            ident("invited_by", length=256), at("created_at"), at("expires_at"), at("accepted_at", nullable=True),
            ident("accepted_by", nullable=True), at("revoked_at", nullable=True),
            key=("id",), one_token=("token_digest",), by_organization=("organization_id", "id"),
        )  # fmt: skip

    def _roles(self) -> None:
        self.custom_role = self._table(
            "custom_role", ident("organization_id"), ident("name"), Column("permissions", JsonText[Any]("set", "custom_role.permissions"),
            nullable=False), ident("extends", nullable=True), ident("created_by", length=256), at("created_at"), number("version"),
            key=("organization_id", "name"),
        )  # fmt: skip
        self.elevation = self._table(
            "elevation", ident("id"), ident("organization_id"), ident("workspace_id", nullable=True), ident("user_id"), ident("role"),
            Column("kind", EnumText(ElevationKind, "elevation.kind"), nullable=False),
            Column("state", EnumText(ElevationState, "elevation.state"), nullable=False), words("reason"), number("seconds"),
            at("requested_at"), ident("decided_by", length=256, nullable=True), at("decided_at", nullable=True),
            at("starts_at", nullable=True), at("expires_at", nullable=True), at("ended_at", nullable=True),
            key=("id",), by_organization=("organization_id", "state", "id"), by_user=("organization_id", "user_id", "state"),
            by_end=("state", "expires_at"),
        )  # fmt: skip
        self.break_glass = self._table(
            "break_glass", ident("id"), ident("organization_id"), ident("workspace_id", nullable=True), ident("user_id"), ident("role"),
            number("seconds"), ident("granted_by", length=256), at("created_at"), at("expires_at", nullable=True),
            key=("id",), by_user=("organization_id", "user_id"),
        )  # fmt: skip

    def _keys(self) -> None:
        self.api_key = self._table(
            "api_key", ident("id"), ident("organization_id"), ident("owner_id"),
            Column("owner_kind", EnumText(PrincipalKind, "api_key.owner_kind"), nullable=False), words("name"), ident("environment"),
            Column("scopes", JsonText[Any]("set", "api_key.scopes"), nullable=True),
            Column("workspaces", JsonText[Any]("set", "api_key.workspaces"), nullable=True),
            Column("networks", JsonText[Any]("texts", "api_key.networks"), nullable=False), at("created_at"),
            at("expires_at", nullable=True),
            at("revoked_at", nullable=True), at("last_used_at", nullable=True), words("last_used_address"),
            at("reminded_for", nullable=True), number("rate", default="0"), ident("rule_id", nullable=True),
            key=("id",), by_owner=("organization_id", "owner_id"), by_organization=("organization_id", "id"), by_end=("expires_at",),
        )  # fmt: skip
        self.api_key_secret = self._table(
            "api_key_secret", ident("key_id"), number("generation"), Column("mac", Digest(64), nullable=False), ident("pepper_id"),
            at("created_at"), at("expires_at", nullable=True), ident("minted_by", length=256, default=""),
            Column("sealed_root", Blob(), nullable=True), key=("key_id", "generation"), by_minter=("minted_by",),
        )  # fmt: skip
        self.key_policy = self._table(
            "key_policy", ident("organization_id"), number("longest_life_seconds"),
            Column("networks", JsonText[Any]("texts", "key_policy.networks"), nullable=False), ident("changed_by", length=256),
            at("changed_at"), number("version"), number("longest_grant_seconds", default="0"), key=("organization_id",),
        )  # fmt: skip
        self.service_account = self._table(
            "service_account", ident("id"), ident("organization_id"), words("name"), ident("created_by", length=256), at("created_at"),
            number("version"), key=("id",), by_organization=("organization_id", "id"),
        )  # fmt: skip
        self.api_key_day = self._table(
            "api_key_day", ident("key_id"), at("day"), number("used"), number("refused"), key=("key_id", "day"), by_day=("day",),
        )  # fmt: skip
        self.dek = self._table(
            "dek", ident("id"), ident("scope"), ident("region"), ident("kek", length=512), blob("wrapped"), blob("commitment"),
            Column("state", EnumText(DekState, "dek.state"), nullable=False), at("created_at"), number("version"),
            key=("id",), by_scope=("scope", "state"), by_kek=("kek", "id"),
        )  # fmt: skip
        self.customer_key = self._table(
            "customer_key", ident("organization_id"), ident("region"), ident("ref", length=512), ident("registered_by", length=256),
            at("registered_at"), at("checked_at"), ident("problem"), number("version"),
            key=("organization_id", "region"), by_ref=("ref",),
        )  # fmt: skip

        self.reencryption = self._table(
            "reencryption", ident("scope"), ident("place", length=256), at("started_at"), ident("reached", length=KEY_LENGTH),
            at("ended_at", nullable=True), number("written"), number("remaining"), ident("problem"), ident("keys"), number("version"),
            key=("scope", "place"),
        )  # fmt: skip

    def _workload(self) -> None:
        self.workload_rule = self._table(
            "workload_rule", ident("id"), ident("organization_id"), ident("account_id"), words("name"),
            Column("preset", EnumText(Workload, "workload_rule.preset"), nullable=False), ident("issuer", length=256),
            ident("audience", length=256), Column("claims", JsonText[Any]("map", "workload_rule.claims"), nullable=False),
            Column("scopes", JsonText[Any]("set", "workload_rule.scopes"), nullable=True),
            Column("workspaces", JsonText[Any]("set", "workload_rule.workspaces"), nullable=True),
            Column("networks", JsonText[Any]("texts", "workload_rule.networks"), nullable=False), number("life_seconds"),
            ident("made_by", length=256), at("created_at"), at("changed_at"), number("exchanged"),
            at("last_exchanged_at", nullable=True), number("version"), key=("id",), by_organization=("organization_id", "id"),
            by_account=("account_id", "id"),
        )  # fmt: skip

    def _vault(self) -> None:
        sets: list[Column[Any]] = [
            Column(name, JsonText[Any]("set", f"credential.{name}"), nullable=True) for name in ("services", "regions", "users")
        ]
        self.credential = self._table(
            "credential", ident("id"), ident("organization_id"), ident("workspace_id", nullable=True), words("name"),
            Column("name_digest", Digest(32), nullable=False), Column("kind", EnumText(VaultKind, "credential.kind"), nullable=False),
            words("label"), Column("access", EnumText(AccessMode, "credential.access"), nullable=False), *sets, number("rotate_seconds"),
            at("due_at", nullable=True), at("reminded_for", nullable=True), ident("created_by", length=256), at("created_at"),
            ident("changed_by", length=256), at("changed_at"), ident("rotated_by", length=256), at("rotated_at"),
            at("last_used_at", nullable=True), ident("last_used_by", length=256), number("version"), key=("id",),
            one_name=("organization_id", "name_digest"), by_organization=("organization_id", "id"),
            by_due=("organization_id", "due_at"), by_time=("due_at",),
        )  # fmt: skip
        self.index_key = self._table(
            "index_key", ident("organization_id"), ident("place", length=512), number("generation"), blob("sealed"), at("created_at"),
            key=("organization_id", "place", "generation"),
        )  # fmt: skip
        self.credential_secret = self._table("credential_secret", ident("credential_id"), blob("sealed"), key=("credential_id",))
