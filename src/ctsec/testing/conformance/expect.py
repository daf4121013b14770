"""How the suite judges: functions instead of `assert`, so that `python -O` does not silence it and no plugin rewrites it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import NoReturn


def fail(rule: str) -> NoReturn:
    """Raise AssertionError that names the broken rule."""
    raise AssertionError(rule)


def equal(found: object, wanted: object) -> None:
    """Check that two values are equal, and of one kind where they are True, False or None."""
    if found != wanted or ((wanted is None or isinstance(wanted, bool)) and found is not wanted):
        fail(f"expected {wanted!r}, found {found!r}")


def holds(condition: bool, rule: str) -> None:
    """Check a condition."""
    if condition is not True:
        fail(rule)


def is_utc(moment: datetime | None) -> None:
    """Check that a moment is an aware datetime in UTC."""
    if moment is None or moment.utcoffset() != timedelta(0):
        fail(f"expected a time in UTC, found {moment!r}")


@contextmanager
def raises(*kinds: type[Exception]) -> Generator[None, None, None]:
    """Check that the body raises an error of exactly one of these classes; any other error goes through."""
    wanted = " or ".join(kind.__name__ for kind in kinds)
    try:
        yield
    except kinds as error:
        if type(error) not in kinds:
            fail(f"expected {wanted}, found {type(error).__name__}")
        return
    fail(f"expected {wanted}, and nothing was raised")
