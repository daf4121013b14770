"""Passwords say in columns which pepper they are under and what a comparison costs, so that both can be counted and paged.

The rows that are there were all made under peppers whose name stands in clear at the head of the sealed record; their scheme is inside and
stays unknown until the worker, or the person's next sign-in, has opened the record.
"""

from alembic import context, op
from sqlalchemy import text

from ctsec.storage.sql.migrations.first import add_index, add_name, drop_column, drop_index
from ctsec.storage.sql.parts import Part

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# The name of the key: its length is the second byte of the record (1 to 64), its ASCII characters follow.
_NAME = {
    "sqlite": "CAST(substr(sealed, 3, unicode(CAST(substr(sealed, 2, 1) AS TEXT))) AS TEXT)",
    "postgresql": "convert_from(substring(sealed from 3 for get_byte(sealed, 1)), 'UTF8')",
    "mysql": "SUBSTRING(sealed, 3, ORD(SUBSTRING(sealed, 2, 1)))",
    "mariadb": "SUBSTRING(sealed, 3, ORD(SUBSTRING(sealed, 2, 1)))",
}


def upgrade() -> None:
    """Add the columns, fill in the peppers, and index both."""
    part: Part = context.config.attributes["part"]
    add_name("password", "pepper")
    add_name("password", "scheme")
    schema = f"{part.tables.schema}." if part.tables.schema else ""
    op.execute(text(f"UPDATE {schema}{part.tables.prefix}password SET pepper = {_NAME[op.get_context().dialect.name]}"))  # noqa: S608
    add_index("password", "by_kind", ("pepper", "scheme", "user_id"))


def downgrade() -> None:
    """Take the columns away again."""
    drop_index("password", "by_kind")
    drop_column("password", "scheme")
    drop_column("password", "pepper")
