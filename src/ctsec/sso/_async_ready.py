"""Connections made ready: their secrets opened, and what they take from outside (async source).

Rules that this module keeps:

- a secret leaves only into the client or the peer that proves itself by it;
- the domains are those that the organization has verified at this moment.
"""

from __future__ import annotations

from dataclasses import dataclass

from ctsec.secret import SecretText
from ctsec.sso._async_owner_links import AsyncOwnerLinks
from ctsec.sso._async_ports import AsyncSsoDomains, AsyncSsoEpochs, AsyncSsoRights, AsyncSsoSealer
from ctsec.sso._async_record_ports import AsyncConnectionRecords, AsyncEntranceRecords
from ctsec.sso.fitting import peer_of
from ctsec.sso.oidc.client import OidcClient
from ctsec.sso.policy import SsoPolicy
from ctsec.sso.record import Connection, client_secret_context
from ctsec.sso.saml.peer import SamlPeer
from ctsec.sso.settings import Surroundings, client_of


@dataclass(frozen=True, slots=True, kw_only=True)
class AsyncConnectionParts:
    """What connections are kept in and judged with; `base_url` is where the site is."""

    records: AsyncConnectionRecords
    entrances: AsyncEntranceRecords
    domains: AsyncSsoDomains
    rights: AsyncSsoRights
    sealer: AsyncSsoSealer
    epochs: AsyncSsoEpochs
    owner_links: AsyncOwnerLinks
    policy: SsoPolicy
    base_url: str


class AsyncReady:
    """Makes connections ready to be used."""

    __slots__ = ("_parts",)

    def __init__(self, parts: AsyncConnectionParts) -> None:
        self._parts = parts

    async def client(self, connection: Connection) -> OidcClient:
        """Return the client of a connection that speaks OIDC or GitHub's OAuth, with its secret opened; raises as the sealer does."""
        return client_of(connection, await self.opened(connection), await self.around(connection))

    async def peer(self, connection: Connection) -> SamlPeer:
        """Return the peer of a connection that speaks SAML, with its keys opened; raises as the sealer does."""
        return peer_of(connection, await self.opened(connection), await self.around(connection))

    async def around(self, connection: Connection) -> Surroundings:
        """Return what a connection takes from outside."""
        domains = await self._parts.domains.of_organization(connection.organization_id)
        policy, base_url = self._parts.policy, self._parts.base_url
        return Surroundings(
            redirect_uri=policy.redirect_uri(base_url, connection.id),
            domains=frozenset(each.name for each in domains),
            reach=policy.reach,
            saml_url=policy.saml_url(base_url, connection.id),
        )

    async def opened(self, connection: Connection) -> SecretText:
        """Return what a connection proves itself by."""
        context = client_secret_context(connection.organization_id, connection.id)
        return SecretText((await self._parts.sealer.open(connection.sealed_secret, context=context)).decode())

    async def sealed(self, connection: Connection, secret: SecretText) -> bytes:
        """Return it as it is stored."""
        context = client_secret_context(connection.organization_id, connection.id)
        return await self._parts.sealer.seal(secret.reveal().encode(), context=context)
