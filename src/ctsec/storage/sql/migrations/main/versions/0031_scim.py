"""What providers push of people and groups, and the credentials that they push it with."""

from sqlalchemy import BigInteger

from ctsec.storage.sql.migrations.first import drop, nullable, table
from ctsec.storage.sql.types import Digest, Ident, Instant, Words

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    table(
        "scim_connection",
        {
            "id": Ident(64),
            "organization_id": Ident(64),
            "connection_id": nullable(Ident(64)),
            "name": Words(),
            "default_role": Ident(64),
            "provisioning": nullable(Words()),
            "owners_by": nullable(Ident(256)),
            "created_by": Ident(256),
            "created_at": Instant(),
            "version": BigInteger(),
        },
        key=("id",),
        indexes={"by_organization": ("organization_id", "id")},
    )
    table(
        "scim_token",
        {
            "id": Ident(64),
            "scim_id": Ident(64),
            "organization_id": Ident(64),
            "digest": Digest(64),
            "created_by": Ident(256),
            "created_at": Instant(),
            "expires_at": Instant(),
        },
        key=("id",),
        indexes={"by_connection": ("scim_id", "id")},
    )
    for name, own in (("scim_user", "user_name"), ("scim_group", "display_name")):
        account = {"user_id": nullable(Ident(64))} if name == "scim_user" else {}
        state = {"state": Ident(32)} if name == "scim_user" else {}
        table(
            name,
            {
                "id": Ident(64),
                "scim_id": Ident(64),
                "organization_id": Ident(64),
                **account,
                own: Words(),
                "name_key": Ident(64),
                "external_id": nullable(Words()),
                "external_key": nullable(Ident(64)),
                **state,
                "attributes": Words(),
                "created_at": Instant(),
                "changed_at": Instant(),
                "version": BigInteger(),
            },
            key=("id",),
            indexes={
                "by_connection": ("scim_id", "id"),
                "by_name": ("scim_id", "name_key"),
                "by_external": ("scim_id", "external_key"),
                **({"by_account": ("scim_id", "user_id")} if account else {}),
            },
        )
    table(
        "scim_member",
        {"group_id": Ident(64), "member_id": Ident(64), "scim_id": Ident(64)},
        key=("group_id", "member_id"),
        indexes={"by_member": ("member_id", "group_id"), "by_connection": ("scim_id",)},
    )


def downgrade() -> None:
    """Take them away again."""
    drop("scim_connection", "scim_token", "scim_user", "scim_group", "scim_member")
