# Generated from src/ctsec/web/_async_call.py by tools/twin.py; edit that file.
"""What an operation gets: its caller, its checked input and one unit of work (async source)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeAlias, TypeVar

from ctsec.authn.device import DEVICE_LIFE
from ctsec.authn.record import Session
from ctsec.ids import ConnectionId, InvitationId, KeyId, OrganizationId, SessionId, UserId, WorkspaceId
from ctsec.operators import Operator
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import LOCAL, Principal
from ctsec.rbac.access import Access
from ctsec.rbac.decision import DecisionReason
from ctsec.rbac.manner import manner_of
from ctsec.secret import SecretText
from ctsec.security._sync import Security
from ctsec.security._sync_unit import Unit
from ctsec.web.credentials import Caller
from ctsec.web.csrf import csrf_token
from ctsec.web.guarding import NOT_FOUND, decision_refusal, standing_refusal
from ctsec.web.http import Json, WebRequest, WebResponse
from ctsec.web.models import Body
from ctsec.web.site import Site
from ctsec.web.views import moment

M = TypeVar("M", bound=Body)
Answer: TypeAlias = WebResponse | Refusal
DEFAULT_PAGE = 100
MAX_PAGE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request of the table, ready to be answered: ids in its path are of their kinds, its body is a model, its caller is proved."""

    security: Security
    opened: Unit | None
    site: Site
    request: WebRequest
    query: Json
    caller: Caller | None
    body: Body | None
    operator: Operator | None = None

    @property
    def unit(self) -> Unit:
        """The unit of work of a route that has one."""
        if self.opened is None:
            raise TypeError("expected a route that is not apart")
        return self.opened

    @property
    def known(self) -> Caller:
        """The caller of a route that needs one."""
        if self.caller is None:
            raise TypeError("expected a route that needs a caller")
        return self.caller

    @property
    def principal(self) -> Principal:
        """The principal of a route that needs one."""
        return self.known.principal

    @property
    def acting(self) -> Operator:
        """The operator of a route that needs one."""
        if self.operator is None:
            raise TypeError("expected a route that needs an operator")
        return self.operator

    @property
    def organization(self) -> OrganizationId:
        """The organization in the path."""
        return OrganizationId(self.request.params["organization_id"])

    @property
    def workspace(self) -> WorkspaceId:
        """The workspace in the path."""
        return WorkspaceId(self.request.params["workspace_id"])

    @property
    def user(self) -> UserId:
        """The person in the path."""
        return UserId(self.request.params["user_id"])

    @property
    def session(self) -> SessionId:
        """The session in the path."""
        return SessionId(self.request.params["session_id"])

    @property
    def invitation(self) -> InvitationId:
        """The invitation in the path."""
        return InvitationId(self.request.params["invitation_id"])

    @property
    def connection(self) -> ConnectionId:
        """The connection in the path."""
        return ConnectionId(self.request.params["connection_id"])

    @property
    def key(self) -> KeyId:
        """The API key in the path."""
        return KeyId(self.request.params["key_id"])

    @property
    def now(self) -> datetime:
        """The current time."""
        return self.security.parts.clock.now()

    def read(self, model: type[M]) -> M:
        """Return the body as `model`, which the table names for this operation."""
        if not isinstance(self.body, model):
            raise TypeError(f"expected the table to name {model.__name__} for this operation")
        return self.body

    def page(self) -> Outcome[tuple[str, int]]:
        """Return (after, limit) of a list; a limit is 1 to 200."""
        text = self.query.get("limit", str(DEFAULT_PAGE))
        if not (text.isascii() and text.isdecimal() and len(text) < 4 and 1 <= int(text) <= MAX_PAGE):
            return Refusal(Reason.INVALID_INPUT, f"expected a limit of 1 to {MAX_PAGE}")
        return self.query.get("after", "")[:64], int(text)

    def with_session(self, status: str, session: Session, token: SecretText, *, device: SecretText | None = None) -> WebResponse:
        """Return the answer that hands a new session token out: in the cookie, with the CSRF token that belongs to it.

        `device` is the token that this device keeps, in a cookie of its own.
        """
        text = token.reveal()
        body = {
            "status": status,
            "user_id": session.user_id,
            "session_id": session.id,
            "aal": session.aal,
            "organization_id": session.organization_id,
            "expires_at": moment(session.expires_at),
            "csrf_token": csrf_token(text),
        }
        cookies = [self.site.set_cookie(text, expires_at=session.expires_at, now=self.now)]
        if device is not None:
            cookies.append(self.site.set_device_cookie(device.reveal(), life=DEVICE_LIFE))
        return WebResponse(json=body, cookies=tuple(cookies))

    def access(self, *, workspace: WorkspaceId | None = None) -> Outcome[Access]:
        """Return what the caller may do in the organization of the path, or in a workspace; 404 for one who does not belong there."""
        organization = self.security.gate.organization_of(workspace) if workspace is not None else self.organization
        principal = self.principal
        foreign = principal.credential.kind in LOCAL and principal.organization != organization
        if organization is None or foreign:
            return NOT_FOUND
        access = self.security.gate.access(principal, organization, workspace=workspace)
        refusal = standing_refusal(access, policy=self.security.parts.policy)
        return access if refusal is None else refusal

    def may_read(self, permission: str) -> Refusal | None:
        """Return why the caller may not read what `permission` covers, or None; where no policy names it, owners and admins may."""
        access = self.access()
        if isinstance(access, Refusal):
            return access
        if permission in self.security.parts.policy.permissions:
            decision = access.check(permission)
            if decision.reason is DecisionReason.STEP_UP_REQUIRED:
                methods = self.security.parts.methods
                return decision_refusal(decision, max_age=methods.max_age(permission) if methods is not None else None)
            return None if decision.allowed else Refusal(Reason.DENIED, f"{permission} is not among your permissions")
        credential = self.principal.credential
        manner = manner_of(self.security.parts.methods, credential, now=self.now)
        unscoped = credential.scopes is None and (manner is None or manner.refuse(None) is None)
        found = self.unit.directory.organizations_of(UserId(self.principal.id))
        roles = {membership.role for organization, membership in found if organization.id == self.organization}
        return None if unscoped and roles & {"owner", "admin"} else Refusal(Reason.DENIED, "this takes the role owner or admin")


class Operation(Protocol):
    """What answers a route: one service call, and its outcome as a response."""

    def __call__(self, call: Call) -> Answer:
        """Return the response, or the refusal that the dispatcher turns into a problem."""
        ...


def accepted(*cookies: str) -> WebResponse:
    """Return the answer of what goes on by mail: the same for every address."""
    return WebResponse(status=202, json={"status": "accepted"}, cookies=cookies)


def no_content(*cookies: str) -> WebResponse:
    """Return the answer of what has nothing to say."""
    return WebResponse(status=204, cookies=cookies)
