"""Records as JSON objects: only what their reader may see, times in ISO 8601, sets sorted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, TypeAlias

from ctsec.audit.record import StoredEvent
from ctsec.authn.device import KnownDevice
from ctsec.authn.device_name import device_name
from ctsec.authn.place import PlaceNames, place_of
from ctsec.authn.record import Session
from ctsec.directory.record import Invitation, Member, Membership, Organization, Workspace
from ctsec.encryption.customer_key import CustomerKey
from ctsec.encryption.dek import WrappedDek
from ctsec.keys.record import ApiKey, status_at
from ctsec.mfa.passkey import Passkey
from ctsec.mfa.provisioning import manual_key, qr_svg
from ctsec.mfa.record import Authenticator
from ctsec.mfa_policy import MfaPolicy
from ctsec.rbac.assignment import RoleAssignment
from ctsec.rbac.custom_record import CustomRoleRecord
from ctsec.rbac.elevation import ElevationRequest
from ctsec.recovery.record import Recovery
from ctsec.residency.record import Move
from ctsec.secret import Secret, SecretText
from ctsec.vault.record import VaultCredential

View: TypeAlias = dict[str, Any]


def moment(value: datetime | None) -> str | None:
    """Return a time as text, None for none."""
    return None if value is None else value.isoformat()


def names(values: Iterable[str] | None) -> list[str] | None:
    """Return a set in a stable order, None for "not narrowed"."""
    return None if values is None else sorted(values)


def codes(values: Iterable[SecretText]) -> View:
    """Return backup codes that are shown once, nothing where there are none."""
    shown = [each.reveal() for each in values]
    return {"codes": shown} if shown else {}


def mfa_policy(policy: MfaPolicy | None) -> View:
    """Return of whom an organization requires a second factor."""
    return {
        "required": policy is not None,
        "organization_roles": names(policy.organization_roles) if policy is not None else None,
        "workspace_roles": names(policy.workspace_roles) if policy is not None else None,
        "starts_at": moment(policy.starts_at) if policy is not None else None,
        "grace_until": moment(policy.grace_until) if policy is not None else None,
    }


def session(record: Session, *, current: str, places: PlaceNames | None) -> View:
    """Return one of a person's own sessions; `current` is the id of the one that asks, `device` what it calls itself."""
    return {
        "id": record.id,
        "created_at": moment(record.created_at),
        "last_seen_at": moment(record.last_seen_at),
        "expires_at": moment(record.expires_at),
        "aal": record.aal,
        "amr": sorted(record.factors),
        "organization_id": record.organization_id,
        "user_agent": record.user_agent,
        "address": record.address,
        "device": device_name(record.user_agent),
        "place": place_of(record.address, names=places),
        "current": record.id == current,
    }


def device(record: KnownDevice) -> View:
    """Return one of a person's own devices."""
    return {
        "id": record.id,
        "name": record.name,
        "user_agent": record.user_agent,
        "created_at": moment(record.created_at),
        "last_seen_at": moment(record.seen_at),
        "expires_at": moment(record.expires_at),
        "trusted_until": moment(record.trusted_until),
        "current": record.current,
    }


def passkey(record: Passkey) -> View:
    """Return one of a person's own passkeys, without its key."""
    return {
        "id": record.id,
        "name": record.name,
        "backup": record.backup.value,
        "transports": list(record.transports),
        "created_at": moment(record.created_at),
        "last_used_at": moment(record.last_used_at),
    }


def enrolment(authenticator_id: str, *, uri: SecretText, seed: Secret) -> View:
    """Return what a new authenticator app needs, for the one time that it is shown."""
    return {
        "authenticator_id": authenticator_id,
        "uri": uri.reveal(),
        "manual_key": manual_key(seed).reveal(),
        "qr_svg": qr_svg(uri).reveal(),
    }


def authenticator(record: Authenticator) -> View:
    """Return one of a person's own authenticator apps, without its seed."""
    return {
        "id": record.id,
        "name": record.name,
        "created_at": moment(record.created_at),
        "last_used_at": moment(record.last_used_at),
    }


def organization(record: Organization) -> View:
    """Return an organization."""
    return {"id": record.id, "name": record.name, "status": record.status.value}


def workspace(record: Workspace) -> View:
    """Return a workspace."""
    return {
        "id": record.id,
        "organization_id": record.organization_id,
        "name": record.name,
        "region": record.region,
        "status": record.status.value,
    }


def membership(record: Membership) -> View:
    """Return what a person is in an organization."""
    return {
        "organization_id": record.organization_id,
        "user_id": record.user_id,
        "role": record.role,
        "status": record.status.value,
        "starts_at": moment(record.starts_at),
        "expires_at": moment(record.expires_at),
    }


def member(record: Member) -> View:
    """Return a member with the person behind it."""
    return {**membership(record.membership), "email": record.email, "name": record.name}


def invitation(record: Invitation) -> View:
    """Return an invitation, without anything of its token."""
    return {
        "id": record.id,
        "organization_id": record.organization_id,
        "email": record.email,
        "role": record.role,
        "workspace_id": record.workspace_id,
        "workspace_role": record.workspace_role,
        "invited_by": record.invited_by,
        "expires_at": moment(record.expires_at),
    }


