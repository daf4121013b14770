"""Where the site is and how its session cookie is written.

Rules that this module keeps:

- the cookie is `__Host-ctsec_session`, Secure, HttpOnly, SameSite=Lax, Path=/ and without a domain: no sibling host can set or read it;
- the cookies of a known device, of who asked for a link, of who was sent to a provider and of who came back are written in the same way,
  as `__Host-ctsec_device`, `__Host-ctsec_link`, `__Host-ctsec_sso` and `__Host-ctsec_landed`;
- the cookie of one sign-in through SAML is written for that sign-in alone, with SameSite=None: a form of the provider's site has to bring
  it back; it proves nothing but that the browser began this very sign-in;
- only where the site itself is plain http on this machine are their names without `__Host-`, and they without Secure,
  since browsers would drop the others.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

COOKIE: Final = "ctsec_session"
DEVICE_COOKIE: Final = "ctsec_device"
LINK_COOKIE: Final = "ctsec_link"
SSO_COOKIE: Final = "ctsec_sso"
SAML_COOKIE: Final = "ctsec_saml"
LANDED_COOKIE: Final = "ctsec_landed"
_RELAY: Final = re.compile(r"[A-Za-z0-9_-]{43}")


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
        return self._name(COOKIE)

    @property
    def device_cookie_name(self) -> str:
        """The name of the cookie that a known device holds."""
        return self._name(DEVICE_COOKIE)

    @property
    def link_cookie_name(self) -> str:
        """The name of the cookie that a browser holds beside a mailed link."""
        return self._name(LINK_COOKIE)

    @property
    def sso_cookie_name(self) -> str:
        """The name of the cookie that a browser holds while it is at a provider."""
        return self._name(SSO_COOKIE)

    def set_cookie(self, token: str, *, expires_at: datetime, now: datetime) -> str:
        """Return the Set-Cookie value that stores a session token until the session's absolute end."""
        return self._cookie(self.cookie_name, token, max(0, int((expires_at - now).total_seconds())))

    def set_device_cookie(self, token: str, *, life: timedelta) -> str:
        """Return the Set-Cookie value that stores the token of a known device for `life`."""
        return self._cookie(self.device_cookie_name, token, int(life.total_seconds()))

    def set_link_cookie(self, token: str, *, life: timedelta) -> str:
        """Return the Set-Cookie value that stores the browser's half of a link for `life`; an empty token without life removes it."""
        return self._cookie(self.link_cookie_name, token, int(life.total_seconds()))

    def set_sso_cookie(self, token: str, *, life: timedelta) -> str:
        """Return the Set-Cookie value that binds a sign-in at a provider to this browser; an empty token without life removes it."""
        return self._cookie(self.sso_cookie_name, token, int(life.total_seconds()))

    @property
    def landed_cookie_name(self) -> str:
        """The name of the cookie that says what came of a way to a provider and back."""
        return self._name(LANDED_COOKIE)

    def set_landed_cookie(self, told: str, *, life: timedelta) -> str:
        """Return the Set-Cookie value that keeps what came of it for `life`; an empty text without life removes it."""
        return self._cookie(self.landed_cookie_name, told, int(life.total_seconds()))

    def saml_cookie_name(self, relay: str) -> str:
        """Return the name of the cookie of one sign-in through SAML, made of its RelayState: several can be on their way."""
        # A RelayState of ours; whatever else stands in a form is no part of a header.
        return self._name(f"{SAML_COOKIE}_{relay[:16]}" if _RELAY.fullmatch(relay) else SAML_COOKIE)

    def set_saml_cookie(self, token: str, *, relay: str, life: timedelta) -> str:
        """Return the Set-Cookie value that binds one sign-in through SAML to this browser; an empty token without life removes it.

        It is Secure even where the site is plain http on this machine: browsers take SameSite=None only so, and let loopback have it.
        """
        age = int(life.total_seconds())
        return f"{self.saml_cookie_name(relay)}={token}; Max-Age={age}; Path=/; HttpOnly; SameSite=None; Secure"

    def clear_cookie(self) -> str:
        """Return the Set-Cookie value that removes the session token."""
        return self._cookie(self.cookie_name, "", 0)

    def clear_device_cookie(self) -> str:
        """Return the Set-Cookie value that removes the token of a known device."""
        return self._cookie(self.device_cookie_name, "", 0)

    def _name(self, name: str) -> str:
        return f"__Host-{name}" if self.secure else name

    def _cookie(self, name: str, value: str, age: int) -> str:
        return f"{name}={value}; Max-Age={age}; Path=/; HttpOnly; SameSite=Lax" + ("; Secure" if self.secure else "")
