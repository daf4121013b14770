"""The life cycle of people, put together, and its jobs (async source)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Protocol

from ctsec.ambient import Ambient
from ctsec.audit._async_ports import AsyncRecorder
from ctsec.connections._async import AsyncConnectedApps
from ctsec.directory._async_alarm import AsyncOwnerAlarm
from ctsec.directory._async_departures import AsyncDepartures
from ctsec.directory._async_leaving import AsyncDepartureParts
from ctsec.directory._async_lifecycle import AsyncLifecycleParts
from ctsec.directory._async_lifecycle_ports import AsyncEndsApps, AsyncEndsPushing, AsyncHandsOver, AsyncRotatesKeys
from ctsec.directory._async_lifecycle_work import AsyncLifecycleWork
from ctsec.directory.record import Membership
from ctsec.guard._async_ports import AsyncGuardStore
from ctsec.ids import OrganizationId
from ctsec.keys._async_voiding import AsyncLeaversKeys, AsyncVoidingParts
from ctsec.mail._async import AsyncOutbox
from ctsec.mail.message import Letters
from ctsec.rbac._async_acting import AsyncActing
from ctsec.rbac._async_authority import AsyncAuthority
from ctsec.rbac._async_belongings import AsyncBelongings
from ctsec.security._async_app_work import app_parts
from ctsec.security._async_settling import AsyncSettlingJobs, AsyncSettlingUnit
from ctsec.sso.scim._async_leavers import AsyncLeaversPushing
from ctsec.storage._async_ports import AsyncStore
from ctsec.worker._async import AsyncJob

LIFECYCLE_JOB: Final = "lifecycle"
ENDS_JOB: Final = "membership-ends"
_HOURLY: Final = timedelta(hours=1)
_RARELY: Final = timedelta(minutes=10)


def belongings_of(store: AsyncStore, *, acting: AsyncActing) -> AsyncBelongings:
    """Return what somebody has beside a membership, over a transaction."""
    return AsyncBelongings(acting, assignments=store.assignments, elevations=store.elevations, break_glass=store.break_glass)


@dataclass(frozen=True, slots=True, kw_only=True)
class AsyncSeenThings:
    """What ends with a departure beside what is the leaver's own."""

    apps: AsyncEndsApps
    service_keys: AsyncRotatesKeys
    pushing: AsyncEndsPushing


def seen_things(
    store: AsyncStore, *, guard: AsyncGuardStore, rights: AsyncAuthority, audit: AsyncRecorder, ambient: Ambient
) -> AsyncSeenThings:
    """Return it, over a transaction."""
    keys = AsyncVoidingParts(records=store.api_keys, lists=store.key_lists, epochs=store.epochs)
    return AsyncSeenThings(
        apps=AsyncConnectedApps(app_parts(store, guard=guard, rights=rights), audit=audit, ambient=ambient),
        service_keys=AsyncLeaversKeys(keys, audit=audit, ambient=ambient),
        pushing=AsyncLeaversPushing(store.scim_connections, audit=audit, ambient=ambient),
    )


def departure_parts(
    store: AsyncStore,
    *,
    acting: AsyncActing,
    post: AsyncOutbox,
    letters: Letters,
    sharing: AsyncHandsOver | None,
    seen: AsyncSeenThings,
) -> AsyncDepartureParts:
    """Return what departures end, over a transaction."""
    return AsyncDepartureParts(
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
        alarm=AsyncOwnerAlarm(users=store.users, roster=store.roster, post=post, letters=letters),
        apps=seen.apps,
        service_keys=seen.service_keys,
        pushing=seen.pushing,
        sharing=sharing,
    )


def lifecycle_parts(
    store: AsyncStore, *, authority: AsyncAuthority, departures: AsyncDepartures, post: AsyncOutbox, letters: Letters
) -> AsyncLifecycleParts:
    """Return what the life cycle of people is read from and written to, over a transaction."""
    return AsyncLifecycleParts(
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


class AsyncLifecycleUnit(AsyncSettlingUnit, Protocol):
    """A unit of work, as far as the life cycle needs it."""

    @property
    def lifecycle_work(self) -> AsyncLifecycleWork:
        """What is carried out."""
        ...


class AsyncLifecycleJobs:
    """Ends what is due, warns of what is near, and carries out what organizations said of absence; each person in a transaction."""

    __slots__ = ("_begin",)

    def __init__(self, begin: Callable[[], AbstractAsyncContextManager[AsyncLifecycleUnit]]) -> None:
        self._begin = begin

    def jobs(self) -> tuple[AsyncJob, ...]:
        """Return the jobs."""
        return (
            AsyncJob(name=ENDS_JOB, every=_RARELY, work=self.end_due),
            AsyncJob(name=LIFECYCLE_JOB, every=_HOURLY, work=self.judge_absence),
            AsyncSettlingJobs(self._begin).job(),
        )

    async def end_due(self) -> int:
        """End memberships whose end is over and warn of those that end in a week, page by page; return how many."""
        after: Membership | None = None
        count = 0
        while True:
            async with self._begin() as unit:
                found = await unit.lifecycle_work.ending(after=after)
            if not found:
                return count
            for each in found:
                async with self._begin() as unit:
                    count += await unit.lifecycle_work.end_due(each.organization_id, each.user_id)
            after = found[-1]

    async def judge_absence(self) -> int:
        """Carry out what organizations said of people who are not there; return of how many."""
        async with self._begin() as unit:
            count = await unit.lifecycle_work.trim()
        after = ""
        while True:
            async with self._begin() as unit:
                organizations = await unit.lifecycle_work.judging(after=after)
            if not organizations:
                return count
            for each in organizations:
                count += await self._judge(each)
            after = organizations[-1]

    async def _judge(self, organization: OrganizationId) -> int:
        after: str | None = ""
        count = 0
        while after is not None:
            async with self._begin() as unit:
                due, after = await unit.lifecycle_work.due(organization, after=after)
            for each in due:
                async with self._begin() as unit:
                    count += await unit.lifecycle_work.carry_out(organization, each) is not None
        return count
