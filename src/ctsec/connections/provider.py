"""Services that people connect: where their authorization servers are, and how this deployment is known to each.

Rules that this module keeps:

- providers are the deployment's configuration, checked when it is built; no answer of a provider adds an address to it;
- each provider has a redirect URI of its own, so that an answer meant for another does not arrive at it (RFC 9700, 4.4);
- an error that no list of ours or of the provider's names is a failure that passes: nothing unknown ends a connection.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from ctsec.connections.refresh import Lives
from ctsec.jose.client_proof import ClientProof
from ctsec.transport.address import check_url
from ctsec.transport.fetch import BlockingFetcher
from ctsec.transport.reach import Reach

MAX_SCOPES: Final = 50
_PLACE: Final = "{provider}"
_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_SCOPE: Final = re.compile(r"[!#-\[\]-~]{1,200}")
# What this package itself says to the authorization endpoint.
_OURS: Final = frozenset({"response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method"})
# GitHub and Slack have words of their own beside those of RFC 6749, 5.2.
CONSENT_ERRORS: Final = frozenset(
    {
        *("invalid_grant", "bad_refresh_token", "bad_verification_code", "invalid_refresh_token", "interaction_required"),
        *("consent_required", "login_required"),
    }
)
REVOKED_ERRORS: Final = frozenset({"token_revoked", "account_inactive"})
CLIENT_ERRORS: Final = frozenset({"invalid_client", "unauthorized_client", "incorrect_client_credentials"})


@dataclass(frozen=True, slots=True, kw_only=True)
class AppProvider:
    """A service, by a name that stands in addresses and in the log.

    `scopes` are asked for, `further_scopes` may be asked for by whoever connects. `extra` are more parameters of the authorization
    endpoint, such as `access_type=offline`. `issuer` is compared with `iss` of the callback where one is named (RFC 9207).
    `revocation_endpoint` is empty where the provider has none. Where its answers do not say it, `life` is how long an access token is good
    (None: for ever), and `unused_life` how long a refresh token is that nobody uses (None: not known). `scope_separator` is a comma for
    some. `consent_errors` and `revoked_errors` are words of its own for a grant that is over, and for one that was withdrawn. A provider
    that keeps its refresh tokens, and one that sends errors with status 200, need nothing said. `reach` is for a provider in a private
    network, or in a test. Raises ValueError for what fits no provider.
    """

    name: str
    authorization_endpoint: str
    token_endpoint: str
    client_id: str
    proof: ClientProof
    revocation_endpoint: str = ""
    scopes: tuple[str, ...] = ()
    further_scopes: frozenset[str] = frozenset()
    extra: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    issuer: str = ""
    life: timedelta | None = None
    unused_life: timedelta | None = None
    scope_separator: str = " "
    consent_errors: frozenset[str] = frozenset()
    revoked_errors: frozenset[str] = frozenset()
    reach: Reach = field(default=Reach.PUBLIC)

    def __post_init__(self) -> None:
        object.__setattr__(self, "extra", MappingProxyType(dict(self.extra)))
        if not _NAME.fullmatch(self.name):
            raise ValueError("expected a name of a provider in lower-case letters, digits, - and _, at most 32")
        if not 0 < len(self.client_id) <= 255 or not self.client_id.isascii():
            raise ValueError("expected a client id of 1 to 255 characters")
        for url in (self.authorization_endpoint, self.token_endpoint, *filter(None, (self.revocation_endpoint,))):
            check_url(url)
            if "#" in url or (self.reach is not Reach.LOOPBACK and not url.startswith("https://")):
                raise ValueError("expected https endpoints without a fragment")
        every = {*self.scopes, *self.further_scopes}
        if len(every) > MAX_SCOPES or not all(_SCOPE.fullmatch(scope) for scope in every):
            raise ValueError(f"expected at most {MAX_SCOPES} scopes as RFC 6749 writes them")
        if self.extra.keys() & _OURS:
            raise ValueError("expected no extra parameter of those that the authorization-code flow has")
        if self.scope_separator not in {" ", ","}:
            raise ValueError("expected scopes separated by a space or a comma")
        if any(each is not None and each <= timedelta() for each in (self.life, self.unused_life)):
            raise ValueError("expected a life that is positive")

    @property
    def lives(self) -> Lives:
        """How long tokens are good where an answer does not say."""
        return Lives(access=self.life, unused=self.unused_life)

    @property
    def hosts(self) -> frozenset[str]:
        """The hosts that are asked for tokens."""
        return frozenset(check_url(url).host for url in (self.token_endpoint, self.revocation_endpoint) if url)

    def asked(self, further: frozenset[str]) -> tuple[str, ...] | None:
        """Return the scopes to ask for with `further` ones, None if one of these may not be asked for."""
        if not further <= self.further_scopes | set(self.scopes):
            return None
        return (*self.scopes, *sorted(further - set(self.scopes)))


@dataclass(frozen=True, slots=True, kw_only=True)
class AppPolicy:
    """The services that can be connected, and the path below the base address that each sends browsers back to.

    `callback` has `{provider}` in it once. `fetcher` asks providers instead of a guarded `ctsec.transport.fetch.Fetcher` of our own; it may
    block, an event loop goes on. Raises ValueError for another path, or for two providers of one name.
    """

    providers: tuple[AppProvider, ...] = ()
    callback: str = "/auth/apps/{provider}/callback"
    fetcher: BlockingFetcher | None = None

    def __post_init__(self) -> None:
        if not self.callback.startswith("/") or self.callback.count(_PLACE) != 1 or any(each in self.callback for each in "?# "):
            raise ValueError("expected a path that starts with / and has {provider} in it once")
        if len({each.name for each in self.providers}) != len(self.providers):
            raise ValueError("expected providers with different names")

    def provider(self, name: str) -> AppProvider | None:
        """Return a provider by its name."""
        return next((each for each in self.providers if each.name == name), None)

    def redirect_uri(self, base_url: str, provider: AppProvider) -> str:
        """Return the redirect URI of a provider, as it is registered there."""
        return base_url.rstrip("/") + self.callback.replace(_PLACE, provider.name)
