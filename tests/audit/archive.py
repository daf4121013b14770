"""A deployment that is nothing but its logs, with a clock that the test moves: events, plans, holds and purges."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final, Unpack

from ctsec.ambient import Ambient, Request
from ctsec.audit._sync import AuditLog
from ctsec.audit._sync_managers import Managers
from ctsec.audit.event import LogId, build
from ctsec.audit.record import store_form
from ctsec.audit.retention._sync import HoldScope, Retention, RetentionParts
from ctsec.audit.retention._sync_purge import BATCH
from ctsec.audit.retention.hold import LegalHold
from ctsec.audit.retention.plan import Plans, RetentionPlan, RetentionPolicy
from ctsec.audit.signing import LogIdentity
from ctsec.encryption.ed25519 import Signer
from ctsec.ids import OrganizationId
from ctsec.outcome import Refusal
from ctsec.principal import Credential, CredentialKind, Principal, PrincipalKind
from ctsec.secret import Secret
from ctsec.security._sync_logs import Logs
from ctsec.security._sync_retention_jobs import RetentionJobs
from ctsec.storage.ports import Storage, Store
from ctsec.testing import FixedClock
from ctsec.testing.conformance.samples import ignore
from tests.audit.kept import SIGNER, drawn

RETENTION: Final = Signer(Secret(bytes(range(32, 64))))
IDENTITY: Final = LogIdentity(deployment="acme.example", region="default", keys=(SIGNER.public,), retention_keys=(RETENTION.public,))
POLICY: Final = RetentionPolicy(default=RetentionPlan(365), floor=30)
START: Final = datetime(2026, 1, 1, tzinfo=UTC)


class Everybody:
    """Rights of organizations in which everybody is an owner."""

    def may(self, actor: Principal, *, organization: OrganizationId, permission: str, lock: bool = True) -> Refusal | None:
        """Return None."""
        return None


class Archive:
    """The logs of a storage, their retention, and the time of both."""

    def __init__(
        self, storage: Storage, *, policy: RetentionPolicy = POLICY, batch: int = BATCH, clock: FixedClock | None = None, seed: int = 7
    ) -> None:
        self.storage = storage
        self.clock = clock or FixedClock(START)
        self.policy = policy
        self.ambient = Ambient(clock=self.clock, random=drawn(seed), request=Request(id="req_1"))
        self.logs = Logs(storage, signer=SIGNER, identity=IDENTITY, ambient=self.ambient)
        self.jobs = RetentionJobs(storage, logs=self.logs, signer=RETENTION, policy=policy, ambient=self.ambient, batch=batch)

    def person(self, name: str) -> Principal:
        """Return somebody who has just proved a second factor."""
        now = self.clock.now()
        credential = Credential(kind=CredentialKind.SESSION, id="ses_1", aal=2, factors={"pwd": now, "otp": now})
        return Principal(id=name, kind=PrincipalKind.USER, credential=credential)

    def write(self, log: LogId, *names: str, actor: str = "usr_anna", ago: timedelta = timedelta(0)) -> None:
        """Write an event for each name, as of now or `ago`."""
        with self.storage.begin(after_commit=ignore) as store:
            for name in names:
                event = build(name, ambient=self.at(ago), actor=self.person(actor), organization=_organization(log))
                store.inbox.append(store_form(event, personal=b"sealed"))

    def at(self, ago: timedelta) -> Ambient:
        """Return an ambient whose clock is `ago` behind."""
        return Ambient(clock=FixedClock(self.clock.now() - ago), random=self.ambient.random)

    def plan(self, log: LogId, plan: RetentionPlan, *, by: str = "usr_olga") -> Plans:
        """Choose a plan."""
        with self.storage.begin(after_commit=ignore) as store:
            done = self.service(store).set_plan(self.person(by), organization=OrganizationId(log), plan=plan)
        assert not isinstance(done, Refusal), done
        return done

    def hold(self, log: LogId, **scope: Unpack[HoldScope]) -> LegalHold:
        """Place a hold."""
        with self.storage.begin(after_commit=ignore) as store:
            done = self.service(store).place_hold(self.person("usr_olga"), organization=OrganizationId(log), matter="case 1", **scope)
        assert not isinstance(done, Refusal), done
        return done

    def release(self, hold: LegalHold) -> None:
        """Release it, by two people."""
        organization = OrganizationId(hold.log)
        for by, verb in (("usr_olga", "request_release"), ("usr_bob", "approve_release")):
            with self.storage.begin(after_commit=ignore) as store:
                done = getattr(self.service(store), verb)(self.person(by), organization=organization, hold=hold.id)
            assert isinstance(done, LegalHold), done

    def service(self, store: Store) -> Retention:
        """Return the service over a transaction; nothing of it is sealed, so no sealer is needed."""
        audit = AuditLog(inbox=store.inbox, log=store.log, aside=self.storage.guard.events, sealer=_Plain(), ambient=self.ambient)
        managers = Managers(Everybody(), audit=audit, ambient=self.ambient)
        parts = RetentionParts(records=store.retention, purges=store.purges, log=store.log, managers=managers, policy=self.policy)
        return Retention(parts, audit=audit, ambient=self.ambient)

    def pass_days(self, days: float) -> None:
        """Let time pass."""
        self.clock.advance(timedelta(days=days))

    def purge(self) -> int:
        """Seal and sign what is there, then purge every log; return how many events went."""
        self.logs.flush()
        count = self.jobs.run_due()
        self.logs.flush()
        return count

    def indexes(self, log: LogId, name: str = "") -> list[int]:
        """Return the indexes of the events that are there, of those whose name begins with `name`."""
        with self.storage.reading() as store:
            return [each.index for each in store.log.page(log, first=0, limit=100_000) if each.event.name.startswith(name)]

    def findings(self) -> list[tuple[str, int | None, str]]:
        """Return what a verification finds."""
        return [(each.kind.value, each.at, each.detail) for each in self.logs.verify().findings]


class _Plain:
    """Seals nothing: the archive writes no personal parts through it."""

    def seal(self, plain: bytes, *, context: object) -> bytes:
        """Return the bytes."""
        return plain

    def open(self, sealed: bytes, *, context: object) -> bytes:
        """Return the bytes."""
        return sealed


def _organization(log: LogId) -> OrganizationId | None:
    return OrganizationId(log) if log.startswith("org_") else None
