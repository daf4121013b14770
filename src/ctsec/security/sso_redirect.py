"""Where a browser is sent to sign in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ctsec.secret import SecretText


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInRedirect:
    """Where to send the browser, and what it keeps until it is back (`browser`, until `expires_at`)."""

    url: str
    browser: SecretText
    expires_at: datetime
