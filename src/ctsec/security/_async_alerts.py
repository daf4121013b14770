"""The rules of alerts over every log, in the worker: each event once, in order, and what fired told (async source).

Rules that this module keeps:

- how far each log of each store was read, what the rules remember, and what fired are one transaction of the home store;
- a store of a region that does not answer keeps no other from being read and told; the job says so when it has done the rest;
- a region that has more old events than are read keeps home waiting for no longer than a round: its last turn reads home alone;
- a log of a region that became shorter than what was read of it is told as tampered with, and read on from where it ends.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._async import AsyncAuditLog
from ctsec.audit.alerts import signals
from ctsec.audit.alerts._async_ports import AsyncAlertReceiver
from ctsec.audit.alerts.defaults import TAMPERED
from ctsec.audit.alerts.engine import EngineState, Fired
from ctsec.audit.alerts.record import Alert, AlertPosition, AlertStanding, AlertStatus
from ctsec.audit.alerts.rule import Rule
from ctsec.audit.alerts.seen import Seen
from ctsec.audit.alerts.spanning import Memory, judged, ordered
from ctsec.audit.assurance import VerificationReport, named
from ctsec.audit.event import DEPLOYMENT_LOG, EventName, LogId, Target
from ctsec.audit.sealing import LOG_OF_LOGS
from ctsec.audit.streams.position import Position
from ctsec.directory._async_alarm import Alerted, AsyncOwnerAlarm
from ctsec.encryption._async import AsyncKeyRing
from ctsec.errors import ConfigurationError, CtsecError, StoreBusy
from ctsec.ids import AlertId, OrganizationId, new_id
from ctsec.mail._async import AsyncOutbox
from ctsec.mail.owner_letters import alert_letter
from ctsec.principal import system
from ctsec.security._async_alert_reading import AsyncAlertReading, Lane
from ctsec.security._async_logs import AsyncLogs
from ctsec.security.parts import Parts
from ctsec.storage._async_ports import AfterCommit, AsyncStorage, AsyncStore

ALERT_JOB: Final = "alerts"
_LOG: Final = logging.getLogger("ctsec.alerts")
_LOGS: Final = 1000
_TURNS: Final = 40
_TOLD: Final = 100
_MAILS: Final = 10  # of one page of events: a flood fills the list, not the mailboxes
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class AsyncAlertJobs:
    """Reads what is new in every log, fires, and tells: owners and operators by mail, the receiver if there is one.

    How far a log was read and what fired are committed together: a worker that dies between repeats nothing and loses nothing.
    """

    __slots__ = ("_ambient", "_committed", "_followers", "_letters", "_logs", "_policy", "_reading", "_receiver", "_ring", "_storage")

    def __init__(
        self,
        storage: AsyncStorage,
        *,
        reading: AsyncAlertReading,
        ring: AsyncKeyRing,
        logs: AsyncLogs,
        parts: Parts,
        receiver: AsyncAlertReceiver | None,
        committed: AfterCommit,
        ambient: Ambient,
        followers: tuple[str, ...] = (),
    ) -> None:
        self._storage = storage
        self._followers = followers
        self._reading = reading
        self._ring = ring
        self._logs = logs
        self._letters = parts.letters
        self._policy = parts.settings.alerts
        self._receiver = receiver
        self._committed = committed
        self._ambient = ambient

    async def run_due(self) -> int:
        """Read every log on, look at the logs themselves, and tell the receiver what waits; return how many alerts fired.

        Raises what kept the store of a region from being read, when all the others were.
        """
        count = await self._signaled(signals.of_status(await self._logs.status(), now=self._ambient.now()))
        count += sum([await self._followed(each) for each in self._followers])
        for turn in range(_TURNS):
            behind, shorter = await self._behind()
            if turn == _TURNS - 1:
                behind = {log: [""] if "" in stores else stores for log, stores in behind.items()}
            count += shorter + sum([await self._read_on(log, stores) for log, stores in behind.items()])
            if not behind:
                break
        await self.deliver()
        for error in self._reading.silent().values():
            raise error.with_traceback(None)
        return count

    async def standing(self) -> tuple[AlertStanding, ...]:
        """Return how far the rules are behind in each store, and what keeps one from answering."""
        async with self._storage.reading() as home:
            found = [AlertStanding(store="", behind=len(await home.alerts.behind(limit=_LOGS)))]
        for store in self._reading.stores[1:]:
            try:
                found.append(AlertStanding(store=store, behind=len((await self._reading.unread(store)).logs)))
            except CtsecError as error:
                found.append(AlertStanding(store=store, behind=None, problem=error.code))
        return tuple(found)

    async def _behind(self) -> tuple[dict[LogId, list[str]], int]:
        """Return the logs with unseen events, each with the stores that have some, and how many alerts fired of logs that are shorter."""
        async with self._storage.reading() as home:
            behind = {log: [""] for log in await home.alerts.behind(limit=_LOGS)}
        count = 0
        silent = self._reading.silent()
        for store in self._reading.stores[1:]:
            if store in silent:
                continue
            try:
                unread = await self._reading.unread(store)
            except CtsecError as error:
                self._reading.leave(store, error)
                continue
            count += sum([await self._shortened(log, store, size=size) for log, size in unread.shorter.items()])
            if unread.strange:
                place = named(LOG_OF_LOGS, store=store)
                count += await self._signaled((signals.Told(TAMPERED, place, f"strange-{self._ambient.now().date():%Y-%m-%d}"),))
            for log in unread.logs:
                behind.setdefault(log, []).append(store)
        return behind, count

    async def _followed(self, follower: str) -> int:
        """Look at how far a stream or an anchor is."""
        found, after = list[Position](), ""
        async with self._storage.reading() as store:
            pulse = await store.positions.get(follower, LogId(""))
            while page := await store.positions.of(follower, after=after, limit=_LOGS):
                found += page
                after = page[-1].log
        return await self._signaled(
            signals.of_follower(follower, [*found, *([pulse] if pulse is not None else [])], now=self._ambient.now())
        )

    async def verified(self, report: VerificationReport) -> int:
        """Fire for what a verification found, once for each finding; return how many alerts fired."""
        return await self._signaled(signals.of_report(report))

    async def replay(self, log: LogId, *, rules: tuple[Rule, ...] | None = None, store: str | None = None) -> tuple[Fired, ...]:
        """Return what the rules (None: those of the settings) would have fired over the history of a log; nothing is written.

        It is read in every store (None), in the home store ("") or in that of a region alone; raises what keeps a store from answering.
        What was purged or erased is not seen, and a rule across logs sees this log alone.
        """
        stores = self._reading.stores if store is None else (store,)
        if store is not None and store not in self._reading.stores:
            raise ConfigurationError("expected the name of a region's store, or an empty one for the home store")
        states = {each: EngineState(salt=self._ambient.random(32)) for each in ("", *stores)}
        memory = Memory(states[""], EngineState(), {each: states[each] for each in stores if each})
        first, waiting, more = dict.fromkeys(stores, 0), {each: tuple[Seen, ...]() for each in stores}, set(stores)
        found: list[Fired] = []
        while more or any(waiting.values()):
            for each in [each for each in stores if each in more and not waiting[each]]:
                page = await self._reading.page(log, each, first=first[each])
                waiting[each], _ = await self._reading.history(page, store=each, salt=states[each].salt)
                more -= set() if page else {each}
                first[each] = page[-1].index + 1 if page else first[each]
            events = ordered(waiting, more=more)
            memory, fired = judged(self._policy.rules if rules is None else rules, memory, events, log=log)
            found += fired
            taken = Counter(each.store for each in events)
            waiting = {each: left[taken[each] :] for each, left in waiting.items()}
        return tuple(found)

    async def deliver(self) -> int:
        """Tell the receiver what is due; return how much it took. The first that it does not take ends the round: it is tried later."""
        if self._receiver is None:
            return 0
        async with self._storage.reading() as store:
            due = await store.alerts.untold(now=self._ambient.now(), limit=_TOLD)
        for count, alert in enumerate(due):
            taken = await self._tell(self._receiver, alert)
            async with self._storage.begin(after_commit=self._committed) as store:
                await store.alerts.replace(alert.told(now=self._ambient.now(), taken=taken))
            if not taken:
                return count
        return len(due)

    async def _tell(self, receiver: AsyncAlertReceiver, alert: Alert) -> bool:
        rule = self._policy.rule(alert.rule)
        body = alert.to_bytes(reason=rule.reason if rule is not None else "", deployment=self._logs.identity.deployment)
        try:
            return await receiver.deliver(alert, body=body)
        except Exception as error:  # noqa: BLE001 - the host's code and the other side's answers; whatever it is, it is tried again
            _LOG.warning("the alert %s was not taken: %s", alert.id, type(error).__name__)
            return False

    async def _read_on(self, log: LogId, stores: Iterable[str]) -> int:
        """Read a page of a log in each of these stores; what rules across logs look at is the deployment's business too."""
        lanes: dict[str, Lane] = {}
        for store in stores:
            try:
                lanes[store] = await self._reading.lane(log, store)
            except CtsecError as error:
                self._reading.leave(store, error)
        async with self._storage.reading() as home:
            own = lanes[""].memory if "" in lanes else await self._reading.opened(home, log)
            across = own if log == DEPLOYMENT_LOG else await self._reading.opened(home, DEPLOYMENT_LOG)
        before = Memory(own.state, across.state, {store: each.memory.state for store, each in lanes.items() if store})
        events = ordered({store: each.history for store, each in lanes.items()}, more=[store for store in lanes if lanes[store].more])
        after, fired = judged(self._policy.rules, before, events, log=log)
        taken, changed = Counter(each.store for each in events), list[AlertPosition]()
        for store, lane in lanes.items():
            state = after.regions[store] if store else after.own
            try:
                changed.append(await self._reading.moved(lane.memory, state, position=lane.reached(taken[store]), store=store))
            except CtsecError as error:
                # Its key went between: nothing of this turn is kept, and the next one is without this store.
                self._reading.leave(store, error)
                return 0
        if "" not in lanes and after.own is not before.own:
            changed.append(await self._reading.moved(own, after.own, position=own.position.position))
        if after.across is not before.across:
            changed.append(await self._reading.moved(across, after.across, position=across.position.position))
        async with self._storage.begin(after_commit=self._committed) as home:
            await self._advance(home, changed)
            count = sum([await self._record(home, self._alert(log, each), mailed=at < _MAILS) for at, each in enumerate(fired)])
        return count + await self._signaled(tuple(told for lane in lanes.values() for told in lane.broken))

    async def _shortened(self, log: LogId, store: str, *, size: int) -> int:
        """Tell of a log of a region that became shorter than what was read of it, and read it on from there."""
        place, day = LogId(named(log, store=store)), self._ambient.now().date()
        count = await self._signaled((signals.Told(TAMPERED, place, f"shorter-{day:%Y-%m-%d}"),))
        async with self._storage.begin(after_commit=self._committed) as home:
            found = await home.alerts.position(place)
            if found is not None and found.position > size:
                await self._advance(home, [replace(found, position=size, version=found.version + 1)])
        return count

    async def _advance(self, home: AsyncStore, changed: Iterable[AlertPosition]) -> None:
        for each in changed:
            if not await home.alerts.advance(each):
                raise StoreBusy("another worker has read this log meanwhile; nothing fired, try again")

    def _alert(self, log: LogId, fired: Fired) -> Alert:
        seen = fired.seen
        return self._made(
            DEPLOYMENT_LOG if fired.rule.across else log,
            fired.rule,
            key=fired.key,
            occasion=seen.id,
            source=LogId(named(seen.log, store=seen.store)),
            index=seen.index,
            at=_EPOCH + timedelta(microseconds=seen.time),
        )

    def _made(self, log: LogId, rule: Rule, *, key: str, occasion: str, source: LogId, index: int | None, at: datetime) -> Alert:
        now = self._ambient.now()
        return Alert(
            id=new_id(AlertId, now=now, random=self._ambient.random),
            log=log,
            rule=rule.name,
            key=key[:256],
            occasion=occasion,
            severity=rule.severity.value,
            source=source,
            index=index,
            happened_at=at,
            fired_at=now,
        )

    async def _signaled(self, told: tuple[signals.Told, ...]) -> int:
        count, now = 0, self._ambient.now()
        for at, each in enumerate(told):
            rule = self._policy.rule(each.rule)
            if rule is None:
                continue
            alert = self._made(DEPLOYMENT_LOG, rule, key=each.key, occasion=each.occasion, source=each.source, index=None, at=now)
            async with self._storage.begin(after_commit=self._committed) as store:
                count += await self._record(store, alert, mailed=at < _MAILS)
        return count

    async def _record(self, store: AsyncStore, alert: Alert, *, mailed: bool) -> bool:
        """Store an alert with its event and its mails, all of one transaction; False if it is there already."""
        now, rule = alert.fired_at, self._policy.rule(alert.rule)
        muted = any(mute.covers(rule=alert.rule, key=alert.key, now=now) for mute in await store.alerts.mutes(alert.log))
        told = not muted and self._policy.tells(alert.happened_at, now=now)
        kept = replace(
            alert,
            state=AlertStatus.MUTED if muted else AlertStatus.OPEN,
            due_at=now if told and self._receiver is not None else None,
        )
        if not await store.alerts.add(kept):
            return False
        organization = None if alert.log == DEPLOYMENT_LOG else OrganizationId(alert.log)
        log = AsyncAuditLog(inbox=store.inbox, log=store.log, aside=self._storage.guard.events, sealer=self._ring, ambient=self._ambient)
        await log.note(
            EventName.ALERT_FIRED,
            actor=system("alerts"),
            targets=(Target("alert", alert.id),),
            organization=organization,
            details={
                "rule": alert.rule,
                "key": alert.key,
                "severity": alert.severity,
                "source": alert.source,
                "index": alert.index,
            },
        )
        if told and mailed and rule is not None and self._policy.mails(rule.severity):
            await self._mail(store, alert, rule, organization)
        return True

    async def _mail(self, store: AsyncStore, alert: Alert, rule: Rule, organization: OrganizationId | None) -> None:
        where = f"the log {alert.source}" if alert.index is None else f"event {alert.index} of the log {alert.source}"
        said = Alerted(rule=rule.name, severity=rule.severity.value, reason=rule.reason, where=where, when=alert.happened_at)
        post = AsyncOutbox(store.outbox, sealer=self._ring, ambient=self._ambient)
        if organization is not None:
            alarm = AsyncOwnerAlarm(users=store.users, roster=store.roster, post=post, letters=self._letters)
            await alarm.alerted(organization, **said)
            return
        for address in self._policy.operators:
            await post.post(self._letters.recovery.set(recipient=address, **alert_letter(**said)))
