"""Records for the conformance suite: every function returns a valid record of its own; numbers make ids that sort in their order."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Final

from ctsec.audit.event import log_of
from ctsec.audit.record import StoredEvent
from ctsec.authn.record import PasswordRecord, Session
from ctsec.directory.record import (
    Invitation,
    Membership,
    MembershipStatus,
    Organization,
    OrganizationStatus,
    Workspace,
    WorkspaceStatus,
)
from ctsec.encryption.customer_key import CustomerKey
from ctsec.encryption.dek import DekState, WrappedDek
from ctsec.guard.proof import Proof, Purpose
from ctsec.ids import (
    AuthenticatorId,
    BackupCodeSetId,
    BreakGlassId,
    DekId,
    ElevationId,
    EventId,
    InvitationId,
    KeyId,
    MessageId,
    OrganizationId,
    SessionId,
    UserId,
    WorkspaceId,
)
from ctsec.keys.record import ApiKey, KeySecret
from ctsec.mail.record import OutboxEntry
from ctsec.mfa.record import Authenticator, BackupCodeSetRecord
from ctsec.principal import Factor, PrincipalKind
from ctsec.rbac.assignment import RoleAssignment
from ctsec.rbac.custom_record import CustomRoleRecord
from ctsec.rbac.elevation import BreakGlassPermit, ElevationKind, ElevationRequest, ElevationState
from ctsec.rbac.standing import Standing
from ctsec.user import User, UserStatus

NOW: Final = datetime(2026, 3, 1, 12, 0, 0, 123_457, tzinfo=UTC)
TICK: Final = timedelta(microseconds=1)
HOUR: Final = timedelta(hours=1)


def number(prefix: str, n: int) -> str:
    """Return the n-th id with a prefix."""
    return f"{prefix}_{n:026d}"


def digest(text: str) -> bytes:
    """Return 32 bytes that follow from a text."""
    return hashlib.sha256(text.encode()).digest()


def user_id(n: int) -> UserId:
    """Return the id of the n-th user."""
    return UserId(number("usr", n))


def org_id(n: int) -> OrganizationId:
    """Return the id of the n-th organization."""
    return OrganizationId(number("org", n))


def workspace_id(n: int) -> WorkspaceId:
    """Return the id of the n-th workspace."""
    return WorkspaceId(number("wsp", n))


def user(n: int, *, key: str | None = None) -> User:
    """Return the n-th user."""
    address = key or f"person{n}@example.com"
    return User(
        id=user_id(n),
        email=address.title(),
        email_key=address,
        name=f"Person {n} Žofie 人",
        status=UserStatus.ACTIVE,
        email_verified_at=NOW + n * TICK,
        created_at=NOW - n * TICK,
    )


def organization(n: int, *, owners: int = 1) -> Organization:
    """Return the n-th organization."""
    return Organization(
        id=org_id(n), name=f"Organization {n}", status=OrganizationStatus.ACTIVE, permanent_owners=owners, created_at=NOW + n * TICK
    )


def workspace(n: int, *, of: int) -> Workspace:
    """Return the n-th workspace, in the organization with the number `of`."""
    return Workspace(
        id=workspace_id(n), organization_id=org_id(of), name=f"Space {n}", region="eu", status=WorkspaceStatus.ACTIVE, created_at=NOW
    )


def membership(n: int, *, of: int, role: str = "member", ends: datetime | None = None) -> Membership:
    """Return the membership of the n-th user in the organization with the number `of`."""
    return Membership(
        organization_id=org_id(of),
        user_id=user_id(n),
        role=role,
        status=MembershipStatus.ACTIVE,
        starts_at=NOW,
        expires_at=ends,
        created_at=NOW,
    )


def role_change(n: int, *, of: int, before: str, after: str) -> dict[str, Standing]:
    """Return what the n-th user is before and after a change of organization role, to call `change_membership` with."""
    standing = Standing(user=user_id(n), organization=org_id(of), role=before, starts_at=NOW)
    return {"before": standing, "after": replace(standing, role=after)}


def assignment(n: int, *, of: int, workspace: int, role: str = "viewer", ends: datetime | None = None) -> RoleAssignment:
    """Return a workspace role of the n-th user."""
    return RoleAssignment(
        organization_id=org_id(of),
        workspace_id=workspace_id(workspace),
        user_id=user_id(n),
        role=role,
        starts_at=None,
        expires_at=ends,
        granted_by=user_id(0),
        created_at=NOW,
    )


def elevation(n: int, *, of: int, person: int, state: ElevationState = ElevationState.OPEN, space: int | None = 11) -> ElevationRequest:
    """Return the n-th request, of a person of the organization with the number `of`; an active one lasts for an hour from NOW on."""
    active = state is ElevationState.ACTIVE
    return ElevationRequest(
        id=ElevationId(number("elv", n)),
        organization_id=org_id(of),
        workspace_id=None if space is None else workspace_id(space),
        user_id=user_id(person),
        role="admin",
        kind=ElevationKind.REQUESTED,
        state=state,
        reason="the night shift\nžofie 人",
        seconds=3600,
        requested_at=NOW - TICK,
        decided_by=user_id(0) if active else None,
        decided_at=NOW if active else None,
        starts_at=NOW if active else None,
        expires_at=NOW + HOUR if active else None,
    )


def permit(n: int, *, of: int, person: int, space: int | None = 11) -> BreakGlassPermit:
    """Return the n-th permit, of a person of the organization with the number `of`."""
    return BreakGlassPermit(
        id=BreakGlassId(number("bgl", n)),
        organization_id=org_id(of),
        workspace_id=None if space is None else workspace_id(space),
        user_id=user_id(person),
        role="admin",
        seconds=3600,
        granted_by=user_id(0),
        created_at=NOW,
        expires_at=NOW + HOUR if n % 2 else None,
    )


def custom_role(name: str, *, of: int) -> CustomRoleRecord:
    """Return a role of the organization's own."""
    return CustomRoleRecord(
        organization_id=org_id(of),
        name=name,
        permissions=frozenset({"dashboards:view"}),
        extends=None,
        created_by=user_id(0),
        created_at=NOW,
    )


