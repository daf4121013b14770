"""Whether somebody who signs in through a connection and somebody whom its provider pushes are one person (async source).

Rules that this module keeps:

- an address does not say it where the provider does not vouch for addresses: people may change their own;
- the provider's own id does: `externalId` of a pushed user that is the subject of the identity, or its part behind the tenant;
- an address that has another subject's identity already is not one person's because a provider says it for both: companies give addresses
  to somebody else. An identity from before the connection was last enabled says nothing, since its settings may name people anew;
- only a SCIM connection that belongs to the connection speaks for its provider.
"""

from __future__ import annotations

from dataclasses import dataclass

from ctsec.ids import UserId
from ctsec.sso._async_record_ports import AsyncIdentityRecords
from ctsec.sso.oidc.identity import ExternalIdentity
from ctsec.sso.record import Connection
from ctsec.sso.scim._async_ports import AsyncScimConnectionRecords, AsyncScimUserRecords
from ctsec.sso.scim.record import exact_key, provider_ids


@dataclass(frozen=True, slots=True)
class AsyncSamePeople:
    """Compares identities with pushed users, over one transaction."""

    records: AsyncScimConnectionRecords
    users: AsyncScimUserRecords
    identities: AsyncIdentityRecords

    async def pushed(self, connection: Connection, subject: str, *, user: UserId) -> bool:
        """Tell whether the provider of a connection pushes this subject as this account, and as active."""
        for scim in await self.records.of_organization(connection.organization_id):
            if scim.connection_id != connection.id:
                continue
            for external in provider_ids(subject):
                found = await self.users.named(scim.id, external=exact_key(external))
                if any(each.user_id == user and each.active for each in found):
                    return True
        return False

    async def another(self, connection: Connection, identity: ExternalIdentity, *, user: UserId) -> bool:
        """Tell whether the provider knows an account as somebody else, through the connection as it is, and does not push this one."""
        since = connection.enabled_at
        others = [
            each
            for each in await self.identities.of_user(user)
            if (each.connection_id, each.issuer) == (connection.id, identity.issuer) and each.subject != identity.subject
        ]
        known = since is not None and any(each.linked_at > since for each in others)
        return known and not await self.pushed(connection, identity.subject, user=user)

    async def arrived(self, connection: Connection, external_id: str | None, *, user: UserId) -> bool:
        """Tell whether an account is already one that signs in through this connection, as whom its provider calls `external_id`."""
        return external_id is not None and any(
            each.connection_id == connection.id and external_id in provider_ids(each.subject)
            for each in await self.identities.of_user(user)
        )
