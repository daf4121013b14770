"""The tables: three sets of metadata, for the host's transaction, for the guard store, and for the store of a region.

Rules that this module keeps:

- columns have the names and the order of the dataclass fields, so a row is a record;
- every name carries the prefix and has at most 63 characters;
- no statement of a host's session touches a guard table, and no guard table has a foreign key: a key to the user blocks behind the host.
"""

from __future__ import annotations

import re
from copy import copy
from functools import lru_cache, partial
from typing import Any, Final

from sqlalchemy import Column, MetaData, PrimaryKeyConstraint, String, Table

from ctsec.connections.record import TokenState
from ctsec.errors import ConfigurationError
from ctsec.guard.proof import Purpose
from ctsec.recovery.record import RecoveryState
from ctsec.residency.record import MAX_KEY, MAX_KIND, MoveState, ResidenceState
from ctsec.sso.oidc.presets import Provider
from ctsec.sso.record import ConnectionState, LinkedBy
from ctsec.sso.scim.record import ScimState
from ctsec.storage.sql.feature_tables import FeatureTables
from ctsec.storage.sql.log_tables import event_columns, log_tables, region_log_tables
from ctsec.storage.sql.table_columns import EMAIL_LENGTH, KEY_LENGTH, at, blob, ident, number, words
from ctsec.storage.sql.types import Digest, EnumText, JsonText, Words
from ctsec.user import UserStatus

_PREFIX: Final = re.compile(r"[a-z][a-z0-9_]{0,19}")


def _version_table(name: str, *, schema: str | None) -> Table:
    """Return the table of a version, exactly as Alembic would make it."""
    column = Column("version_num", String(32), nullable=False)
    return Table(name, MetaData(schema=schema), column, PrimaryKeyConstraint("version_num", name=f"{name}_pkc"))


def user_columns() -> list[Column[Any]]:
    """Return the columns of the user table: what a host's own table is measured by."""
    return [
        ident("id"), words("email"), ident("email_key", length=EMAIL_LENGTH), words("name"),
        Column("status", EnumText(UserStatus, "user.status"), nullable=False), at("email_verified_at", nullable=True), at("created_at"),
        number("version"),
    ]  # fmt: skip


def _checked(user: Table) -> Table:
    wanted = [column.name for column in user_columns()]
    if [column.key for column in user.columns] != wanted:
        raise ConfigurationError(f"expected the host's user table with the column keys {', '.join(wanted)}, in this order")
    return user