def assignment(record: RoleAssignment) -> View:
    """Return a workspace role of a person."""
    return {
        "workspace_id": record.workspace_id,
        "user_id": record.user_id,
        "role": record.role,
        "starts_at": moment(record.starts_at),
        "expires_at": moment(record.expires_at),
        "granted_by": record.granted_by,
    }


def custom_role(record: CustomRoleRecord) -> View:
    """Return a role of the organization's own."""
    return {"name": record.name, "permissions": sorted(record.permissions), "extends": record.extends, "version": record.version}


def customer_key(record: CustomerKey) -> View:
    """Return a key of an organization's own; `problem` is the code of the last failed check, or null."""
    return {
        "region": record.region,
        "ref": record.ref,
        "registered_by": record.registered_by,
        "registered_at": moment(record.registered_at),
        "checked_at": moment(record.checked_at),
        "problem": record.problem or None,
    }


def data_key(record: WrappedDek) -> View:
    """Return a data key without its wrapped form; `key` names what wrapped it."""
    return {
        "id": record.id,
        "region": record.region,
        "key": record.kek,
        "state": record.state.value,
        "created_at": moment(record.created_at),
    }


def move(record: Move) -> View:
    """Return a move; `problem` is the code of what stops it, or null."""
    return {
        "id": record.id,
        "workspace_id": record.workspace_id,
        "source": record.source,
        "target": record.target,
        "state": record.state.value,
        "started_by": record.started_by,
        "started_at": moment(record.started_at),
        "changed_at": moment(record.changed_at),
        "rows": record.rows,
        "problem": record.problem or None,
    }


def recovery(record: Recovery) -> View:
    """Return a reset of second factors, without the words that are sealed with it."""
    return {
        "id": record.id,
        "user_id": record.user_id,
        "state": record.state.value,
        "requested_by": record.requested_by,
        "approved_by": record.approved_by,
        "requested_at": moment(record.requested_at),
        "due_at": moment(record.due_at),
        "expires_at": moment(record.expires_at),
    }


def elevation(record: ElevationRequest) -> View:
    """Return a request for a role for a time, with the reason: it is shown to who decides."""
    return {
        "id": record.id,
        "user_id": record.user_id,
        "role": record.role,
        "workspace_id": record.workspace_id,
        "state": record.state.value,
        "reason": record.reason,
        "seconds": record.seconds,
        "requested_at": moment(record.requested_at),
        "expires_at": moment(record.expires_at),
    }


def api_key(record: ApiKey, *, now: datetime) -> View:
    """Return an API key with its status at `now`; its secret is in no record."""
    return {
        "id": record.id,
        "organization_id": record.organization_id,
        "owner_id": record.owner_id,
        "name": record.name,
        "environment": record.environment,
        "scopes": names(record.scopes),
        "workspaces": names(record.workspaces),
        "networks": list(record.networks),
        "status": status_at(record, now).value,
        "created_at": moment(record.created_at),
        "expires_at": moment(record.expires_at),
        "last_used_at": moment(record.last_used_at),
        "rate": record.rate,
        "rule_id": record.rule_id,
    }


def event(record: StoredEvent, *, index: int | None, personal: Mapping[str, str]) -> View:
    """Return an audit event; `index` is None while it waits for its place in the log."""
    body = record.details()
    return {
        "index": index,
        "id": record.id,
        "time": moment(record.time),
        "name": record.name,
        "actor": body["actor"],
        "targets": body["targets"],
        "subject": record.subject_id or None,
        "outcome": record.outcome,
        "reason": record.reason or None,
        "organization_id": record.organization_id,
        "workspace_id": record.workspace_id,
        "region": body.get("region"),
        "request_id": record.request_id,
        "details": body["details"],
        "changes": body.get("changes", []),
        "personal": dict(personal),
    }


def own_event(record: StoredEvent, *, person: str, personal: Mapping[str, str], places: PlaceNames | None) -> View:
    """Return an audit event to the person that it is about: no id of anybody else, and where it came from only if that was not another."""
    by = "you" if record.actor_id == person else record.actor_kind
    shown: Mapping[str, str] = personal if by in {"you", "anonymous"} else {}
    return {
        "id": record.id,
        "time": moment(record.time),
        "name": record.name,
        "by": by,
        "outcome": record.outcome,
        "reason": record.reason or None,
        "organization_id": record.organization_id,
        "address": shown.get("address"),
        "user_agent": shown.get("user_agent"),
        "device": device_name(shown["user_agent"]) if "user_agent" in shown else None,
        "place": place_of(shown["address"], names=places) if "address" in shown else None,
    }


def credential(record: VaultCredential, *, now: datetime) -> View:
    """Return a credential of the vault without its secret; `overdue` says that it should have been rotated by `now`."""
    return {
        "id": record.id,
        "workspace_id": record.workspace_id,
        "name": record.name,
        "kind": record.kind.value,
        "label": record.label,
        "access": record.access.value,
        "services": names(record.services),
        "regions": names(record.regions),
        "users": names(record.users),
        "rotate_seconds": record.rotate_seconds or None,
        "rotated_at": moment(record.rotated_at),
        "due_at": moment(record.due_at),
        "overdue": record.is_due(now),
        "created_by": record.created_by,
        "created_at": moment(record.created_at),
        "changed_by": record.changed_by,
        "changed_at": moment(record.changed_at),
        "last_used_at": moment(record.last_used_at),
        "last_used_by": record.last_used_by or None,
        "version": record.version,
    }
