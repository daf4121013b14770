"""Two processes that hold the roles of whole organizations: what one changes the other knows in time, and few reads are made."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any

import pytest

from ctsec import AsyncSecurity, Principal, Refusal, Security
from ctsec.authn import Argon2Parameters
from ctsec.cache import LIFE
from ctsec.directory import Workspace
from ctsec.ids import OrganizationId, UserId, WorkspaceId
from ctsec.rbac import CustomRole, DecisionReason
from ctsec.rbac.preset import POLICY, Permission
from ctsec.security import EmbeddedOptions
from ctsec.security import _sync_mirror as mirror_module
from ctsec.security.mirror import Mirror
from ctsec.testing import FixedClock
from tests.presets.pair import Pair, opened
from tests.presets.test_change_feeds import FEEDS, told, wait_until
from tests.servers import fresh_redis
from tests.storage.redis.support import own_redis

SECOND = timedelta(seconds=1)
CHANGES: dict[str, Callable[[Pair, Any], object]] = {
    "workspace role revoked": lambda p, unit: unit.roles.revoke(
        p.owner, organization=p.organization.id, workspace=p.workspace.id, user=UserId(p.member.user.id)
    ),
    "workspace role lowered": lambda p, unit: unit.roles.assign(
        p.owner, organization=p.organization.id, workspace=p.workspace.id, user=UserId(p.member.user.id), role="viewer"
    ),
    "organization role lowered": lambda p, unit: unit.roles.change_organization_role(
        p.owner, organization=p.organization.id, user=UserId(p.member.user.id), role="viewer"
    ),
    "member suspended": lambda p, unit: unit.members.suspend(p.owner, organization=p.organization.id, user=UserId(p.member.user.id)),
    "member removed": lambda p, unit: unit.members.remove(p.owner, organization=p.organization.id, user=UserId(p.member.user.id)),
}


def who(pair: Pair) -> Principal:
    """Return the member, signed in."""
    return replace(pair.owner, id=pair.member.user.id)


@contextmanager
def reads(process: Security) -> Iterator[list[str]]:
    """Note every call of the store's short reads while the block runs."""
    noted: list[str] = []
    opened_before = type(process._storage).reading

    class Noting:
        def __init__(self, inner: Any) -> None:
            self._inner = inner

        def __getattr__(self, name: str) -> Any:
            noted.append(name)
            return getattr(self._inner, name)

    @contextmanager
    def reading(self: Any) -> Iterator[Any]:
        with opened_before(self) as store:
            yield Noting(store) if self is process._storage else store

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(type(process._storage), "reading", reading)
        yield noted


@pytest.fixture(params=[None, *FEEDS])
def place(request: pytest.FixtureRequest) -> str | None:
    """Where the processes meet, if anywhere."""
    return fresh_redis() if request.param == "redis" else request.param


@pytest.fixture
def pair(tmp_path: Path, place: str | None) -> Iterator[Pair]:
    """A pair that holds roles, some time after they were set up."""
    with opened(tmp_path, changes=place, roles_in_memory=True) as made:
        time.sleep(0.05 if place not in {None, "store"} else 0)
        made.clock.advance(timedelta(seconds=LIFE))
        assert made.role(made.here)
        assert made.role(made.there)
        yield made


@pytest.mark.proves("GHSA-x883-2vmg-xwf7", "ASVS-8.3.2")
@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_known_here_at_once_and_there_in_time(pair: Pair, place: str | None, name: str) -> None:
    """Who changes a role refuses at the next question; another process when it next asks the feed, or after five seconds without one."""
    before = told(place) if place else 0
    with pair.here.begin() as unit:
        CHANGES[name](pair, unit)
    assert not pair.role(pair.here)
    wait_until(lambda: place in {None, "store"} or told(place) > before)
    pair.clock.advance(SECOND if place else timedelta(seconds=LIFE))
    assert not pair.role(pair.there)


