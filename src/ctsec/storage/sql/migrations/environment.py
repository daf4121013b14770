"""What both migration folders share: they run on the connection, and under the prefix and schema, that the caller hands over."""

from __future__ import annotations

from typing import Any

from ctsec.storage.sql.parts import Part


def run(context: Any) -> None:
    """Run migrations in Alembic's `context`; its configuration carries `connection` and `part` as attributes."""
    attributes = context.config.attributes
    part: Part = attributes["part"]
    context.configure(
        connection=attributes["connection"],
        target_metadata=part.metadata,
        version_table=part.version.name,
        version_table_schema=part.version.schema,
    )
    with context.begin_transaction():
        context.run_migrations()
