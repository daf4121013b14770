"""Connections and identities for the conformance suites, by number."""

from __future__ import annotations

from dataclasses import replace

from ctsec.directory.record import Departure
from ctsec.ids import ConnectionId, GlassCodeSetId, SessionId
from ctsec.sso.domain_claim import DomainClaim
from ctsec.sso.entrance import GlassCodeSet
from ctsec.sso.grant import Grant
from ctsec.sso.oidc.presets import Provider
from ctsec.sso.record import Connection, ConnectionState, LinkedBy, LinkedIdentity, identity_digest
from ctsec.testing.conformance.samples import HOUR, NOW, digest, org_id, user_id


def connection(n: int, *, of: int) -> Connection:
    """Return the n-th connection, a draft of an organization."""
    return Connection(
        id=ConnectionId(f"sso_{n:026d}"),
        organization_id=org_id(of),
        name=f"Connection {n}",
        provider=Provider.OKTA,
        client_id=f"client-{n}",
        sealed_secret=bytes([1, n]),
        settings="{}",
        default_role="member",
        state=ConnectionState.DRAFT,
        created_by=user_id(n),
        created_at=NOW,
    )


def saml_connection(n: int, *, of: int) -> Connection:
    """Return the n-th connection as one that speaks SAML, with as many settings as there may be."""
    return replace(connection(n, of=of), provider=Provider.ONELOGIN_SAML, client_id="", settings='{"saml": "é"}' + " " * 65_000)


def identity(n: int, *, of: int, subject: str) -> LinkedIdentity:
    """Return an identity of the n-th person at the connection with the number of an organization."""
    place = connection(of, of=of)
    issuer = "https://id.example"
    return LinkedIdentity(
        digest=identity_digest(place.id, issuer, subject),
        connection_id=place.id,
        organization_id=org_id(of),
        user_id=user_id(n),
        issuer=issuer,
        subject=subject,
        linked_by=LinkedBy.CREATED,
        linked_at=NOW,
    )


def claim(name: str, *, of: int) -> DomainClaim:
    """Return an open claim of a domain by an organization."""
    return DomainClaim(
        organization_id=org_id(of), name=name, token=f"token{of}", claimed_by=user_id(of), claimed_at=NOW, expires_at=NOW + HOUR
    )


def glass_codes(n: int, *, of: int, owner: int) -> GlassCodeSet:
    """Return the n-th set of break-glass codes, in an organization, of a person with the number `owner`."""
    digests = tuple(digest(f"glass {n} {slot}") for slot in range(10))
    return GlassCodeSet(
        id=GlassCodeSetId(f"gcs_{n:026d}"),
        organization_id=org_id(of),
        user_id=user_id(owner),
        salt=b"\x00" * 16,
        digests=digests,
        created_at=NOW,
    )


def departure(n: int, *, of: int, by: int) -> Departure:
    """Return that the n-th person left, removed by another one."""
    return Departure(organization_id=org_id(of), user_id=user_id(n), left_at=NOW + by * HOUR, removed_by=user_id(by))


def grant(n: int, *, of: int) -> Grant:
    """Return the grant of the n-th session at the connection with the number of an organization, due in an hour."""
    place = connection(of, of=of)
    return Grant(
        session_id=SessionId(f"ses_{n:026d}"),
        connection_id=place.id,
        organization_id=org_id(of),
        user_id=user_id(n),
        identity=identity_digest(place.id, "https://id.example", f"person {n}"),
        provider_subject=identity_digest(place.id, "https://id.example", f"subject {n}"),
        provider_session=identity_digest(place.id, "https://id.example", f"session {n}"),
        end_session="https://id.example/end",
        sign_out_name=f"session {n}",
        sealed=bytes([1, n]),
        began_at=NOW,
        checked_at=NOW,
        due_at=NOW + HOUR,
    )