def test_roles_of_an_organizations_own_are_known_in_time(pair: Pair, place: str | None) -> None:
    """A role that an organization makes, gives and changes counts here at once and there in time, from memory in both."""
    member, home = who(pair), pair.organization.id

    def approves(process: Security) -> bool:
        answer = process.gate.access(member, home, workspace=pair.workspace.id).can(Permission.OPERATIONS_APPROVE)
        assert process.gate.roles(home, UserId(member.id)) is not None
        return answer

    assert not approves(pair.here)
    assert not approves(pair.there)
    for permissions in ({str(Permission.OPERATIONS_APPROVE)}, {str(Permission.DASHBOARDS_VIEW)}):
        before = told(place) if place else 0
        with pair.here.begin() as unit:
            made = unit.custom_roles.define(pair.owner, organization=home, role=CustomRole("approver", frozenset(permissions)))
            assert not isinstance(made, Refusal)
            given = unit.roles.assign(pair.owner, organization=home, workspace=pair.workspace.id, user=UserId(member.id), role="approver")
            assert not isinstance(given, Refusal)
        wanted = Permission.OPERATIONS_APPROVE in permissions
        assert approves(pair.here) == wanted
        wait_until(lambda before=before: place in {None, "store"} or told(place) > before)  # type: ignore[misc]
        pair.clock.advance(SECOND if place else timedelta(seconds=LIFE))
        assert approves(pair.there) == wanted


def test_a_change_that_nobody_told_of_is_known_after_five_seconds(pair: Pair) -> None:
    """The version of an organization is compared every five seconds, so a feed that lost a change does not hide it for longer."""
    for process in (pair.here, pair.there):
        process.parts.memory.records.position = None
    with pair.here._storage.begin(after_commit=lambda _: None) as store:
        store.assignments.remove(pair.organization.id, pair.workspace.id, UserId(pair.member.user.id))
        store.organizations.advance_roles(pair.organization.id)
    pair.clock.advance(timedelta(seconds=LIFE))
    assert not pair.role(pair.there)
    assert not pair.role(pair.here)


def test_a_change_that_is_rolled_back_ends_nothing(pair: Pair) -> None:
    """A revocation whose transaction rolls back leaves both processes as they were."""

    def revoke_and_fail() -> None:
        with pair.here.begin() as unit:
            CHANGES["workspace role revoked"](pair, unit)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        revoke_and_fail()
    assert pair.role(pair.here)
    pair.clock.advance(timedelta(seconds=LIFE))
    assert pair.role(pair.there)


def test_few_reads_are_made(tmp_path: Path) -> None:
    """An organization is read once for all of its people; then only its version, every five seconds, and whoever changed."""
    with opened(tmp_path, roles_in_memory=True) as pair:
        process, member, home = pair.there, who(pair), pair.organization.id
        pair.clock.advance(timedelta(seconds=LIFE))
        with reads(process) as noted:
            for principal in (pair.owner, member) * 3:
                for workspace in (None, pair.workspace.id):
                    process.gate.access(principal, home, workspace=workspace)
            assert noted == ["standings"]
            noted.clear()
            pair.clock.advance(timedelta(seconds=LIFE))
            process.gate.access(member, home)
            process.gate.access(pair.owner, home)
            assert noted == ["standings"]
            noted.clear()
            process.parts.memory.evict(frozenset([member.id]))
            process.gate.access(pair.owner, home)
            assert noted == []
            process.gate.access(member, home)
            process.gate.access(member, home)
            assert noted == ["standings", "standings"]


def test_a_workspace_made_after_the_load_is_known_at_once(pair: Pair) -> None:
    """A workspace that the load did not see is asked for in the store, and is no foreign one; one of nobody stays foreign."""
    home = pair.organization.id
    with pair.here.begin() as unit:
        made = unit.directory.create_workspace(pair.owner, organization=home, name="Staging")
    assert isinstance(made, Workspace)
    for process in (pair.here, pair.there):
        for _ in range(2):
            assert process.gate.access(pair.owner, home, workspace=made.id).can(Permission.AGENTS_RUN)
        nowhere = process.gate.access(pair.owner, home, workspace=WorkspaceId("wsp_nowhere")).check(Permission.AGENTS_RUN)
        assert nowhere.reason is DecisionReason.FOREIGN_ORGANIZATION
        stranger = process.gate.access(pair.owner, OrganizationId("org_nowhere")).check(Permission.MEMBERS_MANAGE)
        assert stranger.reason is DecisionReason.NOT_A_MEMBER


def test_a_key_is_narrowed_as_before(tmp_path: Path) -> None:
    """Scopes and workspaces of a key narrow what is held in memory exactly as what is read for each person."""
    with opened(tmp_path, roles_in_memory=True) as pair, opened_beside(tmp_path, pair.clock) as plain:
        narrowings: list[dict[str, Any]] = [
            {"scopes": frozenset([str(Permission.DASHBOARDS_VIEW)])},
            {"scopes": frozenset()},
            {"workspaces": frozenset([pair.workspace.id])},
            {"workspaces": frozenset()},
            {},
        ]
        for narrowing in narrowings:
            for principal in (pair.owner, who(pair)):
                narrowed = replace(principal, credential=replace(principal.credential, **narrowing))
                for workspace in (None, pair.workspace.id, WorkspaceId("wsp_nowhere")):
                    held, read = (
                        process.gate.access(narrowed, pair.organization.id, workspace=workspace) for process in (pair.here, plain)
                    )
                    assert [held.check(each) for each in Permission] == [read.check(each) for each in Permission]


