"""Times in request bodies: written with their date, never counted in seconds, and never without their offset from UTC."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import AwareDatetime, BeforeValidator, Field

_DATED: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ]")


def _written(value: object) -> object:
    # Pydantic would take a number, and a number in a text, as seconds since 1970.
    if not (isinstance(value, str) and _DATED.match(value)):
        raise ValueError("expected a time such as 2026-01-31T12:00:00Z")
    return value


Moment = Annotated[AwareDatetime, Field(strict=False), BeforeValidator(_written)]
