# Generated from src/ctsec/audit/retention/_async.py by tools/twin.py; edit that file.
"""An organization's plan, and the holds on its log (async source).

Rules that this module keeps:

- who may set the plan, place a hold or release one says `Managers`; reading takes `audit:view`;
- each change is an event of that log, in the same transaction;
- the row of the log's plan is locked by every change of a hold, and by the purge.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, TypedDict, Unpack

from ctsec.ambient import Ambient
from ctsec.audit._sync_managers import Managers
from ctsec.audit._sync_ports import LogRecords, Recorder
from ctsec.audit.event import DEPLOYMENT_LOG, Detail, EventName, LogId, Target, log_of
from ctsec.audit.record import microseconds
from ctsec.audit.retention._sync_ports import PurgeRecords, RetentionRecords
from ctsec.audit.retention.hold import MAX_EXTENT, MAX_HOLDS, HoldState, LegalHold
from ctsec.audit.retention.plan import Plans, RetentionPlan, RetentionPolicy
from ctsec.audit.retention.ranges import Ranges
from ctsec.audit.retention.record import StoredPlans
from ctsec.ids import HoldId, OrganizationId, new_id
from ctsec.operators import Operator
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import Principal

_PAGE: Final = 5000
_SAME: Final = Refusal(Reason.SELF_CHANGE, "the release of a hold is approved by somebody else than who asked for it")
_NOT_FOUND: Final = Refusal(Reason.NOT_FOUND, "there is no such hold on this log")
_BUSY: Final = Refusal(Reason.CONFLICT, "somebody else changed this meanwhile; look at it again")


class HoldScope(TypedDict, total=False):
    """What a hold covers; what is left out is any."""

    person: str | None
    name: str | None
    since: datetime | None
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionParts:
    """The records that retention reads and writes, who may, and the deployment's policy."""

    records: RetentionRecords
    purges: PurgeRecords
    log: LogRecords
    managers: Managers
    policy: RetentionPolicy


