"""The tables of a sealed log: the inbox, the events, the tree over them, and how long events are kept.

Rules that this module keeps:

- events, tiles and checkpoints are inserted and never updated, so that grants can say so; the head alone changes;
- an event is deleted by a purge alone; its leaf stays in its full tile, or in `leaf` if there is none yet;
- a column of an event repeats what its body says; `leaf` is the hash of the body;
- the store of a region has the tables of a sealed log, and those alone, under names of their own: it may be in one database with others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import BigInteger, Column, Table

from ctsec.audit.alerts.record import AlertStatus
from ctsec.audit.erasure.record import ErasureState
from ctsec.storage.sql.types import Blob, Digest, EnumText, Ident, Instant, Words

_HASH: Final = 32
_LOG: Final = 64
MUTED: Final = ("log", "rule", "key")


@dataclass(frozen=True, slots=True)
class LogTables:
    """The tables of the logs of one store."""

    inbox: Table
    event: Table
    head: Table
    tile: Table
    checkpoint: Table
    leaf: Table
    retention: Table
    hold: Table
    erasure: Table
    position: Table
    alert: Table
    alert_position: Table
    alert_mute: Table


def _id(name: str, length: int = _LOG, *, nullable: bool = False) -> Column[Any]:
    return Column(name, Ident(length), nullable=nullable)


def _number(name: str, *, nullable: bool = False, default: str | None = None) -> Column[Any]:
    return Column(name, BigInteger(), nullable=nullable, autoincrement=False, server_default=default)


def _at(name: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, Instant(), nullable=nullable)


def _blob(name: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, Blob(), nullable=nullable)


def _hash(name: str) -> Column[Any]:
    return Column(name, Digest(_HASH), nullable=False)


def _words(name: str) -> Column[Any]:
    return Column(name, Words(), nullable=False)


def event_columns() -> list[Column[Any]]:
    """Return the columns of an event that has no index yet."""
    texts = ("name", "actor_kind", "actor_id", "target_kind", "target_id", "subject_id", "outcome", "reason")
    return [
        _id("id"), _id("log"), _at("time"), *(_id(text, 256) for text in texts), _id("organization_id", nullable=True),
        _id("workspace_id", nullable=True), _id("request_id", 256), _blob("body"), _hash("leaf"), _blob("personal"),
    ]  # fmt: skip


def log_tables(make: Callable[..., Table]) -> LogTables:
    """Return the tables of the logs of one store; `make` takes a name, columns, `key`, and indexes, unique where named `one_…`."""
    return LogTables(**_sealed(make), **_kept(make))


def region_log_tables(make: Callable[..., Table], *, home: LogTables) -> LogTables:
    """Return the tables of the logs of a region's store; what is not kept there stays as it is in `home`."""

    def made(name: str, *columns: Column[Any], **more: tuple[str, ...]) -> Table:
        return make(f"region_{name}", *columns, **more)

    return replace(home, **_sealed(made))


def _sealed(make: Callable[..., Table]) -> dict[str, Table]:
    """Return the tables of what is on its way into a log, of its events and of the tree over them."""
    return {
        "inbox": make("audit_inbox", *event_columns(), key=("id",), by_time=("time", "id", "log")),
        "event": make(
            "audit_event", _number("index"), *event_columns(), key=("log", "index"), one_id=("id",), by_time=("log", "time"),
            by_actor=("log", "actor_id", "index"), by_subject=("log", "subject_id", "index"), by_target=("log", "target_id", "index"),
            by_name=("log", "name", "index"),
        ),
        "head": make(
            "audit_head", _id("log"), _number("size"), _blob("frontier", nullable=True), _number("signed", default="0"),
            _at("signed_at", nullable=True), key=("log",),
        ),
        "tile": make(
            "audit_tile", _id("log"), _number("level"), _number("number"), _hash("root"), _blob("hashes"), key=("log", "level", "number"),
        ),
        "checkpoint": make(
            "audit_checkpoint", _id("log"), _number("size"), _number("number", nullable=True), _hash("root"), _blob("note"),
            _at("signed_at"), key=("log", "size"), one_number=("number",),
        ),
        "leaf": make("audit_leaf", _id("log"), _number("index"), _hash("leaf"), key=("log", "index")),
    }  # fmt: skip


def _kept(make: Callable[..., Table]) -> dict[str, Table]:
    """Return the tables of what becomes of a log: kept, held, purged, erased from, followed, watched."""
    return {
        "retention": make(
            "audit_retention", _id("log"), _words("plan"), _words("following"), _at("starts", nullable=True), _id("chosen_by", 256),
            _at("purged_at", nullable=True), _number("version"), key=("log",),
        ),
        "hold": make(
            "audit_hold", _id("id"), _id("log"), _words("matter"), _id("person", 256, nullable=True), _id("name", 256, nullable=True),
            _at("since", nullable=True), _at("until", nullable=True), _words("extent"), _number("size"), _id("placed_by", 256),
            _at("placed_at"), _id("asked_by", 256, nullable=True), _at("asked_at", nullable=True),
            _id("released_by", 256, nullable=True), _at("released_at", nullable=True), _number("version"),
            key=("id",), by_log=("log", "id"),
        ),
        "erasure": make(
            "erasure", _id("id"), _id("user_id"), Column("state", EnumText(ErasureState, "erasure.state"), nullable=False),
            _id("requested_by", 256), _at("requested_at"), _at("done_at", nullable=True), _number("keys"), _number("version"),
            key=("id",), by_user=("user_id", "id"), by_state=("state", "id"),
        ),
        "position": make(
            "audit_position", _id("follower"), _id("log"), _number("next"), _number("until", nullable=True), _number("purged"),
            _number("failures"), _words("problem"), _at("due_at", nullable=True), _at("moved_at", nullable=True), _number("version"),
            key=("follower", "log"),
        ),
        "alert": make(
            "alert", _id("id"), _id("log"), _id("rule"), _id("key", 256), _id("occasion"), _id("severity"), _id("source"),
            _number("index", nullable=True), _at("happened_at"), _at("fired_at"),
            Column("state", EnumText(AlertStatus, "alert.state"), nullable=False), _id("changed_by", 256), _at("changed_at", nullable=True),
            _at("due_at", nullable=True), _number("attempts"), _at("delivered_at", nullable=True), _number("version"),
            key=("id",), one_occasion=("log", "rule", "key", "occasion"), by_log=("log", "id"), by_due=("due_at", "id"),
        ),
        "alert_position": make("alert_position", _id("log"), _number("position"), _blob("remembered"), _number("version"), key=("log",)),
        "alert_mute": make(
            "alert_mute", _id("log"), _id("rule"), _id("key", 256), _at("until"), _id("muted_by", 256), _at("muted_at"), key=MUTED,
        ),
    }  # fmt: skip
