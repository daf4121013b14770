"""Column types that mean the same on SQLite, PostgreSQL and MariaDB.

Rules that this module keeps:

- times are whole microseconds since 1970 in a BIGINT and come back as aware UTC datetimes;
- ids, keys and digests compare byte by byte: VARBINARY on MariaDB, COLLATE "C" on PostgreSQL, BINARY on SQLite;
- a value that is too long is refused before it is sent, because MariaDB may cut it silently;
- a stored value that does not decode raises CorruptRecord, which names the column and not the value.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, Generic, TypeVar, cast

from sqlalchemy import BigInteger, LargeBinary, String, Text
from sqlalchemy.dialects import mysql
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from ctsec.errors import CorruptRecord
from ctsec.mfa_policy import MfaPolicy

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
MARIADB: Final = frozenset({"mysql", "mariadb"})


def _byte_wise(dialect: Dialect, length: int) -> TypeEngine[Any]:
    if dialect.name in MARIADB:
        return mysql.VARBINARY(length)
    return String(length, collation="C" if dialect.name == "postgresql" else "BINARY")


def _long_text(dialect: Dialect) -> TypeEngine[Any]:
    return mysql.MEDIUMTEXT() if dialect.name in MARIADB else Text()


class Instant(TypeDecorator[datetime]):
    """An aware datetime, stored as whole microseconds since 1970."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Return microseconds; raise ValueError for a naive datetime."""
        del dialect
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("expected an aware datetime")
        return (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """Return an aware UTC datetime."""
        del dialect
        try:
            return None if value is None else _EPOCH + value * _MICROSECOND
        except (OverflowError, TypeError):
            raise CorruptRecord("a time column holds no instant") from None


class Ident(TypeDecorator[str]):
    """Text that compares and sorts byte by byte; `length` is the most bytes in UTF-8."""

    impl = String
    cache_ok = True

    def __init__(self, length: int) -> None:
        super().__init__(length)
        self.length = length

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the byte-wise type of the database."""
        return dialect.type_descriptor(_byte_wise(dialect, self.length))

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | bytes | None:
        """Return bytes on MariaDB, text elsewhere; raise ValueError if it is too long."""
        if value is None:
            return None
        text = str.__str__(value)  # of a subclass too the text itself, whatever it shows of itself
        raw = text.encode("utf-8")
        if len(raw) > self.length:
            raise ValueError(f"expected at most {self.length} bytes")
        return raw if dialect.name in MARIADB else text

    def process_result_value(self, value: str | bytes | None, dialect: Dialect) -> str | None:
        """Return text."""
        del dialect
        try:
            return value.decode("utf-8") if isinstance(value, (bytes, bytearray)) else value
        except UnicodeDecodeError:
            raise CorruptRecord("an id column holds bytes that are not UTF-8") from None


class EnumText(TypeDecorator[E], Generic[E]):
    """A StrEnum by its value; `at` names table and column in errors."""

    impl = String
    cache_ok = True

    def __init__(self, kind: type[E], at: str) -> None:
        super().__init__(32)
        self.kind = kind
        self.at = at

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the byte-wise type of the database."""
        return dialect.type_descriptor(_byte_wise(dialect, 32))

    def process_bind_param(self, value: E | None, dialect: Dialect) -> str | bytes | None:
        """Return the value of the member."""
        if value is None:
            return None
        text = self.kind(value).value
        return text.encode("ascii") if dialect.name in MARIADB else text

    def process_result_value(self, value: str | bytes | None, dialect: Dialect) -> E | None:
        """Return the member; raise CorruptRecord if there is none."""
        del dialect
        if value is None:
            return None
        try:
            return self.kind(value.decode("ascii") if isinstance(value, (bytes, bytearray)) else value)
        except ValueError:
            raise CorruptRecord(f"{self.at} holds a value that this version does not know") from None


class Digest(TypeDecorator[bytes]):
    """Bytes of at most `length`, short enough to be indexed."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, length: int) -> None:
        super().__init__(length)
        self.length = length

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return VARBINARY on MariaDB."""
        return dialect.type_descriptor(mysql.VARBINARY(self.length) if dialect.name in MARIADB else LargeBinary())

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        """Return the bytes; raise ValueError if there are too many."""
        del dialect
        if value is not None and len(value) > self.length:
            raise ValueError(f"expected at most {self.length} bytes")
        return value

    def process_result_value(self, value: Any, dialect: Dialect) -> bytes | None:
        """Return bytes."""
        del dialect
        return None if value is None else bytes(value)


class Blob(TypeDecorator[bytes]):
    """Bytes of up to 16 MiB."""

    impl = LargeBinary
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return MEDIUMBLOB on MariaDB, whose BLOB ends at 64 KiB."""
        return dialect.type_descriptor(mysql.MEDIUMBLOB() if dialect.name in MARIADB else LargeBinary())

    def process_result_value(self, value: Any, dialect: Dialect) -> bytes | None:
        """Return bytes."""
        del dialect
        return None if value is None else bytes(value)


class Words(TypeDecorator[str]):
    """Text for people; never compared by the database."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return MEDIUMTEXT on MariaDB, whose TEXT ends at 64 KiB."""
        return dialect.type_descriptor(_long_text(dialect))


class JsonText(TypeDecorator[T], Generic[T]):
    """A value as JSON text; `form` names how, one of `FORMS`, and `at` table and column in errors."""

    impl = Text
    cache_ok = True

    def __init__(self, form: str, at: str) -> None:
        super().__init__()
        self.form = form
        self.at = at

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the long text type of the database."""
        return dialect.type_descriptor(_long_text(dialect))

    def process_bind_param(self, value: T | None, dialect: Dialect) -> str | None:
        """Return ASCII JSON."""
        del dialect
        if value is None:
            return None
        return json.dumps(FORMS[self.form][0](value), separators=(",", ":"), sort_keys=True)

    def process_result_value(self, value: str | None, dialect: Dialect) -> T | None:
        """Return the value; raise CorruptRecord if the text has another form."""
        del dialect
        if value is None:
            return None
        try:
            return cast(T, FORMS[self.form][1](json.loads(value)))
        except (AttributeError, KeyError, OverflowError, TypeError, ValueError):
            raise CorruptRecord(f"{self.at} does not decode") from None


def _texts(value: Any) -> list[str]:
    items = cast(list[object], value) if isinstance(value, list) else [None]
    if not all(isinstance(item, str) for item in items):
        raise TypeError("expected a list of strings")
    return cast(list[str], items)


def _text_map(value: Any) -> Mapping[str, str]:
    items = cast(dict[str, Any], value).items()
    if not all(isinstance(item, str) for _, item in items):
        raise TypeError("expected an object of strings")
    return MappingProxyType(dict(items))


def _moments(value: Any) -> Mapping[str, datetime]:
    return MappingProxyType({key: _EPOCH + moment * _MICROSECOND for key, moment in cast(dict[str, int], value).items()})


def _microseconds(value: Mapping[str, datetime]) -> dict[str, int]:
    return {str(key): (moment - _EPOCH) // _MICROSECOND for key, moment in value.items()}


def _to_base64(value: tuple[bytes, ...]) -> list[str]:
    return [base64.b64encode(item).decode("ascii") for item in value]


def _from_base64(value: Any) -> tuple[bytes, ...]:
    return tuple(base64.b64decode(item, validate=True) for item in _texts(value))


def _of_policy(value: MfaPolicy) -> dict[str, object]:
    roles = value.organization_roles
    return {
        **_microseconds({"starts_at": value.starts_at, "grace_until": value.grace_until}),
        "organization_roles": sorted(roles) if roles is not None else None,
        "workspace_roles": sorted(value.workspace_roles),
    }


def _policy(value: Any) -> MfaPolicy:
    roles = value["organization_roles"]
    moments = _moments({name: value[name] for name in ("starts_at", "grace_until")})
    return MfaPolicy(
        starts_at=moments["starts_at"],
        grace_until=moments["grace_until"],
        organization_roles=frozenset(_texts(roles)) if roles is not None else None,
        workspace_roles=frozenset(_texts(value["workspace_roles"])),
    )


FORMS: Final[Mapping[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]]] = {
    "set": (sorted, lambda value: frozenset(_texts(value))),
    "texts": (list, lambda value: tuple(_texts(value))),
    "blobs": (_to_base64, _from_base64),
    "moments": (_microseconds, _moments),
    "map": (dict, _text_map),
    "mfa_policy": (_of_policy, _policy),
}
