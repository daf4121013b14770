"""Samples of what providers push."""

from __future__ import annotations

import hashlib

from ctsec.ids import ConnectionId, ScimConnectionId, ScimGroupId, ScimTokenId, ScimUserId
from ctsec.sso.scim.record import ScimConnection, ScimGroup, ScimState, ScimToken, ScimUser, exact_key, name_key
from ctsec.testing.conformance.samples import HOUR, NOW, org_id, user_id


def scim(n: int, *, of: int) -> ScimConnection:
    """Return a SCIM connection of an organization."""
    return ScimConnection(
        id=ScimConnectionId(f"scm_{n:026d}"),
        organization_id=org_id(of),
        connection_id=ConnectionId(f"sso_{n:026d}"),
        name=f"Directory {n}",
        default_role="member",
        provisioning='{"rules":[]}',
        owners_by=None,
        created_by=user_id(of),
        created_at=NOW,
    )


def scim_token(n: int, *, of: int) -> ScimToken:
    """Return a credential of the SCIM connection with the number of its organization."""
    return ScimToken(
        id=ScimTokenId(f"sct_{n:026d}"),
        scim_id=scim(of, of=of).id,
        organization_id=org_id(of),
        digest=hashlib.sha256(bytes([n])).digest(),
        created_by=user_id(of),
        created_at=NOW,
        expires_at=NOW + 24 * HOUR,
    )


def scim_user(n: int, *, of: int) -> ScimUser:
    """Return a user that was pushed."""
    return ScimUser(
        id=ScimUserId(f"scu_{n:026d}"),
        scim_id=scim(of, of=of).id,
        organization_id=org_id(of),
        user_id=user_id(n),
        user_name=f"Bób.{n}@acme.example",
        name_key=name_key(f"bób.{n}@acme.example"),
        external_id=f"00u{n}",
        external_key=exact_key(f"00u{n}"),
        state=ScimState.ACTIVE,
        attributes="{}",
        created_at=NOW,
        changed_at=NOW + HOUR,
    )


def scim_group(n: int, *, of: int) -> ScimGroup:
    """Return a group that was pushed."""
    return ScimGroup(
        id=ScimGroupId(f"scg_{n:026d}"),
        scim_id=scim(of, of=of).id,
        organization_id=org_id(of),
        display_name=f"Grüppe {n}",
        name_key=name_key(f"grüppe {n}"),
        external_id=f"g{n}",
        external_key=exact_key(f"g{n}"),
        attributes="{}",
        created_at=NOW,
        changed_at=NOW,
    )
