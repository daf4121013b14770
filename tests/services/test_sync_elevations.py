# Generated from tests/services/test_async_elevations.py by tools/twin.py; edit that file.
"""Roles for a time, asked for and taken, and lists of workspaces, over a whole deployment (async source of the twin)."""

from __future__ import annotations

from collections.abc import Generator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ctsec.errors import StoreError, UnknownPermission
from ctsec.ids import ElevationId, OrganizationId, WorkspaceId
from ctsec.outcome import Reason
from ctsec.principal import Principal
from ctsec.rbac.elevation import ElevationState
from tests.services._sync_world import KINDS, World
from tests.services.probing import reason

HOUR = timedelta(hours=1)
TICK = timedelta(microseconds=1)
WHY = "the night shift: ticket 7"


class Scene:
    """Ann owns Acme; Bob operates its workspace; Mia is a member with a second factor; Eve owns another organization."""

    def __init__(self, world: World, people: dict[str, Principal], acme: OrganizationId, prod: WorkspaceId, globex: OrganizationId) -> None:
        self.world = world
        self.ann, self.bob, self.mia, self.eve = (people[name] for name in ("ann", "bob", "mia", "eve"))
        self.acme = acme
        self.prod = prod
        self.globex = globex

    def ask(self, who: Principal, role: str = "editor", *, workspace: WorkspaceId | None = None, **named: Any) -> Any:
        """Ask for a role for an hour, in the workspace unless the role is of the organization."""
        given = {"organization": self.acme, "workspace": workspace, "role": role, "reason": WHY, "duration": HOUR, **named}
        return self.world.call("elevations.request", who, **given)

    def decide(self, verb: str, who: Principal, request: Any) -> Any:
        """Approve, deny or end a request."""
        return self.world.call(f"elevations.{verb}", who, organization=self.acme, elevation=request.id)

    def permit(self, user: Principal, role: str = "admin", *, by: Principal | None = None, **named: Any) -> Any:
        """Let somebody take a role of the workspace in an emergency."""
        given = {"organization": self.acme, "user": user.id, "workspace": self.prod, "role": role, "longest": HOUR, **named}
        return self.world.call("break_glass.permit", by or self.ann, **given)

    def take(self, who: Principal, role: str = "admin", **named: Any) -> Any:
        """Break the glass."""
        given = {"organization": self.acme, "workspace": self.prod, "role": role, "reason": WHY, "duration": HOUR, **named}
        return self.world.call("break_glass.use", who, **given)

    def may(self, who: Principal, permission: str = "recommendations:create") -> bool:
        """Ask the gate, which remembers, about the workspace."""
        return self.world.may(who, permission, self.acme, self.prod)


class _LogDown:
    """Fails every write to the guard store's log."""

    def before(self, call: str) -> None:
        if call == "guard.events.append":
            raise StoreError("the guard store is down")

    def after(self, call: str, result: object) -> None:
        """Nothing to note."""


class _Lost(Exception):
    """Rolls a host's transaction back."""


def prepare(world: World) -> dict[str, Any]:
    """Play what was before, and return what a scene is made of."""
    ann, eve = world.person("ann@acme.example"), world.person("eve@globex.example")
    acme, globex = world.organization(ann), world.organization(eve, "Globex")
    prod = world.workspace(acme.id)
    bob = world.member(acme.id, "bob@acme.example", workspace=prod.id, wrole="operator")
    mia = world.member(acme.id, "mia@acme.example")
    device = world.enrol(mia)
    mia = (world.login_with(device, "mia@acme.example")).principal
    return {"people": {"ann": ann, "bob": bob, "mia": mia, "eve": eve}, "acme": acme.id, "prod": prod.id, "globex": globex.id}


@pytest.fixture(params=KINDS)
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Scene, None, None]:
    with World.played(prepare, request.param, folder=tmp_path) as (world, made):
        yield Scene(world, **made)


