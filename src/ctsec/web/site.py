"""Where the site is and how its session cookie is written.

Rules that this module keeps:

- the cookie is `__Host-ctsec_session`, Secure, HttpOnly, SameSite=Lax, Path=/ and without a domain: no sibling host can set or read it;
- only where the site itself is plain http on this machine is it `ctsec_session` without Secure, since browsers would drop the other one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

COOKIE: Final = "ctsec_session"


@dataclass(frozen=True, slots=True)
class Site:
    """The site's `origin` (`scheme://host[:port]`), from which everything about its cookie follows."""

    origin: str

    @classmethod
    def of(cls, base_url: str) -> Site:
        """Return the site of a base address; a default port is left out, as browsers do."""
        address = urlsplit(base_url.lower())
        default = {"http": 80, "https": 443}.get(address.scheme)
        host = address.hostname or ""
        name = f"[{host}]" if ":" in host else host
        return cls(f"{address.scheme}://{name}" + ("" if address.port in {None, default} else f":{address.port}"))

    @property
    def secure(self) -> bool:
        """Whether the site is served over https."""
        return self.origin.startswith("https:")

    @property
    def cookie_name(self) -> str:
        """The name of the session cookie."""
        return f"__Host-{COOKIE}" if self.secure else COOKIE

    def set_cookie(self, token: str, *, expires_at: datetime, now: datetime) -> str:
        """Return the Set-Cookie value that stores a session token until the session's absolute end."""
        return self._cookie(token, max(0, int((expires_at - now).total_seconds())))

    def clear_cookie(self) -> str:
        """Return the Set-Cookie value that removes the session token."""
        return self._cookie("", 0)

    def _cookie(self, value: str, age: int) -> str:
        return f"{self.cookie_name}={value}; Max-Age={age}; Path=/; HttpOnly; SameSite=Lax" + ("; Secure" if self.secure else "")
