# Generated from src/ctsec/security/_async_jobs.py by tools/twin.py; edit that file.
"""The jobs of the one worker: mail, the audit log, and what this process has seen used (async source)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final, TypeVar

from ctsec.ambient import Ambient
from ctsec.encryption._sync import KeyRing
from ctsec.mail._sync_ports import Mailer
from ctsec.mail.message import Letters
from ctsec.security._sync_alerts import ALERT_JOB, AlertJobs
from ctsec.security._sync_erasures import ERASURE_JOB, ErasureJobs
from ctsec.security._sync_key_jobs import KeyJobs
from ctsec.security._sync_key_reminders import KeyReminders
from ctsec.security._sync_logs import JOB, SIGNING_JOB, Logs
from ctsec.security._sync_mail_jobs import MailJobs
from ctsec.security._sync_password_jobs import PasswordJobs
from ctsec.security._sync_recovery import RecoveryJobs
from ctsec.security._sync_reencryptions import Reencryptions
from ctsec.security._sync_refused_sign_ins import REFUSED_SIGN_INS_JOB, RefusedSignIns
from ctsec.security._sync_region_retention import REGION_HOLDS_JOB
from ctsec.security._sync_residency import Regional
from ctsec.security._sync_retention_jobs import RETENTION_JOB, RetentionJobs
from ctsec.security._sync_stale_jobs import StaleJobs
from ctsec.security._sync_throttle_jobs import ThrottleJobs
from ctsec.security._sync_vault_jobs import VaultJobs
from ctsec.security.parts import Memory
from ctsec.storage._sync_ports import Storage
from ctsec.worker._sync import Job
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


class Jobs:
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
        storage: Storage,
        *,
        secrets: KeyRing,
        mailer: Mailer | None,
        letters: Letters,
        memory: Memory,
        ambient: Ambient,
        regional: Regional,
        reencryptions: Reencryptions,
        passwords: PasswordJobs,
        throttle: ThrottleJobs,
        recoveries: RecoveryJobs,
        stale: StaleJobs,
        logs: Logs,
        retention: RetentionJobs,
        erasures: ErasureJobs,
        alerts: AlertJobs,
        followers: tuple[Job, ...] = (),
    ) -> None:
        self._storage = storage
        self._mails = mailer is not None
        self._memory = memory
        self._ambient = ambient
        self.keys = KeyJobs(storage, ring=secrets, memory=memory, ambient=ambient)
        self.mail = MailJobs(storage, sealer=secrets, mailer=mailer, ambient=ambient)
        self.reminders = KeyReminders(storage, secrets=secrets, letters=letters, ambient=ambient)
        self.refused_sign_ins = RefusedSignIns(storage, secrets=secrets, ambient=ambient)
        self.vault = VaultJobs(storage, secrets=secrets, letters=letters, ambient=ambient)
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

    def all(self) -> tuple[Job, ...]:
        """Return every job; mail only where there is a mailer, checkpoints and purges where there is a key: else they wait, visible."""
        jobs = (
            Job(name=JOB, every=OFTEN, work=self.place_events),
            Job(name="uses", every=SELDOM, work=self.write_uses, shared=False),
            Job(name="epochs", every=RARELY, work=self.trim_epochs),
            Job(name="elevations", every=RARELY, work=self.end_elevations),
            Job(name="customer-keys", every=RARELY, work=self.keys.check_customer_keys),
            Job(name="credentials", every=RARELY, work=self.vault.remind),
            Job(name="key-reminders", every=RARELY, work=self.reminders.remind),
            Job(name="passwords", every=MINUTELY, work=self.passwords.run_due),
            Job(name="recoveries", every=MINUTELY, work=self.recoveries.carry_out_due),
            Job(name="disabled", every=SELDOM, work=self.throttle.tell),
            Job(name="allowances", every=RARELY, work=self.throttle.trim),
            Job(name="stale", every=RARELY, work=self.stale.trim),
            Job(name="data-keys", every=DAILY, work=self.keys.rotate_due),
            Job(name="reencryption", every=MINUTELY, work=self.reencryptions.run_due),
            Job(name="workspace-moves", every=SELDOM, work=self.regional.moves.run_due),
            Job(name=ERASURE_JOB, every=SELDOM, work=self.erasures.run_due),
            Job(name=ALERT_JOB, every=SELDOM, work=self.alerts.run_due),
            Job(name=REFUSED_SIGN_INS_JOB, every=RARELY, work=self.refused_sign_ins.run_due),
            Job(name="replicas", every=RARELY, work=self.regional.replicas.replicate_all),
        )
        signing = (Job(name=SIGNING_JOB, every=OFTEN, work=self.logs.sign_due),) if self.logs.signs else ()
        purging = (Job(name=RETENTION_JOB, every=DAILY, work=self.retention.run_due),) if self.retention.purges else ()
        telling = (Job(name=REGION_HOLDS_JOB, every=MINUTELY, work=self.retention.regions.tell_holds),) if self.logs.regions.stores else ()
        mailing = (Job(name="mail", every=OFTEN, work=self.send_mail),) if self._mails else ()
        return (*jobs, *signing, *purging, *telling, *mailing, *self._followers)

    def leases(self) -> tuple[JobLease, ...]:
        """Return every job that ever ran under a lease: when, when it is due again, and the code of what stopped it."""
        with self._storage.reading() as store:
            return store.jobs.all()

    def place_events(self) -> int:
        """Move events from the guard store into the inbox and from there into the log."""
        return self.logs.place()

    def write_uses(self) -> int:
        """Write the last uses of sessions and credentials that this process has seen: at most one write each a run.

        Keys that were used under an old pepper get their MAC under the current one.
        """
        sessions, credentials = dict(self._memory.session_uses), dict(self._memory.credential_uses)
        macs = dict(self._memory.key_macs)
        if not sessions and not credentials and not macs:
            return 0
        with self._storage.begin(after_commit=_nothing) as store:
            for session_id, moment in sessions.items():
                store.sessions.touch(session_id, at=moment)
            for secret, was in macs.values():
                store.api_keys.remac(secret, was=was)
            for credential, (moment, by) in credentials.items():
                store.credentials.touch(credential, at=moment, by=by)
        _forget(self._memory.session_uses, sessions)
        _forget(self._memory.key_macs, macs)
        _forget(self._memory.credential_uses, credentials)
        return len(sessions) + len(credentials)

    def trim_epochs(self) -> int:
        """Delete the epochs that are too old for anybody to ask for."""
        with self._storage.begin(after_commit=_nothing) as store:
            return store.epochs.trim()

    def end_elevations(self) -> int:
        """Note which roles for a time are over; they count for nothing since their end, noted or not."""
        with self._storage.begin(after_commit=_nothing) as store:
            return store.elevations.end_expired(before=self._ambient.now())

    def send_mail(self) -> int:
        """Send what is due."""
        return self.mail.send()
