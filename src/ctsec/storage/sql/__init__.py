"""The SQL store, on SQLAlchemy: SQLite, PostgreSQL and MariaDB, in the host's transaction or in one of its own."""

from __future__ import annotations

from ctsec.storage.sql._async import AsyncSqlStorage, AsyncSqlStore
from ctsec.storage.sql._async_regions import AsyncSqlRegionStorage
from ctsec.storage.sql._async_sealed_attribute import AsyncSealedAttribute
from ctsec.storage.sql._sync import SqlStorage, SqlStore
from ctsec.storage.sql._sync_regions import SqlRegionStorage
from ctsec.storage.sql._sync_sealed_attribute import SealedAttribute
from ctsec.storage.sql.engines import EngineSettings
from ctsec.storage.sql.reaching import within_reach
from ctsec.storage.sql.recorded import Recorded
from ctsec.storage.sql.recorded_models import RecordedModels
from ctsec.storage.sql.schema import ignore_ctsec_tables
from ctsec.storage.sql.tables import Tables

__all__ = [
    "AsyncSealedAttribute",
    "AsyncSqlRegionStorage",
    "AsyncSqlStorage",
    "AsyncSqlStore",
    "EngineSettings",
    "Recorded",
    "RecordedModels",
    "SealedAttribute",
    "SqlRegionStorage",
    "SqlStorage",
    "SqlStore",
    "Tables",
    "ignore_ctsec_tables",
    "within_reach",
]