@contextmanager
def opened_beside(folder: Path, clock: FixedClock) -> Iterator[Security]:
    """Open the pair's file in a process that reads roles person by person."""
    options = EmbeddedOptions(password_hash=Argon2Parameters.for_tests(), clock=clock, worker=False)
    process = Security.embedded(str(folder / "app.db"), policy=POLICY, issuer="Acme", options=options)
    yield process
    process.close()


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_during_a_load_is_not_lost(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A load that began before a change committed in the same process does not bring back what the change ended."""
    with opened(tmp_path, roles_in_memory=True) as pair:
        pair.here.parts.memory.evict(frozenset([pair.organization.id]))
        page = mirror_module.Mirroring._places

        def places(self: Any, store: Any, organization: OrganizationId) -> Any:
            # The people are read already.
            monkeypatch.setattr(mirror_module.Mirroring, "_places", page)
            with pair.here.begin() as unit:
                CHANGES[name](pair, unit)
            return page(self, store, organization)

        monkeypatch.setattr(mirror_module.Mirroring, "_places", places)
        assert not pair.role(pair.here)
        assert not pair.role(pair.here)


def listed(process: Security, pair: Pair, user: str) -> tuple[WorkspaceId, ...]:
    """Return where somebody may run agents, as a process holds it in memory."""
    snapshot = process.gate.roles(pair.organization.id, UserId(user))
    assert snapshot is not None
    found = snapshot.workspaces_with(UserId(user), pair.organization.id, Permission.AGENTS_RUN, now=pair.clock.now())
    assert found is not None
    return found


def test_a_list_knows_a_new_workspace_in_time(pair: Pair, place: str | None) -> None:
    """A workspace is listed here at once, and in another process when it next asks the feed, or after five seconds without one."""
    before = told(place) if place else 0
    with pair.here.begin() as unit:
        made = unit.directory.create_workspace(pair.owner, organization=pair.organization.id, name="Staging")
    assert isinstance(made, Workspace)
    wanted = tuple(sorted([pair.workspace.id, made.id]))
    assert listed(pair.here, pair, pair.owner.id) == wanted
    assert listed(pair.here, pair, pair.member.user.id) == (pair.workspace.id,)
    wait_until(lambda: place in {None, "store"} or told(place) > before)
    pair.clock.advance(SECOND if place else timedelta(seconds=LIFE))
    assert listed(pair.there, pair, pair.owner.id) == wanted


def test_an_organization_is_read_page_by_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each question reads one page more and is answered, from the store until the organization is whole, and from memory then."""
    monkeypatch.setattr(mirror_module, "PEOPLE", 1)
    monkeypatch.setattr(mirror_module, "WORKSPACES", 1)
    with opened(tmp_path, roles_in_memory=True) as pair:
        for name in ("Two", "Three"):
            with pair.here.begin() as unit:
                assert isinstance(unit.directory.create_workspace(pair.owner, organization=pair.organization.id, name=name), Workspace)
        held = []
        for _ in range(4):
            assert pair.role(pair.here)
            held.append(pair.organization.id in mirror_of(pair.here).snapshot)
        assert held == [False, False, True, True]
        assert len(listed(pair.here, pair, pair.owner.id)) == 3
        assert len(listed(pair.here, pair, pair.member.user.id)) == 1


def test_a_change_between_pages_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who changes after the page that they are on, and before the last one, is what they are now."""
    monkeypatch.setattr(mirror_module, "PEOPLE", 1)
    with opened(tmp_path, roles_in_memory=True) as pair:
        pair.here.parts.memory.evict(frozenset([pair.organization.id]))
        for _ in range(2):
            assert pair.role(pair.here)
        with pair.here.begin() as unit:
            CHANGES["workspace role revoked"](pair, unit)
        for _ in range(3):
            assert not pair.role(pair.here)
        assert pair.organization.id in mirror_of(pair.here).snapshot


def test_a_read_that_fails_is_given_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that could not be read raises for who asked, and the next question reads it."""
    with opened(tmp_path, roles_in_memory=True) as pair:
        pair.here.parts.memory.evict(frozenset([pair.organization.id]))
        places = mirror_module.Mirroring._places

        def fails(*_: object) -> None:
            monkeypatch.setattr(mirror_module.Mirroring, "_places", places)
            raise ZeroDivisionError

        monkeypatch.setattr(mirror_module.Mirroring, "_places", fails)
        with pytest.raises(ZeroDivisionError):
            pair.role(pair.here)
        assert pair.role(pair.here)
        assert pair.organization.id in mirror_of(pair.here).snapshot


def mirror_of(process: Security) -> Mirror:
    """Return what a process holds."""
    mirror = process.parts.memory.mirror
    assert mirror is not None
    return mirror


def test_a_process_that_holds_no_roles_gives_none(tmp_path: Path) -> None:
    """Without the option there is no snapshot to ask."""
    with opened(tmp_path) as pair:
        assert pair.here.gate.roles(pair.organization.id, UserId(pair.owner.id)) is None


@pytest.mark.server("redis")
def test_without_an_answer_the_store_is_read(tmp_path: Path) -> None:
    """While Redis is away nothing in memory is believed: a change is seen a second later, and the snapshot is not handed out."""
    with own_redis() as server, opened(tmp_path, changes=server.url, roles_in_memory=True) as pair:
        server.kill()
        with pair.here.begin() as unit:
            CHANGES["workspace role revoked"](pair, unit)
        pair.clock.advance(SECOND)
        assert not pair.role(pair.there)
        assert pair.there.gate.roles(pair.organization.id, UserId(pair.member.user.id)) is None


async def test_the_async_colour_holds_roles_too(tmp_path: Path) -> None:
    """The async bundle on the same file answers from its memory, and forgets what the process changes."""
    with opened(tmp_path) as pair:
        options = EmbeddedOptions(password_hash=Argon2Parameters.for_tests(), clock=pair.clock, worker=False, roles_in_memory=True)
        process = AsyncSecurity.embedded(str(tmp_path / "app.db"), policy=POLICY, issuer="Acme", options=options)
        home, member = pair.organization.id, who(pair)
        assert (await process.gate.access(member, home, workspace=pair.workspace.id)).can(Permission.AGENTS_RUN)
        assert await process.gate.roles(home, UserId(member.id)) is process.parts.memory.mirror.snapshot  # type: ignore[union-attr]
        async with process.begin() as unit:
            await unit.roles.revoke(pair.owner, organization=home, workspace=pair.workspace.id, user=UserId(member.id))
        assert not (await process.gate.access(member, home, workspace=pair.workspace.id)).can(Permission.AGENTS_RUN)
        await process.aclose()


CHILD = """
import sys
from ctsec import Principal, Security
from ctsec.authn import Argon2Parameters
from ctsec.ids import UserId
from ctsec.principal import Credential, CredentialKind, PrincipalKind
from ctsec.rbac.preset import POLICY, Permission
from ctsec.security import EmbeddedOptions

path, place, user, organization, workspace = sys.argv[1:]
options = EmbeddedOptions(
    password_hash=Argon2Parameters.for_tests(), worker=False, changes=place or None, ask_every=0.2, roles_in_memory=True
)
security = Security.embedded(path, policy=POLICY, issuer="Acme", options=options)
member = Principal(id=UserId(user), kind=PrincipalKind.USER, credential=Credential(kind=CredentialKind.SESSION, id=""))
for _ in sys.stdin:
    allowed = security.gate.access(member, organization, workspace=workspace).can(Permission.AGENTS_RUN)
    held = organization in security.parts.memory.mirror.snapshot
    print(f"{'open' if allowed else 'shut'} {'held' if held else 'read'}", flush=True)
security.close()
"""


def test_two_processes_of_the_system(tmp_path: Path, place: str | None) -> None:
    """With real processes and the real clock: what one revokes the other refuses within five seconds, and it did hold it in memory."""
    with opened(tmp_path, changes=place, starts=datetime.now(UTC)) as pair:
        path, user = str(tmp_path / "app.db"), pair.member.user.id
        arguments = [sys.executable, "-c", CHILD, path, place or "", user, pair.organization.id, pair.workspace.id]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment) as child:
            asks, answers = child.stdin, child.stdout
            assert asks is not None
            assert answers is not None

            def answer(asks: IO[str] = asks, answers: IO[str] = answers) -> str:
                asks.write("\n")
                asks.flush()
                return answers.readline().strip()

            assert answer() == "open held"
            with pair.here.begin() as unit:
                CHANGES["workspace role revoked"](pair, unit)
            deadline = time.monotonic() + (2.5 if place else 5.2)
            while answer() != "shut held":
                assert time.monotonic() < deadline
                time.sleep(0.02)
            asks.close()
            assert child.wait(10) == 0
