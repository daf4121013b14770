"""What owners linked from inside, once whom a connection believes is somebody else's word (async source).

Rules that this module keeps:

- an owner's link says that the owner trusts what stands behind the connection; whoever is no owner and puts another provider, client, key
  or second factor there makes that link count no more: or `sso:manage` would be a way to become an owner;
- the link itself stays, as one that was found by an address: its owner makes it anew from inside, everybody else comes in as before.
"""

from __future__ import annotations

from typing import Final

from ctsec.ids import UserId
from ctsec.principal import Principal
from ctsec.rbac.role import OWNER
from ctsec.sso._async_ports import AsyncSsoMemberships
from ctsec.sso._async_record_ports import AsyncIdentityRecords
from ctsec.sso.record import Connection

LINKS: Final = "links"  # what an event calls them


class AsyncOwnerLinks:
    """Ends what owners' links stand for; the caller has judged the change, and has locked the organization."""

    __slots__ = ("_identities", "_memberships")

    def __init__(self, identities: AsyncIdentityRecords, *, memberships: AsyncSsoMemberships) -> None:
        self._identities = identities
        self._memberships = memberships

    async def unsettle(self, actor: Principal, connection: Connection) -> tuple[str, ...]:
        """Demote the links of a connection unless an owner changes it; return what the event names for it, nothing if there were none."""
        seat = await self._memberships.get(connection.organization_id, UserId(actor.id), fresh=True)
        if seat is not None and seat.role == OWNER:
            return ()
        return (LINKS,) if await self._identities.demote(connection.id) else ()
