"""Values that hide themselves: in repr, str, format, pickles, copies and tracebacks.

`Secret` wraps bytes, `SecretText` wraps a str. Both are opened only by `reveal()`, which is easy to find in a review, compare in
constant time, and refuse to be pickled, hashed or put into a format string.
"""

from __future__ import annotations

import hmac
from typing import Any, Final, NoReturn

_HIDDEN: Final = "<hidden>"


class _Hidden:
    """What both kinds share: every way of showing the value shows `<hidden>` instead."""

    __slots__ = ("_value",)
    _value: Any

    def __repr__(self) -> str:
        return f"{type(self).__name__}({_HIDDEN})"

    def __str__(self) -> str:
        return _HIDDEN

    def __format__(self, spec: str) -> str:
        return _HIDDEN

    def __len__(self) -> int:
        return len(self._value)

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError("a secret can not be pickled or copied; call reveal() where it is meant")

    __hash__ = None  # type: ignore[assignment]


class Secret(_Hidden):  # noqa: PLW1641 - unhashable on purpose: a hash would outlive the value
    """Secret bytes; `reveal()` returns them."""

    __slots__ = ()

    def __init__(self, value: bytes) -> None:
        self._value = bytes(value)

    def reveal(self) -> bytes:
        """Return the bytes themselves."""
        value: bytes = self._value
        return value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._value, other._value)


class SecretText(_Hidden):  # noqa: PLW1641 - see Secret
    """A secret string; `reveal()` returns it."""

    __slots__ = ()

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the string itself."""
        value: str = self._value
        return value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SecretText) and hmac.compare_digest(
            self._value.encode("utf-8", "surrogatepass"), other._value.encode("utf-8", "surrogatepass")
        )
