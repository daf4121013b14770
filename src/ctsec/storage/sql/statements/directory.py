"""Users, organizations, workspaces, memberships and invitations as statements."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Delete, RowMapping, Select, Update, and_, case, delete, func, literal, or_, select, update

from ctsec.directory.record import OWNER, Invitation, Member, Membership, MembershipStatus, OrganizationStatus
from ctsec.ids import OrganizationId, UserId, WorkspaceId
from ctsec.mfa_policy import MfaPolicy
from ctsec.storage.sql.tables import Tables


def user(tables: Tables, user_id: UserId) -> Select[Any]:
    """Return the query for an account."""
    return _users(tables).where(tables.user.c.id == user_id)


def user_by_email(tables: Tables, email_key: str) -> Select[Any]:
    """Return the query for the account with this key."""
    return _users(tables).where(tables.user.c.email_key == email_key)


def _users(tables: Tables) -> Select[Any]:
    # By key: a host's own table has other names for its columns.
    return select(*(column.label(column.key) for column in tables.user.columns))


def lock_organization(tables: Tables, organization_id: OrganizationId) -> Update:
    """Return an update that changes nothing: it takes the row's lock on every database."""
    t = tables.organization
    return update(t).where(t.c.id == organization_id).values(version=t.c.version)


def gain_owner(tables: Tables, organization_id: OrganizationId) -> Update:
    """Return the statement that counts one more permanent owner; an organization that had none has its state back."""
    t = tables.organization
    lost = t.c.status == OrganizationStatus.OWNERLESS
    status = case((lost, literal(OrganizationStatus.ACTIVE, t.c.status.type)), else_=t.c.status)
    counted = {"version": t.c.version + case((lost, 1), else_=0), "status": status, "permanent_owners": t.c.permanent_owners + 1}
    return update(t).where(t.c.id == organization_id).ordered_values(*((t.c[name], value) for name, value in counted.items()))


def disown(tables: Tables, organization_id: OrganizationId) -> Update:
    """Return the statement that takes the last permanent owner away."""
    t = tables.organization
    lost = {"permanent_owners": 0, "status": OrganizationStatus.OWNERLESS, "version": t.c.version + 1}
    return update(t).where(t.c.id == organization_id).values(lost)


def lose_owner(tables: Tables, organization_id: OrganizationId) -> Update:
    """Return the statement that counts one less, unless that would leave none."""
    t = tables.organization
    return update(t).where(t.c.id == organization_id, t.c.permanent_owners > 1).values(permanent_owners=t.c.permanent_owners - 1)


def advance_roles(tables: Tables, organization_id: OrganizationId) -> Update:
    """Return the statement that raises the version of the organization's roles."""
    t = tables.organization
    return update(t).where(t.c.id == organization_id).values(roles_version=t.c.roles_version + 1)


def put_mfa_policy(tables: Tables, organization_id: OrganizationId, policy: MfaPolicy | None) -> Update:
    """Return the statement that writes of whom an organization requires a second factor."""
    t = tables.organization
    return update(t).where(t.c.id == organization_id).values(mfa_policy=policy)


def requiring_mfa(tables: Tables, user_id: UserId) -> Select[Any]:
    """Return the query for the organizations of a person that require a second factor of somebody."""
    t, o = tables.membership, tables.organization
    query = select(o.c.id).select_from(t.join(o, o.c.id == t.c.organization_id))
    return query.where(t.c.user_id == user_id, o.c.mfa_policy.is_not(None)).order_by(o.c.id)


def workspaces(tables: Tables, organization_id: OrganizationId, *, after: str, limit: int) -> Select[Any]:
    """Return the query for a page of workspaces."""
    t = tables.workspace
    return select(t).where(t.c.organization_id == organization_id, t.c.id > after).order_by(t.c.id).limit(limit)


def pinned(tables: Tables, organization_id: OrganizationId, region: str) -> Select[Any]:
    """Return the query for the number of workspaces of an organization in a region."""
    t = tables.workspace
    return select(func.count().label("pinned")).where(t.c.organization_id == organization_id, t.c.region == region)


def repin(tables: Tables, workspace_id: WorkspaceId, *, source: str, target: str) -> Update:
    """Return the compare-and-set of a workspace's region."""
    t = tables.workspace
    return update(t).where(t.c.id == workspace_id, t.c.region == source).values(region=target, version=t.c.version + 1)


