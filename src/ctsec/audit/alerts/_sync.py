# Generated from src/ctsec/audit/alerts/_async.py by tools/twin.py; edit that file.
"""Alerts as people see, acknowledge and mute them (async source).

Rules that this module keeps:

- whoever acknowledges or mutes has `organization:manage` in the permission matrix (owners and admins), in a session with a fresh second
  factor: a mute hides what an intruder does; seeing takes `audit:view`, which the caller has asked for;
- each change is an event of that log with who and why, in the same transaction; a refusal is one too;
- a mute ends by itself, after 90 days at most.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, TypeVar

from ctsec.ambient import Ambient
from ctsec.audit._sync_ports import Recorder
from ctsec.audit.alerts._sync_ports import AlertRecords, AlertRights
from ctsec.audit.alerts.policy import AlertPolicy
from ctsec.audit.alerts.record import Alert, AlertStatus, Mute
from ctsec.audit.event import DEPLOYMENT_LOG, EventName, LogId, Target
from ctsec.ids import AlertId, OrganizationId
from ctsec.operators import Operator
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import CredentialKind, Principal

T = TypeVar("T")
MANAGE: Final = "organization:manage"
LONGEST_MUTE: Final = timedelta(days=90)
MAX_WHY: Final = 500
MAX_KEY: Final = 256
MAX_PAGE: Final = 500
_SIGN_IN: Final = Refusal(Reason.NOT_AUTHENTICATED, "sign in yourself to do this; an API key can not")
_STEP_UP: Final = Refusal(Reason.STEP_UP_REQUIRED, "prove your second factor again first")
_NOT_FOUND: Final = Refusal(Reason.NOT_FOUND, "there is no such alert of this log")
_BUSY: Final = Refusal(Reason.CONFLICT, "somebody else changed this meanwhile; look at it again")
_DONE: Final = Refusal(Reason.CONFLICT, "the alert was acknowledged already")
_WHY: Final = Refusal(Reason.INVALID_INPUT, f"expected a reason of 1 to {MAX_WHY} characters")


class Alerts:
    """Alerts of organizations' logs; the methods that take an `Operator` are for the deployment's own."""

    __slots__ = ("_ambient", "_audit", "_policy", "_records", "_rights")

    def __init__(self, records: AlertRecords, *, rights: AlertRights, policy: AlertPolicy, audit: Recorder, ambient: Ambient) -> None:
        self._records = records
        self._rights = rights
        self._policy = policy
        self._audit = audit
        self._ambient = ambient

    def page(
        self, *, organization: OrganizationId | None, after: str = "", limit: int = 100, state: AlertStatus | None = None
    ) -> tuple[Alert, ...]:
        """Return alerts of an organization's log (None: the deployment's), newest first, at most 500; on behind the id `after`."""
        return self._records.page(_log(organization), after=after, limit=min(limit, MAX_PAGE), state=state)

    def mutes(self, *, organization: OrganizationId | None) -> tuple[Mute, ...]:
        """Return what is muted in that log now."""
        now = self._ambient.now()
        return tuple(each for each in self._records.mutes(_log(organization)) if now < each.until)

    def acknowledge(self, actor: Principal, *, organization: OrganizationId, alert: AlertId, why: str) -> Outcome[Alert]:
        """Say that an alert was looked at, and why that is enough. Reasons: NOT_FOUND, CONFLICT (it was already), INVALID_INPUT."""
        refusal = self._may(actor, organization)
        done = refusal if refusal is not None else self._acknowledge(actor, organization, alert, why)
        return self._answered(done, actor, organization, attempted="alert.acknowledge")

    def mute(self, actor: Principal, *, organization: OrganizationId, rule: str, key: str = "", until: datetime, why: str) -> Outcome[Mute]:
        """Tell nobody of what a rule finds for a key (empty: for any) until a time, in at most 90 days. Reasons: INVALID_INPUT."""
        refusal = self._may(actor, organization)
        done = refusal if refusal is not None else self._mute(actor, organization, rule, key, until, why)
        return self._answered(done, actor, organization, attempted="alert.mute")

    def acknowledge_deployments(self, operator: Operator, *, alert: AlertId) -> Outcome[Alert]:
        """Do what `acknowledge` does with an alert of the deployment's log, for the operator's reason."""
        done = self._acknowledge(operator.principal, None, alert, operator.reason)
        return self._answered(done, operator.principal, None, attempted="alert.acknowledge")

    def mute_deployments(self, operator: Operator, *, rule: str, key: str = "", until: datetime) -> Outcome[Mute]:
        """Do what `mute` does with the deployment's log, for the operator's reason."""
        done = self._mute(operator.principal, None, rule, key, until, operator.reason)
        return self._answered(done, operator.principal, None, attempted="alert.mute")

    def _acknowledge(self, actor: Principal, organization: OrganizationId | None, alert: AlertId, why: str) -> Outcome[Alert]:
        if not 1 <= len(why.strip()) <= MAX_WHY:
            return _WHY
        found = self._records.get(alert)
        if found is None or found.log != _log(organization):
            return _NOT_FOUND
        if found.state is AlertStatus.ACKNOWLEDGED:
            return _DONE
        after = found.acknowledged(by=actor.id, now=self._ambient.now())
        if not self._records.replace(after):
            return _BUSY
        self._audit.note(
            EventName.ALERT_ACKNOWLEDGED,
            actor=actor,
            targets=(Target("alert", alert),),
            organization=organization,
            details={"rule": found.rule, "key": found.key},
            personal={"reason": why},
        )
        return after

    def _mute(self, actor: Principal, organization: OrganizationId | None, rule: str, key: str, until: datetime, why: str) -> Outcome[Mute]:
        now = self._ambient.now()
        if not 1 <= len(why.strip()) <= MAX_WHY:
            return _WHY
        if self._policy.rule(rule) is None or len(key) > MAX_KEY:
            return Refusal(Reason.INVALID_INPUT, "expected the name of a rule, and a key as an alert shows it")
        if not now < until <= now + LONGEST_MUTE:
            return Refusal(Reason.INVALID_INPUT, f"expected a time to come, within {LONGEST_MUTE.days} days")
        made = Mute(log=_log(organization), rule=rule, key=key, until=until, muted_by=actor.id, muted_at=now)
        self._records.mute(made)
        self._audit.note(
            EventName.ALERT_MUTED,
            actor=actor,
            targets=(Target("alert_rule", rule),),
            organization=organization,
            details={"rule": rule, "key": key, "until": until.isoformat()},
            personal={"reason": why},
        )
        return made

    def _may(self, actor: Principal, organization: OrganizationId) -> Refusal | None:
        refusal = self._rights.may(actor, organization=organization, permission=MANAGE)
        if refusal is None and actor.credential.kind is not CredentialKind.SESSION:
            refusal = _SIGN_IN
        if refusal is None and not actor.credential.second_factor_fresh(now=self._ambient.now()):
            refusal = _STEP_UP
        return refusal

    def _answered(self, done: Outcome[T], actor: Principal, organization: OrganizationId | None, *, attempted: str) -> Outcome[T]:
        """Return an outcome, after a refusal was written aside."""
        if isinstance(done, Refusal):
            self._audit.note_aside(
                EventName.ACCESS_DENIED,
                actor=actor,
                targets=(Target("log", _log(organization)),),
                refused=done.reason,
                organization=organization,
                details={"attempted": attempted},
            )
        return done


def _log(organization: OrganizationId | None) -> LogId:
    return DEPLOYMENT_LOG if organization is None else LogId(organization)
