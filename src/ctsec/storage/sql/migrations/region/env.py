"""Alembic's entry: see `ctsec.storage.sql.migrations.environment`."""

from alembic import context

from ctsec.storage.sql.migrations.environment import run

run(context)
