"""What a guard demands of a request, checked against the policy when the guard is made and against its route when the application starts.

Rules that this module keeps:

- a guard asks for one permission in one place: a workspace or an organization that a path parameter names, or the active organization;
- an unknown permission, a place of the wrong level and an impossible assurance level are errors where the guard is written;
- somebody else's organization is answered as if there were none: 404;
- conditions and assurance are judged after the permission, so that nobody steps up for what stays refused; an API key can not step up.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ctsec.audit.schema import EventCatalogue
from ctsec.errors import ConfigurationError
from ctsec.outcome import Reason, Refusal
from ctsec.principal import COUNTED_SECOND, SESSIONS, Factor, Principal
from ctsec.rbac.access import Access
from ctsec.rbac.condition import Condition, Situation, conditioned, max_age, needs_requester
from ctsec.rbac.decision import DECISIONS, Decision, DecisionReason
from ctsec.rbac.entrance import SSO_REQUIRED
from ctsec.rbac.methods import MethodTable
from ctsec.rbac.permission import Scope
from ctsec.rbac.policy import Policy
from ctsec.rbac.requirement import MFA_REQUIRED
from ctsec.web.reading import Read

PUBLIC: Final = "__ctsec_public__"
NO_ORGANIZATION: Final = Refusal(Reason.DENIED, "choose an organization first")
NOT_FOUND: Final = Refusal(Reason.NOT_FOUND)
_HIDDEN: Final = frozenset({DecisionReason.NOT_A_MEMBER, DecisionReason.FOREIGN_ORGANIZATION})
_STATES: Final = frozenset(
    {
        DecisionReason.MEMBERSHIP_SUSPENDED,
        DecisionReason.NOT_IN_FORCE,
        DecisionReason.EXPIRED,
        DecisionReason.UNKNOWN_ROLE,
        DecisionReason.OUTSIDE_KEY_WORKSPACES,
    }
)
_NO_KEYS: Final = Refusal(Reason.DENIED, "this takes a second factor, which an API key does not have; use a session")
_PARAMETER: Final = re.compile(r"\{(\w+)(?::\w+)?\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """A permission in a place, and how strongly the caller must be authenticated; without a permission any principal will do.

    `workspace` and `organization` name path parameters. `within` is how old the proof of the strongest factor may be.
    `condition` must be met besides. `reads` is the event that each allowed request is.
    """

    permission: str | None = None
    workspace: str | None = None
    organization: str | None = None
    aal: int = 1
    within: timedelta | None = None
    condition: Condition | None = None
    reads: Read | None = None

    def __post_init__(self) -> None:
        if self.condition is not None and needs_requester(self.condition):
            raise ValueError("expected a condition on the request itself; whose request is approved, only the view knows")
        if self.aal not in {1, 2}:
            raise ValueError("expected an assurance level of 1 or 2")
        if self.within is not None and self.within <= timedelta(0):
            raise ValueError("expected a positive time within which the factor was proved")

    def against(self, policy: Policy, *, events: EventCatalogue) -> Demand:
        """Return this demand if `policy` can answer it and its event is of `events`; raise UnknownPermission or ValueError where not."""
        if self.reads is not None and self.reads.name not in events.schemas:
            raise ValueError(f"the event {self.reads.name!r} is not registered: give the bundle its schema in events=")
        if self.permission is None:
            return self
        scope = policy.index.scope_of(self.permission)
        if (scope is Scope.WORKSPACE) != (self.workspace is not None):
            expected = "workspace= with the path parameter that names it" if scope is Scope.WORKSPACE else "no workspace="
            raise ValueError(f"expected {expected}, because {str(self.permission)!r} is held in each {scope.value}")
        return self

    def missing(self, parameters: Iterable[str]) -> tuple[str, ...]:
        """Return the path parameters that this demand names and a route does not have."""
        there = set(parameters)
        target = self.reads.target if self.reads is not None else None
        return tuple(name for name in (self.workspace, self.organization, target) if name is not None and name not in there)

    def refuse_route(self, path: str, *, parameters: Iterable[str]) -> None:
        """Raise ConfigurationError if the route at `path` lacks a parameter that this demand names."""
        missing = self.missing(parameters)
        if missing:
            raise ConfigurationError(f"expected the path parameter {missing[0]} in {path}, because its guard names it")


def parameters_of(path: str) -> frozenset[str]:
    """Return the parameters of a path written with braces."""
    return frozenset(_PARAMETER.findall(path))


def standing_refusal(access: Access, *, policy: Policy) -> Refusal | None:
    """Return why the principal counts for nothing in this place, whatever the permission, or None."""
    reason = access.check(policy.permissions[0]).reason
    if reason in _HIDDEN:
        return NOT_FOUND
    # A break-glass code leaves one permission, which may be the first.
    if DecisionReason.SSO_REQUIRED in {reason, access.check(policy.permissions[-1]).reason}:
        return SSO_REQUIRED
    if reason is DecisionReason.MFA_REQUIRED:
        return MFA_REQUIRED
    return Refusal(Reason.DENIED, f"refused: {reason.value}") if reason in _STATES else None


def decision_refusal(decision: Decision, *, max_age: timedelta | None = None) -> Refusal | None:
    """Return the refusal that a decision stands for, or None if it allows; `max_age` is how old the proof of a second factor may be."""
    if decision.allowed:
        return None
    if decision.reason is DecisionReason.STEP_UP_REQUIRED:
        return _step_up(max_age)
    if decision.reason is DecisionReason.SSO_REQUIRED:
        return SSO_REQUIRED
    if decision.reason is DecisionReason.MFA_REQUIRED:
        return MFA_REQUIRED
    return NOT_FOUND if decision.reason in _HIDDEN else Refusal(Reason.DENIED, f"refused: {decision.reason.value}")


def denial_refusal(reason: str, *, max_age: timedelta | None = None) -> Refusal:
    """Return the refusal for the reason of an `AccessDenied`; one that is no reason of a denial refuses all the same."""
    if reason not in set(DecisionReason):
        return Refusal(Reason.DENIED, "refused")
    refusal = decision_refusal(DECISIONS[DecisionReason(reason)], max_age=max_age)
    return refusal if refusal is not None else Refusal(Reason.DENIED, "refused")


def age_asked(demand: Demand, methods: MethodTable | None) -> timedelta | None:
    """Return how old the proof of a second factor may be at most for whatever a guard asks, its table and its condition; None if never."""
    table = methods.max_age(demand.permission) if methods is not None and demand.permission is not None else None
    condition = max_age(demand.condition) if demand.condition is not None else None
    return min((each for each in (table, condition, demand.within) if each is not None), default=None)


def _step_up(age: timedelta | None) -> Refusal:
    return Refusal(Reason.STEP_UP_REQUIRED, "prove your second factor first", max_age=age)


def under_condition(decision: Decision, condition: Condition, situation: Situation) -> Decision:
    """Return `decision` under a guard's condition; what is not met goes before a step-up, which would not be enough."""
    if decision.reason is DecisionReason.STEP_UP_REQUIRED:
        unmet = condition.unmet(situation)
        return decision if unmet is None else DECISIONS[unmet]
    return conditioned(decision, condition=condition, situation=situation)


def assurance_refusal(principal: Principal, demand: Demand, *, now: datetime) -> Refusal | None:
    """Return STEP_UP_REQUIRED if the session is not strong or fresh enough, DENIED for a key that can never be, or None."""
    credential = principal.credential
    if demand.aal == 1 and demand.within is None:
        return None
    if credential.kind not in SESSIONS:
        return _NO_KEYS
    if credential.aal < demand.aal:
        return _step_up(demand.within)
    if demand.within is None:
        return None
    second = [proved for factor, proved in credential.factors.items() if factor in COUNTED_SECOND]
    # Whoever has a second factor, and was let in without it by a trusted device, has proved nothing that counts as fresh.
    one_factor = demand.aal == 1 and Factor.TRUSTED_DEVICE not in credential.factors
    counted = second or (list(credential.factors.values()) if one_factor else [])
    return None if any(timedelta(0) <= now - proved <= demand.within for proved in counted) else _step_up(demand.within)