class Retention:
    """Plans and holds of organizations' logs; the methods that take an `Operator` are for the deployment's own."""

    __slots__ = ("_ambient", "_audit", "_parts")

    def __init__(self, parts: RetentionParts, *, audit: Recorder, ambient: Ambient) -> None:
        self._parts = parts
        self._audit = audit
        self._ambient = ambient

    def plans(self, *, organization: OrganizationId) -> Plans:
        """Return the plan in force, and the one that follows; the deployment's default where none was ever set, in force or not yet."""
        found = self._parts.records.get(LogId(organization))
        plans = Plans(plan=self._parts.policy.default) if found is None else found.plans.at(self._ambient.now())
        return plans if plans.plan is not None else replace(plans, plan=self._parts.policy.default)

    def set_plan(self, actor: Principal, *, organization: OrganizationId, plan: RetentionPlan) -> Outcome[Plans]:
        """Choose how long the organization's events are kept; what keeps anything shorter takes effect after the deployment's delay.

        Refused with INVALID_INPUT for a period under the deployment's floor.
        """
        refusal = self._parts.managers.refusal(actor, organization)
        done = refusal if refusal is not None else self._set_plan(actor, organization, plan)
        return self._parts.managers.answered(done, actor, organization, attempted="retention.change")

    def holds(self, *, organization: OrganizationId) -> tuple[LegalHold, ...]:
        """Return the holds on the organization's log in the order of their ids, those that were released too."""
        return self._parts.records.holds(LogId(organization))

    def place_hold(self, actor: Principal, *, organization: OrganizationId, matter: str, **scope: Unpack[HoldScope]) -> Outcome[LegalHold]:
        """Keep what `scope` covers from being purged, at once, for a `matter` (a case number; no person's name)."""
        refusal = self._parts.managers.refusal(actor, organization)
        done = refusal if refusal is not None else self._place(actor, organization, matter, scope)
        return self._parts.managers.answered(done, actor, organization, attempted="legal_hold.place")

    def request_release(self, actor: Principal, *, organization: OrganizationId, hold: HoldId) -> Outcome[LegalHold]:
        """Ask for the release of a hold; it is in force until somebody else approves that, and for a day more."""
        refusal = self._parts.managers.refusal(actor, organization)
        done = refusal if refusal is not None else self._ask(actor, organization, hold)
        return self._parts.managers.answered(done, actor, organization, attempted="legal_hold.request_release")

    def approve_release(self, actor: Principal, *, organization: OrganizationId, hold: HoldId) -> Outcome[LegalHold]:
        """Release a hold whose release somebody else asked for; what it covered may be purged a day later."""
        refusal = self._parts.managers.refusal(actor, organization)
        done = refusal if refusal is not None else self._release(actor, organization, hold)
        return self._parts.managers.answered(done, actor, organization, attempted="legal_hold.approve_release")

    def deployment_holds(self) -> tuple[LegalHold, ...]:
        """Return the holds on the deployment's own log."""
        return self._parts.records.holds(DEPLOYMENT_LOG)

    def place_deployment_hold(self, operator: Operator, *, matter: str, **scope: Unpack[HoldScope]) -> Outcome[LegalHold]:
        """Place a hold on the deployment's own log, as `place_hold` does."""
        done = self._place(operator.principal, None, matter, scope)
        return self._parts.managers.answered(done, operator.principal, None, attempted="legal_hold.place")

    def request_deployment_release(self, operator: Operator, *, hold: HoldId) -> Outcome[LegalHold]:
        """Ask for the release of a hold on the deployment's own log."""
        done = self._ask(operator.principal, None, hold)
        return self._parts.managers.answered(done, operator.principal, None, attempted="legal_hold.request_release")

    def approve_deployment_release(self, operator: Operator, *, hold: HoldId) -> Outcome[LegalHold]:
        """Release one, as another operator."""
        done = self._release(operator.principal, None, hold)
        return self._parts.managers.answered(done, operator.principal, None, attempted="legal_hold.approve_release")

    def _set_plan(self, actor: Principal, organization: OrganizationId, plan: RetentionPlan) -> Outcome[Plans]:
        policy, now, log = self._parts.policy, self._ambient.now(), LogId(organization)
        if plan.shortest < policy.floor:
            return Refusal(Reason.INVALID_INPUT, f"expected periods of at least {policy.floor} days, the deployment's floor")
        found = self._parts.records.lock(log) or StoredPlans(log=log, version=0)
        plans = found.plans.change(plan, now=now, delay=policy.delay)
        changed = found.with_plans(plans, chosen_by=actor.id)
        if not self._parts.records.put(changed):
            return _BUSY
        self._note(EventName.RETENTION_CHANGED, actor, organization, plan_details(changed, now=now))
        return plans

    def _place(self, actor: Principal, organization: OrganizationId | None, matter: str, scope: HoldScope) -> Outcome[LegalHold]:
        now, log = self._ambient.now(), log_of(organization)
        try:
            made = LegalHold(
                id=new_id(HoldId, now=now, random=self._ambient.random),
                log=log,
                matter=matter,
                **scope,
                extent="",
                size=0,
                placed_by=actor.id,
                placed_at=now,
            )
        except ValueError as error:
            return Refusal(Reason.INVALID_INPUT, str(error))
        self._parts.records.lock(log)
        if sum(each.state is not HoldState.RELEASED for each in self._parts.records.holds(log)) >= MAX_HOLDS:
            return Refusal(Reason.CONFLICT, f"this log has {MAX_HOLDS} holds already")
        made = replace(made, size=self._parts.log.size(log), extent=(extent_of(made, self._parts.purges)).text())
        self._parts.records.add_hold(made)
        details: dict[str, Detail] = {"matter": made.matter, "whole": made.whole, "extent": made.extent, "size": made.size}
        times = {name: None if at is None else microseconds(at) for name, at in (("since", made.since), ("until", made.until))}
        details |= {"person": made.person, "name": made.name, **times}
        self._note(EventName.LEGAL_HOLD_PLACED, actor, organization, {"hold": made.id, **details})
        return made

    def _ask(self, actor: Principal, organization: OrganizationId | None, hold: HoldId) -> Outcome[LegalHold]:
        self._parts.records.lock(log_of(organization))
        found = self._parts.records.hold(log_of(organization), hold)
        if found is None:
            return _NOT_FOUND
        if found.state is HoldState.RELEASED:
            return Refusal(Reason.CONFLICT, "the hold was released already")
        asked = replace(found, asked_by=actor.id, asked_at=self._ambient.now(), version=found.version + 1)
        if not self._parts.records.put_hold(asked):
            return _BUSY
        self._note(EventName.LEGAL_HOLD_RELEASE_REQUESTED, actor, organization, {"hold": hold})
        return asked

    def _release(self, actor: Principal, organization: OrganizationId | None, hold: HoldId) -> Outcome[LegalHold]:
        self._parts.records.lock(log_of(organization))
        found = self._parts.records.hold(log_of(organization), hold)
        if found is None:
            return _NOT_FOUND
        if found.state is not HoldState.RELEASING:
            return Refusal(Reason.CONFLICT, "nobody asked for the release of this hold, or it was released already")
        if found.asked_by == actor.id:
            return _SAME
        released = replace(found, released_by=actor.id, released_at=self._ambient.now(), version=found.version + 1)
        if not self._parts.records.put_hold(released):
            return _BUSY
        self._note(EventName.LEGAL_HOLD_RELEASED, actor, organization, {"hold": hold, "asked_by": found.asked_by})
        return released

    def _note(self, name: EventName, actor: Principal, organization: OrganizationId | None, details: dict[str, Detail]) -> None:
        kind, target = ("hold", str(details["hold"])) if "hold" in details else ("log", log_of(organization))
        self._audit.note(name, actor=actor, targets=(Target(kind, target),), organization=organization, details=details)


def extent_of(hold: LegalHold, purges: PurgeRecords) -> Ranges:
    """Return the indexes that a hold covers now, or some more; none for one on the whole log, which covers all."""
    found, first = Ranges(), 0
    while not hold.whole:
        page = purges.matching(hold.query, first=first, limit=_PAGE)
        found = Ranges.merged((*found.parts, *Ranges.of(page).parts)).coarse(MAX_EXTENT)
        if len(page) < _PAGE:
            break
        first = page[-1] + 1
    return found


def plan_details(retention: StoredPlans, *, now: datetime) -> dict[str, Detail]:
    """Return the details of the event that tells of a plan: what was chosen, and from when on it is in force."""
    chosen = retention.following or retention.plan
    starts = retention.starts if retention.following and retention.starts is not None else now
    return {"plan": chosen, "starts": microseconds(starts), "version": retention.version}
