"""Whose standing decides for a principal.

Rules that this module keeps:

- a person acts by what that person is in the organization asked about, whichever one the session is active in;
- an API key acts only in the organization that it belongs to, and a session through a provider in that of its connection: elsewhere they
  are nobody, even where their person is somebody;
- a sign-in that is not complete is nobody anywhere;
- a service account acts like a person by what it is itself, through its keys alone;
- anything else is nobody.
"""

from __future__ import annotations

from ctsec.ids import OrganizationId, ServiceAccountId, UserId, is_id
from ctsec.principal import LOCAL, CredentialKind, Principal, PrincipalKind


def is_service_account(holder: str) -> bool:
    """Say whether the holder of a role is a service account, by its id."""
    return is_id(ServiceAccountId, holder)


def subject(principal: Principal, *, organization: OrganizationId) -> UserId | None:
    """Return whose standing in `organization` decides what `principal` may do there, or None for nobody.

    A service account has a standing as a person has: its id stands in the place of one's.
    """
    kind, credential = principal.kind, principal.credential.kind
    if kind is not PrincipalKind.USER and (kind is not PrincipalKind.SERVICE_ACCOUNT or credential is not CredentialKind.API_KEY):
        return None
    if credential is CredentialKind.TICKET:
        return None
    if principal.credential.kind in LOCAL and principal.organization != organization:
        return None
    return UserId(principal.id)
