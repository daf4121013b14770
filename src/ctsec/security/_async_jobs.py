"""The jobs of the one worker: mail, the audit log, and what this process has seen used (async source)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final, TypeVar

from ctsec.ambient import Ambient
from ctsec.encryption._async import AsyncKeyRing
from ctsec.mail._async_ports import AsyncMailer
from ctsec.mail.message import Letters
from ctsec.security._async_alerts import ALERT_JOB, AsyncAlertJobs
from ctsec.security._async_erasures import ERASURE_JOB, AsyncErasureJobs
from ctsec.security._async_key_jobs import AsyncKeyJobs
from ctsec.security._async_key_reminders import AsyncKeyReminders
from ctsec.security._async_logs import JOB, SIGNING_JOB, AsyncLogs
from ctsec.security._async_mail_jobs import AsyncMailJobs
from ctsec.security._async_password_jobs import AsyncPasswordJobs
from ctsec.security._async_recovery import AsyncRecoveryJobs
from ctsec.security._async_reencryptions import AsyncReencryptions
from ctsec.security._async_refused_sign_ins import REFUSED_SIGN_INS_JOB, AsyncRefusedSignIns
from ctsec.security._async_region_retention import REGION_HOLDS_JOB
from ctsec.security._async_residency import AsyncRegional
from ctsec.security._async_retention_jobs import RETENTION_JOB, AsyncRetentionJobs
from ctsec.security._async_stale_jobs import AsyncStaleJobs
from ctsec.security._async_throttle_jobs import AsyncThrottleJobs
from ctsec.security._async_vault_jobs import AsyncVaultJobs
from ctsec.security.parts import Memory
from ctsec.storage._async_ports import AsyncStorage
from ctsec.worker._async import AsyncJob
from ctsec.worker.record import JobLease

K = TypeVar("K")
V = TypeVar("V")
OFTEN: Final = timedelta(seconds=1)
SELDOM: Final = timedelta(seconds=15)
MINUTELY: Final = timedelta(minutes=1)
RARELY: Final = timedelta(minutes=10)
DAILY: Final = timedelta(days=1)


def _nothing(scopes: frozenset[str]) -> None:
    """Jobs change nothing that a cache holds."""


def _forget(seen: dict[K, V], written: Mapping[K, V]) -> None:
    """Drop what was written, but not what was seen meanwhile."""
    for key, value in written.items():
        if seen.get(key) == value:
            del seen[key]


class AsyncJobs:
    """What the worker runs; the only place where a periodic job is registered. `followers` are the jobs of streams, anchors and domains."""

    __slots__ = (
        "_ambient",
        "_followers",
        "_mails",
        "_memory",
        "_storage",
        "alerts",
        "erasures",
        "keys",
        "logs",
        "mail",
        "passwords",
        "recoveries",
        "reencryptions",
        "refused_sign_ins",
        "regional",
        "reminders",
        "retention",
        "stale",
        "throttle",
        "vault",
    )

    def __init__(
        self,
        storage: AsyncStorage,
        *,
        secrets: AsyncKeyRing,
        mailer: AsyncMailer | None,
        letters: Letters,
        memory: Memory,
        ambient: Ambient,
        regional: AsyncRegional,
        reencryptions: AsyncReencryptions,
        passwords: AsyncPasswordJobs,
        throttle: AsyncThrottleJobs,
        recoveries: AsyncRecoveryJobs,
        stale: AsyncStaleJobs,
        logs: AsyncLogs,
        retention: AsyncRetentionJobs,
        erasures: AsyncErasureJobs,
        alerts: AsyncAlertJobs,
        followers: tuple[AsyncJob, ...] = (),
    ) -> None:
        self._storage = storage
        self._mails = mailer is not None
        self._memory = memory
        self._ambient = ambient
        self.keys = AsyncKeyJobs(storage, ring=secrets, memory=memory, ambient=ambient)
        self.mail = AsyncMailJobs(storage, sealer=secrets, mailer=mailer, ambient=ambient)
        self.reminders = AsyncKeyReminders(storage, secrets=secrets, letters=letters, ambient=ambient)
        self.refused_sign_ins = AsyncRefusedSignIns(storage, secrets=secrets, ambient=ambient)
        self.vault = AsyncVaultJobs(storage, secrets=secrets, letters=letters, ambient=ambient)
        self.regional = regional
        self.reencryptions = reencryptions
        self.passwords = passwords
        self.throttle = throttle
        self.recoveries = recoveries
        self.stale = stale
        self.logs = logs
        self.retention = retention
        self.erasures = erasures
        self._followers = followers
        self.alerts = alerts

    def all(self) -> tuple[AsyncJob, ...]:
        """Return every job; mail only where there is a mailer, checkpoints and purges where there is a key: else they wait, visible."""
        jobs = (
            AsyncJob(name=JOB, every=OFTEN, work=self.place_events),
            AsyncJob(name="uses", every=SELDOM, work=self.write_uses, shared=False),
            AsyncJob(name="epochs", every=RARELY, work=self.trim_epochs),
            AsyncJob(name="elevations", every=RARELY, work=self.end_elevations),
            AsyncJob(name="customer-keys", every=RARELY, work=self.keys.check_customer_keys),
            AsyncJob(name="credentials", every=RARELY, work=self.vault.remind),
            AsyncJob(name="key-reminders", every=RARELY, work=self.reminders.remind),
            AsyncJob(name="passwords", every=MINUTELY, work=self.passwords.run_due),
            AsyncJob(name="recoveries", every=MINUTELY, work=self.recoveries.carry_out_due),
            AsyncJob(name="disabled", every=SELDOM, work=self.throttle.tell),
            AsyncJob(name="allowances", every=RARELY, work=self.throttle.trim),
            AsyncJob(name="stale", every=RARELY, work=self.stale.trim),
            AsyncJob(name="data-keys", every=DAILY, work=self.keys.rotate_due),
            AsyncJob(name="reencryption", every=MINUTELY, work=self.reencryptions.run_due),
            AsyncJob(name="workspace-moves", every=SELDOM, work=self.regional.moves.run_due),
            AsyncJob(name=ERASURE_JOB, every=SELDOM, work=self.erasures.run_due),
            AsyncJob(name=ALERT_JOB, every=SELDOM, work=self.alerts.run_due),
            AsyncJob(name=REFUSED_SIGN_INS_JOB, every=RARELY, work=self.refused_sign_ins.run_due),
            AsyncJob(name="replicas", every=RARELY, work=self.regional.replicas.replicate_all),
        )
        signing = (AsyncJob(name=SIGNING_JOB, every=OFTEN, work=self.logs.sign_due),) if self.logs.signs else ()
        purging = (AsyncJob(name=RETENTION_JOB, every=DAILY, work=self.retention.run_due),) if self.retention.purges else ()
        telling = (
            (AsyncJob(name=REGION_HOLDS_JOB, every=MINUTELY, work=self.retention.regions.tell_holds),) if self.logs.regions.stores else ()
        )
        mailing = (AsyncJob(name="mail", every=OFTEN, work=self.send_mail),) if self._mails else ()
        return (*jobs, *signing, *purging, *telling, *mailing, *self._followers)

    async def leases(self) -> tuple[JobLease, ...]:
        """Return every job that ever ran under a lease: when, when it is due again, and the code of what stopped it."""
        async with self._storage.reading() as store:
            return await store.jobs.all()

    async def place_events(self) -> int:
        """Move events from the guard store into the inbox and from there into the log."""
        return await self.logs.place()

    async def write_uses(self) -> int:
        """Write the last uses of sessions and credentials that this process has seen: at most one write each a run.

        Keys that were used under an old pepper get their MAC under the current one.
        """
        sessions, credentials = dict(self._memory.session_uses), dict(self._memory.credential_uses)
        macs = dict(self._memory.key_macs)
        if not sessions and not credentials and not macs:
            return 0
        async with self._storage.begin(after_commit=_nothing) as store:
            for session_id, moment in sessions.items():
                await store.sessions.touch(session_id, at=moment)
            for secret, was in macs.values():
                await store.api_keys.remac(secret, was=was)
            for credential, (moment, by) in credentials.items():
                await store.credentials.touch(credential, at=moment, by=by)
        _forget(self._memory.session_uses, sessions)
        _forget(self._memory.key_macs, macs)
        _forget(self._memory.credential_uses, credentials)
        return len(sessions) + len(credentials)

    async def trim_epochs(self) -> int:
        """Delete the epochs that are too old for anybody to ask for."""
        async with self._storage.begin(after_commit=_nothing) as store:
            return await store.epochs.trim()

    async def end_elevations(self) -> int:
        """Note which roles for a time are over; they count for nothing since their end, noted or not."""
        async with self._storage.begin(after_commit=_nothing) as store:
            return await store.elevations.end_expired(before=self._ambient.now())

    async def send_mail(self) -> int:
        """Send what is due."""
        return await self.mail.send()
