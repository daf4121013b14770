"""Scenes at the six providers: one organization with a connection to each, through the providers' own names, and what came of sign-ins."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from ctsec.clock import Clock
from ctsec.ids import OrganizationId
from ctsec.rbac.policy import Policy
from ctsec.sso.policy import SsoPolicy
from ctsec.testing.identity_provider import CLIENT_ID, CLIENT_SECRET
from ctsec.testing.providers import EntraId, GitHub, GitLab, GoogleWorkspace, Okta, OneLogin, ProviderSimulator, RoutedFetcher
from ctsec.transport.fetch import BlockingFetcher
from tests.hosts.harness import HOSTS, Browser, Host, Reply
from tests.hosts.sso import RUNNER, Acme, Traveller, enable, whys

T1, T2 = "aaaaaaaa-0000-4000-8000-000000000001", "bbbbbbbb-0000-4000-8000-000000000002"
LOGIN = "https://login.microsoftonline.com"
CONNECTIONS: dict[str, dict[str, object]] = {
    "google": {"provider": "google"},
    "entra": {"provider": "entra", "issuer": f"{LOGIN}/{T1}/v2.0", "directories": [T1]},
    "entra for several": {
        "provider": "entra",
        "issuer": f"{LOGIN}/{{tenantid}}/v2.0",
        "discovery": f"{LOGIN}/organizations/v2.0/.well-known/openid-configuration",
        "directories": [T1, T2],
    },
    "okta": {"provider": "okta", "issuer": "https://acme.okta.com"},
    "okta with a server": {"provider": "okta", "issuer": "https://other.okta.com/oauth2/default"},
    "onelogin": {"provider": "onelogin", "issuer": "https://acme.onelogin.com/oidc/2", "scopes": ["openid", "email", "profile", "groups"]},
    "github": {"provider": "github", "github_login": "acme", "github_id": 77},
    "gitlab": {"provider": "gitlab", "issuer": "https://gitlab.com"},
    "gitlab of one's own": {"provider": "gitlab", "issuer": "https://git.acme.example"},
}


def simulators(clock: Clock) -> dict[str, ProviderSimulator]:
    """Return a simulator for each connection."""
    entra = EntraId(directory=T1, clock=clock)
    return {
        "google": GoogleWorkspace(clock=clock),
        "entra": entra,
        "entra for several": entra,
        "okta": Okta(clock=clock),
        "okta with a server": Okta(domain="other.okta.com", server="default", groups_configured=True, clock=clock),
        "onelogin": OneLogin(clock=clock),
        "github": GitHub(clock=clock),
        "gitlab": GitLab(clock=clock),
        "gitlab of one's own": GitLab(host="git.acme.example", clock=clock),
    }


@dataclass(slots=True)
class Providers:
    """An organization with the domain acme.example, an owner, a connection to each provider, and somebody who has an account already."""

    host: Host
    fetcher: RoutedFetcher
    at: dict[str, ProviderSimulator]
    owner: Browser
    organization: str
    connections: dict[str, str] = field(default_factory=dict)

    def acme(self, name: str) -> Acme:
        """Return the organization with one of its connections."""
        return Acme(self.host, self.at[name], self.owner, self.organization, self.connections[name])

    def draft(self, name: str, **changed: object) -> str:
        """Draft a connection and return its path below the routes."""
        body: dict[str, object] = {"name": name, "client_id": CLIENT_ID, "secret": CLIENT_SECRET, **CONNECTIONS[name], **changed}
        home = f"/organizations/{self.organization}/sso/connections"
        made = self.owner.auth(f"POST {home}", body)
        assert made.status == 201, made.body
        return f"{home}/{made.json['id']}"

    def connect(self, name: str) -> None:
        """Draft a connection, test it and enable it."""
        one = self.draft(name)
        enable(self.owner, one)
        self.connections[name] = one.rpartition("/")[2]

    def sign_in(self, name: str, person: str) -> Reply:
        """Sign somebody in through a connection, in a new browser, a moment later: events have an order then."""
        self.host.clock.advance(timedelta(milliseconds=1))
        return Traveller(self.acme(name), Browser(self.host)).sign_in(person)

    def whys(self) -> list[Any]:
        """Return why sign-ins were refused, oldest first."""
        return whys(self.acme(next(iter(self.connections))))

    def email(self, user: str) -> str:
        """Return the address of a member."""
        members = self.owner.ok(f"GET /organizations/{self.organization}/members")["members"]
        return next(str(each["email"]) for each in members if each["user_id"] == user)


@contextmanager
def providers(
    kind: str, *, names: Iterable[str] = CONNECTIONS, around: Callable[[RoutedFetcher], BlockingFetcher] = lambda routed: routed
) -> Iterator[Providers]:
    """A host of a framework whose providers' names lead to simulators, with these connected; `around` may fetch otherwise."""
    fetcher = RoutedFetcher()
    host = HOSTS[kind](Policy.preset(), shared=True, single_sign_on=SsoPolicy(fetcher=around(fetcher)))
    at = simulators(host.clock)
    fetcher.providers.extend(dict.fromkeys(at.values()))
    with ExitStack() as stack:
        stack.callback(host.close)
        for each in fetcher.providers:
            stack.enter_context(each)
        owner = Browser(host).sign_up("olga@acme.example", "Olga Owner").enrol()
        Browser(host).sign_up("ben@acme.example", "Ben")
        made = Providers(host, fetcher, at, owner, owner.found("Acme"))
        organization = OrganizationId(made.organization)
        host.do(lambda unit: unit.domains.record(RUNNER, organization=organization, domain="acme.example", proof="DNS"))
        for name in names:
            made.connect(name)
        yield made