class Tables(FeatureTables):
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
        super().__init__(prefix, schema=schema)
        self.hosts_users = user is not None
        self.main_version = _version_table(f"{prefix}alembic_version", schema=schema)
        self.guard_version = _version_table(f"{prefix}guard_alembic_version", schema=schema)
        self.region_version = _version_table(f"{prefix}region_alembic_version", schema=schema)
        self.user = self._user() if user is None else _checked(user)
        self._people()
        self._directory()
        self._leavers()
        self._belonging()
        self._roles()
        self._keys()
        self._workload()
        self._vault()
        self.log = log_tables(self._table)
        self._work()
        self._recovery()
        self._single_sign_on()
        self._grants()
        self._apps()
        self._scim()
        self._guard()
        self._residency()
        self._region()

    def names(self) -> frozenset[str]:
        """Return the names of all tables, those of versions too."""
        every = [table for metadata in (self.main, self.guard, self.region) for table in metadata.tables.values()]
        return frozenset(table.name for table in (*every, self.main_version, self.guard_version, self.region_version))

    def _user(self) -> Table:
        return self._table("user", *user_columns(), key=("id",), one_email=("email_key",))

    def _work(self) -> None:
        self.outbox = self._table(
            "outbox", ident("id"), ident("kind"), blob("payload"), at("created_at"), at("due_at"), number("attempts"),
            at("delivered_at", nullable=True), at("failed_at", nullable=True), words("last_error"), number("version"),
            key=("id",), by_due=("delivered_at", "failed_at", "due_at"),
        )  # fmt: skip
        self.job = self._table(
            "job", ident("name", length=128), ident("owner", length=128), at("leased_until"), at("due_at"), at("last_run_at",
            nullable=True),
            words("last_error"), key=("name",),
        )  # fmt: skip
        self.epoch = self._table(
            "epoch", ident("scope"), number("epoch"), number("changed_at"), key=("scope",), by_time=("changed_at",)
        )  # fmt: skip
        self.meta = self._table("meta", ident("name"), words("value"), key=("name",))

    def _recovery(self) -> None:
        self.recovery = self._table(
            "recovery", ident("id"), ident("organization_id", nullable=True), ident("user_id"),
            Column("state", EnumText(RecoveryState, "recovery.state"), nullable=False), blob("sealed"), ident("requested_by", length=256),
            at("requested_at"), at("due_at"), at("expires_at"), ident("approved_by", length=256, nullable=True),
            at("approved_at", nullable=True), ident("ended_by", length=256, nullable=True), at("ended_at", nullable=True),
            key=("id",), by_organization=("organization_id", "id"), by_user=("user_id", "state"), by_state=("state", "due_at"),
        )  # fmt: skip
        self.recovery_terms = self._table(
            "recovery_terms", ident("organization_id"), number("approvals"), number("delay_seconds"), ident("changed_by", length=256),
            at("changed_at"), number("version"), key=("organization_id",),
        )  # fmt: skip
        self.trail = self._table(
            "trail", ident("user_id"), at("password_reset_at", nullable=True), at("factor_proved_at", nullable=True),
            at("factors_reset_at", nullable=True), at("password_proved_at", nullable=True), number("deciders"),
            at("address_changed_at", nullable=True), words("former_address"), number("version"), key=("user_id",),
        )  # fmt: skip
        self.domain = self._table(
            "domain", ident("name", length=EMAIL_LENGTH), ident("organization_id"), words("proof"), ident("recorded_by", length=256),
            at("recorded_at"), key=("name",), by_organization=("organization_id", "name"),
        )  # fmt: skip
        self.domain_claim = self._table(
            "domain_claim", ident("organization_id"), ident("name", length=EMAIL_LENGTH), ident("token"), ident("claimed_by", length=256),
            at("claimed_at"), at("expires_at"), at("proved_at", nullable=True), at("due_at", nullable=True),
            at("missing_since", nullable=True), number("misses"), number("version"), key=("organization_id", "name"), by_due=("due_at",),
        )  # fmt: skip

    def _single_sign_on(self) -> None:
        self.sso_connection = self._table(
            "sso_connection", ident("id"), ident("organization_id"), words("name"),
            Column("provider", EnumText(Provider, "sso_connection.provider"), nullable=False), words("client_id"), blob("sealed_secret"),
            words("settings"), ident("default_role"), Column("state", EnumText(ConnectionState, "sso_connection.state"), nullable=False),
            ident("created_by", length=256), at("created_at"), at("tested_at", nullable=True), at("enabled_at", nullable=True),
            number("version"), Column("public_keys", Words(), nullable=True), words("provisioning", nullable=True), key=("id",),
            by_organization=("organization_id", "id"),
        )  # fmt: skip
        self.sso_identity = self._table(
            "sso_identity", Column("digest", Digest(64), nullable=False), ident("connection_id"), ident("organization_id"),
            ident("user_id"), words("issuer"), words("subject"), Column("linked_by", EnumText(LinkedBy, "sso_identity.linked_by"),
            nullable=False), at("linked_at"), words("attributes", nullable=True),
            key=("digest",), by_connection=("connection_id",), by_user=("user_id",),
        )  # fmt: skip

    def _grants(self) -> None:
        self.sso_grant = self._table(
            "sso_grant", ident("session_id"), ident("connection_id"), ident("organization_id"), ident("user_id"),
            Column("identity", Digest(64), nullable=False), Column("provider_subject", Digest(64), nullable=False),
            Column("provider_session", Digest(64), nullable=True), words("end_session"), words("sign_out_name"), blob("sealed"),
            at("began_at"),
            at("checked_at"), at("due_at"), at("claimed_until", nullable=True), number("failures"), number("version"), key=("session_id",),
            by_connection=("connection_id",), by_identity=("identity",), by_subject=("provider_subject",),
            by_provider_session=("provider_session",), by_due=("due_at",),
        )  # fmt: skip

    def _apps(self) -> None:
        self.app_connection = self._table(
            "app_connection", ident("id"), ident("organization_id"), ident("user_id", nullable=True), ident("provider"), words("scopes"),
            ident("connected_by", length=256), at("connected_at"), at("ended_at", nullable=True), at("due_at", nullable=True),
            number("tries"), number("version"), at("reminded_for", nullable=True), key=("id",), by_organization=("organization_id", "id"),
            by_person=("user_id", "organization_id"), by_due=("due_at",),
        )  # fmt: skip
        self.app_token = self._table(
            "app_token", ident("id"), ident("organization_id"), blob("sealed"),
            Column("state", EnumText(TokenState, "app_token.state"), nullable=False), at("refreshed_at"), at("expires_at", nullable=True),
            at("due_at", nullable=True), at("lease_until", nullable=True), at("retry_at", nullable=True), number("failures"),
            at("failing_since", nullable=True), words("problem"), number("version"), at("keep_at", nullable=True), guard=True, key=("id",),
            by_organization=("organization_id", "id"), by_keep=("keep_at",),
        )  # fmt: skip

    def _scim(self) -> None:
        self.scim_connection = self._table(
            "scim_connection", ident("id"), ident("organization_id"), ident("connection_id", nullable=True), words("name"),
            ident("default_role"), words("provisioning", nullable=True), ident("owners_by", length=256, nullable=True),
            ident("created_by", length=256), at("created_at"), number("version"), ident("settle_after", nullable=True), key=("id",),
            by_organization=("organization_id", "id"),
        )  # fmt: skip
        self.scim_token = self._table(
            "scim_token", ident("id"), ident("scim_id"), ident("organization_id"), Column("digest", Digest(64), nullable=False),
            ident("created_by", length=256), at("created_at"), at("expires_at"), key=("id",), by_connection=("scim_id", "id"),
        )  # fmt: skip
        self.scim_user = self._table(
            "scim_user", ident("id"), ident("scim_id"), ident("organization_id"), ident("user_id", nullable=True), words("user_name"),
            ident("name_key"), words("external_id", nullable=True), ident("external_key", nullable=True),
            Column("state", EnumText(ScimState, "scim_user.state"), nullable=False), words("attributes"), at("created_at"),
            at("changed_at"), number("version"), key=("id",), by_connection=("scim_id", "id"), by_name=("scim_id", "name_key"),
            by_external=("scim_id", "external_key"), by_account=("scim_id", "user_id"),
        )  # fmt: skip
        self.scim_group = self._table(
            "scim_group", ident("id"), ident("scim_id"), ident("organization_id"), words("display_name"), ident("name_key"),
            words("external_id", nullable=True), ident("external_key", nullable=True), words("attributes"), at("created_at"),
            at("changed_at"), number("version"), key=("id",), by_connection=("scim_id", "id"), by_name=("scim_id", "name_key"),
            by_external=("scim_id", "external_key"),
        )  # fmt: skip
        self.scim_member = self._table(
            "scim_member", ident("group_id"), ident("member_id"), ident("scim_id"), key=("group_id", "member_id"),
            by_member=("member_id", "group_id"), by_connection=("scim_id",),
        )  # fmt: skip

    def _guard(self) -> None:
        self.proof = self._table(
            "proof", Column("purpose", EnumText(Purpose, "proof.purpose"), nullable=False), Column("digest", Digest(64), nullable=False),
            ident("subject", length=KEY_LENGTH), at("issued_at"), at("expires_at", nullable=True), at("used_at", nullable=True),
            Column("claims", JsonText[Any]("map", "proof.claims"), nullable=False),
            guard=True, key=("purpose", "digest"), by_subject=("purpose", "subject"), by_end=("expires_at", "used_at"),
        )  # fmt: skip
        self.step = self._table("step", ident("authenticator"), number("step"), guard=True, key=("authenticator",))
        self.attempt = self._table(
            "attempt", ident("key", length=KEY_LENGTH), number("failures"), at("last_failed_at", nullable=True),
            at("blocked_until", nullable=True),
            at("disabled_at", nullable=True), ident("subject", default=""), at("told_at", nullable=True), guard=True, key=("key",),
            by_disabling=("disabled_at",),
        )  # fmt: skip
        self.allowance = self._table(
            "allowance", ident("key", length=KEY_LENGTH), at("full_at"), guard=True, key=("key",), by_time=("full_at",)
        )  # fmt: skip
        self.dek_use = self._table("dek_use", ident("id"), number("messages"), guard=True, key=("id",))
        self.subject_key = self._table(
            "subject_key", ident("id"), ident("subject"), blob("wrapped"), at("created_at"), at("destroyed_at", nullable=True),
            guard=True, key=("id",), by_subject=("subject", "id"),
        )  # fmt: skip
        self.aside_event = self._table("aside_event", *event_columns(), guard=True, key=("id",))

    def _residency(self) -> None:
        self.workspace_move = self._table(
            "workspace_move", ident("id"), ident("organization_id"), ident("workspace_id"), ident("source"), ident("target"),
            number("number"),
            Column("state", EnumText(MoveState, "workspace_move.state"), nullable=False), ident("started_by", length=256), at("started_at"),
            at("changed_at"), number("rows"), ident("digest"), ident("problem"), number("version"),
            key=("id",), one_number=("workspace_id", "number"), by_organization=("organization_id", "id"), by_state=("state", "id"),
        )  # fmt: skip
        self.region_primary = self._table(
            "region_primary", ident("region"), ident("store"), ident("promoted_by", length=256), at("promoted_at"), number("version"),
            key=("region",),
        )  # fmt: skip

    def _region(self) -> None:
        self.residence = self._table(
            "residence", ident("workspace_id"), ident("organization_id"),
            Column("state", EnumText(ResidenceState, "residence.state"), nullable=False), number("epoch"),
            region=True, key=("workspace_id",),
        )  # fmt: skip
        self.content = self._table(
            "content", ident("workspace_id"), ident("kind", length=MAX_KIND), ident("key", length=MAX_KEY), ident("organization_id"),
            blob("sealed"), at("changed_at"),
            region=True, key=("workspace_id", "kind", "key"), by_organization=("organization_id", "workspace_id"),
        )  # fmt: skip
        self.region_meta = self._table("region_meta", ident("name"), words("value"), region=True, key=("name",))
        self.regional = copy(self)  # the same tables, to whoever asks for the logs in the store of a region
        self.regional.log = region_log_tables(partial(self._table, region=True), home=self.log)


@lru_cache(maxsize=1)
def default_tables() -> Tables:
    """Return the tables under the names that nobody chose: one set for the whole process, which nobody changes."""
    return Tables()
