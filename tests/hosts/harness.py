"""One way to drive both hosts: requests in, bytes out, with the clock, the mail and the stored events at hand."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Protocol

import httpx
import pyotp
from fastapi import FastAPI
from flask import Flask

from ctsec.audit.event import DEPLOYMENT_LOG, LogId
from ctsec.audit.query import AuditQuery
from ctsec.audit.record import StoredEvent
from ctsec.authn.argon2 import Argon2Parameters
from ctsec.authn.record import SessionPolicy
from ctsec.connections import AppPolicy
from ctsec.directory.record import Membership, MembershipStatus
from ctsec.encryption.ports import KeyServices
from ctsec.ids import OrganizationId, UserId, WorkspaceId
from ctsec.keys.policy import KeyPolicy
from ctsec.keys.workload_policy import WorkloadPolicy
from ctsec.mail.message import Message
from ctsec.presets import async_in_memory, in_memory
from ctsec.rbac.assignment import RoleAssignment
from ctsec.rbac.methods import MethodTable
from ctsec.rbac.policy import Policy
from ctsec.residency import Regions
from ctsec.security import AsyncSecurity, Security
from ctsec.security.parts import EmbeddedOptions
from ctsec.sso.policy import SsoPolicy
from ctsec.storage.backup import BackupFolder
from ctsec.testing import AsyncRecordingMailer, FixedClock, RecordingMailer
from ctsec.testing.apps import AppSimulator
from ctsec.testing.workloads import WorkloadIssuers, github_actions, kubernetes
from ctsec.transport.reach import Reach
from tests.hosts.apps import EVENTS, fastapi_app, flask_app

BASE = "http://localhost:8000"
PASSWORD = "a long and quiet river"
COOKIE = "ctsec_session"


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: status, headers with lower-case names (several values joined by a line break), body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Host(Protocol):
    """A running host application, on a memory storage unless a file is named where it is kept."""

    name: str
    clock: FixedClock
    base_url: str

    def send(self, method: str, path: str, *, headers: list[tuple[str, str]], body: bytes) -> Reply:
        """Send one request as it is."""
        ...

    def mails(self, recipient: str) -> tuple[Message, ...]:
        """Let the worker run and return the mail to an address."""
        ...

    def events(self, log: str = DEPLOYMENT_LOG) -> tuple[StoredEvent, ...]:
        """Return the stored events of a log, oldest first."""
        ...

    def place(self, organization: str, user: str, role: str, *, workspace: str, held: str) -> None:
        """Make a person a member with these two roles (`none`: no workspace role), whatever the write rules say."""
        ...

    def do(self, work: Callable[[Any], Any]) -> Any:
        """Do something in a unit of the host's bundle that no route does, and return what comes of it."""
        ...

    def close(self) -> None:
        """End what the host holds."""
        ...


def options(
    clock: FixedClock,
    base_url: str = BASE,
    methods: MethodTable | None = None,
    key_services: KeyServices | None = None,
    regions: Regions | None = None,
    single_sign_on: SsoPolicy | None = None,
) -> EmbeddedOptions:
    """Return the options of a test bundle: cheap hashes, a clock that stands, sessions that outlast the test."""
    files = AppSimulator(clock)
    issuers = WorkloadIssuers(github_actions(clock=clock), kubernetes(clock=clock))
    return EmbeddedOptions(
        apps=AppPolicy(providers=(files.provider(),), fetcher=files),
        keys=KeyPolicy(workload=WorkloadPolicy(fetcher=issuers)),
        base_url=base_url,
        sign_in_links=True,
        password_hash=Argon2Parameters.for_tests(),
        clock=clock,
        sessions=SessionPolicy(aal2_idle=timedelta(hours=20)),
        methods=methods,
        key_services=key_services,
        regions=regions,
        trusted_devices=timedelta(days=30),
        events=EVENTS,
        single_sign_on=single_sign_on or SsoPolicy(reach=Reach.LOOPBACK),
    )


def grouped(headers: list[tuple[str, str]]) -> dict[str, str]:
    """Return headers by lower-case name."""
    made: dict[str, list[str]] = {}
    for name, value in headers:
        made.setdefault(name.lower(), []).append(value)
    return {name: "\n".join(values) for name, values in made.items()}


