"""Where a browser is sent to sign in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from ctsec.secret import SecretText


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInRedirect:
    """Where to send the browser, and what it keeps until it is back (`browser`, until `expires_at`).

    With a `form` the browser posts these fields to the address. A `relay` says that it comes back with a form of another site: what it
    keeps is for this request alone, under a name made of that.
    """

    url: str
    browser: SecretText
    expires_at: datetime
    form: Mapping[str, str] | None = None
    relay: str = ""