def test_what_is_approved_counts_at_once_and_ends_by_itself(scene: Scene) -> None:
    """A role for a time counts from the approval until before its end, for the process that remembers too, and then what was there."""
    assert not scene.may(scene.bob)
    asked = scene.ask(scene.bob, workspace=scene.prod)
    assert (asked.state, asked.reason, asked.seconds) == (ElevationState.OPEN, WHY, 3600)
    assert not scene.may(scene.bob)
    given = scene.decide("approve", scene.ann, asked)
    assert (given.state, given.decided_by) == (ElevationState.ACTIVE, scene.ann.id)
    assert scene.may(scene.bob)
    scene.world.clock.advance(HOUR - TICK)
    assert scene.may(scene.bob)
    scene.world.clock.advance(TICK)
    assert not scene.may(scene.bob)
    assert scene.may(scene.bob, "agents:run")


def test_an_organization_role_for_a_time(scene: Scene) -> None:
    """A member who is made admin for a time is one everywhere in the organization, and nowhere else, until it ends."""
    asked = scene.ask(scene.bob, "admin")
    scene.decide("approve", scene.ann, asked)
    assert scene.world.may(scene.bob, "members:manage", scene.acme)
    assert not scene.world.may(scene.bob, "members:manage", scene.globex)
    scene.world.clock.advance(HOUR)
    assert not scene.world.may(scene.bob, "members:manage", scene.acme)


@pytest.mark.proves("ASVS-2.3.5")
def test_nobody_approves_their_own_request(scene: Scene) -> None:
    """Separation of duties: not even an owner decides what they asked for; a refused approval changes nothing."""
    admin = scene.world.member(scene.acme, "dan@acme.example", role="admin")
    asked = scene.ask(admin, "editor", workspace=scene.prod)
    assert reason(scene.decide("approve", admin, asked)) is Reason.SELF_CHANGE
    assert reason(scene.decide("approve", scene.mia, asked)) is Reason.DENIED
    assert reason(scene.decide("approve", scene.ann, asked)) is None


def test_a_request_is_decided_once(scene: Scene) -> None:
    """After an approval, a denial, a withdrawal or its end a request is over; who asked may withdraw, who manages may deny."""
    first, second, third = [scene.ask(scene.bob, workspace=scene.prod) for _ in range(3)]
    assert (scene.decide("deny", scene.ann, first)).state is ElevationState.DENIED
    assert (scene.decide("end", scene.bob, second)).state is ElevationState.WITHDRAWN
    assert (scene.decide("approve", scene.ann, third)).state is ElevationState.ACTIVE
    for request in (first, second):
        for verb in ("approve", "deny", "end"):
            assert reason(scene.decide(verb, scene.ann, request)) is Reason.CONFLICT
    assert reason(scene.decide("approve", scene.ann, third)) is Reason.CONFLICT
    assert reason(scene.decide("deny", scene.ann, third)) is Reason.CONFLICT


@pytest.mark.parametrize("who", ["bob", "ann"])
def test_a_role_for_a_time_is_ended_at_once(scene: Scene, who: str) -> None:
    """Who holds it, or who manages the people there, ends a role for a time before its end; no later check allows."""
    given = scene.decide("approve", scene.ann, scene.ask(scene.bob, workspace=scene.prod))
    assert scene.may(scene.bob)
    ended = scene.decide("end", getattr(scene, who), given)
    assert (ended.state, ended.ended_at) == (ElevationState.ENDED, scene.world.clock.now())
    assert not scene.may(scene.bob)


def test_an_old_request_is_not_approved(scene: Scene) -> None:
    """A request waits for a day; after that it has to be asked for again."""
    asked = scene.ask(scene.bob, workspace=scene.prod)
    scene.world.clock.advance(timedelta(days=1))
    assert reason(scene.decide("approve", scene.ann, asked)) is Reason.EXPIRED


