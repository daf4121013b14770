"""GitHub, simulated: OAuth 2 and an API, no ID token."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final, cast
from urllib.parse import urlencode

from ctsec.clock import Clock
from ctsec.testing.providers.base import AUTHORIZE, TOKEN, ProviderSimulator, ordinal, scopes, without

API: Final = "https://api.github.com"
_PLACES: Final = {
    AUTHORIZE: "https://github.com/login/oauth/authorize",
    TOKEN: "https://github.com/login/oauth/access_token",
    "user": f"{API}/user",
    "emails": f"{API}/user/emails",
}
_ERRORS: Final = {"invalid_client": "incorrect_client_credentials", "invalid_grant": "bad_verification_code"}
_MEMBER: Final = "api.github.com/user/memberships/orgs/"


class GitHub(ProviderSimulator):
    """GitHub with one organization: its `organization` (name), its `number`, and `enforces_sso`.

    - Errors of the token endpoint arrive with status 200 and names of their own:
      docs.github.com/apps/oauth-apps/maintaining-oauth-apps/troubleshooting-oauth-app-access-token-request-errors.
    - The answer is a form, and JSON only for who asks for it in `Accept`: the same page, and "Authorizing OAuth apps" beside it.
    - `/user/emails` lists every address, of which some are not verified and some are `…@users.noreply.github.com`; `email` of `/user` is
      what the person shows: docs.github.com/rest/users/emails.
    - A membership is `pending` until the invitation is accepted: docs.github.com/rest/orgs/members (membership for the authenticated user).
    - The number of an account stays; its login is renamed, and free for others then: docs.github.com/account-and-profile (changing your
      username).
    - An organization that enforces SSO hides itself behind 403 and `X-GitHub-SSO: required`:
      docs.github.com/rest/authentication/authenticating-to-the-rest-api, gist.github.com/lukeenterprise/5a00b95ad9d3b6ab5467833f6a3b4b14.
    - There is no ID token, no nonce, and no `iss` in the callback.
    """

    def __init__(self, *, organization: str = "acme", number: int = 77, clock: Clock | None = None) -> None:
        super().__init__(issuer="https://github.com", places=_PLACES, clock=clock)
        self.organization = organization
        self.number = number
        self.enforces_sso = False

    def usual(self, person: str, email: str) -> dict[str, object]:
        """Return an account: its number, its login, its addresses, and its membership (`active`, `pending`, empty)."""
        number = 5_000_000 + ordinal(self.people, person)
        hidden = {"email": f"{number}+{person}@users.noreply.github.com", "verified": True, "primary": False, "visibility": None}
        shown = {"email": email, "verified": True, "primary": True, "visibility": "private"}
        return {"id": number, "login": person, "name": person.capitalize(), "emails": [shown, hidden], "membership": "active"}

    def told(self, kind: str, path: str, *, authorization: str, form: Mapping[str, str]) -> tuple[int, Mapping[str, object]]:
        """Answer: tokens and their errors with 200, the API for who has a token with the scope."""
        if kind == TOKEN:
            status, told = super().told(kind, path, authorization=authorization, form=form)
            if status != 200:
                return 200, {"error": _ERRORS[str(told["error"])], "error_description": "see the documentation"}
            found = self.sign_ins.of_access(str(told["access_token"]))
            granted = ",".join(sorted(scopes(found.visit.asked))) if found is not None else ""
            return 200, {"access_token": told["access_token"], "token_type": "bearer", "scope": granted}
        self.asked.append(path)
        found = self.sign_ins.of_access(authorization.removeprefix("Bearer "))
        if found is None:
            return 401, {"message": "Bad credentials"}
        return self._api(kind, path, self.people[found.person], granted=scopes(found.visit.asked))

    def written(self, told: Mapping[str, object], *, path: str, accept: str) -> tuple[Mapping[str, str], bytes]:
        """Write a form to the client that wants no JSON of the token endpoint, and the list of addresses as a list."""
        if path.endswith("/access_token") and "application/json" not in accept:
            return {"content-type": "application/x-www-form-urlencoded"}, urlencode({k: str(v) for k, v in told.items()}).encode()
        hidden = {"x-github-sso": f"required; url=https://github.com/orgs/{self.organization}/sso"} if "saml" in told else {}
        body = told["list"] if "list" in told else without(told, "saml")
        return {"content-type": "application/json", **hidden}, json.dumps(body).encode()

    def _api(self, kind: str, path: str, account: Mapping[str, object], *, granted: frozenset[str]) -> tuple[int, Mapping[str, object]]:
        emails = cast("list[dict[str, object]]", account["emails"])
        if kind == "user":
            public = next((each["email"] for each in emails if each.get("visibility") == "public"), None)
            return 200, {"id": account["id"], "login": account["login"], "name": account["name"], "email": public}
        if kind == "emails" and {"user:email", "user"} & granted:
            return 200, {"list": emails}
        if path.removeprefix("/") != _MEMBER + self.organization or "read:org" not in granted or not account["membership"]:
            return 404, {"message": "Not Found"}
        if self.enforces_sso:
            return 403, {"message": "Resource protected by organization SAML enforcement.", "saml": True}
        organization = {"login": self.organization, "id": self.number}
        return 200, {"state": account["membership"], "role": "member", "organization": organization, "user": {"id": account["id"]}}
