"""A host that has a user table of its own: ctsec reads and writes it under the host's names, and leaves its making to the host."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sqlalchemy import Column, Engine, MetaData, Table, create_engine, text

from ctsec.authn import Argon2Hasher, Argon2Parameters
from ctsec.directory import Organization
from ctsec.encryption.kms import LocalKms
from ctsec.errors import ConfigurationError
from ctsec.ids import UserId
from ctsec.outcome import Reason, Refusal
from ctsec.presets import parts_of, settings_of
from ctsec.principal import Credential, CredentialKind, Principal, PrincipalKind
from ctsec.rbac.preset import POLICY
from ctsec.secret import Secret
from ctsec.security import EmbeddedOptions, Security
from ctsec.storage.sql import SqlStorage, Tables
from ctsec.storage.sql.schema import check, create, upgrade
from ctsec.storage.sql.tables import user_columns

NAMES = ("uuid", "mail", "mail_folded", "display_name", "state", "confirmed_us", "made_us", "revision")


def accounts(metadata: MetaData) -> Table:
    """Return the host's table: our columns under the host's names, and one that is the host's business alone."""
    ours = [Column(name, each.type, key=each.name, primary_key=name == "uuid") for name, each in zip(NAMES, user_columns(), strict=True)]
    return Table("accounts", metadata, *ours)


@pytest.mark.parametrize("make", [create, upgrade])
def test_accounts_live_in_the_hosts_table(tmp_path: Path, make: object) -> None:
    """Sign-up, sign-in and member lists work on the host's columns, and neither creation nor migration makes a table for users."""
    url = f"sqlite:///{tmp_path / 'app.db'}"
    engine = create_engine(url)
    metadata = MetaData()
    users = accounts(metadata)
    with engine.begin() as connection:
        metadata.create_all(connection)
        connection.execute(text("ALTER TABLE accounts ADD COLUMN favourite_colour TEXT DEFAULT 'green'"))
        connection.execute(text("CREATE UNIQUE INDEX accounts_mail ON accounts (mail_folded)"))
    tables = Tables(user=users)
    (create if make is create else upgrade)(url, tables=tables)
    options = EmbeddedOptions(password_hash=Argon2Parameters.for_tests())
    kms = LocalKms(os.urandom(16), key=Secret(os.urandom(32)))
    security = Security(
        storage=SqlStorage.from_url(url, tables=tables),
        kms=kms,
        slow_hash=Argon2Hasher(options.password_hash),
        parts=parts_of(kms, policy=POLICY, settings=settings_of("Acme", options), options=options),
        random=os.urandom,
    )
    security.prepare()
    for _ in range(2):
        with security.begin() as unit:
            unit.accounts.sign_up(email="Ann@acme.example", password="correct horse battery", name="Ann")
    with security.begin() as unit:
        again = unit.sign_in.password(email="ann@acme.example", password="correct horse battery")
        profile = unit.accounts.profile(UserId(actor_id(engine)))
    assert isinstance(again, Refusal)
    assert again.reason is Reason.EMAIL_NOT_VERIFIED
    assert profile is not None
    assert profile.email == "Ann@acme.example"
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT uuid, mail, display_name, favourite_colour FROM accounts")).all()
        made = {row[0] for row in connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'"))}
    assert [(row[1], row[2], row[3]) for row in rows] == [("Ann@acme.example", "Ann", "green")]
    assert "ctsec_user" not in made
    actor = Principal(
        id=rows[0][0], kind=PrincipalKind.USER, credential=Credential(kind=CredentialKind.SESSION, id="ses_00000000000000000000000000")
    )
    with security.begin() as unit:
        organization = unit.directory.create_organization(actor, name="Acme")
        assert isinstance(organization, Organization)
        members = unit.members.members(organization=organization.id)
    assert [(each.email, each.name) for each in members] == [("Ann@acme.example", "Ann")]
    assert check(url, tables=tables) == ()
    security.close()
    engine.dispose()


def actor_id(engine: Engine) -> str:
    """Return the id of the one account of the host's table."""
    with engine.connect() as connection:
        return str(connection.execute(text("SELECT uuid FROM accounts")).scalar_one())


def test_a_table_of_other_columns_is_refused() -> None:
    """A host's table that lacks a column is found when the tables are described, not at the first sign-in."""
    with pytest.raises(ConfigurationError, match="email_key"):
        Tables(user=Table("accounts", MetaData(), Column("uuid", key="id")))
