"""The configured parts that a security bundle is made of; each is small, frozen and checked when it is built."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import urlsplit

from ctsec.audit.alerts._sync_ports import AlertReceiver
from ctsec.audit.alerts.policy import AlertPolicy
from ctsec.audit.anchors.anchor import Anchor
from ctsec.audit.anchors.mailed import CheckpointMail
from ctsec.audit.anchors.ports import Keeper
from ctsec.audit.catalogue import SCHEMAS
from ctsec.audit.retention.plan import RetentionPolicy
from ctsec.audit.schema import EventCatalogue, EventSchema
from ctsec.audit.signing import LogIdentity
from ctsec.audit.streams.ports import Receiver
from ctsec.audit.streams.stream import Stream
from ctsec.authn._sync_ports import BreachRanges
from ctsec.authn.argon2 import Argon2Parameters
from ctsec.authn.device import LONGEST_TRUST
from ctsec.authn.mix import Mix
from ctsec.authn.pepper import Sealing
from ctsec.authn.place import PlaceNames
from ctsec.authn.record import Session, SessionPolicy
from ctsec.cache import Generation, RecordCache
from ctsec.changes import News
from ctsec.clock import Clock, SystemClock
from ctsec.connections.provider import AppPolicy
from ctsec.encryption._sync_ports import KeyServices, SealedTable
from ctsec.encryption.customer_key import CustomerKeyPolicy
from ctsec.encryption.dek import DEFAULT_REGION
from ctsec.encryption.ed25519 import public_key_of
from ctsec.encryption.held_subjects import HeldSubjects
from ctsec.encryption.holding import HeldKeys, HoldingPolicy, RingPolicy
from ctsec.errors import ConfigurationError
from ctsec.guard.attempts import ThrottlePolicy
from ctsec.ids import CredentialId, KeyId, OrganizationId, SessionId
from ctsec.keys.leak_reports import LeakReporter
from ctsec.keys.mac import PepperRing
from ctsec.keys.policy import KeyPolicy
from ctsec.keys.rate import KeyRates
from ctsec.keys.record import KeySecret
from ctsec.keys.uses import KeyUses
from ctsec.mail.letter import DefaultTemplate, LetterTemplate
from ctsec.mail.message import Letters
from ctsec.mfa.labels import parse_issuer
from ctsec.rbac.custom_record import KeptPolicies
from ctsec.rbac.elevation import ElevationPolicy
from ctsec.rbac.methods import MethodTable
from ctsec.rbac.policy import Policy
from ctsec.rbac.standing import Standing
from ctsec.recovery.record import RecoveryPolicy
from ctsec.residency.region import Regions
from ctsec.security.mirror import Mirror
from ctsec.sso.policy import SsoPolicy
from ctsec.transport.address import is_loopback
from ctsec.transport.tls import TRANSPORT, Transport
from ctsec.user import User

if TYPE_CHECKING:
    from ctsec.storage.backup.folder import BackupFolder

UNKNOWN_KEYS: Final = 4_096
Cached: TypeAlias = tuple[Session, User | None, datetime | None] | tuple[object] | tuple[Standing | None] | tuple[OrganizationId | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the host chooses: the product's name, where its pages are, and the policies of all that has one.

    `totp_window` is how many time steps to either side are accepted (0 to 2), `letters` how mail looks and in which language it speaks.
    `breaches_optional` is why a password may be set where the list of leaked passwords does not answer (one line, for the audit log);
    empty: it may not. `sign_in_notices` says whether people are mailed about sign-ins from devices that they have not used before,
    and `places` names where an address is, to its person alone (None: its network).
    `sign_in_links` lets people begin a sign-in with a mailed link instead of their password.
    `deployment` is the first part of the origin of every log, the host and port of `base_url` if it is empty; it must
    never change, or nothing more is signed. `former_log_keys` are public keys (`ed25519:` and 64 hex digits) that signed the logs before.
    `retention` says how long events are kept, and `former_retention_keys` are public keys that signed purges of them before.
    `trusted_devices` is how long a device skips the second step whose person said so at one (30 days at most); None: none ever does.
    `single_sign_on` says where providers send browsers back to, and `apps` which services can be connected.
    `events` are the host's own events with their schemas; a name that is not among them, or ctsec's, can not be written.
    `alerts` says what is worth an alert, and who of the operators is mailed; `checkpoint_mail` who gets checkpoints of the log by mail.
    `leak_reporters` are the scanners that may report leaked credentials (`ctsec.keys.SignedReporter`, `HmacReporter`).
    """

    issuer: str
    base_url: str = "http://localhost:8000"
    sign_in_links: bool = False
    sessions: SessionPolicy = field(default_factory=SessionPolicy)
    throttle: ThrottlePolicy = field(default_factory=ThrottlePolicy)
    keys: KeyPolicy = field(default_factory=KeyPolicy)
    elevations: ElevationPolicy = field(default_factory=ElevationPolicy)
    recovery: RecoveryPolicy = field(default_factory=RecoveryPolicy)
    data_keys: RingPolicy = field(default_factory=RingPolicy)
    customer_keys: CustomerKeyPolicy = field(default_factory=CustomerKeyPolicy)
    regions: Regions | None = None
    totp_window: int = 1
    breaches_optional: str = ""
    letters: LetterTemplate = field(default_factory=DefaultTemplate)
    sign_in_notices: bool = True
    places: PlaceNames | None = None
    deployment: str = ""
    former_log_keys: tuple[str, ...] = ()
    retention: RetentionPolicy = field(default_factory=RetentionPolicy)
    former_retention_keys: tuple[str, ...] = ()
    trusted_devices: timedelta | None = None
    events: tuple[EventSchema, ...] = ()
    alerts: AlertPolicy = field(default_factory=AlertPolicy)
    checkpoint_mail: CheckpointMail | None = None
    single_sign_on: SsoPolicy = field(default_factory=SsoPolicy)
    leak_reporters: tuple[LeakReporter, ...] = ()
    apps: AppPolicy = field(default_factory=AppPolicy)

    def log_identity(self, key: bytes | None, *, retention: bytes | None = None, region: str = DEFAULT_REGION) -> LogIdentity:
        """Return who the logs of this deployment are, their present public keys (None: not signed, not purged) and the former ones."""
        address = urlsplit(self.base_url)
        name = self.deployment or f"{address.hostname}{'' if address.port is None else f':{address.port}'}"
        former, purging = (tuple(map(public_key_of, keys)) for keys in (self.former_log_keys, self.former_retention_keys))
        return LogIdentity(
            deployment=name,
            region=region,
            keys=former if key is None else (key, *former),
            retention_keys=purging if retention is None else (retention, *purging),
        )

    def __post_init__(self) -> None:
        parse_issuer(self.issuer)
        address = urlsplit(self.base_url)
        local = is_loopback(address.hostname or "")
        if address.scheme != "https" and not (address.scheme == "http" and local):
            raise ValueError("expected an https base_url; plain http only for localhost")
        if not 0 <= self.totp_window <= 2:
            raise ValueError("expected a totp_window of 0 to 2 steps")
        self.log_identity(None)
        if self.trusted_devices is not None and not timedelta(0) < self.trusted_devices <= LONGEST_TRUST:
            raise ValueError("expected trusted_devices of more than nothing and at most 30 days, or None")


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedOptions:
    """What an embedded bundle can do differently: its pages' address, where its key file is (beside the database), whose name mail
    comes in (None: no-reply at the address's host), its policies, and whether its worker thread runs.

    `changes` is how several processes tell each other what changed: a redis URL, `"store"` to ask the database, or None to wait until
    records die, after five seconds. With one, each process asks every `ask_every` seconds (0 to 5; 0 asks for each request).

    `data_keys` bounds how long unwrapped data keys are held and how much each seals, `customer_keys` where organizations' own keys may be,
    and `key_services` opens those (`ctsec.encryption.kms.aws.AwsKeyServices`; it may block, an event loop does not wait for it).

    `pepper_files` are key files that the peppers of passwords and API keys come from (empty: the bundle's own): the first makes new ones,
    all are good for what is stored, and a file that nothing needs any more is taken out (`ctsec passwords`).

    `breaches` is asked whether a new password is known from a leak (`ctsec.authn.hibp.HibpRanges`; it may block, an event loop does not
    wait for it); `breaches_optional` is why a password may be set all the same where it does not answer (empty: it may not).

    `sign_in_links` lets people begin a sign-in with a mailed link instead of their password; it counts for less than a passkey and for no
    more than a password. `totp_window` is how many steps of 30 seconds to either side a one-time code may be of (0 to 2).

    `letters` says how mail looks and in which language it speaks; it is tried with a letter of each kind at the start.

    `sign_in_notices` is whether people are mailed about sign-ins from devices that they have not used before. `places` names where an
    address is, in the list of sessions, such mail and the page of one's activity (`ctsec.authn.PlaceNames`; it must not wait).
    `trusted_devices` is how long a device may skip the second step whose person said so at one (30 days at most); None: none ever does.
    Sessions of such sign-ins have no second factor.

    `mail_transport` and `changes_transport` say how the mail server and Redis are reached where they are not on this machine: TLS 1.3 with
    the system's CAs by default.
    `allowances` is a redis URL under which what address blocks tried is counted for all processes, reached like that of `changes`; None
    counts it in the guard store, which also takes over while Redis is away. The counters of authenticators are always there.
    `rates` is a redis URL under which the requests of API keys are counted for all processes, reached like that of `changes`; None counts
    in each process, or where `keys` (`KeyPolicy.stored_rates`) says.
    `regions` says where the content of workspaces is kept; the tables of their stores are made at the start, their names with them.

    `sealed_tables` are the host's own tables with sealed values (`ctsec.storage.sql.SealedAttribute`), for the worker to seal them anew
    after a data key was rotated; they may block, an event loop does not wait for them.

    `deployment` is what the logs are called, for ever (empty: host and port of `base_url`); their key comes from the key file, and
    `former_log_keys` are the public keys of key files that signed them before.

    `retention` says how long events of the log are kept (seven years, if nothing else is said); the key that signs their purge comes from
    the key file too, and `former_retention_keys` are the public keys of key files that signed it before.
    `events` are the host's own events in the audit log, with what each may say (`ctsec.audit.EventSchema`).
    `alerts` says what is worth an alert (`ctsec.audit.alerts.AlertPolicy`), and `alert_receiver` is another system that is told of each; it
    may block, an event loop does not wait for it.

    `single_sign_on` says where providers send browsers back to, and how far they may be asked (`ctsec.sso.SsoPolicy`).
    `apps` are the services that people and organizations can connect (`ctsec.connections.AppPolicy`).

    `leak_reporters` are the scanners that may report leaked credentials (`ctsec.keys.SignedReporter`, `HmacReporter`).
    `methods` says which permission may be used through which way of authenticating, as a table or as its text (`MethodTable.from_matrix`).
    What it does not name is for sessions. None is what `MethodTable.keys_unrestricted` says: keys may, within their scopes, what their
    owners may.
    `roles_in_memory` loads the roles of an organization whole when it is first asked about, instead of person by person.

    `backups` is the folder for backups that operators ask for (`ctsec.storage.backup.BackupFolder`); a bundle in memory has none.
    `anchors` are where checkpoints of the log are kept, such as `Anchor(name="disk", keeper=FileKeeper("/mnt/anchor"))`; they may block.
    `checkpoint_mail` says who gets them by mail (`ctsec.audit.anchors.CheckpointMail`).
    `streams` are where the log goes besides, such as `Stream(name="siem", receiver=WebhookReceiver(…))`; a receiver may block.
    `erased` is the file that says who was erased from the log (beside the database): keep it out of backups, and never lose it.
    """

    base_url: str = "http://localhost:8000"
    key_file: str | None = None
    pepper_files: tuple[str, ...] = ()
    breaches: BreachRanges | None = None
    breaches_optional: str = ""
    mail_from: str | None = None
    sign_in_links: bool = False
    totp_window: int = 1
    sessions: SessionPolicy = field(default_factory=SessionPolicy)
    throttle: ThrottlePolicy = field(default_factory=ThrottlePolicy)
    keys: KeyPolicy = field(default_factory=KeyPolicy)
    elevations: ElevationPolicy = field(default_factory=ElevationPolicy)
    recovery: RecoveryPolicy = field(default_factory=RecoveryPolicy)
    data_keys: RingPolicy = field(default_factory=RingPolicy)
    customer_keys: CustomerKeyPolicy = field(default_factory=CustomerKeyPolicy)
    key_services: KeyServices | None = None
    regions: Regions | None = None
    sealed_tables: tuple[SealedTable, ...] = ()
    methods: MethodTable | str | None = None
    password_hash: Argon2Parameters = field(default_factory=Argon2Parameters)
    clock: Clock = field(default_factory=SystemClock)
    worker: bool = True
    mail_transport: Transport = TRANSPORT
    letters: LetterTemplate = field(default_factory=DefaultTemplate)
    sign_in_notices: bool = True
    places: PlaceNames | None = None
    trusted_devices: timedelta | None = None
    changes: str | None = None
    changes_transport: Transport = TRANSPORT
    ask_every: float = 1.0
    allowances: str | None = None
    rates: str | None = None
    roles_in_memory: bool = False
    deployment: str = ""
    former_log_keys: tuple[str, ...] = ()
    backups: BackupFolder | None = None
    erased: str | None = None
    retention: RetentionPolicy = field(default_factory=RetentionPolicy)
    former_retention_keys: tuple[str, ...] = ()
    events: tuple[EventSchema, ...] = ()
    streams: tuple[Stream[Receiver], ...] = ()
    anchors: tuple[Anchor[Keeper], ...] = ()
    checkpoint_mail: CheckpointMail | None = None
    alerts: AlertPolicy = field(default_factory=AlertPolicy)
    alert_receiver: AlertReceiver | None = None
    single_sign_on: SsoPolicy = field(default_factory=SsoPolicy)
    leak_reporters: tuple[LeakReporter, ...] = ()
    apps: AppPolicy = field(default_factory=AppPolicy)


