# Generated from src/ctsec/web/_async_entry.py by tools/twin.py; edit that file.
"""The way in: who makes this request, and whether a guard lets it through (async source).

Rules that this module keeps:

- limits are looked at first, then the credential, then CSRF, then permission, then assurance;
- a denial is an audit event of its own, committed before the answer; what is broken refuses and never lets in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from ctsec.ambient import Ambient, Request
from ctsec.audit.event import Event, EventName, Target, build
from ctsec.errors import AccessDenied, CtsecError
from ctsec.ids import OrganizationId, UserId, WorkspaceId, is_id
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import LOCAL, CredentialKind, Factor, Principal, anonymous
from ctsec.rbac.condition import Situation
from ctsec.security._sync import Security
from ctsec.web.credentials import Caller, Via, presented, presented_device
from ctsec.web.csrf import check_csrf
from ctsec.web.guarding import (
    NO_ORGANIZATION,
    NOT_FOUND,
    Demand,
    age_asked,
    assurance_refusal,
    decision_refusal,
    denial_refusal,
    standing_refusal,
    under_condition,
)
from ctsec.web.http import WebRequest, over_limit
from ctsec.web.problem import Problem, of_error, of_limit, of_mistake, of_refusal
from ctsec.web.reading import target_id
from ctsec.web.site import Site
from ctsec.web.ways import ways


def ambient_request(request: WebRequest, *, site: Site) -> Request:
    """Return what audit events say of a request, and the device that it comes from."""
    agent = (request.header("user-agent") or "")[:256]
    return Request(id=request.id, address=request.address, user_agent=agent, device=presented_device(request, site=site))


class Entry:
    """Turns requests into callers, and judges what guards demand of them."""

    __slots__ = ("_security", "site")

    def __init__(self, security: Security) -> None:
        _check_colour(security)
        self._security = security
        self.site = Site.of(security.parts.settings.base_url)

    def authenticate(self, request: WebRequest) -> Outcome[Caller]:
        """Return who makes the request, or a refusal about its credential; CSRF is not looked at."""
        given = presented(request, site=self.site)
        if isinstance(given, Refusal):
            return given
        token = given.token.reveal()
        if given.via is Via.API_KEY:
            admitted = self._security.gate.admit_key(token, ambient_request(request, site=self.site))
            return admitted if isinstance(admitted, Refusal) else Caller(admitted.principal, given, admitted.rate)
        principal = self._security.gate.session(token)
        return principal if isinstance(principal, Refusal) else Caller(principal, given)

    def caller(self, request: WebRequest) -> Caller | Problem:
        """Return who makes the request, after the checks that a browser's credential needs; or the problem."""
        limit = over_limit(request)
        if limit is not None:
            return of_limit(limit)
        found = self.authenticate(request)
        if isinstance(found, Refusal):
            return of_refusal(found, credential=True)
        if found.presented.via is Via.COOKIE:
            refusal = check_csrf(request, site=self.site, session_token=found.presented.token.reveal())
            if refusal is not None:
                return of_refusal(refusal)
        return found

    def require(self, request: WebRequest, demand: Demand) -> Principal | Problem:
        """Return the principal of a request that fulfils `demand`, or the problem that is its answer."""
        try:
            found = self.caller(request)
            if isinstance(found, Problem):
                return found
            refusal = self._judge(request, demand, found.principal)
            if refusal is None:
                return found.principal
            place = self._place(demand, found.principal, request.params) if refusal.reason is Reason.SSO_REQUIRED else refusal
            organization = None if isinstance(place, Refusal) else place[0]
            return self.hinted(refusal, found.principal, organization=organization)
        except CtsecError as error:
            return of_error(error)
        except Exception as error:  # noqa: BLE001 - the last resort of a guard: what fails lets nobody in
            return of_mistake(error, request_id=request.id)

    def barred(self, principal: Principal, params: Mapping[str, str]) -> Problem | None:
        """Return the problem for a credential that the organization in the path refuses as such, or None: whatever it asks for there.

        It did not come through the provider, or lacks a second factor. A session that broke the glass is judged by the route.
        """
        organization = OrganizationId(params["organization_id"]) if "organization_id" in params else None
        workspace = WorkspaceId(params["workspace_id"]) if "workspace_id" in params else None
        if workspace is not None:
            organization = self._security.gate.organization_of(workspace)
        credential = principal.credential
        own = credential.kind is CredentialKind.SESSION
        if organization is None or (credential.multi_factor and not own) or credential.glass is not None:
            return None
        access = self._security.gate.access(principal, organization, workspace=workspace)
        refusal = standing_refusal(access, policy=self._security.parts.policy)
        barring = refusal is not None and refusal.reason in {Reason.MFA_REQUIRED, Reason.SSO_REQUIRED}
        return self.hinted(refusal, principal, organization=organization) if refusal is not None and barring else None

    def hinted(self, refusal: Refusal, principal: Principal, *, organization: OrganizationId | None) -> Problem:
        """Return the problem for a refusal; where a second factor or the way in is missing it says what helps."""
        problem = of_refusal(refusal)
        if refusal.reason is Reason.SSO_REQUIRED and organization is not None:
            with self._security.reading() as unit:
                found = unit.connections.of_organization(organization=organization)
            return replace(problem, hint="sso", ways=ways(found))
        if refusal.reason is not Reason.MFA_REQUIRED:
            return problem
        with self._security.reading() as unit:
            enrolled = unit.mfa.enrolled(UserId(principal.id))
        if not enrolled:
            # Enrolling takes a fresh sign-in, and a sign-in that owes a factor enrols it.
            now, credential = self._security.parts.clock.now(), principal.credential
            fresh = any(credential.fresh(each, now=now) for each in credential.factors)
            return replace(problem, hint="enrol" if fresh else "sign_in")
        # A code beside what is no password (a mailed link) stays AAL1; a passkey alone is more.
        enough = Factor.PASSKEY in enrolled or Factor.PASSWORD in principal.credential.factors
        return replace(problem, hint="step_up" if enough else "sign_in")

    def reading(self, request: WebRequest, demand: Demand, principal: Principal) -> tuple[Event, ...]:
        """Return the event of a read that `require` has let through, to be written with it; none where the guard declares none."""
        if demand.reads is None:
            return ()
        place = self._place(demand, principal, request.params) if demand.permission is not None else NO_ORGANIZATION
        organization, workspace = (principal.organization, None) if isinstance(place, Refusal) else place
        target = _target(organization, workspace)
        if demand.reads.target is not None:
            target = (Target(demand.reads.kind, target_id(request.params[demand.reads.target])),)
        around = Ambient(clock=self._security.parts.clock, request=ambient_request(request, site=self.site))
        event = build(demand.reads.name, ambient=around, actor=principal, targets=target, organization=organization, workspace=workspace)
        return (event,)

    def record_reads(self, events: Iterable[Event]) -> Problem | None:
        """Write reads that no unit of work holds, each committed before this returns; the problem if that failed."""
        try:
            for event in events:
                self._security.record_aside(event)
        except CtsecError as error:
            return of_error(error)
        return None

    def denied(self, request: WebRequest, error: AccessDenied, *, principal: Principal | None = None) -> Problem:
        """Return the answer to a request whose view required what the caller may not; the denial is recorded as a guard's is.

        Without `principal` the actor is who makes the request, or nobody known. Where the error does not tell its place, the event is the
        deployment's.
        """
        methods = self._security.parts.methods
        refusal = denial_refusal(error.reason, max_age=methods.max_age(error.permission) if methods is not None else None)
        try:
            self._record(
                request,
                principal if principal is not None else self._actor(request),
                refusal,
                organization=OrganizationId(error.organization) if error.organization is not None else None,
                workspace=WorkspaceId(error.workspace) if error.workspace is not None else None,
                permission=error.permission,
            )
        except CtsecError as broken:
            return of_error(broken)
        return of_refusal(refusal)

    def _actor(self, request: WebRequest) -> Principal:
        found = self.authenticate(request) if over_limit(request) is None else None
        return found.principal if isinstance(found, Caller) else anonymous()

    def _judge(self, request: WebRequest, demand: Demand, principal: Principal) -> Refusal | None:
        now = self._security.parts.clock.now()
        if demand.permission is None:
            return assurance_refusal(principal, demand, now=now)
        place = self._place(demand, principal, request.params)
        if isinstance(place, Refusal):
            return place
        organization, workspace = place
        access = self._security.gate.access(principal, organization, workspace=workspace)
        decision = access.check(demand.permission)
        if demand.condition is not None:
            situation = Situation(principal=principal, now=now, address=request.address)
            decision = under_condition(decision, demand.condition, situation)
        refusal = decision_refusal(decision, max_age=age_asked(demand, self._security.parts.methods))
        if refusal is None:
            refusal = assurance_refusal(principal, demand, now=now)
        if refusal is not None:
            self._record(request, principal, refusal, organization=organization, workspace=workspace, permission=demand.permission)
        return refusal

    def _place(self, demand: Demand, principal: Principal, params: Mapping[str, str]) -> Outcome[tuple[OrganizationId, WorkspaceId | None]]:
        named = params[demand.organization] if demand.organization is not None else None
        if named is not None and not is_id(OrganizationId, named):
            return NOT_FOUND
        organization = OrganizationId(named) if named is not None else principal.organization
        workspace: WorkspaceId | None = None
        if demand.workspace is not None:
            if not is_id(WorkspaceId, params[demand.workspace]):
                return NOT_FOUND
            workspace = WorkspaceId(params[demand.workspace])
            home = self._security.gate.organization_of(workspace)
            if home is None or named not in {None, home}:
                return NOT_FOUND
            organization = home
        if organization is None:
            return NO_ORGANIZATION
        if principal.credential.kind in LOCAL and principal.organization != organization:
            # Elsewhere a key is nobody, even one that is narrowed to workspaces, and so is a session of another organization's provider.
            return NOT_FOUND
        return organization, workspace

    def _record(
        self,
        request: WebRequest,
        principal: Principal,
        refusal: Refusal,
        *,
        organization: OrganizationId | None,
        workspace: WorkspaceId | None,
        permission: str,
    ) -> None:
        event = build(
            EventName.ACCESS_DENIED,
            ambient=Ambient(clock=self._security.parts.clock, request=ambient_request(request, site=self.site)),
            actor=principal,
            targets=_target(organization, workspace),
            refused=refusal.reason,
            organization=organization,
            workspace=workspace,
            details={"permission": str(permission), "method": request.method},
        )
        self._security.record_aside(event)


def _target(organization: OrganizationId | None, workspace: WorkspaceId | None) -> tuple[Target, ...]:
    if workspace is not None:
        return (Target("workspace", workspace),)
    return (Target("organization", organization),) if organization is not None else ()


def _check_colour(bundle: object) -> None:
    """Raise TypeError for a bundle of the other colour: it has the same attributes, and would fail at the first request."""
    if not isinstance(bundle, Security):
        raise TypeError(f"expected Security, found {type(bundle).__name__}: FastAPI takes the async bundle, Flask the sync one")
