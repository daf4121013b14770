# Generated from src/ctsec/security/_async_leavers.py by tools/twin.py; edit that file.
"""The life cycle of people, put together, and its jobs (async source)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Protocol

from ctsec.ambient import Ambient
from ctsec.audit._sync_ports import Recorder
from ctsec.connections._sync import ConnectedApps
from ctsec.directory._sync_alarm import OwnerAlarm
from ctsec.directory._sync_departures import Departures
from ctsec.directory._sync_leaving import DepartureParts
from ctsec.directory._sync_lifecycle import LifecycleParts
from ctsec.directory._sync_lifecycle_ports import EndsApps, EndsPushing, HandsOver, RotatesKeys
from ctsec.directory._sync_lifecycle_work import LifecycleWork
from ctsec.directory.record import Membership
from ctsec.guard._sync_ports import GuardStore
from ctsec.ids import OrganizationId
from ctsec.keys._sync_voiding import LeaversKeys, VoidingParts
from ctsec.mail._sync import Outbox
from ctsec.mail.message import Letters
from ctsec.rbac._sync_acting import Acting
from ctsec.rbac._sync_authority import Authority
from ctsec.rbac._sync_belongings import Belongings
from ctsec.security._sync_app_work import app_parts
from ctsec.security._sync_settling import SettlingJobs, SettlingUnit
from ctsec.sso.scim._sync_leavers import LeaversPushing
from ctsec.storage._sync_ports import Store
from ctsec.worker._sync import Job

LIFECYCLE_JOB: Final = "lifecycle"
ENDS_JOB: Final = "membership-ends"
_HOURLY: Final = timedelta(hours=1)
_RARELY: Final = timedelta(minutes=10)


def belongings_of(store: Store, *, acting: Acting) -> Belongings:
    """Return what somebody has beside a membership, over a transaction."""
    return Belongings(acting, assignments=store.assignments, elevations=store.elevations, break_glass=store.break_glass)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenThings:
    """What ends with a departure beside what is the leaver's own."""

    apps: EndsApps
    service_keys: RotatesKeys
    pushing: EndsPushing


def seen_things(store: Store, *, guard: GuardStore, rights: Authority, audit: Recorder, ambient: Ambient) -> SeenThings:
    """Return it, over a transaction."""
    keys = VoidingParts(records=store.api_keys, lists=store.key_lists, epochs=store.epochs)
    return SeenThings(
        apps=ConnectedApps(app_parts(store, guard=guard, rights=rights), audit=audit, ambient=ambient),
        service_keys=LeaversKeys(keys, audit=audit, ambient=ambient),
        pushing=LeaversPushing(store.scim_connections, audit=audit, ambient=ambient),
    )


def departure_parts(
    store: Store,
    *,
    acting: Acting,
    post: Outbox,
    letters: Letters,
    sharing: HandsOver | None,
    seen: SeenThings,
) -> DepartureParts:
    """Return what departures end, over a transaction."""
    return DepartureParts(
        users=store.users,
        organizations=store.organizations,
        memberships=store.memberships,
        invitations=store.invitations,
        keys=store.api_keys,
        sessions=store.sessions,
        belongings=belongings_of(store, acting=acting),
        codes=store.glass_codes,
        lifecycle=store.lifecycle,
        parked=store.parked,
        epochs=store.epochs,
        alarm=OwnerAlarm(users=store.users, roster=store.roster, post=post, letters=letters),
        apps=seen.apps,
        service_keys=seen.service_keys,
        pushing=seen.pushing,
        sharing=sharing,
    )


def lifecycle_parts(store: Store, *, authority: Authority, departures: Departures, post: Outbox, letters: Letters) -> LifecycleParts:
    """Return what the life cycle of people is read from and written to, over a transaction."""
    return LifecycleParts(
        records=store.lifecycle,
        parked=store.parked,
        users=store.users,
        organizations=store.organizations,
        memberships=store.memberships,
        roster=store.roster,
        epochs=store.epochs,
        authority=authority,
        departures=departures,
        post=post,
        letters=letters,
    )


class LifecycleUnit(SettlingUnit, Protocol):
    """A unit of work, as far as the life cycle needs it."""

    @property
    def lifecycle_work(self) -> LifecycleWork:
        """What is carried out."""
        ...


class LifecycleJobs:
    """Ends what is due, warns of what is near, and carries out what organizations said of absence; each person in a transaction."""

    __slots__ = ("_begin",)

    def __init__(self, begin: Callable[[], AbstractContextManager[LifecycleUnit]]) -> None:
        self._begin = begin

    def jobs(self) -> tuple[Job, ...]:
        """Return the jobs."""
        return (
            Job(name=ENDS_JOB, every=_RARELY, work=self.end_due),
            Job(name=LIFECYCLE_JOB, every=_HOURLY, work=self.judge_absence),
            SettlingJobs(self._begin).job(),
        )

    def end_due(self) -> int:
        """End memberships whose end is over and warn of those that end in a week, page by page; return how many."""
        after: Membership | None = None
        count = 0
        while True:
            with self._begin() as unit:
                found = unit.lifecycle_work.ending(after=after)
            if not found:
                return count
            for each in found:
                with self._begin() as unit:
                    count += unit.lifecycle_work.end_due(each.organization_id, each.user_id)
            after = found[-1]

    def judge_absence(self) -> int:
        """Carry out what organizations said of people who are not there; return of how many."""
        with self._begin() as unit:
            count = unit.lifecycle_work.trim()
        after = ""
        while True:
            with self._begin() as unit:
                organizations = unit.lifecycle_work.judging(after=after)
            if not organizations:
                return count
            for each in organizations:
                count += self._judge(each)
            after = organizations[-1]

    def _judge(self, organization: OrganizationId) -> int:
        after: str | None = ""
        count = 0
        while after is not None:
            with self._begin() as unit:
                due, after = unit.lifecycle_work.due(organization, after=after)
            for each in due:
                with self._begin() as unit:
                    count += unit.lifecycle_work.carry_out(organization, each) is not None
        return count