def member_of(organization: str, user: str, role: str) -> Membership:
    """Return an active membership without end."""
    return Membership(
        organization_id=OrganizationId(organization),
        user_id=UserId(user),
        role=role,
        status=MembershipStatus.ACTIVE,
        starts_at=None,
        expires_at=None,
        created_at=FixedClock().now(),
    )


def assigned_to(organization: str, user: str, workspace: str, role: str) -> RoleAssignment:
    """Return a workspace role without end."""
    return RoleAssignment(
        organization_id=OrganizationId(organization),
        workspace_id=WorkspaceId(workspace),
        user_id=UserId(user),
        role=role,
        starts_at=None,
        expires_at=None,
        granted_by=user,
        created_at=FixedClock().now(),
    )


class Current:
    """Stands for the bundle of the test that runs: an application with all its routes takes longer to make than most tests."""

    def __init__(self, security: Any) -> None:
        self.security = security

    @property  # type: ignore[misc]
    def __class__(self) -> Any:  # a guard asks of which colour its bundle is
        return type(self.security)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.security, name)


_SHARED: dict[str, tuple[Current, Any]] = {}


def shared_app(make: Callable[[Any], Any], security: Any) -> Any:
    """Return the application of this process that `make` makes, over the bundle of this test; nobody adds routes to it."""
    if security.parts.settings.base_url != BASE:
        raise ValueError("expected the usual address: what an application makes of it is made once")
    if make.__name__ not in _SHARED:
        current = Current(security)
        _SHARED[make.__name__] = current, make(current)
    current, app = _SHARED[make.__name__]
    current.security = security
    return app


class FastapiHost:
    """The FastAPI application, driven through its ASGI interface."""

    name = "fastapi"

    def __init__(
        self,
        policy: Policy,
        base_url: str = BASE,
        methods: MethodTable | None = None,
        key_services: KeyServices | None = None,
        regions: Regions | None = None,
        kept: tuple[str, BackupFolder] | None = None,
        shared: bool = False,
        single_sign_on: SsoPolicy | None = None,
    ) -> None:
        self.clock = FixedClock()
        self.mailer = AsyncRecordingMailer()
        self.runner = asyncio.Runner()
        chosen = options(self.clock, base_url, methods, key_services, regions, single_sign_on)
        self.security: AsyncSecurity = (
            AsyncSecurity.embedded(kept[0], issuer="Test", policy=policy, options=replace(chosen, backups=kept[1], worker=False))
            if kept is not None
            else self.runner.run(async_in_memory(policy=policy, mailer=self.mailer, options=chosen))
        )
        self.base_url = base_url
        self.serve(shared_app(fastapi_app, self.security) if shared else fastapi_app(self.security))
        self.worker = self.security.worker("test")

    def serve(self, app: FastAPI) -> None:
        """Send requests to `app`."""
        self.app = app
        transport = httpx.ASGITransport(app=self.app, client=("198.51.100.7", 40000))
        self.client = httpx.AsyncClient(transport=transport, base_url=self.base_url, headers={"user-agent": ""})

    def send(self, method: str, path: str, *, headers: list[tuple[str, str]], body: bytes) -> Reply:
        """Send one request as it is; cookies are the caller's business."""
        self.client.cookies.clear()
        raw = [(key.encode(), value.encode("latin-1")) for key, value in headers]
        answer = self.runner.run(self.client.request(method, path, headers=raw, content=body))
        return Reply(answer.status_code, grouped(answer.headers.multi_items()), answer.content)

    def mails(self, recipient: str) -> tuple[Message, ...]:
        """Let the worker run and return the mail to an address."""
        self.clock.advance(timedelta(seconds=10))
        self.runner.run(self.worker.run_due())
        return self.mailer.to(recipient)

    def events(self, log: str = DEPLOYMENT_LOG) -> tuple[StoredEvent, ...]:
        """Return the stored events of a log, oldest first."""
        self.clock.advance(timedelta(seconds=10))
        self.runner.run(self.worker.run_due())

        async def read() -> tuple[StoredEvent, ...]:
            async with self.security.begin() as unit:
                page = await unit.audit.search(AuditQuery(log=LogId(log)), limit=500)
            return tuple(each.event for each in reversed(getattr(page, "events", ())))

        return self.runner.run(read())

    def place(self, organization: str, user: str, role: str, *, workspace: str, held: str) -> None:
        """Write the membership, and the workspace role unless it is `none`."""

        async def write() -> None:
            async with self.security.begin() as unit:
                store = unit._store
                await store.memberships.add(member_of(organization, user, role))
                if held != "none":
                    await store.assignments.put(assigned_to(organization, user, workspace, held))

        self.runner.run(write())

    def do(self, work: Callable[[Any], Any]) -> Any:
        """Await the work in a unit that is committed."""

        async def within() -> Any:
            async with self.security.begin() as unit:
                return await work(unit)

        return self.runner.run(within())

    def close(self) -> None:
        """Close the client, the bundle and the loop."""
        self.runner.run(self.client.aclose())
        self.runner.run(self.security.aclose())
        self.runner.close()


