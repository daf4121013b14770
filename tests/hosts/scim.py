"""Scenes of SCIM over HTTP: an organization with a verified domain, a SCIM connection, and a provider that pushes with its credential."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ctsec.ids import OrganizationId, UserId
from ctsec.principal import Credential, CredentialKind, Factor, Principal, PrincipalKind
from ctsec.sso.scim import ScimWish
from tests.hosts.harness import Browser, Host, Reply
from tests.hosts.sso import RUNNER

ROOT = "/auth/scim/v2"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


@dataclass(slots=True)
class Pusher:
    """A provider that pushes to one SCIM connection of an organization."""

    host: Host
    owner: Browser
    organization: str
    connection: str
    token: str

    def send(self, line: str, body: Any = None, *, token: str | None = None, headers: dict[str, str] | None = None) -> Reply:
        """Make a request, `METHOD /path` below the root of SCIM."""
        method, path = line.split(" ", 1)
        sent = {"authorization": f"Bearer {self.token if token is None else token}", **(headers or {})}
        content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        if body is not None:
            sent.setdefault("content-type", "application/scim+json")
        return self.host.send(method, ROOT + path, headers=list(sent.items()), body=content)

    def ok(self, line: str, body: Any = None, **more: Any) -> Any:
        """Make a request, expect success and return its JSON."""
        reply = self.send(line, body, **more)
        assert reply.status < 300, (line, reply.status, reply.body)
        return reply.json if reply.body else None

    def user(self, who: str, **more: Any) -> Any:
        """Push a user of the organization's domain."""
        body = {"schemas": [USER], "userName": f"{who}@acme.example", "active": True, **more}
        return self.ok("POST /Users", body)

    def group(self, name: str, *members: str) -> Any:
        """Push a group."""
        return self.ok("POST /Groups", {"schemas": [GROUP], "displayName": name, "members": [{"value": each} for each in members]})

    def patch(self, path: str, *operations: dict[str, Any], **more: Any) -> Reply:
        """Change a resource."""
        return self.send(f"PATCH {path}", {"schemas": [PATCH], "Operations": list(operations)}, **more)

    def members(self) -> dict[str, str]:
        """Return the roles of the organization's members, by address."""
        found = self.owner.ok(f"GET /organizations/{self.organization}/members")["members"]
        return {each["email"]: each["role"] for each in found}


def proved(host: Host, user: str) -> Principal:
    """Return a person who has just proved a second factor."""
    factors = {Factor.PASSWORD.value: host.clock.now(), Factor.TOTP.value: host.clock.now()}
    return Principal(id=user, kind=PrincipalKind.USER, credential=Credential(kind=CredentialKind.SESSION, id="", aal=2, factors=factors))


def pushes(host: Host, *, name: str = "acme", wish: Callable[[str], ScimWish] | None = None, owner: Browser | None = None) -> Pusher:
    """Found an organization with a verified domain, and a SCIM connection with a credential."""
    owner = owner or Browser(host).sign_up(f"olga@{name}.example", "Olga Owner").enrol()
    organization = owner.found(name)
    host.do(lambda unit: unit.domains.record(RUNNER, organization=OrganizationId(organization), domain=f"{name}.example", proof="DNS"))
    actor, asked = proved(host, UserId(owner.id)), wish(organization) if wish is not None else ScimWish(name="Directory")
    made = host.do(lambda unit: unit.scim.connections.create(actor, organization=OrganizationId(organization), wish=asked))
    issued = host.do(lambda unit: unit.scim.connections.issue(actor, made.id, organization=OrganizationId(organization)))
    return Pusher(host, owner, organization, made.id, issued.text.reveal())