def invitation(n: int, *, of: int, space: int | None = None) -> Invitation:
    """Return the n-th invitation; it ends an hour after NOW and its token's digest is `digest("invitation n")`."""
    return Invitation(
        id=InvitationId(number("inv", n)),
        organization_id=org_id(of),
        email=f"Guest{n}@example.com",
        email_key=f"guest{n}@example.com",
        role="member",
        workspace_id=None if space is None else workspace_id(space),
        workspace_role=None if space is None else "viewer",
        token_digest=digest(f"invitation {n}"),
        invited_by=user_id(0),
        created_at=NOW,
        expires_at=NOW + HOUR,
    )


def password(n: int, *, version: int = 1, pepper: str = "p", scheme: str = "argon2id-19456-2-1") -> PasswordRecord:
    """Return the password record of the n-th user."""
    sealed = b"\x00sealed %d\xff" % version
    return PasswordRecord(
        user_id=user_id(n),
        sealed=sealed,
        changed_at=NOW + version * TICK,
        version=version,
        pepper=pepper,
        scheme=scheme,
        minimum=8 if version % 2 else 15,
    )


def session(n: int, *, of: int) -> Session:
    """Return the n-th session, of the user with the number `of`."""
    return Session(
        id=SessionId(number("ses", n)),
        user_id=user_id(of),
        secret_digest=digest(f"session {n}"),
        created_at=NOW,
        last_seen_at=NOW + TICK,
        idle_seconds=3600,
        expires_at=NOW + HOUR,
        aal=2,
        factors=MappingProxyType({Factor.PASSWORD.value: NOW, Factor.TOTP.value: NOW + TICK}),
        organization_id=None,
        user_agent="Browser/1.0 (é)",
        address="2001:db8::1",
    )


def authenticator(n: int, *, of: int, confirmed: bool = False) -> Authenticator:
    """Return the n-th authenticator, of the user with the number `of`."""
    confirmed_at = NOW + TICK if confirmed else None
    return Authenticator(
        id=AuthenticatorId(number("aut", n)),
        user_id=user_id(of),
        name=f"Phone {n}",
        sealed_seed=b"\xff\x00%d" % n,
        created_at=NOW,
        confirmed_at=confirmed_at,
    )