class FlaskHost:
    """The Flask application, driven through its WSGI interface."""

    name = "flask"

    def __init__(
        self,
        policy: Policy,
        base_url: str = BASE,
        methods: MethodTable | None = None,
        key_services: KeyServices | None = None,
        regions: Regions | None = None,
        kept: tuple[str, BackupFolder] | None = None,
        shared: bool = False,
        single_sign_on: SsoPolicy | None = None,
    ) -> None:
        self.clock = FixedClock()
        self.mailer = RecordingMailer()
        chosen = options(self.clock, base_url, methods, key_services, regions, single_sign_on)
        self.security: Security = (
            Security.embedded(kept[0], issuer="Test", policy=policy, options=replace(chosen, backups=kept[1], worker=False))
            if kept is not None
            else in_memory(policy=policy, mailer=self.mailer, options=chosen)
        )
        self.base_url = base_url
        self.serve(shared_app(flask_app, self.security) if shared else flask_app(self.security))
        self.worker = self.security.worker("test")

    def serve(self, app: Flask) -> None:
        """Send requests to `app`."""
        self.app = app
        self.client = app.test_client(use_cookies=False)

    def send(self, method: str, path: str, *, headers: list[tuple[str, str]], body: bytes) -> Reply:
        """Send one request as it is."""
        around = {"REMOTE_ADDR": "198.51.100.7"}
        answer = self.client.open(path, method=method, headers=headers, data=body, base_url=self.base_url, environ_overrides=around)
        return Reply(answer.status_code, grouped(list(answer.headers)), answer.data)

    def mails(self, recipient: str) -> tuple[Message, ...]:
        """Let the worker run and return the mail to an address."""
        self.clock.advance(timedelta(seconds=10))
        self.worker.run_due()
        return self.mailer.to(recipient)

    def events(self, log: str = DEPLOYMENT_LOG) -> tuple[StoredEvent, ...]:
        """Return the stored events of a log, oldest first."""
        self.clock.advance(timedelta(seconds=10))
        self.worker.run_due()
        with self.security.begin() as unit:
            page = unit.audit.search(AuditQuery(log=LogId(log)), limit=500)
        return tuple(each.event for each in reversed(getattr(page, "events", ())))

    def place(self, organization: str, user: str, role: str, *, workspace: str, held: str) -> None:
        """Write the membership, and the workspace role unless it is `none`."""
        with self.security.begin() as unit:
            store = unit._store
            store.memberships.add(member_of(organization, user, role))
            if held != "none":
                store.assignments.put(assigned_to(organization, user, workspace, held))

    def do(self, work: Callable[[Any], Any]) -> Any:
        """Do the work in a unit that is committed."""
        with self.security.begin() as unit:
            return work(unit)

    def close(self) -> None:
        """Close the bundle."""
        self.security.close()


HOSTS: dict[str, Callable[..., Host]] = {"fastapi": FastapiHost, "flask": FlaskHost}


