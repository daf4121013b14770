"""Who pushes: what a SCIM credential proves."""

from __future__ import annotations

from dataclasses import dataclass

from ctsec.ids import OrganizationId
from ctsec.sso.record import Connection
from ctsec.sso.scim.record import ScimConnection


@dataclass(frozen=True, slots=True, kw_only=True)
class ScimSource:
    """Who pushes: the SCIM connection, and the connection in whose name roles are given."""

    scim: ScimConnection
    giver: Connection

    @property
    def organization(self) -> OrganizationId:
        """Whose people it pushes."""
        return self.scim.organization_id

    @property
    def adrift(self) -> bool:
        """Whether the connection for sign-in is gone whose rules count: nobody is let in then by rules that nobody set."""
        return self.scim.connection_id is not None and self.giver.id != self.scim.connection_id