def membership(tables: Tables, organization_id: OrganizationId, user_id: UserId, *, fresh: bool) -> Select[Any]:
    """Return the query for a membership; `fresh` locks the row, so that it shows what is committed now, not a snapshot."""
    t = tables.membership
    query = select(t).where(t.c.organization_id == organization_id, t.c.user_id == user_id)
    return query.with_for_update() if fresh else query


def memberships(tables: Tables, user_id: UserId) -> Select[Any]:
    """Return the query for every membership of a person."""
    t = tables.membership
    return select(t).where(t.c.user_id == user_id).order_by(t.c.organization_id)


def remove_roles(tables: Tables, organization_id: OrganizationId, user_id: UserId) -> Delete:
    """Return the statement that deletes every workspace role of a person in an organization."""
    t = tables.workspace_role
    return delete(t).where(t.c.organization_id == organization_id, t.c.user_id == user_id)


def remove_membership(tables: Tables, organization_id: OrganizationId, user_id: UserId) -> Delete:
    """Return the statement that deletes a membership."""
    t = tables.membership
    return delete(t).where(t.c.organization_id == organization_id, t.c.user_id == user_id)


def members(tables: Tables, organization_id: OrganizationId, *, after: str, limit: int) -> Select[Any]:
    """Return the query for a page of members; a person whose account is kept elsewhere has no name here."""
    t, u = tables.membership, tables.user
    person = (func.coalesce(u.c.email, "").label("person_email"), func.coalesce(u.c.name, "").label("person_name"))
    query = select(t, *person).select_from(t.outerjoin(u, u.c.id == t.c.user_id))
    # A service account has a membership, and is no person: "`" follows "_".
    people = or_(t.c.user_id < "svc_", t.c.user_id >= "svc`")
    return query.where(t.c.organization_id == organization_id, t.c.user_id > after, people).order_by(t.c.user_id).limit(limit)


def owners(tables: Tables, organization_id: OrganizationId, *, limit: int) -> Select[Any]:
    """Return the query for the active owners."""
    t = tables.membership
    active = and_(t.c.organization_id == organization_id, t.c.role == OWNER, t.c.status == MembershipStatus.ACTIVE)
    return select(t.c.user_id).where(active).order_by(t.c.user_id).limit(limit)


def member(row: RowMapping) -> Member:
    """Return the member in a row of `members`."""
    fields = dict(row)
    email, name = fields.pop("person_email"), fields.pop("person_name")
    return Member(Membership(**fields), email, name)


def _open(tables: Tables, now: datetime) -> ColumnElement[bool]:
    t = tables.invitation
    return and_(t.c.accepted_at.is_(None), t.c.revoked_at.is_(None), t.c.expires_at > now)


def invitation_by_digest(tables: Tables, token_digest: bytes) -> Select[Any]:
    """Return the query for the invitation with this token."""
    return select(tables.invitation).where(tables.invitation.c.token_digest == token_digest)


def accept(tables: Tables, invitation: Invitation, *, by: UserId, now: datetime) -> Update:
    """Return the compare-and-set that accepts an open invitation."""
    t = tables.invitation
    return update(t).where(t.c.id == invitation.id, _open(tables, now)).values(accepted_at=now, accepted_by=by)


def revoke_invitation(tables: Tables, organization_id: OrganizationId, invitation_id: str, *, now: datetime) -> Update:
    """Return the compare-and-set that revokes an open invitation."""
    t = tables.invitation
    return update(t).where(t.c.organization_id == organization_id, t.c.id == invitation_id, _open(tables, now)).values(revoked_at=now)


def open_invitations(tables: Tables, organization_id: OrganizationId, *, now: datetime) -> Select[Any]:
    """Return the query for the open invitations of an organization."""
    t = tables.invitation
    return select(t).where(t.c.organization_id == organization_id, _open(tables, now)).order_by(t.c.id)


def departure(tables: Tables, organization_id: OrganizationId, user_id: UserId) -> Select[Any]:
    """Return the query for when somebody left."""
    t = tables.departure
    return select(t).where(t.c.organization_id == organization_id, t.c.user_id == user_id)


def lift(tables: Tables, organization_id: OrganizationId, user_id: UserId) -> Delete:
    """Return the statement that forgets that somebody left."""
    t = tables.departure
    return delete(t).where(t.c.organization_id == organization_id, t.c.user_id == user_id)
