"""Whose standing decides for a principal.

Rules that this module keeps:

- a person acts by what that person is in the organization asked about, whichever one the session is active in;
- an API key acts only in the organization that it belongs to, and a session through a provider in that of its connection: elsewhere they
  are nobody, even where their person is somebody;
- a sign-in that is not complete is nobody anywhere;
- anything that is not a person (yet: service accounts come with their own assignments) is nobody.
"""

from __future__ import annotations

from ctsec.ids import OrganizationId, UserId
from ctsec.principal import LOCAL, CredentialKind, Principal, PrincipalKind


def subject(principal: Principal, *, organization: OrganizationId) -> UserId | None:
    """Return the person whose standing in `organization` decides what `principal` may do there, or None for nobody."""
    if principal.kind is not PrincipalKind.USER or principal.credential.kind is CredentialKind.TICKET:
        return None
    if principal.credential.kind in LOCAL and principal.organization != organization:
        return None
    return UserId(principal.id)
