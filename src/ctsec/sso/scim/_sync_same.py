# Generated from src/ctsec/sso/scim/_async_same.py by tools/twin.py; edit that file.
"""Whether somebody who signs in through a connection and somebody whom its provider pushes are one person (async source).

Rules that this module keeps:

- an address does not say it where the provider does not vouch for addresses: people may change their own;
- the provider's own id does: `externalId` of a pushed user that is the subject of the identity, or its part behind the tenant;
- an address that has another subject's identity already is not one person's because a provider says it for both: companies give addresses
  to somebody else. An identity from before the connection was last enabled says nothing, since its settings may name people anew;
- only a SCIM connection that belongs to the connection speaks for its provider;
- an account that is somebody's by another id, whom the provider pushes too or who signs in through the connection, is not found by an id:
  who is pushed with a colleague's address is not that colleague.
"""

from __future__ import annotations

from dataclasses import dataclass

from ctsec.ids import UserId
from ctsec.sso._sync_record_ports import IdentityRecords
from ctsec.sso.oidc.identity import ExternalIdentity
from ctsec.sso.record import Connection
from ctsec.sso.scim._sync_ports import ScimConnectionRecords, ScimUserRecords
from ctsec.sso.scim.record import provider_ids


@dataclass(frozen=True, slots=True)
class SamePeople:
    """Compares identities with pushed users, over one transaction."""

    records: ScimConnectionRecords
    users: ScimUserRecords
    identities: IdentityRecords

    def pushed(self, connection: Connection, subject: str, *, user: UserId) -> bool:
        """Tell whether the provider of a connection pushes this subject as this account, as active, and nobody else as this account."""
        if any(each.connection_id == connection.id for each in self.identities.of_user(user)):
            return False
        return self._told(connection, subject, user=user)

    def _told(self, connection: Connection, subject: str, *, user: UserId) -> bool:
        ids = provider_ids(subject, provider=connection.provider)
        of_provider = [each for each in self.records.of_organization(connection.organization_id) if each.connection_id == connection.id]
        told = [one for each in of_provider for one in self.users.of_account(each.id, user)]
        return any(each.active for each in told) and all(each.external_id in ids for each in told)

    def another(self, connection: Connection, identity: ExternalIdentity, *, user: UserId) -> bool:
        """Tell whether the provider knows an account as somebody else, through the connection as it is, and does not push this one."""
        since = connection.enabled_at
        others = [
            each
            for each in self.identities.of_user(user)
            if (each.connection_id, each.issuer) == (connection.id, identity.issuer) and each.subject != identity.subject
        ]
        known = since is not None and any(each.linked_at > since for each in others)
        return known and not self._told(connection, identity.subject, user=user)

    def arrived(self, connection: Connection, external_id: str | None, *, user: UserId) -> bool:
        """Tell whether an account is already one that signs in through this connection, as whom its provider calls `external_id`."""
        return external_id is not None and any(
            each.connection_id == connection.id and external_id in provider_ids(each.subject, provider=connection.provider)
            for each in self.identities.of_user(user)
        )
