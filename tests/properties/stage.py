"""A bundle with nobody in it yet, the texts of what was mailed, and what belongs to an organization: what a state machine plays on."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from random import Random
from typing import Any, Final

from ctsec.ambient import Request
from ctsec.audit.event import LogId
from ctsec.audit.query import AuditPage, AuditQuery
from ctsec.audit.record import StoredEvent
from ctsec.authn.argon2 import Argon2Parameters
from ctsec.authn.argon2_pool import Argon2Hasher
from ctsec.authn.record import SessionPolicy
from ctsec.directory.record import Membership, MembershipStatus
from ctsec.encryption.kms.local import LocalKms
from ctsec.ids import OrganizationId, UserId, WorkspaceId, new_id
from ctsec.keys import KeyPolicy
from ctsec.outcome import Outcome
from ctsec.presets import parts_of, settings_of
from ctsec.principal import Credential, CredentialKind, Principal, PrincipalKind
from ctsec.rbac import Policy
from ctsec.rbac.preset import MATRIX
from ctsec.secret import Secret
from ctsec.security import Security
from ctsec.security.parts import EmbeddedOptions
from ctsec.storage.ports import Storage
from ctsec.testing import FixedClock
from ctsec.user import User, UserStatus
from tests.properties import reference

ORGANIZATION_SCOPE: Final = ("members:manage", "organization:manage", "billing:manage")
POLICY: Final = Policy.from_matrix((*sorted(reference.EVERY), *ORGANIZATION_SCOPE), MATRIX, organization_scope=ORGANIZATION_SCOPE)
KMS: Final = LocalKms(bytes(16), key=Secret(bytes(range(32))))
ADDRESS: Final = Request(address="192.0.2.1")


class Dice:
    """Randomness that repeats, so that Hypothesis can shrink; it remembers what it gave, for a token is in the mail only."""

    def __init__(self) -> None:
        self.random = Random(20260115)
        self.given: dict[bytes, str] = {}

    def __call__(self, size: int) -> bytes:
        value = self.random.randbytes(size)
        if size == 32:
            text = base64.urlsafe_b64encode(value).decode().rstrip("=")
            self.given[hashlib.sha256(text.encode()).digest()] = text
        return value


@dataclass(slots=True)
class Held:
    """A credential in somebody's hands; `id` is the session's or key's, `actor` what the reference knows of it."""

    kind: str
    id: str
    token: str
    actor: reference.Actor
    live: bool = True


@cache
def bare(person: str) -> Principal:
    """Return a person as a fresh session would prove it."""
    return Principal(id=person, kind=PrincipalKind.USER, credential=Credential(kind=CredentialKind.SESSION, id="", aal=1))


class Stage:
    """The bundle under test, over any sync storage."""

    def __init__(self, storage: Storage, *, sessions: SessionPolicy | None = None, keys: KeyPolicy | None = None) -> None:
        self.clock = FixedClock()
        self.dice = Dice()
        self.storage = storage
        options = EmbeddedOptions(
            password_hash=Argon2Parameters.for_tests(), clock=self.clock, sessions=sessions or SessionPolicy(), keys=keys or KeyPolicy()
        )
        self.security = Security(
            storage=storage,
            kms=KMS,
            slow_hash=Argon2Hasher(options.password_hash),
            parts=parts_of(KMS, policy=POLICY, settings=settings_of("Test", options), options=options),
            random=self.dice,
        )
        self.security.prepare()

    def person(self, name: str) -> User:
        """Write an account whose address is verified."""
        now, address = self.clock.now(), f"{name}@example.com"
        user = User(
            id=new_id(UserId, now=now, random=self.dice),
            email=address,
            email_key=address,
            name=name,
            status=UserStatus.ACTIVE,
            email_verified_at=now,
            created_at=now,
        )
        with self.storage.begin(after_commit=lambda _: None) as store:
            assert store.users.add(user)
        return user

    def found(self, owner: Principal) -> Any:
        """Create an organization and return it."""
        return self.do(lambda unit: unit.directory.create_organization(owner, name="Acme"))

    def admit(self, organization: str, person: str, role: str) -> None:
        """Make somebody a member, without an invitation."""
        membership = Membership(
            organization_id=OrganizationId(organization),
            user_id=UserId(person),
            role=role,
            status=MembershipStatus.ACTIVE,
            starts_at=None,
            expires_at=None,
            created_at=self.clock.now(),
        )
        with self.storage.begin(after_commit=lambda _: None) as store:
            assert store.memberships.add(membership)

    def do(self, change: Callable[[Any], Any]) -> Any:
        """Run one change in a unit of work of its own."""
        with self.security.begin(ADDRESS) as unit:
            return change(unit)

    def enter(self, held: Held) -> Outcome[Principal]:
        """Ask the gate whom a credential proves."""
        gate = self.security.gate
        return gate.session(held.token) if held.kind == "session" else gate.api_key(held.token, ADDRESS)

    def rows(self, organization: str, people: list[str]) -> tuple[Any, ...]:
        """Return everything that belongs to an organization, and the ids of what was done in it (refusals apart)."""
        home = OrganizationId(organization)
        with self.storage.reading() as store:
            workspaces = store.workspaces.of_organization(home, after="", limit=500)
            keys = [key for person in people for key in store.api_keys.of_owner(home, person)]
            return (
                store.organizations.get(home),
                workspaces,
                store.roster.of_organization(home, after="", limit=500),
                tuple(store.assignments.of_workspace(home, each.id, after="", limit=500) for each in workspaces),
                tuple(store.api_keys.get(key.id) for key in keys),
                store.invitations.open(home, now=self.clock.now()),
                frozenset(event.id for event in self.events(store, organization) if event.outcome == "success"),
            )

    def events(self, store: Any, organization: str) -> list[StoredEvent]:
        """Return the events of a log, sealed or not."""
        log = LogId(organization)
        sealed = store.log.search(AuditQuery(log=log), before=None, limit=500)
        return [*(each.event for each in sealed), *store.inbox.pending(limit=500, log=log)]

    def refusals(self) -> tuple[StoredEvent, ...]:
        """Return the events that were written aside since the last call, and move them on as the worker does."""
        waiting = self.storage.guard.events.pending(limit=500)
        if waiting:
            with self.security.begin() as unit:
                moved = unit.sequencer.collect()
            self.storage.guard.events.remove(moved)
        return waiting

    def search(self, organization: str) -> list[StoredEvent]:
        """Place what is pending and walk a log page by page."""
        with self.security.begin() as unit:
            unit.sequencer.place()
        found: list[StoredEvent] = []
        cursor: str | None = None
        with self.security.begin() as unit:
            while True:
                page = unit.audit.search(AuditQuery(log=LogId(organization)), cursor=cursor, limit=7)
                assert isinstance(page, AuditPage)
                found += [each.event for each in page.events]
                cursor = page.next
                if cursor is None:
                    return found

    def access(self, principal: Principal, organization: str, workspace: str | None, *, cached: bool) -> set[str]:
        """Return the permissions that the gate, or a read past every cache, gives in a place."""
        home, place = OrganizationId(organization), WorkspaceId(workspace) if workspace else None
        if cached:
            return set(self.security.gate.access(principal, home, workspace=place).permissions)
        with self.security.begin() as unit:
            return set(unit.roles.access(principal, home, workspace=place).permissions)

    def wait(self, seconds: int) -> None:
        """Let time pass."""
        self.clock.advance(timedelta(seconds=seconds))
