# Generated from tests/services/_async_world.py by tools/twin.py; edit that file.
"""A whole deployment in one process, and the verbs that tests tell their stories with (async source of the twin)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from ctsec.ambient import Request
from ctsec.audit._sync_ports import LogSigner
from ctsec.audit.event import DEPLOYMENT_LOG, LogId
from ctsec.audit.query import MAX_PAGE, AuditQuery
from ctsec.audit.record import StoredEvent
from ctsec.authn.argon2 import Argon2Parameters
from ctsec.authn.argon2_pool import Argon2Hasher
from ctsec.authn.journey import MfaRequired, SignedIn, SignInStep
from ctsec.directory.record import Organization, Workspace
from ctsec.encryption._sync_ports import SealedTable
from ctsec.encryption.kms.local import LocalKms
from ctsec.encryption.reencryption import SETTLE, Reencryption
from ctsec.ids import OrganizationId, WorkspaceId
from ctsec.keys.policy import KeyRequest
from ctsec.presets import parts_of, settings_of
from ctsec.principal import Factor, Principal
from ctsec.rbac.preset import POLICY
from ctsec.residency import DEPLOYMENTS_KEY, Region, Regions
from ctsec.residency._sync_ports import RegionStorage
from ctsec.security._sync import Security
from ctsec.security.parts import EmbeddedOptions
from ctsec.storage._sync_ports import Storage
from ctsec.storage.memory import MemoryRegionStorage, MemoryStorage
from ctsec.storage.sql._sync import SqlStorage
from ctsec.testing import FixedClock, ProbedStorage, RecordingMailer, SoftwareAuthenticator
from ctsec.testing.conformance.samples import ignore
from tests.services.probing import (
    DATABASE,
    OPERATOR,
    ORIGIN,
    PASSWORD,
    Device,
    Keys,
    Login,
    Tap,
    base32,
    copied,
    empty_sqlite,
    kept_folder,
    sync_breaches,
    sync_services,
    token_in,
)

# What a service does depends on the store's kind and on the colour, never on both: one colour meets both stores.
KINDS: Final = ("memory", "sqlite")
BOTH: Final = ("memory", "sqlite")
REGIONS: Final = Regions(
    regions=tuple(Region(name=name, store=f"memory:{name}", key=DEPLOYMENTS_KEY) for name in ("default", "eu", "us")),
)
_played: dict[tuple[Callable[[World], Any], str], tuple[World, Path, Any]] = {}
REQUEST: Final = Request(id="req_1", address="198.51.100.7", user_agent="a browser")


class World:
    """A deployment on `storage` with a clock that stands still, a mailer that keeps, and a tap on every port call."""

    def __init__(
        self,
        storage: Storage,
        *,
        options: EmbeddedOptions | None = None,
        keys: Keys | None = None,
        tables: tuple[SealedTable, ...] = (),
        log_signer: LogSigner | None = None,
        region_stores: Mapping[str, RegionStorage] | None = None,
    ) -> None:
        self.clock = FixedClock()
        self.mailer = RecordingMailer()
        self.tap = Tap()
        self.storage = storage
        self.options = given = options or EmbeddedOptions(sign_in_links=True)
        self.regions = given.regions or REGIONS
        chosen = replace(given, regions=self.regions, password_hash=Argon2Parameters.for_tests(), clock=self.clock)
        self.keys = keys or Keys.fresh()
        kms = self.keys.kms
        self.hasher = Argon2Hasher(chosen.password_hash)
        self.region_stores = {name: MemoryRegionStorage(region=region, store=name) for name, (region, _) in self.regions.stores.items()}
        stores: dict[str, RegionStorage] = {**self.region_stores, **(region_stores or {})}
        self.parts = parts_of(kms, policy=POLICY, settings=settings_of("Acme", chosen), options=chosen)
        self.security = Security(
            storage=ProbedStorage(storage, probe=self.tap),
            kms=kms,
            slow_hash=self.hasher,
            parts=self.parts,
            random=os.urandom,
            mailer=self.mailer,
            breaches=sync_breaches(given),
            key_services=sync_services(given, self.keys.customer),
            region_stores=stores,
            sealed_tables=tables,
            log_signer=log_signer,
        )
        self.gate = self.security.gate
        self.request = REQUEST
        self._worker = self.security.worker("worker-1")
        self._tokens: dict[str, str] = {}
        self._owners: dict[OrganizationId, Principal] = {}

    @classmethod
    @contextmanager
    def open(
        cls,
        kind: str = "memory",
        *,
        folder: Path | None = None,
        options: EmbeddedOptions | None = None,
        tables: tuple[SealedTable, ...] = (),
        log_signer: LogSigner | None = None,
    ) -> Generator[World, None, None]:
        """Open a world on memory, or on SQLite in `folder`; its threads end with the block."""
        storage: Storage = MemoryStorage()
        if kind == "sqlite" and folder is not None:
            shutil.copytree(empty_sqlite(), folder, dirs_exist_ok=True)
            storage = SqlStorage.from_url(f"sqlite:///{folder / DATABASE}")
        with cls.over(storage, options=options, tables=tables, log_signer=log_signer) as world:
            yield world

    @classmethod
    @contextmanager
    def over(
        cls,
        storage: Storage,
        *,
        options: EmbeddedOptions | None = None,
        keys: Keys | None = None,
        tables: tuple[SealedTable, ...] = (),
        log_signer: LogSigner | None = None,
        region_stores: Mapping[str, RegionStorage] | None = None,
    ) -> Generator[World, None, None]:
        """Open a world over a storage that the test holds too; with the keys of another world, as a process of that deployment.

        `region_stores` take the place of those in memory, by name.
        """
        made = cls(storage, options=options, keys=keys, tables=tables, log_signer=log_signer, region_stores=region_stores)
        with cls._opened(made) as world:
            yield world

    @classmethod
    @contextmanager
    def played(
        cls, play: Callable[[World], Any], kind: str = "memory", *, folder: Path | None = None
    ) -> Generator[tuple[World, Any], None, None]:
        """Open a world in which `play` was played, and yield what that returned, which holds no world.

        It is played once a process. Each world after that is like another process of the same deployment, over copies of its stores.
        """
        if (play, kind) not in _played:
            first = kept_folder()
            with cls.open(kind, folder=first) as world:
                _played[play, kind] = world, first, play(world)
        before, first, made = _played[play, kind]
        if kind == "sqlite" and folder is not None:
            shutil.copytree(first, folder, dirs_exist_ok=True)
            storage: Storage = SqlStorage.from_url(f"sqlite:///{folder / DATABASE}")
        else:
            assert isinstance(before.storage, MemoryStorage)
            storage = MemoryStorage(copied(before.storage.state))
        with cls._opened(cls(storage, options=before.options, keys=before.keys)) as world:
            world._go_on(before)
            yield world, made

    def _go_on(self, before: World) -> None:
        """Take over what is in no store: the time, the mails, and what the verbs of this class remember; and what regions hold."""
        self.clock.advance(before.clock.now() - self.clock.now())
        self.mailer.sent += before.mailer.sent
        self._tokens |= before._tokens
        self._owners |= before._owners
        for name, store in self.region_stores.items():
            store.state.newest = before.region_stores[name].state.newest

    @classmethod
    @contextmanager
    def _opened(cls, world: World) -> Generator[World, None, None]:
        """Start the process; its threads end with the block."""
        world.security.prepare()
        try:
            yield world
        finally:
            world.security.close()
            pass

    def call(self, method: str, *positional: Any, **named: Any) -> Any:
        """Call `<service>.<method>` in a unit of its own and return the answer."""
        service, _, verb = method.partition(".")
        with self.security.begin(REQUEST) as unit:
            return getattr(getattr(unit, service), verb)(*positional, **named)

    def counted(self, organization: OrganizationId) -> None:
        """Say of every table that it was counted two hours from now, and that nothing is under a data key that was replaced."""
        at = self.clock.now()
        with self.storage.begin(after_commit=ignore) as store:
            for place, _ in self.security.jobs.reencryptions._places:
                ended = Reencryption(scope=organization, place=place.name, started_at=at, ended_at=at + SETTLE)
                assert store.reencryptions.put(ended)

    def mail(self) -> None:
        """Send what waits in the outbox, without letting time pass."""
        while self.security.jobs.send_mail():
            pass

    def token(self, email: str, kind: str) -> str:
        """Return the token of the newest mail of a kind to an address."""
        self.mail()
        return token_in([message for message in self.mailer.to(email) if message.kind == kind][-1])

    def drain(self) -> None:
        """Let the worker run, a second at a time, until it has nothing more to do."""
        for _ in range(20):
            self.clock.advance(timedelta(seconds=1))
            runs = self._worker.run_due()
            assert [run for run in runs if run.error] == []
            if not any(run.done for run in runs):
                return
        raise AssertionError("the worker never came to rest")

    def events(self, log: str = DEPLOYMENT_LOG, name: str | None = None) -> tuple[StoredEvent, ...]:
        """Return the events of a log, oldest first, after everything that waits was placed."""
        while self.security.jobs.place_events():
            pass
        with self.security.begin() as unit:
            page: Any = unit.audit.search(AuditQuery(log=LogId(log), name=name), limit=MAX_PAGE)
        return tuple(sealed.event for sealed in reversed(page.events))

    def step(self, email: str, password: str = PASSWORD) -> SignInStep:
        """Take the first step of a sign-in."""
        answer: SignInStep = self.call("sign_in.password", email=email, password=password)
        return answer

    def second(self, step: SignInStep, code: str, factor: Factor = Factor.TOTP) -> SignInStep:
        """Take the second step of a sign-in."""
        assert isinstance(step, MfaRequired), step
        answer: SignInStep = self.call("sign_in.second_factor", ticket=step.ticket.reveal(), factor=factor, code=code)
        return answer

    def arrived(self, step: SignInStep) -> Login:
        """Return the person of a completed sign-in, as the gate knows them."""
        assert isinstance(step, SignedIn), step
        return self.known(step.token.reveal())

    def known(self, token: str) -> Login:
        """Return the person of a live session token."""
        principal = self.gate.session(token)
        assert isinstance(principal, Principal), principal
        self._tokens[principal.credential.id] = token
        return Login(principal, token)

    def login(self, email: str, password: str = PASSWORD) -> Login:
        """Sign in with a password alone."""
        return self.arrived(self.step(email, password))

    def login_with(self, device: Device, email: str, password: str = PASSWORD) -> Login:
        """Sign in with a password and the code of the next time step."""
        self.clock.advance(timedelta(seconds=30))
        return self.arrived(self.second(self.step(email, password), device.code()))

    def again(self, principal: Principal) -> Principal:
        """Return the principal as the gate knows it now."""
        return (self.known(self._tokens[principal.credential.id])).principal

    def sign_up(self, email: str) -> None:
        """Make an account that is not confirmed."""
        self.call("accounts.sign_up", email=email, password=PASSWORD, name=email.partition("@")[0])

    def person(self, email: str) -> Principal:
        """Sign up, confirm the address with the mailed token, and sign in."""
        self.sign_up(email)
        self.call("accounts.verify_email", token=self.token(email, "email_verification"))
        return (self.login(email)).principal

    def change_of_address(self, principal: Principal, email: str) -> str:
        """Ask for another address for a person's account, and return the token that was mailed to it."""
        self.call("addresses.request_change", principal, email=email, password=PASSWORD)
        return self.token(email, "email_change")

    def enrol(self, principal: Principal) -> Device:
        """Turn TOTP on in the principal's session; its code of this time step is burned."""
        enrolment = self.call("mfa.begin_totp", principal)
        pending = Device(base32(enrolment.seed.reveal()), (), self.clock)
        codes = self.call("mfa.confirm_totp", principal, code=pending.code())
        self.known(codes.session_token.reveal())
        return Device(pending.seed, tuple(code.reveal() for code in codes.codes), self.clock)

    def add_passkey(self, principal: Principal, authenticator: SoftwareAuthenticator, name: str = "Laptop") -> Any:
        """Register a passkey in the principal's session, and return it with the codes that came with it."""
        options = self.call("passkeys.begin_registration", principal)
        assert not hasattr(options, "reason"), options
        response = authenticator.create(options, origin=ORIGIN)
        return self.call("passkeys.finish_registration", principal, response=response, name=name)

    def organization(self, owner: Principal, name: str = "Acme") -> Organization:
        """Make an organization that `owner` owns."""
        made: Organization = self.call("directory.create_organization", owner, name=name)
        self._owners[made.id] = owner
        return made

    def workspace(self, organization: OrganizationId, name: str = "Prod") -> Workspace:
        """Make a workspace, as the organization's first owner."""
        made: Workspace = self.call("directory.create_workspace", self._owners[organization], organization=organization, name=name)
        return made

    def invite(
        self, organization: OrganizationId, email: str, role: str = "member", workspace: WorkspaceId | None = None, wrole: str | None = None
    ) -> str:
        """Invite an address, as the organization's first owner, and return the mailed token."""
        owner = self._owners[organization]
        invited = self.call(
            "members.invite", owner, organization=organization, email=email, role=role, workspace=workspace, workspace_role=wrole
        )
        assert not hasattr(invited, "reason"), invited
        return self.token(email, "invitation")

    def member(
        self, organization: OrganizationId, email: str, role: str = "member", workspace: WorkspaceId | None = None, wrole: str | None = None
    ) -> Principal:
        """Make a new person a member, by invitation."""
        token = self.invite(organization, email, role, workspace, wrole)
        principal = self.person(email)
        accepted = self.call("members.accept", principal, token=token)
        assert not hasattr(accepted, "reason"), accepted
        return principal

    def key(self, owner: Principal, organization: OrganizationId, **request: Any) -> Any:
        """Mint an API key and return it with its text."""
        return self.call("api_keys.mint", owner, organization=organization, request=KeyRequest(**{"name": "ci", **request}))

    def verified(self, organization: OrganizationId, domain: str = "acme.example") -> None:
        """Have an operator record that the organization controls a domain."""
        done = self.call("domains.record", OPERATOR, organization=organization, domain=domain, proof="seen in its DNS")
        assert not hasattr(done, "reason"), done

    def sure(self, principal: Principal) -> Principal:
        """Return the principal right after another proof of a second factor."""
        return replace(principal, credential=replace(principal.credential, aal=2, factors={Factor.TOTP: self.clock.now()}))

    def may(self, principal: Principal, permission: str, organization: OrganizationId, workspace: WorkspaceId | None = None) -> bool:
        """Ask the gate for one permission."""
        return (self.gate.access(principal, organization, workspace=workspace)).can(permission)