@dataclass(slots=True)
class Browser:
    """A browser of one person: it keeps the cookie and the CSRF token, as a page of the site would."""

    host: Host
    cookie: str = ""
    csrf: str = ""
    email: str = ""
    id: str = ""
    totp: str = ""
    backup: list[str] = field(default_factory=list)
    link: str = ""

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        raw: bytes | None = None,
        csrf: bool = True,
    ) -> Reply:
        """Make a request; `csrf` False leaves the header away, as a foreign site would have to."""
        sent = {"user-agent": "test browser"}
        if self.cookie:
            locked = "__Host-" if self.host.base_url.startswith("https:") else ""
            sent["cookie"] = f"{locked}{COOKIE}={self.cookie}"
        if self.csrf and csrf and method not in {"GET", "HEAD", "OPTIONS"}:
            sent["x-csrf-token"] = self.csrf
        if body is not None or raw is not None:
            sent["content-type"] = "application/json"
        content = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        reply = self.host.send(method, path, headers=list({**sent, **(headers or {})}.items()), body=content)
        self._keep(reply)
        return reply

    def auth(self, line: str, body: Any = None, **more: Any) -> Reply:
        """Call a route of the table, as `METHOD /path`."""
        method, path = line.split(" ", 1)
        return self.call(method, f"/auth{path}", body, **more)

    def ok(self, line: str, body: Any = None, **more: Any) -> Any:
        """Call a route of the table, expect success and return its JSON."""
        reply = self.auth(line, body, **more)
        assert reply.status < 300, (line, reply.status, reply.body)
        return reply.json if reply.body else None

    def _keep(self, reply: Reply) -> None:
        found = re.search(rf"(?m)^(?:__Host-)?{COOKIE}=([^;]*);", reply.headers.get("set-cookie", ""))
        if found:
            self.cookie = found[1]
            self.csrf = reply.json.get("csrf_token", "") if reply.body else ""

    def mailed_token(self) -> str:
        """Return the token of the last mail to this person that has one."""
        found = [re.search(r"token=([A-Za-z0-9_-]{43})", mail.text.reveal()) for mail in self.host.mails(self.email)]
        return [match[1] for match in found if match][-1]

    def sign_up(self, email: str, name: str = "A Person") -> Browser:
        """Make an account, confirm its address, and sign in."""
        self.email = email
        self.ok("POST /sign-up", {"email": email, "password": PASSWORD, "name": name})
        self.ok("POST /verify-email", {"token": self.mailed_token()})
        self.sign_in()
        return self

    def sign_in(self) -> Any:
        """Take the first step of a sign-in."""
        answer = self.ok("POST /sign-in", {"email": self.email, "password": PASSWORD})
        self.id = answer.get("user_id", self.id)
        return answer

    def enrol(self) -> Browser:
        """Turn the second factor on."""
        self.totp = self.ok("POST /mfa/totp")["manual_key"].replace(" ", "")
        self.backup = self.ok("POST /mfa/totp/confirm", {"code": self.code()})["codes"]
        return self

    def code(self) -> str:
        """Return the code that the authenticator shows."""
        return pyotp.TOTP(self.totp).at(self.host.clock.now())

    def found(self, name: str) -> str:
        """Found an organization, make it active and return its id."""
        organization = str(self.ok("POST /organizations", {"name": name})["id"])
        self.ok("POST /session/organization", {"organization_id": organization})
        return organization

    def workspace(self, organization: str, name: str = "Main") -> str:
        """Create a workspace, a moment later, so that ids and events have an order."""
        self.host.clock.advance(timedelta(milliseconds=1))
        return str(self.ok(f"POST /organizations/{organization}/workspaces", {"name": name})["id"])

    def invite(self, organization: str, guest: Browser, **roles: str | None) -> None:
        """Invite a person, who accepts."""
        self.ok(f"POST /organizations/{organization}/invitations", {"email": guest.email, **roles})
        guest.ok("POST /invitations/accept", {"token": guest.mailed_token()})


def bearer(host: Host, token: str, method: str, path: str, body: Any = None) -> Reply:
    """Call with an API key, as a program does."""
    content = b"" if body is None else json.dumps(body).encode()
    headers = [("authorization", f"Bearer {token}"), *([("content-type", "application/json")] if content else [])]
    return host.send(method, path, headers=headers, body=content)


def named(events: tuple[StoredEvent, ...], name: str) -> list[StoredEvent]:
    """Return the events of one name."""
    return [event for event in events if event.name == name]
