# Generated from src/ctsec/sso/scim/_async_connections.py by tools/twin.py; edit that file.
"""SCIM connections and their credentials, as administrators make them (async source).

Rules that this module keeps:

- every change takes what a change of a connection for sign-in takes: `sso:manage` and a second factor proved just now;
- every role that a provider gives is one that the actor may give; that its groups may change owners' roles, only an owner may say;
- the text of a credential leaves once, from the call that made it; a second one can be made while the first still works;
- removing a connection ends its credentials and forgets what was pushed; memberships stay: an administrator ends those one by one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._sync_ports import Recorder
from ctsec.audit.event import NOTHING, Detail, EventName, Target
from ctsec.errors import StoreBusy
from ctsec.ids import OrganizationId, ScimConnectionId, ScimTokenId, UserId, new_id
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import Principal
from ctsec.rbac.entrance import SSO_MANAGE
from ctsec.rbac.role import OWNER
from ctsec.sso._sync_ports import SsoRights
from ctsec.sso._sync_record_ports import ConnectionRecords
from ctsec.sso._sync_rule_rights import may_give
from ctsec.sso.scim._sync_ports import ScimConnectionRecords, ScimMemberships
from ctsec.sso.scim.record import ScimConnection, ScimToken
from ctsec.sso.scim.token import DEFAULT_LIFE, DEFAULT_OVERLAP, MAX_LIFE, MAX_OVERLAP, MAX_TOKENS, IssuedScimToken, mint_scim_token
from ctsec.sso.scim.wish import ScimWish

MAX_SCIM_CONNECTIONS: Final = 10
_NO_SCIM: Final = Refusal(Reason.NOT_FOUND, "there is no such SCIM connection")
_NO_CONNECTION: Final = Refusal(Reason.NOT_FOUND, "there is no such connection")
_STEP_UP: Final = Refusal(Reason.STEP_UP_REQUIRED, "prove your second factor again to change how people are provisioned")
_OWNERS_ONLY: Final = Refusal(Reason.BEYOND_OWN_RIGHTS, "only an owner lets a provider change the roles of owners")
_MOVED: Final = "the SCIM connection was changed meanwhile; try again"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScimConnectionParts:
    """What SCIM connections are kept in and judged with."""

    records: ScimConnectionRecords
    connections: ConnectionRecords
    memberships: ScimMemberships
    rights: SsoRights


class ScimConnections:
    """The SCIM connections of organizations."""

    __slots__ = ("_ambient", "_audit", "_parts")

    def __init__(self, parts: ScimConnectionParts, *, audit: Recorder, ambient: Ambient) -> None:
        self._parts = parts
        self._audit = audit
        self._ambient = ambient

    def of_organization(self, *, organization: OrganizationId) -> tuple[ScimConnection, ...]:
        """Return the SCIM connections of an organization, in the order in which they were made."""
        return self._parts.records.of_organization(organization)

    def tokens(self, scim_id: ScimConnectionId, *, organization: OrganizationId) -> tuple[ScimToken, ...]:
        """Return the credentials of a SCIM connection, ended ones too; none of another organization's."""
        return self._parts.records.tokens(scim_id) if self._own(scim_id, organization) is not None else ()

    def create(self, actor: Principal, *, organization: OrganizationId, wish: ScimWish) -> Outcome[ScimConnection]:
        """Make a SCIM connection; it takes a credential (`issue`) before anything comes.

        Reasons: what `sso:manage` refuses, STEP_UP_REQUIRED, NOT_FOUND, CEILING_EXCEEDED, BEYOND_OWN_RIGHTS.
        """
        refusal = self._judge(actor, organization, wish=wish)
        if refusal is None and len(self._parts.records.of_organization(organization)) >= MAX_SCIM_CONNECTIONS:
            refusal = Refusal(Reason.CEILING_EXCEEDED, f"an organization has at most {MAX_SCIM_CONNECTIONS} SCIM connections")
        if refusal is not None:
            return self._refuse(actor, organization, refusal, attempted="scim_connection.create")
        now = self._ambient.now()
        made = ScimConnection(
            id=new_id(ScimConnectionId, now=now, random=self._ambient.random),
            organization_id=organization,
            connection_id=wish.connection,
            name=wish.name,
            default_role=wish.default_role,
            provisioning=wish.provisioning.text(),
            owners_by=actor.id if wish.owners else None,
            created_by=actor.id,
            created_at=now,
        )
        self._parts.records.add(made)
        self._note(EventName.SCIM_CONNECTION_CREATED, actor, made, details={"role": made.default_role, "owners": wish.owners})
        return made

    def change(
        self, actor: Principal, scim_id: ScimConnectionId, *, organization: OrganizationId, wish: ScimWish
    ) -> Outcome[ScimConnection]:
        """Change a SCIM connection; what it gave is brought in line at the next change of each person."""
        before = self._own(scim_id, organization)
        refusal = self._judge(actor, organization, wish=wish, kept=before)
        if refusal is not None or before is None:
            return self._refuse(actor, organization, _NO_SCIM if refusal is None else refusal, attempted="scim_connection.change")
        after = replace(
            before,
            connection_id=wish.connection,
            name=wish.name,
            default_role=wish.default_role,
            provisioning=wish.provisioning.text(),
            owners_by=(before.owners_by or actor.id) if wish.owners else None,
        )
        changed = tuple(name for name in _WISHED if getattr(before, name) != getattr(after, name))
        if not changed:
            return before
        after = replace(after, version=before.version + 1)
        if not self._parts.records.replace(after):
            raise StoreBusy(_MOVED)
        self._note(EventName.SCIM_CONNECTION_CHANGED, actor, after, details={"changed": changed})
        return after

    def remove(self, actor: Principal, scim_id: ScimConnectionId, *, organization: OrganizationId) -> Outcome[ScimConnection]:
        """Remove a SCIM connection with its credentials and all that was pushed; memberships stay as they are."""
        before = self._own(scim_id, organization)
        refusal = self._judge(actor, organization)
        if refusal is not None or before is None:
            return self._refuse(actor, organization, _NO_SCIM if refusal is None else refusal, attempted="scim_connection.remove")
        if not self._parts.records.remove(organization, scim_id):
            raise StoreBusy(_MOVED)
        self._note(EventName.SCIM_CONNECTION_REMOVED, actor, before)
        return before

    def issue(
        self,
        actor: Principal,
        scim_id: ScimConnectionId,
        *,
        organization: OrganizationId,
        life: timedelta = DEFAULT_LIFE,
        overlap: timedelta = DEFAULT_OVERLAP,
    ) -> Outcome[IssuedScimToken]:
        """Make a credential that works for `life` (at most 400 days); those that work now end after `overlap` (at most 30 days)."""
        before, now = self._own(scim_id, organization), self._ambient.now()
        refusal = self._judge(actor, organization)
        if refusal is None and not (timedelta() < life <= MAX_LIFE and timedelta() <= overlap <= MAX_OVERLAP):
            refusal = Refusal(Reason.INVALID_INPUT, f"expected a life of up to {MAX_LIFE.days} days, and an overlap of up to 30")
        if refusal is not None or before is None:
            return self._refuse(actor, organization, _NO_SCIM if refusal is None else refusal, attempted="scim_token.issue")
        working = [each for each in self._parts.records.tokens(scim_id) if now < each.expires_at]
        if len(working) >= MAX_TOKENS:
            return Refusal(Reason.CEILING_EXCEEDED, f"at most {MAX_TOKENS} credentials work at once; revoke one")
        for each in working:
            self._parts.records.end_token(scim_id, each.id, at=now + overlap)
        token_id = new_id(ScimTokenId, now=now, random=self._ambient.random)
        text, digest = mint_scim_token(token_id, random=self._ambient.random)
        made = ScimToken(
            id=token_id,
            scim_id=scim_id,
            organization_id=organization,
            digest=digest,
            created_by=actor.id,
            created_at=now,
            expires_at=now + life,
        )
        self._parts.records.add_token(made)
        details: Mapping[str, Detail] = {"token": made.id, "overlap_seconds": int(overlap.total_seconds())}
        self._note(EventName.SCIM_TOKEN_ISSUED, actor, before, details=details)
        return IssuedScimToken(made, text)

    def revoke(self, actor: Principal, scim_id: ScimConnectionId, *, organization: OrganizationId, token: ScimTokenId) -> Outcome[bool]:
        """End a credential at once; False if it had ended."""
        before = self._own(scim_id, organization)
        refusal = self._judge(actor, organization)
        if refusal is not None or before is None:
            return self._refuse(actor, organization, _NO_SCIM if refusal is None else refusal, attempted="scim_token.revoke")
        if not self._parts.records.end_token(scim_id, token, at=self._ambient.now()):
            return False
        self._note(EventName.SCIM_TOKEN_REVOKED, actor, before, details={"token": token})
        return True

    def _own(self, scim_id: ScimConnectionId, organization: OrganizationId) -> ScimConnection | None:
        found = self._parts.records.get(scim_id)
        return found if found is not None and found.organization_id == organization else None

    def _judge(
        self, actor: Principal, organization: OrganizationId, *, wish: ScimWish | None = None, kept: ScimConnection | None = None
    ) -> Refusal | None:
        refusal = self._parts.rights.may(actor, organization=organization, permission=SSO_MANAGE)
        if refusal is None and not actor.credential.second_factor_fresh(now=self._ambient.now()):
            refusal = _STEP_UP
        if refusal is not None or wish is None:
            return refusal
        if wish.connection is not None:
            found = self._parts.connections.get(wish.connection)
            if found is None or found.organization_id != organization:
                return _NO_CONNECTION
        granted = kept is not None and kept.owners_by is not None
        if wish.owners and not granted:
            member = self._parts.memberships.get(organization, UserId(actor.id))
            if member is None or member.role != OWNER:
                return _OWNERS_ONLY
        return may_give(self._parts.rights, actor, organization=organization, wish=wish)

    def _note(self, name: EventName, actor: Principal, scim: ScimConnection, *, details: Mapping[str, Detail] = NOTHING) -> None:
        target = Target("scim_connection", scim.id)
        self._audit.note(name, actor=actor, targets=(target,), organization=scim.organization_id, details=details)

    def _refuse(self, actor: Principal, organization: OrganizationId, refusal: Refusal, *, attempted: str) -> Refusal:
        details: Mapping[str, Detail] = {"attempted": attempted}
        self._audit.note_aside(EventName.ACCESS_DENIED, actor=actor, refused=refusal.reason, organization=organization, details=details)
        return refusal


_WISHED: Final = ("connection_id", "name", "default_role", "provisioning", "owners_by")
