"""The rules of alerts over every log, in the worker: each event once, in order, and what fired told (async source)."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._async import AsyncAuditLog
from ctsec.audit._async_subjects import AsyncPersonalParts
from ctsec.audit.alerts import signals
from ctsec.audit.alerts._async_ports import AsyncAlertReceiver
from ctsec.audit.alerts.defaults import TAMPERED
from ctsec.audit.alerts.engine import EngineState, Fired, run
from ctsec.audit.alerts.record import Alert, AlertPosition, AlertStatus
from ctsec.audit.alerts.rule import Rule
from ctsec.audit.alerts.seen import Seen, seen_of
from ctsec.audit.assurance import VerificationReport
from ctsec.audit.event import DEPLOYMENT_LOG, EventName, LogId, Target
from ctsec.audit.record import SealedEvent
from ctsec.audit.streams.position import Position
from ctsec.directory._async_alarm import Alerted, AsyncOwnerAlarm
from ctsec.encryption._async import AsyncKeyRing
from ctsec.encryption.context import Context
from ctsec.errors import CorruptRecord, DecryptionFailed, StoreBusy
from ctsec.ids import AlertId, OrganizationId, new_id
from ctsec.mail._async import AsyncOutbox
from ctsec.mail.message import alert_letter
from ctsec.principal import system
from ctsec.security._async_logs import AsyncLogs
from ctsec.security.parts import Parts
from ctsec.storage._async_ports import AfterCommit, AsyncStorage, AsyncStore

ALERT_JOB: Final = "alerts"
_LOG: Final = logging.getLogger("ctsec.alerts")
_PAGE: Final = 500
_LOGS: Final = 1000
_TURNS: Final = 40
_TOLD: Final = 100
_MAILS: Final = 10  # of one page of events: a flood fills the list, not the mailboxes
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Read:
    """How far a log was read, and what the rules remember of it."""

    position: AlertPosition
    state: EngineState


class AsyncAlertJobs:
    """Reads what is new in every log, fires, and tells: owners and operators by mail, the receiver if there is one.

    How far a log was read and what fired are committed together: a worker that dies between repeats nothing and loses nothing.
    """

    __slots__ = ("_ambient", "_committed", "_followers", "_letters", "_logs", "_personal", "_policy", "_receiver", "_ring", "_storage")

    def __init__(
        self,
        storage: AsyncStorage,
        *,
        personal: AsyncPersonalParts,
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
        self._personal = personal
        self._ring = ring
        self._logs = logs
        self._letters = parts.letters
        self._policy = parts.settings.alerts
        self._receiver = receiver
        self._committed = committed
        self._ambient = ambient

    async def run_due(self) -> int:
        """Read every log on, look at the logs themselves, and tell the receiver what waits; return how many alerts fired."""
        count = await self._signaled(signals.of_status(await self._logs.status(), now=self._ambient.now()))
        count += sum([await self._followed(each) for each in self._followers])
        for _ in range(_TURNS):
            async with self._storage.reading() as store:
                behind = await store.alerts.behind(limit=_LOGS)
            count += sum([await self._read_on(log) for log in behind])
            if not behind:
                break
        await self.deliver()
        return count

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

    async def replay(self, log: LogId, *, rules: tuple[Rule, ...] | None = None) -> tuple[Fired, ...]:
        """Return what the rules (None: those of the settings) would have fired over the history of a log; nothing is written.

        What was purged or erased is not seen, and a rule across logs sees this log alone.
        """
        state, found, first = EngineState(salt=self._ambient.random(32)), list[Fired](), 0
        while True:
            async with self._storage.reading() as store:
                page = await store.log.page(log, first=first, limit=_PAGE)
            if not page:
                return tuple(found)
            history, _ = await self._history(page, state.salt)
            state, fired = run(self._policy.rules if rules is None else rules, state, history)
            found += fired
            first = page[-1].index + 1

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

    async def _read_on(self, log: LogId) -> int:
        """Read a page of a log; events that rules across logs look at are the deployment's business too."""
        async with self._storage.reading() as store:
            own = await self._open(store, log)
            page = await store.log.page(log, first=own.position.position, limit=_PAGE)
            home = own if log == DEPLOYMENT_LOG else await self._open(store, DEPLOYMENT_LOG)
            size = await store.log.size(log)
        history, broken = await self._history(page, own.state.salt)
        near = tuple(rule for rule in self._policy.rules if log == DEPLOYMENT_LOG or not rule.across)
        far = tuple(rule for rule in self._policy.rules if rule.across and log != DEPLOYMENT_LOG)
        state, fired = run(near, own.state, history)
        told = [each for each in history if any(rule.takes(each) for rule in far)]
        home_state, more = run(far, home.state, told)
        changed = [await self._moved(own, state, position=page[-1].index + 1 if page else size)]
        if told:
            changed.append(await self._moved(home, home_state, position=home.position.position))
        alerts = [self._alert(log, each) for each in fired] + [self._alert(DEPLOYMENT_LOG, each) for each in more]
        async with self._storage.begin(after_commit=self._committed) as store:
            for each in changed:
                if not await store.alerts.advance(each):
                    raise StoreBusy("another worker has read this log meanwhile; nothing fired, try again")
            count = sum([await self._record(store, alert, mailed=number < _MAILS) for number, alert in enumerate(alerts)])
        return count + await self._signaled(broken)

    async def _open(self, store: AsyncStore, log: LogId) -> _Read:
        found = await store.alerts.position(log)
        if found is None:
            return _Read(AlertPosition(log=log, position=0, remembered=b"", version=0), EngineState(salt=self._ambient.random(32)))
        return _Read(found, EngineState.from_bytes(await self._ring.open(found.remembered, context=_context(log))))

    async def _moved(self, read: _Read, state: EngineState, *, position: int) -> AlertPosition:
        known = {rule.name for rule in self._policy.rules}
        kept = replace(state, rules={name: entries for name, entries in state.rules.items() if name in known})
        sealed = await self._ring.seal(kept.to_bytes(), context=_context(read.position.log))
        return replace(read.position, position=position, remembered=sealed, version=read.position.version + 1)

    async def _history(self, page: tuple[SealedEvent, ...], salt: bytes) -> tuple[list[Seen], tuple[signals.Told, ...]]:
        """Return what the rules see, and what was changed in the database: that must not keep the rules from the rest."""
        found, broken = list[Seen](), list[signals.Told]()
        for sealed in page:
            try:
                address = (await self._personal.open(sealed.event)).get("address", "")
            except (CorruptRecord, DecryptionFailed):
                address = ""
                broken.append(signals.Told(TAMPERED, sealed.event.log, sealed.event.id))
            try:
                found.append(seen_of(sealed, address=address, salt=salt, locate=self._policy.locate))
            except CorruptRecord:
                broken.append(signals.Told(TAMPERED, sealed.event.log, sealed.event.id))
        return found, tuple(broken)

    def _alert(self, log: LogId, fired: Fired) -> Alert:
        happened = _EPOCH + timedelta(microseconds=fired.seen.time)
        return self._made(
            log, fired.rule, key=fired.key, occasion=fired.seen.id, source=fired.seen.log, index=fired.seen.index, at=happened
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
        for each in told:
            rule = self._policy.rule(each.rule)
            if rule is None:
                continue
            alert = self._made(DEPLOYMENT_LOG, rule, key=each.key, occasion=each.occasion, source=each.source, index=None, at=now)
            async with self._storage.begin(after_commit=self._committed) as store:
                count += await self._record(store, alert, mailed=True)
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
            await post.post(alert_letter(self._letters, address, **said))


def _context(log: LogId) -> Context:
    return Context(organization=None, table="alert_position", row=log, field="remembered", purpose="alerts")