def test_the_bound_is_asked_at_the_approval(scene: Scene) -> None:
    """Who could be given the role when asking, and can not when it is approved, is not given it."""
    asked = scene.ask(scene.bob, workspace=scene.prod)
    scene.world.call("roles.change_organization_role", scene.ann, organization=scene.acme, user=scene.bob.id, role="viewer")
    assert reason(scene.decide("approve", scene.ann, asked)) is Reason.CEILING_EXCEEDED
    assert reason(scene.ask(scene.bob, workspace=scene.prod)) is Reason.CEILING_EXCEEDED


def test_nothing_comes_back_with_another_membership(scene: Scene) -> None:
    """What was held or asked for when somebody left is over: it does not wake in a later membership, and a permit is gone."""
    given = scene.decide("approve", scene.ann, scene.ask(scene.bob, workspace=scene.prod))
    waiting = scene.ask(scene.bob, "admin", workspace=scene.prod)
    scene.permit(scene.bob)
    scene.world.call("members.remove", scene.ann, organization=scene.acme, user=scene.bob.id)
    token = scene.world.invite(scene.acme, "bob@acme.example")
    assert reason(scene.world.call("members.accept", scene.bob, token=token)) is None
    assert not scene.may(scene.bob, "dashboards:view")
    assert scene.world.call("break_glass.permits", organization=scene.acme) == ()
    for request in (given, waiting):
        assert reason(scene.decide("approve", scene.ann, request)) is Reason.CONFLICT


def test_a_suspended_person_holds_nothing_for_a_time(scene: Scene) -> None:
    """A suspension takes what is held for a time too; what is left of it wakes with the reinstatement."""
    scene.decide("approve", scene.ann, scene.ask(scene.bob, workspace=scene.prod))
    scene.world.call("members.suspend", scene.ann, organization=scene.acme, user=scene.bob.id)
    assert not scene.may(scene.bob)
    scene.world.call("members.reinstate", scene.ann, organization=scene.acme, user=scene.bob.id)
    assert scene.may(scene.bob)


@pytest.mark.parametrize(
    "named",
    [
        {"reason": ""},
        {"reason": "x" * 1001},
        {"duration": timedelta(seconds=59)},
        {"duration": timedelta(hours=8, seconds=1)},
        {"role": "pilot"},
    ],
)
def test_what_is_asked_is_checked(scene: Scene, named: dict[str, Any]) -> None:
    """No reason, too long a one, too short or long a time, and a role that does not exist are refused before anything is written."""
    assert reason(scene.ask(scene.bob, **{"workspace": scene.prod, "role": "editor", **named})) is Reason.INVALID_INPUT
    assert scene.world.call("elevations.in_state", organization=scene.acme) == ()


@pytest.mark.proves("ASVS-2.3.2")
def test_requests_of_a_person_are_bounded(scene: Scene) -> None:
    """At most ten requests of a person wait; another's are not counted, and a decision makes room."""
    asked = [scene.ask(scene.bob, workspace=scene.prod) for _ in range(10)]
    assert reason(scene.ask(scene.bob, workspace=scene.prod)) is Reason.CONFLICT
    assert reason(scene.ask(scene.mia, workspace=scene.prod)) is None
    scene.decide("deny", scene.ann, asked[0])
    assert reason(scene.ask(scene.bob, workspace=scene.prod)) is None


def test_a_stranger_learns_and_does_nothing(scene: Scene) -> None:
    """Somebody of another organization neither asks, nor decides, nor sees that there is something to decide."""
    asked = scene.ask(scene.bob, workspace=scene.prod)
    assert reason(scene.ask(scene.eve, workspace=scene.prod)) is Reason.NOT_FOUND
    for verb in ("approve", "deny", "end"):
        assert reason(scene.decide(verb, scene.eve, asked)) is Reason.NOT_FOUND
        own = scene.world.call(f"elevations.{verb}", scene.eve, organization=scene.globex, elevation=asked.id)
        assert reason(own) is Reason.NOT_FOUND
    home = {"organization": scene.globex, "workspace": scene.prod, "role": "editor", "reason": WHY, "duration": HOUR}
    assert reason(scene.world.call("elevations.request", scene.eve, **home)) is Reason.NOT_FOUND
    nothing = ElevationId("elv_00000000000000000000000000")
    assert reason(scene.world.call("elevations.approve", scene.ann, organization=scene.acme, elevation=nothing)) is Reason.NOT_FOUND