@dataclass(frozen=True, slots=True)
class Memory:
    """What one process remembers for a few seconds, and what it has seen used and not written yet; shared by both colours of a bundle.

    `mirror` holds the roles of whole organizations, where the host wants that; `unknown_keys` the ids of keys that do not exist.
    """

    records: RecordCache[Cached]
    unknown_keys: RecordCache[bool]
    data_keys: HeldKeys
    subjects: HeldSubjects
    policies: KeptPolicies = field(default_factory=KeptPolicies)
    mirror: Mirror | None = None
    password_mix: Mix = field(default_factory=Mix)
    session_uses: dict[SessionId, datetime] = field(default_factory=dict[SessionId, datetime])
    key_uses: KeyUses = field(default_factory=KeyUses)
    key_rates: KeyRates = field(default_factory=KeyRates)
    key_macs: dict[KeyId, tuple[KeySecret, str]] = field(default_factory=dict[KeyId, tuple[KeySecret, str]])
    credential_uses: dict[CredentialId, tuple[datetime, str]] = field(default_factory=dict[CredentialId, tuple[datetime, str]])

    def evict(self, scopes: frozenset[str]) -> None:
        """Forget what this process itself has changed."""
        self.records.evict(scopes)
        self.unknown_keys.evict(scopes)
        self.data_keys.hear(scopes)
        if self.mirror is not None:
            self.mirror.evict(scopes)

    def catch_up(self, news: News, *, asked: Generation) -> None:
        """Forget what others changed, and believe the rest from the moment of asking on."""
        # The mirror first: once the records are believed, everything is.
        if self.mirror is not None:
            self.mirror.catch_up(news)
        self.data_keys.hear(news.scopes)
        self.unknown_keys.catch_up(news, asked=asked)
        self.records.catch_up(news, asked=asked)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything of a bundle that has no colour.

    `methods` says which permission may be used through which way of authenticating. Without a table the roles alone decide: a session of
    any strength, and an API key within its scopes, may what its person may (what `MethodTable.keys_unrestricted` says in a table).
    """

    policy: Policy
    settings: Settings
    password_sealing: Sealing
    key_peppers: PepperRing
    clock: Clock = field(default_factory=SystemClock)
    methods: MethodTable | None = None
    memory: Memory
    letters: Letters = field(init=False)
    catalogue: EventCatalogue = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "catalogue", EventCatalogue(SCHEMAS, host=self.settings.events))
        letters = Letters(self.settings.issuer, self.settings.base_url, self.settings.letters)
        object.__setattr__(self, "letters", letters)
        if self.methods is not None and self.methods.index != self.policy.index:
            raise ConfigurationError("expected a method table over the permissions of the policy, in the same order")


def new_memory(
    clock: Clock, *, ask_every: float | None = None, mirrored: Policy | None = None, holding: HoldingPolicy | None = None
) -> Memory:
    """Return the memory of a process that has just started; with a change feed it asks every `ask_every` seconds what others changed.

    `holding` says how long it holds unwrapped data keys. With a policy as `mirrored`, it holds the roles of the organizations that it is
    asked about.
    """
    mirror = Mirror(mirrored, monotonic=clock.monotonic) if mirrored is not None else None
    records: RecordCache[Cached] = RecordCache(monotonic=clock.monotonic, ask_every=ask_every)
    # Apart from the others, so that who asks for keys that do not exist drives nobody out.
    unknown: RecordCache[bool] = RecordCache(monotonic=clock.monotonic, capacity=UNKNOWN_KEYS, ask_every=ask_every)
    return Memory(records, unknown, HeldKeys(holding, clock=clock), HeldSubjects(clock=clock), mirror=mirror)


def check_feed(feed: object | None, memory: Memory) -> None:
    """Raise ConfigurationError unless there are a feed and a memory that asks it, or neither."""
    if (feed is None) != (memory.records.ask_every is None):
        raise ConfigurationError("expected a change feed and a memory that asks it (new_memory(…, ask_every=…)), or neither")
