# Generated from src/ctsec/connections/_async.py by tools/twin.py; edit that file.
"""Connected apps of people and organizations: who may connect, see, use and end them (async source).

Rules that this module keeps:

- a member in force connects for themself; connecting for the organization takes `connected_apps:manage`, using that `connected_apps:use`;
- whoever manages sees every connection of the organization and may end each; nobody but its person is handed a person's token;
- a consent that is older than the organization lets it be gives no token, and its person has to consent again;
- a connection that has ended gives no token to anybody from the commit on; its tokens are given back to the provider by the worker;
- each change is written with its event, in one transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._sync_ports import Recorder
from ctsec.audit.event import Detail, EventName, Target
from ctsec.connections._sync_ages import too_old
from ctsec.connections._sync_ports import AppRecords, AppRights, AppTokenRecords, GrantRules
from ctsec.connections.health import AppHealth, AppStatus, DueApp, due_app, status_of
from ctsec.connections.record import MANAGE, MAX_CONNECTIONS, OWN, USE, AppConnection
from ctsec.ids import AppId, OrganizationId, UserId, new_id
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import Principal, PrincipalKind

_NOT_FOUND: Final = Refusal(Reason.NOT_FOUND, "there is no such connected app")
_NOBODY: Final = Refusal(Reason.DENIED, "only a person connects an app for themself")
_CHANGED: Final = Refusal(Reason.CONFLICT, "the connected app was changed meanwhile; read it again")
_TOO_OLD: Final = Refusal(Reason.REVOKED, "the organization asks for another consent; connect the app again")
_FULL: Final = Refusal(Reason.CEILING_EXCEEDED, f"an organization has at most {MAX_CONNECTIONS} connected apps")


@dataclass(frozen=True, slots=True, kw_only=True)
class Consented:
    """What a person has consented to: at which provider, for whom (None: the organization), for an older connection or a new one."""

    provider: str
    organization: OrganizationId
    user: UserId | None
    scopes: str
    app: AppId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AppParts:
    """What connected apps are kept in and judged with."""

    records: AppRecords
    tokens: AppTokenRecords
    rights: AppRights
    rules: GrantRules


class ConnectedApps:
    """The connected apps of organizations and their people."""

    __slots__ = ("_ambient", "_audit", "_parts")

    def __init__(self, parts: AppParts, *, audit: Recorder, ambient: Ambient) -> None:
        self._parts = parts
        self._audit = audit
        self._ambient = ambient

    def of_organization(self, actor: Principal, *, organization: OrganizationId) -> Outcome[tuple[AppStatus, ...]]:
        """Return the connections that `actor` may see: their own, and for whoever manages all of them."""
        every = self._visible(actor, organization)
        if isinstance(every, Refusal):
            return every
        tokens = {each.id: each for each in self._parts.tokens.of(tuple(app.id for app in every))}
        longest = self._parts.rules.longest_grant(organization)
        return tuple(status_of(app, tokens.get(app.id), now=self._ambient.now(), longest=longest) for app in every)

    def get(self, actor: Principal, app: AppId, *, organization: OrganizationId) -> Outcome[AppStatus]:
        """Return one connection that `actor` may see; NOT_FOUND for any other."""
        every = self._visible(actor, organization)
        if isinstance(every, Refusal):
            return every
        found = next((each for each in every if each.id == app), None)
        if found is None:
            return _NOT_FOUND
        longest = self._parts.rules.longest_grant(organization)
        return status_of(found, self._parts.tokens.get(app), now=self._ambient.now(), longest=longest)

    def health(self, actor: Principal, *, organization: OrganizationId) -> Outcome[tuple[AppStatus, ...]]:
        """Return the connections that `actor` may see and that do not work as they are."""
        every = self.of_organization(actor, organization=organization)
        return every if isinstance(every, Refusal) else tuple(each for each in every if each.health is not AppHealth.FINE)

    def due(self, actor: Principal, *, organization: OrganizationId, within: timedelta = timedelta(0)) -> Outcome[tuple[DueApp, ...]]:
        """Return connections that `actor` may see and whose persons are to consent again, now or `within` a time, the longest due first.

        One is due fourteen days before its consent is older than the organization lets it be, and once it does not work for want of one.
        """
        every = self.of_organization(actor, organization=organization)
        if isinstance(every, Refusal):
            return every
        found = [due_app(each, by=self._ambient.now() + within) for each in every]
        return tuple(sorted((each for each in found if each is not None), key=lambda each: (each.due_at, each.status.app.id)))

    def may_connect(
        self, actor: Principal, *, organization: OrganizationId, own: bool, app: AppId | None = None
    ) -> Outcome[AppConnection | None]:
        """Return the connection to renew (None: a new one) if `actor` may connect, for themself (`own`) or the organization."""
        refusal = self._refused(actor, organization, own=own)
        if refusal is not None:
            return self._refuse(actor, organization, refusal, attempted="connected_app.connect", app=app)
        if app is None:
            full = len(self._parts.records.of_organization(organization)) >= MAX_CONNECTIONS
            return _FULL if full else None
        found = self._parts.records.get(app)
        owner = UserId(actor.id) if own else None
        if found is None or found.ended_at is not None or (found.organization_id, found.user_id) != (organization, owner):
            return self._refuse(actor, organization, _NOT_FOUND, attempted="connected_app.connect", app=app)
        return found

    def connect(self, actor: Principal, consented: Consented) -> Outcome[AppConnection]:
        """Write a connection that its person has consented to; it gives tokens once these are stored."""
        own, now = consented.user is not None, self._ambient.now()
        found = self.may_connect(actor, organization=consented.organization, own=own, app=consented.app)
        if isinstance(found, Refusal):
            return found
        if found is not None:
            after = found.reconnected(scopes=consented.scopes, by=actor.id, now=now)
            if found.provider != consented.provider or not self._parts.records.replace(after):
                return _CHANGED
            self._note(EventName.CONNECTED_APP_RECONNECTED, actor, after, {"scopes": tuple(after.scopes.split())})
            return after
        made = AppConnection(
            id=new_id(AppId, now=now, random=self._ambient.random),
            organization_id=consented.organization,
            user_id=consented.user,
            provider=consented.provider,
            scopes=consented.scopes,
            connected_by=actor.id,
            connected_at=now,
        )
        self._parts.records.add(made)
        self._note(EventName.CONNECTED_APP_CONNECTED, actor, made, {"scopes": tuple(made.scopes.split())})
        return made

    def disconnect(self, actor: Principal, app: AppId, *, organization: OrganizationId) -> Outcome[AppConnection]:
        """End a connection: its person may, and whoever manages. Its tokens are given back to the provider afterwards."""
        found = self._parts.records.get(app)
        mine = found is not None and found.user_id is not None and found.user_id == actor.id and actor.kind is PrincipalKind.USER
        refusal = self._refused(actor, organization, own=mine)
        if refusal is None and (found is None or found.organization_id != organization or found.ended_at is not None):
            refusal = _NOT_FOUND
        if refusal is not None or found is None:
            given = refusal if refusal is not None else _NOT_FOUND
            return self._refuse(actor, organization, given, attempted="connected_app.disconnect", app=app)
        after = found.ended(now=self._ambient.now())
        if not self._parts.records.replace(after):
            return _CHANGED
        self._note(EventName.CONNECTED_APP_DISCONNECTED, actor, after, {"why": "disconnected"})
        return after

    def count_of_person(self, organization: OrganizationId, user: UserId) -> int:
        """Return how many connections of a person an end of their membership would end."""
        return sum(each.user_id == user for each in self._parts.records.of_organization(organization))

    def end_of_person(self, organization: OrganizationId, user: UserId, *, actor: Principal, why: str) -> int:
        """End every connection of a person who leaves an organization, whatever that person may; return how many there were."""
        ended = self._parts.records.end_of_person(organization, user, now=self._ambient.now())
        for each in ended:
            self._note(EventName.CONNECTED_APP_DISCONNECTED, actor, each, {"why": why})
        return len(ended)

    def to_use(self, actor: Principal, app: AppId, *, organization: OrganizationId) -> Outcome[AppConnection]:
        """Return the connection whose token `actor` may be handed; a system principal, which only the host's code makes, may use each."""
        found = self._parts.records.get(app)
        there = found is not None and found.organization_id == organization and found.ended_at is None
        refusal = None
        if actor.kind is not PrincipalKind.SYSTEM:
            own = found is not None and found.user_id is not None
            refusal = self._refused(actor, organization, own=own, permission=USE, lock=False)
            there = there and found is not None and found.user_id in {None, actor.id}
        if refusal is None and not there:
            refusal = _NOT_FOUND
        if refusal is not None or found is None:
            given = refusal if refusal is not None else _NOT_FOUND
            return self._refuse(actor, organization, given, attempted="connected_app.use", app=app)
        if too_old(found, rules=self._parts.rules, now=self._ambient.now()):
            return self._refuse(actor, organization, _TOO_OLD, attempted="connected_app.use", app=app)
        return found

    def refuse(self, actor: Principal, provider: str, *, organization: OrganizationId | None, why: str) -> Refusal:
        """Note why a consent came to nothing, and return what is said outward."""
        refusal = Refusal(Reason.INVALID_TOKEN, "the app could not be connected; start again")
        self._audit.note_aside(
            EventName.CONNECTED_APP_CONNECTION_REFUSED,
            actor=actor,
            organization=organization,
            refused=refusal.reason,
            details={"provider": provider, "why": why},
        )
        return refusal

    def _visible(self, actor: Principal, organization: OrganizationId) -> Outcome[tuple[AppConnection, ...]]:
        managing = self._parts.rights.may(actor, organization=organization, permission=MANAGE, lock=False)
        if managing is not None:
            refusal = self._parts.rights.may_own(actor, organization=organization, permission=OWN, lock=False)
            if refusal is not None:
                return refusal
        every = self._parts.records.of_organization(organization)
        return every if managing is None else tuple(each for each in every if each.user_id == actor.id)

    def _refused(
        self, actor: Principal, organization: OrganizationId, *, own: bool, permission: str = MANAGE, lock: bool = True
    ) -> Refusal | None:
        if not own:
            return self._parts.rights.may(actor, organization=organization, permission=permission, lock=lock)
        if actor.kind is not PrincipalKind.USER:
            return _NOBODY
        return self._parts.rights.may_own(actor, organization=organization, permission=OWN, lock=lock)

    def _note(self, name: EventName, actor: Principal, app: AppConnection, details: dict[str, Detail]) -> None:
        self._audit.note(
            name,
            actor=actor,
            targets=(Target("connected_app", app.id),),
            subject=app.user_id,
            organization=app.organization_id,
            details={"provider": app.provider, **details},
        )

    def _refuse(self, actor: Principal, organization: OrganizationId, refusal: Refusal, *, attempted: str, app: str | None) -> Refusal:
        self._audit.note_aside(
            EventName.ACCESS_DENIED,
            actor=actor,
            targets=(Target("connected_app", (app or "")[:64]),),
            organization=organization,
            refused=refusal.reason,
            details={"attempted": attempted},
        )
        return refusal