def test_a_key_asks_for_nothing(scene: Scene) -> None:
    """Neither a role for a time nor what is behind the glass is taken by an API key of the person who could."""
    minted = scene.world.key(scene.mia, scene.acme)
    key: Any = scene.world.gate.api_key(minted.token.reveal(), scene.world.request)
    scene.permit(scene.mia)
    assert reason(scene.ask(key, workspace=scene.prod)) is Reason.DENIED
    assert reason(scene.take(key)) is Reason.DENIED


def test_a_narrowed_key_lays_nothing_down(scene: Scene) -> None:
    """A narrowed key changes nothing of its owner's standing: it withdraws no request, ends no role for a time, lays no permit down."""
    given = scene.decide("approve", scene.ann, scene.ask(scene.mia, workspace=scene.prod))
    waiting = scene.ask(scene.mia, workspace=scene.prod)
    permit = scene.permit(scene.mia)
    own: Any = {"organization": scene.acme, "permit": permit.id}
    narrowed = scene.world.key(scene.mia, scene.acme, scopes=frozenset({"dashboards:view"}))
    key: Any = scene.world.gate.api_key(narrowed.token.reveal(), scene.world.request)
    for request in (given, waiting):
        assert reason(scene.decide("end", key, request)) is Reason.DENIED
    assert reason(scene.world.call("break_glass.withdraw", key, **own)) is Reason.DENIED
    assert scene.may(scene.mia)
    whole = scene.world.key(scene.mia, scene.acme)
    key = scene.world.gate.api_key(whole.token.reveal(), scene.world.request)
    for request in (given, waiting):
        assert reason(scene.decide("end", key, request)) is None
    assert scene.world.call("break_glass.withdraw", key, **own) == permit


def test_the_glass_is_broken_loudly_and_shortly(scene: Scene) -> None:
    """Law 26: with a permit and a fresh second factor the role counts at once, every owner is told by mail who and why, and it ends."""
    scene.permit(scene.mia)
    assert not scene.may(scene.mia)
    taken = scene.take(scene.mia)
    assert (taken.role, taken.expires_at) == ("admin", scene.world.clock.now() + HOUR)
    assert scene.may(scene.mia, "workspace_members:manage")
    scene.world.mail()
    (letter,) = [message for message in scene.world.mailer.to("ann@acme.example") if message.kind == "alarm"]
    assert "mia@acme.example" in letter.text.reveal()
    assert WHY in letter.text.reveal()
    scene.world.clock.advance(HOUR)
    assert not scene.may(scene.mia)


def test_the_use_is_in_the_log_before_it_counts(scene: Scene) -> None:
    """Law 26: the event is committed before the role is written, so a host that rolls back, or a store that fails, leaves the trace."""
    scene.permit(scene.mia)

    def rolled_back() -> None:
        given: Any = {"organization": scene.acme, "workspace": scene.prod, "role": "admin", "reason": WHY, "duration": HOUR}
        with scene.world.security.begin() as unit:
            unit.break_glass.use(scene.mia, **given)
            raise _Lost

    with pytest.raises(_Lost):
        rolled_back()
    assert not scene.may(scene.mia)
    (event,) = scene.world.events(scene.acme, "break_glass.used")
    assert (event.actor_id, event.outcome) == (scene.mia.id, "success")


def test_without_a_log_the_glass_holds(scene: Scene) -> None:
    """Law 26: where the use can not be written down, it does not happen."""
    scene.permit(scene.mia)

    with scene.world.tap.to(_LogDown()), pytest.raises(StoreError):
        scene.take(scene.mia)
    assert not scene.may(scene.mia)


