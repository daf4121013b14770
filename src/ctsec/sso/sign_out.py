"""Where a browser goes to be signed out at its provider, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOutRedirect:
    """Where to send the browser; with a `form` it posts these fields to the address."""

    url: str
    form: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedOutThere:
    """What a provider says of a sign-out: `complete` if everything has ended. `back_to` is where the browser goes on, empty for nowhere."""

    complete: bool
    back_to: str = ""
