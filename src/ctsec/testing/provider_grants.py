"""Refresh tokens of a local identity provider: each is good once, and using one again ends all that came from its sign-in."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Visit:
    """Who signed in at the provider, by name, and with which request: the parameters of the authorization endpoint."""

    person: str
    asked: Mapping[str, str]


class SignIn:
    """A sign-in at the provider: whose, the session there (`session`), and the tokens that came from it."""

    def __init__(self, visit: Visit, *, session: str, signed_in_at: int) -> None:
        self.visit, self.session, self.signed_in_at = visit, session, signed_in_at
        self.person, self.nonce = visit.person, visit.asked.get("nonce", "")
        self.refresh = ""
        self.access: set[str] = set()
        self.ended = False


class SignIns:
    """Every sign-in, by its tokens."""

    def __init__(self) -> None:
        self.all: list[SignIn] = []
        self._ever: dict[str, SignIn] = {}
        self._access: dict[str, SignIn] = {}

    def begin(self, visit: Visit, *, now: int) -> SignIn:
        """Return a new sign-in."""
        made = SignIn(visit, session=secrets.token_urlsafe(12), signed_in_at=now)
        self.all.append(made)
        return made

    def tokens(self, of: SignIn, *, refresh: bool) -> dict[str, object]:
        """Return new tokens of a sign-in, as an answer says them; the refresh token before is used up."""
        access = secrets.token_urlsafe(24)
        of.access.add(access)
        self._access[access] = of
        if not refresh:
            return {"access_token": access}
        of.refresh = secrets.token_urlsafe(24)
        self._ever[of.refresh] = of
        return {"access_token": access, "refresh_token": of.refresh}

    def use(self, refresh: str) -> SignIn | None:
        """Return the sign-in of a refresh token, None for one that is not good; one that was used before ends its sign-in."""
        found = self._ever.get(refresh)
        if found is None or found.ended:
            return None
        if found.refresh != refresh:
            found.ended = True
            return None
        return found

    def of_access(self, access: str) -> SignIn | None:
        """Return the sign-in of an access token."""
        found = self._access.get(access)
        return found if found is not None and not found.ended else None

    def revoke(self, token: str) -> bool:
        """End the sign-in of a token; True if there was one."""
        found = self._ever.get(token) or self._access.get(token)
        if found is None or found.ended:
            return False
        found.ended = True
        return True