def test_the_glass_needs_a_permit_that_still_holds(scene: Scene) -> None:
    """No permit, another role or place, one that is over or was taken back, a longer time, or an old second factor: nothing is taken."""
    assert reason(scene.take(scene.mia)) is Reason.DENIED
    permit = scene.permit(scene.mia, longest=timedelta(minutes=30), expires_at=scene.world.clock.now() + timedelta(minutes=5))
    assert reason(scene.take(scene.mia, "editor", duration=timedelta(minutes=30))) is Reason.DENIED
    assert reason(scene.take(scene.mia, workspace=None, duration=timedelta(minutes=30))) is Reason.DENIED
    assert reason(scene.take(scene.bob)) is Reason.STEP_UP_REQUIRED
    assert reason(scene.take(scene.mia, duration=HOUR)) is Reason.INVALID_INPUT
    assert reason(scene.take(scene.mia, reason=" ", duration=timedelta(minutes=30))) is Reason.INVALID_INPUT
    scene.world.clock.advance(timedelta(minutes=5))
    assert reason(scene.take(scene.mia, duration=timedelta(minutes=30))) is Reason.DENIED
    second = scene.permit(scene.mia)
    assert scene.world.call("break_glass.withdraw", scene.ann, organization=scene.acme, permit=second.id) == second
    assert scene.world.call("break_glass.withdraw", scene.ann, organization=scene.acme, permit=second.id) is None
    assert reason(scene.take(scene.mia)) is Reason.DENIED
    assert scene.world.call("break_glass.permits", organization=scene.acme) == (permit,)
    scene.world.clock.advance(timedelta(minutes=6))
    scene.permit(scene.mia)
    assert reason(scene.take(scene.mia)) is Reason.STEP_UP_REQUIRED
    assert not scene.may(scene.mia)


@pytest.mark.proves("ASVS-2.3.2")
def test_permits_are_given_like_roles(scene: Scene) -> None:
    """A permit is given by who could give the role, to somebody else, for at most an hour, and up to twenty to one person."""
    assert reason(scene.permit(scene.ann)) is Reason.SELF_CHANGE
    assert reason(scene.permit(scene.mia, by=scene.bob)) is Reason.DENIED
    assert reason(scene.permit(scene.mia, "owner", workspace=None)) is Reason.INVALID_INPUT
    assert reason(scene.permit(scene.mia, longest=HOUR + timedelta(seconds=1))) is Reason.INVALID_INPUT
    assert reason(scene.permit(scene.mia, expires_at=scene.world.clock.now())) is Reason.INVALID_INPUT
    assert reason(scene.permit(scene.eve)) is Reason.NOT_A_MEMBER
    for _ in range(20):
        assert reason(scene.permit(scene.mia)) is None
    assert reason(scene.permit(scene.mia)) is Reason.CONFLICT


def test_the_worker_notes_what_is_over(scene: Scene) -> None:
    """What ended by itself is noted by the job, with its own end; nothing that lasts is."""
    given = scene.decide("approve", scene.ann, scene.ask(scene.bob, workspace=scene.prod))
    assert scene.world.security.jobs.end_elevations() == 0
    scene.world.clock.advance(HOUR)
    assert scene.world.security.jobs.end_elevations() == 1
    (noted,) = scene.world.call("elevations.in_state", organization=scene.acme, state=ElevationState.ENDED)
    assert (noted.id, noted.ended_at) == (given.id, given.expires_at)