def backup_codes(n: int, *, of: int) -> BackupCodeSetRecord:
    """Return the n-th set of backup codes, of the user with the number `of`."""
    digests = tuple(digest(f"slot {n} {slot}") for slot in range(10))
    return BackupCodeSetRecord(
        id=BackupCodeSetId(number("bcs", n)), user_id=user_id(of), salt=b"\x00" * 16, digests=digests, created_at=NOW
    )


def api_key(n: int, *, of: int, owner: int, scopes: frozenset[str] | None = None) -> ApiKey:
    """Return the n-th API key, in the organization with the number `of`, of the user with the number `owner`."""
    return ApiKey(
        id=KeyId(number("key", n)),
        organization_id=org_id(of),
        owner_id=user_id(owner),
        owner_kind=PrincipalKind.USER,
        name=f"Key {n}",
        environment="live",
        scopes=scopes,
        workspaces=None,
        networks=("192.0.2.0/24", "2001:db8::/32"),
        created_at=NOW + n * TICK,
        expires_at=NOW + HOUR,
    )


def key_secret(n: int, *, generation: int = 1) -> KeySecret:
    """Return one generation of the secret of the n-th API key."""
    mac = digest(f"mac {n} {generation}")
    return KeySecret(key_id=KeyId(number("key", n)), generation=generation, mac=mac, pepper_id="p1", created_at=NOW + generation * TICK)


def dek(n: int, *, scope: str = "deployment", state: DekState = DekState.ACTIVE) -> WrappedDek:
    """Return the n-th wrapped data key."""
    return WrappedDek(
        id=DekId(number("dek", n)),
        scope=scope,
        region="eu",
        kek="local:1",
        wrapped=b"\x00wrapped %d" % n,
        commitment=digest(f"commitment {n}"),
        state=state,
        created_at=NOW,
    )


def customer_key(of: int, *, region: str = "eu") -> CustomerKey:
    """Return the key of the organization `of` for a region."""
    ref = f"arn:aws:kms:eu-central-1:111122223333:key/{of}-{region}"
    return CustomerKey(
        organization_id=org_id(of), region=region, ref=ref, registered_by=user_id(of), registered_at=NOW, checked_at=NOW + TICK
    )


def outbox_entry(n: int) -> OutboxEntry:
    """Return the n-th outbox entry; it is due n microseconds after NOW."""
    return OutboxEntry(id=MessageId(number("msg", n)), kind="notice", payload=b"\x00%d" % n, created_at=NOW, due_at=NOW + n * TICK)


def proof(name: str, *, purpose: Purpose = Purpose.PASSWORD_RESET, subject: str = "usr_a", ends: datetime | None = NOW + HOUR) -> Proof:
    """Return a proof with the digest `digest(name)`."""
    claims = MappingProxyType({"email_key": "a@example.com"})
    return Proof(purpose=purpose, digest=digest(name), subject=subject, issued_at=NOW, expires_at=ends, claims=claims)


def event(
    n: int, *, of: int | None = None, name: str = "user.signed_in", actor: int = 1, at: datetime = NOW, **columns: str
) -> StoredEvent:
    """Return the n-th event, of the log of organization number `of` or of the deployment; `columns` are target_id and the like."""
    organization = None if of is None else org_id(of)
    space = columns.get("workspace_id")
    body = b'{"n":%d}' % n
    return StoredEvent(
        id=EventId(number("evt", n)),
        log=log_of(organization),
        time=at,
        name=name,
        actor_kind="user",
        actor_id=user_id(actor),
        target_kind=columns.get("target_kind", ""),
        target_id=columns.get("target_id", ""),
        subject_id=columns.get("subject_id", ""),
        outcome=columns.get("outcome", "success"),
        reason=columns.get("reason", ""),
        organization_id=organization,
        workspace_id=WorkspaceId(space) if space else None,
        request_id="req-1",
        body=body,
        leaf=hashlib.sha256(b"\x00" + body).digest(),
        personal=b"\xffsealed",
    )


def ignore(scopes: frozenset[str]) -> None:
    """Stand for the caches of a process where a test has none."""
