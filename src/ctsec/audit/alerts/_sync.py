# Generated from src/ctsec/audit/alerts/_async.py by tools/twin.py; edit that file.
"""Alerts as people see, acknowledge and mute them (async source).

Rules that this module keeps:

- who may acknowledge and mute says `Managers`: a mute hides what an intruder does; seeing takes `audit:view`, which the caller
  has asked for;
- each change is an event of that log with who and why, in the same transaction; a refusal is one too;
- a mute ends by itself, after 90 days at most.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._sync_managers import Managers
from ctsec.audit._sync_ports import Recorder
from ctsec.audit.alerts._sync_ports import AlertRecords
from ctsec.audit.alerts.policy import AlertPolicy
from ctsec.audit.alerts.record import Alert, AlertStatus, Mute
from ctsec.audit.event import EventName, Target, log_of
from ctsec.ids import AlertId, OrganizationId
from ctsec.operators import Operator
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import Principal

LONGEST_MUTE: Final = timedelta(days=90)
MAX_WHY: Final = 500
MAX_KEY: Final = 256
MAX_PAGE: Final = 500
_NOT_FOUND: Final = Refusal(Reason.NOT_FOUND, "there is no such alert of this log")
_BUSY: Final = Refusal(Reason.CONFLICT, "somebody else changed this meanwhile; look at it again")
_DONE: Final = Refusal(Reason.CONFLICT, "the alert was acknowledged already")
_WHY: Final = Refusal(Reason.INVALID_INPUT, f"expected a reason of 1 to {MAX_WHY} characters")


class Alerts:
    """Alerts of organizations' logs; the methods that take an `Operator` are for the deployment's own."""

    __slots__ = ("_ambient", "_audit", "_managers", "_policy", "_records")

    def __init__(self, records: AlertRecords, *, managers: Managers, policy: AlertPolicy, audit: Recorder, ambient: Ambient) -> None:
        self._records = records
        self._managers = managers
        self._policy = policy
        self._audit = audit
        self._ambient = ambient

    def page(
        self, *, organization: OrganizationId | None, after: str = "", limit: int = 100, state: AlertStatus | None = None
    ) -> tuple[Alert, ...]:
        """Return alerts of an organization's log (None: the deployment's), newest first, at most 500; on behind the id `after`."""
        return self._records.page(log_of(organization), after=after, limit=min(limit, MAX_PAGE), state=state)

    def mutes(self, *, organization: OrganizationId | None) -> tuple[Mute, ...]:
        """Return what is muted in that log now."""
        now = self._ambient.now()
        return tuple(each for each in self._records.mutes(log_of(organization)) if now < each.until)

    def acknowledge(self, actor: Principal, *, organization: OrganizationId, alert: AlertId, why: str) -> Outcome[Alert]:
        """Say that an alert was looked at, and why that is enough. Reasons: NOT_FOUND, CONFLICT (it was already), INVALID_INPUT."""
        refusal = self._managers.refusal(actor, organization)
        done = refusal if refusal is not None else self._acknowledge(actor, organization, alert, why)
        return self._managers.answered(done, actor, organization, attempted="alert.acknowledge")

    def mute(self, actor: Principal, *, organization: OrganizationId, rule: str, key: str = "", until: datetime, why: str) -> Outcome[Mute]:
        """Tell nobody of what a rule finds for a key (empty: for any) until a time, in at most 90 days. Reasons: INVALID_INPUT."""
        refusal = self._managers.refusal(actor, organization)
        done = refusal if refusal is not None else self._mute(actor, organization, rule, key, until, why)
        return self._managers.answered(done, actor, organization, attempted="alert.mute")

    def acknowledge_deployments(self, operator: Operator, *, alert: AlertId) -> Outcome[Alert]:
        """Do what `acknowledge` does with an alert of the deployment's log, for the operator's reason."""
        done = self._acknowledge(operator.principal, None, alert, operator.reason)
        return self._managers.answered(done, operator.principal, None, attempted="alert.acknowledge")

    def mute_deployments(self, operator: Operator, *, rule: str, key: str = "", until: datetime) -> Outcome[Mute]:
        """Do what `mute` does with the deployment's log, for the operator's reason."""
        done = self._mute(operator.principal, None, rule, key, until, operator.reason)
        return self._managers.answered(done, operator.principal, None, attempted="alert.mute")

    def _acknowledge(self, actor: Principal, organization: OrganizationId | None, alert: AlertId, why: str) -> Outcome[Alert]:
        if not 1 <= len(why.strip()) <= MAX_WHY:
            return _WHY
        found = self._records.get(alert)
        if found is None or found.log != log_of(organization):
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
        made = Mute(log=log_of(organization), rule=rule, key=key, until=until, muted_by=actor.id, muted_at=now)
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