def test_a_list_is_where_the_gate_allows(scene: Scene) -> None:
    """Law 13: pages of every size and the count agree with a check in each workspace, for people and for keys."""
    spaces = [scene.prod, *[(scene.world.workspace(scene.acme, f"W{n}")).id for n in range(3)]]
    scene.world.call("roles.assign", scene.ann, organization=scene.acme, workspace=spaces[2], user=scene.bob.id, role="viewer")
    minted = scene.world.key(scene.ann, scene.acme, workspaces=frozenset(spaces[1:3]))
    key: Any = scene.world.gate.api_key(minted.token.reveal(), scene.world.request)
    sizes = set()
    for who in (scene.ann, scene.bob, scene.mia, scene.eve, key):
        for permission in ("dashboards:view", "agents:run", "workspace_members:manage"):
            wanted = sorted([space for space in spaces if scene.world.may(who, permission, scene.acme, space)])
            sizes.add(len(wanted))
            for limit in (1, 2, 3, 4, 5):
                found: list[str] = []
                after: str | None = ""
                while after is not None:
                    page = scene.world.call("lists.workspaces", who, permission, organization=scene.acme, after=after, limit=limit)
                    found += page.workspaces
                    after = page.next
                assert found == wanted
            assert scene.world.call("lists.count", who, permission, organization=scene.acme) == len(wanted)
    assert sizes == {0, 1, 2, 4}


def test_a_cursor_outlives_what_it_stood_on(scene: Scene) -> None:
    """A page after a cursor repeats and loses nothing, although the workspace that the cursor names left the list meanwhile."""
    spaces = sorted([scene.prod, *[(scene.world.workspace(scene.acme, f"W{n}")).id for n in range(3)]])
    place = {"organization": scene.acme, "user": scene.bob.id}
    for space in spaces:
        scene.world.call("roles.assign", scene.ann, **place, workspace=space, role="viewer")
    first = scene.world.call("lists.workspaces", scene.bob, "dashboards:view", organization=scene.acme, limit=2)
    scene.world.call("roles.revoke", scene.ann, **place, workspace=spaces[1])
    rest = scene.world.call("lists.workspaces", scene.bob, "dashboards:view", organization=scene.acme, after=first.next, limit=9)
    assert ([*first.workspaces], [*rest.workspaces], rest.next) == (spaces[:2], spaces[2:], None)


def test_a_list_of_nonsense_raises(scene: Scene) -> None:
    """An unknown permission, one of the organization, and a page of no size are mistakes, not empty lists."""
    with pytest.raises(UnknownPermission):
        scene.world.call("lists.workspaces", scene.ann, "dashboards:veiw", organization=scene.acme)
    with pytest.raises(ValueError, match="held in workspaces"):
        scene.world.call("lists.count", scene.ann, "billing:manage", organization=scene.acme)
    for limit in (0, -1, 1001):
        with pytest.raises(ValueError, match="page"):
            scene.world.call("lists.workspaces", scene.ann, "agents:run", organization=scene.acme, limit=limit)


def test_every_change_raises_the_version(scene: Scene) -> None:
    """The version of an organization's roles goes up with every change of what its people are, and with nothing else."""

    def version() -> int:
        with scene.world.security.reading() as unit:
            return unit.roles.version(scene.acme)

    org = {"organization": scene.acme}
    place = {**org, "workspace": scene.prod, "user": scene.bob.id}
    seen = [version()]
    asked = scene.ask(scene.bob, workspace=scene.prod)
    permit = scene.permit(scene.mia)
    seen.append(version())
    for method, named in (
        ("elevations.approve", {**org, "elevation": asked.id}),
        ("elevations.end", {**org, "elevation": asked.id}),
        ("break_glass.withdraw", {**org, "permit": permit.id}),
        ("roles.assign", {**place, "role": "editor"}),
        ("roles.revoke", place),
        ("roles.change_organization_role", {**org, "user": scene.bob.id, "role": "viewer"}),
        ("members.suspend", {**org, "user": scene.bob.id}),
        ("members.reinstate", {**org, "user": scene.bob.id}),
        ("members.remove", {**org, "user": scene.bob.id}),
    ):
        assert reason(scene.world.call(method, scene.ann, **named)) is None
        seen.append(version())
    scene.world.member(scene.acme, "dan@acme.example")
    seen.append(version())
    assert seen == sorted(set(seen))
    assert reason(scene.world.call("roles.assign", scene.mia, **place, role="editor")) is not None
    scene.world.call("directory.rename_organization", scene.ann, **org, name="Acme 2")
    assert version() == seen[-1]
