"""The three sets of tables as the migrations see them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import MetaData, Table

from ctsec.storage.sql.gate import GUARD_VERSION, MAIN_VERSION, REGION_VERSION
from ctsec.storage.sql.tables import Tables


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One set of tables: the folder of its migrations, its metadata, its version table and the version that this package writes."""

    name: str
    tables: Tables
    metadata: MetaData
    version: Table
    head: str


def main_part(tables: Tables) -> Part:
    """Return the tables of the host's transaction."""
    return Part(name="main", tables=tables, metadata=tables.main, version=tables.main_version, head=MAIN_VERSION)


def guard_part(tables: Tables) -> Part:
    """Return the tables of the guard store."""
    return Part(name="guard", tables=tables, metadata=tables.guard, version=tables.guard_version, head=GUARD_VERSION)


def region_part(tables: Tables) -> Part:
    """Return the tables of the store of a region."""
    return Part(name="region", tables=tables, metadata=tables.region, version=tables.region_version, head=REGION_VERSION)
