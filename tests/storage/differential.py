"""The same random port calls on two storages: every answer, every error and everything that can be read at the end must be equal.

A run is a tuple of transactions, each a tuple of calls and whether it is committed. A call is the name of a port method and three small
numbers, from which its arguments are made: few different ids, versions, digests and moments, so that calls meet each other's rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass, replace
from itertools import product
from typing import Any, Final, TypeAlias

from hypothesis import strategies as st

from ctsec.audit.event import DEPLOYMENT_LOG, LogId
from ctsec.audit.query import AuditQuery
from ctsec.audit.sealing import LOG_OF_LOGS, CheckpointRecord
from ctsec.directory.record import MembershipStatus, OrganizationStatus
from ctsec.encryption.dek import DekState
from ctsec.encryption.reencryption import Stored
from ctsec.errors import StoreError
from ctsec.guard.allowance import Allowance
from ctsec.guard.attempts import Attempts
from ctsec.guard.proof import Purpose
from ctsec.rbac.elevation import ElevationState
from ctsec.rbac.listing import Reach
from ctsec.recovery.record import RecoveryState
from ctsec.storage.ports import Storage, Store
from ctsec.testing.conformance import samples as s
from ctsec.testing.conformance._sync_credentials import device
from ctsec.testing.conformance._sync_passkeys import passkey
from ctsec.testing.conformance._sync_recovery import domain, recovery, terms, trail
from ctsec.testing.conformance._sync_reencryption import blob, progress
from ctsec.testing.conformance._sync_vault import credential, index_key
from ctsec.testing.conformance.lifecycle_samples import parked, presence, rules_of
from ctsec.testing.conformance.sso_samples import claim, departure

Call: TypeAlias = tuple[str, int, int, int]
Run: TypeAlias = tuple[tuple[tuple[Call, ...], bool], ...]
Arguments: TypeAlias = tuple[tuple[Any, ...], dict[str, Any]]
_KEYS: Final = ("s@example.com", "S@example.com", "s@example.com ", "t@example.com")
_ROLES: Final = ("member", "Member", "owner", "admin")
_NAMES: Final = ("user.signed_in", "role.*", "role.assigned", "r_le.x")
_ORDERED: Final = (
    "workspaces.of_", "roster.of_org", "standings.of_org", "roster.owners", "assignments.of_", "lists.", "passkeys.of_", "custom_roles.of_",
    "recoveries.", "domains.of_", "domain_claims.of_", "domain_claims.due",
    "elevations.of_", "break_glass.of_", "api_keys.of_", "credentials.", "index_keys.", "inbox.", "log.", "outbox.", "guard.events.",
    "lifecycle.judging", "lifecycle.ending", "parked.of_",
    "reencryptions.", "deks.retired_", "deks.of_scopes",
    "guard.attempts.untold",
)  # fmt: skip


def _at(n: int) -> Any:
    return s.NOW + n * s.HOUR / 2


def _checkpoint(a: int, size: int, *, at: int) -> CheckpointRecord:
    log = LogId(s.org_id(a))
    return CheckpointRecord(log=log, size=size, root=bytes(32), note=f"{log} {size}".encode(), signed_at=_at(at))


def _call(*positional: Any, **named: Any) -> Arguments:
    return positional, named


def _claim(a: int, b: int) -> Any:
    return claim(_KEYS[a], of=b)


_STATES: Final = (ElevationState.OPEN, ElevationState.ACTIVE, ElevationState.DENIED, ElevationState.ENDED)


_RESETS: Final = tuple(RecoveryState)
_STORED: Final = (Stored.VAULT, Stored.INDEX_KEY, Stored.SEED, Stored.VAULT)
_SCOPES: Final = (s.org_id(0), s.org_id(1), s.org_id(2), "deployment")


def _values(stored: int, n: int) -> tuple[str | int, ...]:
    return ((_KEYS[n], 1), (s.authenticator(n, of=0).id,))[stored - 1] if stored in {1, 2} else (credential(n).id,)


def _reach(a: int, b: int, c: int) -> Reach:
    roles = frozenset(_ROLES[: 1 + c])
    return Reach(
        organization=s.org_id(a),
        user=s.user_id(b),
        now=_at(c),
        roles=roles,
        ceilings=roles,
        bases=frozenset(_ROLES[c:3]),
        masks=frozenset({"viewer"}),
    )


def _attempts(a: int, b: int) -> Attempts | None:
    if b == 0:
        return None
    waiting, ended = _at(b) if b > 1 else None, _at(b) if b > 2 else None
    return Attempts(key=_KEYS[a], failures=b, blocked_until=waiting, disabled_at=ended, subject=s.user_id(a) if ended else "")


def _allowance(a: int, b: int) -> Allowance | None:
    return Allowance(key=_KEYS[a], full_at=_at(b)) if b else None


# What each call is given: `f` numbers the calls of this name in the run (ids are new where a record is added), a, b and c are 0 to 3.
CALLS: Final[dict[str, Callable[[int, int, int, int], Arguments]]] = {
    "users.add": lambda f, a, b, c: _call(replace(s.user(f), email_key=_KEYS[a])),
    "users.get": lambda f, a, b, c: _call(s.user_id(a)),
    "users.by_email": lambda f, a, b, c: _call(_KEYS[a]),
    "users.replace": lambda f, a, b, c: _call(replace(s.user(a), email_key=f"own{a}@example.com", name=f"n{c}", version=b)),
    "organizations.add": lambda f, a, b, c: _call(s.organization(f, owners=1 + a)),
    "organizations.get": lambda f, a, b, c: _call(s.org_id(a)),
    "organizations.replace": lambda f, a, b, c: _call(replace(s.organization(a), status=OrganizationStatus.CLOSED, version=b)),
    "organizations.lock": lambda f, a, b, c: _call(s.org_id(a)),
    "organizations.gain_owner": lambda f, a, b, c: _call(s.org_id(a)),
    "organizations.lose_owner": lambda f, a, b, c: _call(s.org_id(a)),
    "organizations.disown": lambda f, a, b, c: _call(s.org_id(a)),
    "lifecycle.policy": lambda f, a, b, c: _call(s.org_id(a)),
    "lifecycle.put_policy": lambda f, a, b, c: _call(rules_of(a, by=b, remove_days=c)),
    "lifecycle.judging": lambda f, a, b, c: _call(after=s.org_id(a) if b else "", limit=1 + c),
    "lifecycle.ending": lambda f, a, b, c: _call(
        now=_at(b), before=_at(a), after=s.membership(a, of=b, ends=_at(b)) if c > 1 else None, limit=1 + c
    ),
    "lifecycle.last_use": lambda f, a, b, c: _call(s.org_id(a), s.user_id(b)),
    "lifecycle.presence": lambda f, a, b, c: _call(s.org_id(a), s.user_id(b)),
    "lifecycle.put_presence": lambda f, a, b, c: _call(presence(a, of=b, hours=c)),
    "lifecycle.forget": lambda f, a, b, c: _call(s.org_id(a), s.user_id(b)),
    "parked.put": lambda f, a, b, c: _call(parked(a, of=b, space=c)),
    "parked.of_user": lambda f, a, b, c: _call(s.org_id(a), s.user_id(b)),
    "parked.remove": lambda f, a, b, c: _call(s.org_id(a), s.user_id(b)),
    "parked.trim": lambda f, a, b, c: _call(before=_at(a)),
    "workspaces.add": lambda f, a, b, c: _call(s.workspace(f, of=a)),
    "workspaces.get": lambda f, a, b, c: _call(s.workspace_id(a)),
    "workspaces.of_organization": lambda f, a, b, c: _call(s.org_id(a), after=s.workspace_id(b), limit=1 + c),
    "memberships.add": lambda f, a, b, c: _call(s.membership(a, of=b, role=_ROLES[c])),
    "memberships.get": lambda f, a, b, c: _call(s.org_id(a), s.user_id(b), fresh=c > 1),
    "memberships.replace": lambda f, a, b, c: _call(replace(s.membership(a, of=b), status=MembershipStatus.SUSPENDED, version=c)),
    "memberships.remove": lambda f, a, b, c: _call(s.org_id(a), s.user_id(b)),
    "memberships.depart": lambda f, a, b, c: _call(departure(a, of=b, by=c)),
    "memberships.departure": lambda f, a, b, c: _call(s.org_id(a), s.user_id(b)),
    "memberships.lift": lambda f, a, b, c: _call(s.org_id(a), s.user_id(b)),
    "roster.of_user": lambda f, a, b, c: _call(s.user_id(a)),
    "invitations.add": lambda f, a, b, c: _call(s.invitation(f, of=a, space=b if c else None)),
    "invitations.by_digest": lambda f, a, b, c: _call(s.digest(f"invitation {a}")),
    "invitations.accept": lambda f, a, b, c: _call(s.invitation(a, of=b), by=s.user_id(b), now=_at(c)),
    "invitations.revoke": lambda f, a, b, c: _call(s.org_id(a), s.invitation(b, of=0).id, now=_at(c % 2)),
    "invitations.open": lambda f, a, b, c: _call(s.org_id(a), now=_at(b)),
    "standings.standing": lambda f, a, b, c: _call(s.org_id(a), s.user_id(b), fresh=c > 1),
    "standings.of_organization": lambda f, a, b, c: _call(s.org_id(a), after=s.user_id(b) if b else "", limit=1 + c),
    "standings.organization_of": lambda f, a, b, c: _call(s.workspace_id(a)),
    "standings.version": lambda f, a, b, c: _call(s.org_id(a)),
    "standings.change_membership": lambda f, a, b, c: _call(**s.role_change(a, of=b, before=_ROLES[c], after=_ROLES[(c + 2) % 4])),
    "organizations.advance_roles": lambda f, a, b, c: _call(s.org_id(a)),
    "roster.owners": lambda f, a, b, c: _call(s.org_id(a), limit=1 + b),
    "lists.workspaces": lambda f, a, b, c: _call(_reach(a, b, c), after="", limit=1 + c),
    "lists.count": lambda f, a, b, c: _call(_reach(a, b, c)),
    "standings.revision": lambda f, a, b, c: _call(s.org_id(a)),
    "custom_roles.put": lambda f, a, b, c: _call(replace(s.custom_role(_ROLES[a], of=b), version=1 + c)),
    "custom_roles.of_organization": lambda f, a, b, c: _call(s.org_id(a)),
    "custom_roles.remove": lambda f, a, b, c: _call(s.org_id(a), _ROLES[b]),
    "custom_roles.in_use": lambda f, a, b, c: _call(s.org_id(a), ("viewer", *_ROLES)[b], now=_at(c)),
    "custom_roles.customise": lambda f, a, b, c: _call(s.org_id(a), b),
    "elevations.add": lambda f, a, b, c: _call(s.elevation(f, of=a, person=b, state=_STATES[c % 2], space=c)),
    "elevations.get": lambda f, a, b, c: _call(s.org_id(a), s.elevation(b, of=a, person=c).id, fresh=c > 1),
    "elevations.change": lambda f, a, b, c: _call(
        replace(s.elevation(a, of=b, person=c, state=_STATES[1]), state=_STATES[c]), before=_STATES[c % 2]
    ),
    "elevations.of_organization": lambda f, a, b, c: _call(s.org_id(a), state=_STATES[b], after="", limit=1 + c),
    "elevations.open_of_user": lambda f, a, b, c: _call(s.org_id(a), s.user_id(b)),
    "elevations.end_of_user": lambda f, a, b, c: _call(s.org_id(a), s.user_id(b), now=_at(c)),
    "elevations.end_expired": lambda f, a, b, c: _call(before=s.NOW + s.HOUR * (a % 2)),
    "break_glass.add": lambda f, a, b, c: _call(s.permit(f, of=a, person=b, space=c)),
    "break_glass.get": lambda f, a, b, c: _call(s.org_id(a), s.permit(b, of=a, person=c).id),
    "break_glass.of_user": lambda f, a, b, c: _call(s.org_id(a), s.user_id(b)),
    "break_glass.of_organization": lambda f, a, b, c: _call(s.org_id(a), after="", limit=1 + b),
    "break_glass.remove": lambda f, a, b, c: _call(s.org_id(a), s.permit(b, of=a, person=c).id),
    "break_glass.remove_of_user": lambda f, a, b, c: _call(s.org_id(a), s.user_id(b)),
    "assignments.put": lambda f, a, b, c: _call(s.assignment(a, of=b, workspace=c)),
    "assignments.remove": lambda f, a, b, c: _call(s.org_id(a), s.workspace_id(b), s.user_id(c)),
    "assignments.of_workspace": lambda f, a, b, c: _call(s.org_id(a), s.workspace_id(b), after="", limit=1 + c),
    "assignments.of_user": lambda f, a, b, c: _call(s.org_id(a), s.user_id(b)),
    "passwords.get": lambda f, a, b, c: _call(s.user_id(a)),
    "passwords.put": lambda f, a, b, c: _call(s.password(a, version=1 + b)),
    "sessions.add": lambda f, a, b, c: _call(s.session(f, of=a)),
    "sessions.get": lambda f, a, b, c: _call(s.session(a, of=0).id),
    "sessions.replace": lambda f, a, b, c: _call(replace(s.session(a, of=b), aal=1, version=c)),
    "sessions.touch": lambda f, a, b, c: _call(s.session(a, of=0).id, at=_at(b)),
    "sessions.of_user": lambda f, a, b, c: _call(s.user_id(a)),
    "sessions.revoke": lambda f, a, b, c: _call(s.user_id(a), s.session(b, of=0).id if c else None, keep=s.session(1, of=0).id, now=_at(c)),
    "devices.add": lambda f, a, b, c: _call(device(f, of=a)),
    "devices.get": lambda f, a, b, c: _call(device(a, of=0).id),
    "devices.of_user": lambda f, a, b, c: _call(s.user_id(a)),
    "devices.renew": lambda f, a, b, c: _call(device(a, of=0).id, seen_at=_at(b), expires_at=_at(c)),
    "devices.forget": lambda f, a, b, c: _call(s.user_id(a), device(b, of=0).id),
    "authenticators.add": lambda f, a, b, c: _call(s.authenticator(f, of=a, confirmed=b > 1)),
    "authenticators.of_user": lambda f, a, b, c: _call(s.user_id(a)),
    "authenticators.replace": lambda f, a, b, c: _call(replace(s.authenticator(a, of=b, confirmed=True), version=c)),
    "authenticators.remove": lambda f, a, b, c: _call(s.user_id(a), confirmed=b > 1),
    "backup_codes.put": lambda f, a, b, c: _call(s.backup_codes(f, of=a)),
    "backup_codes.get": lambda f, a, b, c: _call(s.user_id(a)),
    "backup_codes.remove": lambda f, a, b, c: _call(s.user_id(a)),
    "passkeys.add": lambda f, a, b, c: _call(passkey(f, of=a, credential=_KEYS[b].encode())),
    "passkeys.by_credential": lambda f, a, b, c: _call(_KEYS[a].encode()),
    "passkeys.of_user": lambda f, a, b, c: _call(s.user_id(a)),
    "passkeys.replace": lambda f, a, b, c: _call(replace(passkey(a, of=b), name=f"n{c}", version=c)),
    "passkeys.remove": lambda f, a, b, c: _call(s.user_id(a), passkey(b, of=0).id),
    "recoveries.add": lambda f, a, b, c: _call(recovery(f, of=a or None, person=b, state=_RESETS[c])),
    "recoveries.get": lambda f, a, b, c: _call(recovery(a).id, fresh=b > 1),
    "recoveries.change": lambda f, a, b, c: _call(replace(recovery(a, state=_RESETS[b]), ended_at=_at(c)), before=_RESETS[c % 2]),
    "recoveries.page": lambda f, a, b, c: _call(s.org_id(a) if a else None, after=recovery(b).id if b else "", limit=1 + c),
    "recoveries.pending": lambda f, a, b, c: _call(s.user_id(a), now=_at(b)),
    "recoveries.due": lambda f, a, b, c: _call(now=_at(a), limit=1 + b),
    "trails.get": lambda f, a, b, c: _call(s.user_id(a)),
    "trails.put": lambda f, a, b, c: _call(trail(a, version=1 + b)),
    "recovery_terms.get": lambda f, a, b, c: _call(s.org_id(a)),
    "recovery_terms.put": lambda f, a, b, c: _call(terms(a, version=1 + b)),
    "domains.add": lambda f, a, b, c: _call(domain(_KEYS[a], of=b)),
    "domains.get": lambda f, a, b, c: _call(_KEYS[a]),
    "domains.remove": lambda f, a, b, c: _call(s.org_id(a), _KEYS[b]),
    "domains.of_organization": lambda f, a, b, c: _call(s.org_id(a)),
    "domain_claims.add": lambda f, a, b, c: _call(_claim(a, b)),
    "domain_claims.get": lambda f, a, b, c: _call(s.org_id(b), _KEYS[a]),
    "domain_claims.of_organization": lambda f, a, b, c: _call(s.org_id(a)),
    "domain_claims.replace": lambda f, a, b, c: _call(replace(_claim(a, b), due_at=_at(c), misses=c, version=1 + c)),
    "domain_claims.remove": lambda f, a, b, c: _call(s.org_id(b), _KEYS[a]),
    "domain_claims.due": lambda f, a, b, c: _call(now=_at(a), limit=1 + b),
    "api_keys.add": lambda f, a, b, c: _call(s.api_key(f, of=a, owner=b, scopes=frozenset() if c else None), s.key_secret(f)),
    "api_keys.get": lambda f, a, b, c: _call(s.api_key(a, of=0, owner=0).id),
    "api_keys.of_owner": lambda f, a, b, c: _call(s.org_id(a), s.user_id(b)),
    "api_keys.revoke": lambda f, a, b, c: _call(s.org_id(a), s.api_key(b, of=0, owner=0).id, now=_at(c)),
    "api_keys.rotate": lambda f, a, b, c: _call(s.key_secret(a, generation=1 + b), overlap_until=_at(c)),
    "api_keys.touch": lambda f, a, b, c: _call(s.api_key(a, of=0, owner=0).id, at=_at(f), address=f"192.0.2.{c}"),
    "deks.add": lambda f, a, b, c: _call(s.dek(f, scope=f"scope {f}", state=(DekState.ACTIVE, DekState.DECRYPT_ONLY)[a % 2])),
    "deks.get": lambda f, a, b, c: _call(s.dek(a).id),
    "deks.active": lambda f, a, b, c: _call(f"scope {a}", "eu"),
    "deks.of_scope": lambda f, a, b, c: _call(f"scope {a}"),
    "deks.under": lambda f, a, b, c: _call(f"local:{a}", after=s.dek(b).id if b else "", limit=1 + c),
    "deks.active_page": lambda f, a, b, c: _call(after=s.dek(b).id if b else "", limit=1 + c),
    "deks.change": lambda f, a, b, c: _call(replace(s.dek(a), kek=f"local:{b}", state=list(DekState)[c % 3], version=1 + b)),
    "customer_keys.add": lambda f, a, b, c: _call(s.customer_key(f, region=_KEYS[a])),
    "customer_keys.get": lambda f, a, b, c: _call(s.org_id(a), _KEYS[b]),
    "customer_keys.change": lambda f, a, b, c: _call(replace(s.customer_key(a, region=_KEYS[b]), problem=_KEYS[c], version=1 + c)),
    "customer_keys.remove": lambda f, a, b, c: _call(s.org_id(a), _KEYS[b]),
    "customer_keys.holders": lambda f, a, b, c: _call(s.customer_key(a, region=_KEYS[b]).ref),
    "customer_keys.page": lambda f, a, b, c: _call(after=(s.org_id(a), _KEYS[b]), limit=1 + c),
    "deks.retired_scopes": lambda f, a, b, c: _call(after=f"scope {a}" if a else "", limit=1 + b),
    "deks.of_scopes": lambda f, a, b, c: _call((f"scope {a}", f"scope {b}")),
    "reencryptions.put": lambda f, a, b, c: _call(replace(progress(_ROLES[a], of=b, version=c), ended_at=_at(c) if c else None)),
    "reencryptions.of_scopes": lambda f, a, b, c: _call((s.org_id(a), s.org_id(b))),
    "reencryptions.unfinished": lambda f, a, b, c: _call(limit=1 + a),
    "reencryptions.under": lambda f, a, b, c: _call(_STORED[a], _SCOPES[b], keys=(s.dek(c).id,), after=(), limit=1 + c),
    "reencryptions.count": lambda f, a, b, c: _call(_STORED[a], _SCOPES[b], keys=(s.dek(c).id, s.dek(1).id)),
    "reencryptions.replace": lambda f, a, b, c: _call(
        _STORED[a], _SCOPES[b], key=_values(a, c), before=blob(c, c), after=blob(a, 9)
    ),
    "index_keys.add": lambda f, a, b, c: _call(replace(index_key(1 + a, place=_KEYS[b]), sealed=blob(f % 4, f))),
    "index_keys.of_place": lambda f, a, b, c: _call(s.org_id(1), _KEYS[a], fresh=b > 1),
    "index_keys.remove": lambda f, a, b, c: _call(s.org_id(1), _KEYS[a], below=b),
    "credentials.add": lambda f, a, b, c: _call(credential(f, of=a, name=_ROLES[b], due=_at(c) if c else None), blob(f % 4, f)),
    "credentials.get": lambda f, a, b, c: _call(s.org_id(a), credential(b).id),
    "credentials.sealed": lambda f, a, b, c: _call(credential(a).id),
    "credentials.replace": lambda f, a, b, c: _call(
        replace(credential(a, name=_ROLES[b], due=_at(c)), version=1 + c // 2), sealed=b"n" if c else None
    ),
    "credentials.remove": lambda f, a, b, c: _call(s.org_id(a), credential(b).id),
    "credentials.of_organization": lambda f, a, b, c: _call(s.org_id(a), after=credential(b).id if b else "", limit=1 + c),
    "credentials.due": lambda f, a, b, c: _call(s.org_id(a), by=_at(b), limit=1 + c),
    "credentials.to_remind": lambda f, a, b, c: _call(now=_at(a), limit=1 + c),
    "credentials.reminded": lambda f, a, b, c: _call(credential(a).id, due_at=_at(b)),
    "credentials.touch": lambda f, a, b, c: _call(credential(a).id, at=_at(b), by=_KEYS[c]),
    "inbox.append": lambda f, a, b, c: _call(s.event(f, of=a if b else None, name=_NAMES[c])),
    "inbox.append_all": lambda f, a, b, c: _call((s.event(1000 + 2 * f), s.event(1000 + 2 * f + (a != b), of=1))),
    "inbox.append_new": lambda f, a, b, c: _call((s.event(100 + a), s.event(100 + b, of=1))),
    "log.place": lambda f, a, b, c: _call(limit=1 + a),
    "log.search": lambda f, a, b, c: _call(AuditQuery(log=LogId(s.org_id(a)), name=_NAMES[b]), before=c or None, limit=1 + a),
    "tree.head": lambda f, a, b, c: _call(LogId(s.org_id(a)) if b else LOG_OF_LOGS),
    "tree.heads": lambda f, a, b, c: _call(after=s.org_id(a) if b else "", limit=1 + c),
    "checkpoints.add": lambda f, a, b, c: _call((_checkpoint(a, b, at=c), _checkpoint(a + 1, 2 * c, at=c))),
    "checkpoints.page": lambda f, a, b, c: _call(LogId(s.org_id(a)), after=b, limit=1 + c),
    "checkpoints.due": lambda f, a, b, c: _call(before=_at(a), limit=1 + c),
    "checkpoints.numbered": lambda f, a, b, c: _call(first=a, limit=1 + c),
    "outbox.add": lambda f, a, b, c: _call(s.outbox_entry(f)),
    "outbox.due": lambda f, a, b, c: _call(now=s.NOW + (a + b) * s.TICK, limit=1 + c),
    "outbox.replace": lambda f, a, b, c: _call(replace(s.outbox_entry(a), version=b, delivered_at=_at(c) if c else None)),
    "jobs.claim": lambda f, a, b, c: _call(_KEYS[a], owner=str(b), now=_at(c), until=_at(c + b)),
    "jobs.finish": lambda f, a, b, c: _call(_KEYS[a], owner=str(b), now=_at(c), due_at=_at(c + 1), error=_NAMES[b]),
    "epochs.bump": lambda f, a, b, c: _call(s.org_id(a)),
    "guard.proofs.issue": lambda f, a, b, c: _call((s.proof(f"p{f}", subject=_KEYS[a], ends=_at(b) if c else None),)),
    "guard.proofs.peek": lambda f, a, b, c: _call(Purpose.PASSWORD_RESET, s.digest(f"p{a}")),
    "guard.proofs.consume": lambda f, a, b, c: _call(Purpose.PASSWORD_RESET, s.digest(f"p{a}"), now=_at(b)),
    "guard.proofs.void": lambda f, a, b, c: _call(Purpose.PASSWORD_RESET, _KEYS[a], now=_at(b)),
    "guard.proofs.live": lambda f, a, b, c: _call(Purpose.PASSWORD_RESET, _KEYS[a], now=_at(b)),
    "guard.steps.start": lambda f, a, b, c: _call(_KEYS[a], step=b),
    "guard.steps.last": lambda f, a, b, c: _call(_KEYS[a]),
    "guard.steps.advance": lambda f, a, b, c: _call(_KEYS[a], step=b + c),
    "guard.attempts.get": lambda f, a, b, c: _call(_KEYS[a]),
    "guard.attempts.replace": lambda f, a, b, c: _call(_attempts(a, b), _attempts(a, 1 + c)),
    "guard.attempts.settle": lambda f, a, b, c: _call(tuple(each for each in (_attempts(a, 1 + b), _attempts(c, 3)) if each)),
    "guard.attempts.untold": lambda f, a, b, c: _call(limit=1 + a),
    "guard.allowances.get": lambda f, a, b, c: _call(_KEYS[a]),
    "guard.allowances.replace": lambda f, a, b, c: _call(_allowance(a, b), _allowance(a, 1 + c)),
    "guard.allowances.trim": lambda f, a, b, c: _call(before=_at(b)),
    "guard.attempts.clear": lambda f, a, b, c: _call((_KEYS[a], _KEYS[b])),
    "guard.seals.reserve": lambda f, a, b, c: _call(_KEYS[a], messages=1 + b, most=3 + c),
    "guard.seals.reserved": lambda f, a, b, c: _call(_KEYS[a]),
    "guard.events.append": lambda f, a, b, c: _call(s.event(200 + f, of=a)),
    "guard.events.pending": lambda f, a, b, c: _call(limit=1 + a),
    "guard.events.remove": lambda f, a, b, c: _call((s.event(200 + a).id, s.event(200 + b).id)),
}  # fmt: skip

_SMALL = st.integers(0, 3)


def runs(*, families: Iterable[str] = ("",)) -> st.SearchStrategy[Run]:
    """Return runs of calls whose names start with one of `families`."""
    names = sorted(name for name in CALLS if name.startswith(tuple(families)))
    calls = st.lists(st.tuples(st.sampled_from(names), _SMALL, _SMALL, _SMALL), max_size=12).map(tuple)
    return st.lists(st.tuples(calls, st.booleans()), min_size=1, max_size=6).map(tuple)


class _RolledBack(Exception):
    """What ends a transaction that is not to be committed."""


def play(storage: Storage, run: Run) -> list[tuple[str, object]]:
    """Return what each call of a run answers, what caches are told, and at the end all that can be read."""
    heard: list[tuple[str, object]] = []
    count: Counter[str] = Counter()
    for calls, committed in run:
        try:
            with storage.begin(after_commit=lambda scopes: heard.append(("after_commit", scopes))) as store:
                for name, a, b, c in calls:
                    heard.append((name, _answer(storage, store, name, CALLS[name](count[name], a, b, c))))
                    count[name] += 1
                heard.append(("wrote", store.wrote))
                if not committed:
                    raise _RolledBack
        except _RolledBack:
            heard.append(("rolled back", None))
        except StoreError as error:
            heard.append(("error", type(error).__name__))
    with storage.reading() as store:
        for name, a, b in product(_READS, range(4), range(4)):
            heard.append((name, _answer(storage, store, name, CALLS[name](0, a, b, 3))))
        for log in (DEPLOYMENT_LOG, *(LogId(s.org_id(n)) for n in range(4))):
            heard += [("size", store.log.size(log)), ("log", store.log.search(AuditQuery(log=log), before=None, limit=99))]
        heard += [("inbox", store.inbox.pending(limit=99)), ("jobs", sorted(map(_text, store.jobs.all())))]
        heard += [("roster", store.roster.of_organization(s.org_id(n), after="", limit=99)) for n in range(4)]
    return heard


_READS: Final = tuple(name for name in CALLS if name.rpartition(".")[2] in {
    "get", "by_email", "by_credential", "by_digest", "open", "of_user", "of_organization", "of_workspace", "of_owner", "standing",
    "organization_of",
    "active", "due", "sealed", "of_place", "peek", "live", "last", "pending", "unfinished",
})  # fmt: skip


def _answer(storage: Storage, store: Store, name: str, arguments: Arguments) -> object:
    target: Any = storage if name.startswith("guard.") else store
    for part in name.split("."):
        target = getattr(target, part)
    positional, named = arguments
    answer = target(*positional, **named)
    return sorted(map(_text, answer)) if isinstance(answer, tuple) and not name.startswith(_ORDERED) else answer


def _text(value: object) -> str:
    """Return a text that is equal for equal values: a mapping's order is none of a store's business."""
    if isinstance(value, Mapping):
        return str(sorted((_text(key), _text(each)) for key, each in value.items()))
    if is_dataclass(value):
        return f"{type(value).__name__}({', '.join(_text(getattr(value, field.name)) for field in fields(value))})"
    return repr(value)
