"""Laws about histories, processes and threads: what `ctsec.testing.laws` can not ask of a policy alone.

Each is a function that raises AssertionError where the law does not hold. `At` does something else, whole, at the nth call that a service
makes of its store; `tests.laws.orders` mixes the calls of two services in every order; in `tests.laws.threads` real threads run into each
other.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import product
from typing import Any, Final

from ctsec.cache import RecordCache
from ctsec.errors import StoreBusy
from ctsec.ids import OrganizationId, UserId, WorkspaceId
from ctsec.outcome import Refusal
from ctsec.principal import Principal
from ctsec.rbac.preset import preset_policy
from ctsec.rbac.standing import Assignment, Standing
from ctsec.storage.memory import MemoryStorage
from ctsec.testing.conformance import ListConformance
from ctsec.testing.conformance.expect import fail, holds
from ctsec.testing.strategies import DAYS
from tests.laws import orders, threads
from tests.services._sync_world import World

PLACE: Final[Any] = {"workspace": WorkspaceId("wsp_one"), "workspace_organization": OrganizationId("org_here")}
ROUNDS: Final = 300


class At:
    """Does `action` once, at the nth call; `calls` counts them, so a run that made fewer met all of its points."""

    def __init__(self, nth: int, action: Callable[[], object]) -> None:
        self.nth = nth
        self.action = action
        self.calls = 0
        self._busy = False

    def before(self, call: str) -> None:
        self._point()

    def after(self, call: str, result: object) -> None:
        self._point()

    def _point(self) -> None:
        if self._busy:
            return
        self.calls += 1
        if self.calls == self.nth:
            self._busy = True
            try:
                self.action()
            finally:
                self._busy = False


class Acme:
    """An organization with two owners, Ann and Bob, a workspace, and Cid, who operates it."""

    def __init__(self, world: World, storage: MemoryStorage) -> None:
        self.world = world
        self._storage = storage
        self.ann = world.person("ann@acme.example")
        self.id = world.organization(self.ann).id
        self.prod = world.workspace(self.id).id
        self.bob = world.member(self.id, "bob@acme.example", role="owner")
        self.cid = world.member(self.id, "cid@acme.example", workspace=self.prod, wrole="operator")
        self._founded = storage.state.newest

    def again(self) -> None:
        """Put the store back to where it was when the organization was founded, and forget what was read of it since."""
        self._storage.state.newest, self._storage.state._changed = self._founded, {}
        self.world.parts.memory.records.clear()

    def may(self, who: Principal) -> bool:
        """Ask the gate, which remembers."""
        return self.world.may(who, "agents:run", self.id, self.prod)

    def revoke(self) -> object:
        """Take Cid's role back."""
        return self.world.call("roles.revoke", self.ann, organization=self.id, workspace=self.prod, user=self.cid.id)

    def owners(self) -> int:
        """Return how many active, endless owners there are."""
        members = self.world.call("members.members", organization=self.id)
        return sum(each.membership.permanent_owner for each in members)


@contextmanager
def acme() -> Iterator[Acme]:
    storage = MemoryStorage()
    with World.over(storage) as world:
        yield Acme(world, storage)


def each_point(run: Callable[[int], int]) -> None:
    """Call `run` for every point until it made fewer calls than the number of its point."""
    for nth in range(1, 500):
        if run(nth) < nth:
            holds(nth > 3, "expected several points at which something can come in between")
            return
    fail("expected a call to come to an end")


def revocation() -> None:
    """Law 12: once a revocation is committed, every check that starts later denies: a read that began before it keeps nothing."""
    with acme() as scene:

        def run(nth: int) -> int:
            scene.again()
            at = At(nth, scene.revoke)
            with scene.world.tap.to(at):
                scene.may(scene.cid)
            holds(at.calls < nth or not scene.may(scene.cid), f"expected a check after the revocation at point {nth} to deny")
            return at.calls

        each_point(run)


def last_owner() -> None:
    """Law 17: whatever two owners do to each other and themselves at the same time, one permanent owner is left."""
    verbs = ("roles.change_organization_role", "roles.change_period", "members.remove", "members.suspend")
    with acme() as scene:
        for mine, theirs in product(verbs, repeat=2):
            each_point(partial(_owners_against_each_other, scene, mine, theirs))


def _owners_against_each_other(scene: Acme, mine: str, theirs: str, nth: int) -> int:
    """Let Ann do `mine` to Bob, and Bob do `theirs` to Ann at the nth point of it; then let both try to leave."""
    scene.again()
    end = scene.world.clock.now() + timedelta(days=1)
    more: dict[str, dict[str, Any]] = {"roles.change_organization_role": {"role": "member"}, "roles.change_period": {"expires_at": end}}

    def act(verb: str, who: Principal, whom: Principal) -> object:
        return attempt(scene.world, verb, who, organization=scene.id, user=whom.id, **more.get(verb, {}))

    at = At(nth, lambda: act(theirs, scene.bob, scene.ann))
    with scene.world.tap.to(at):
        act(mine, scene.ann, scene.bob)
    holds(scene.owners() >= 1, f"expected an owner after {mine} with {theirs} at point {nth}")
    for who in (scene.ann, scene.bob):
        act("members.remove", who, who)
    holds(scene.owners() >= 1, f"expected an owner after {mine}, {theirs} at point {nth} and everybody's leaving")
    return at.calls


def attempt(world: World, method: str, *positional: Any, **named: Any) -> object:
    """Make a call that may find that another one came first."""
    try:
        return world.call(method, *positional, **named)
    except StoreBusy as busy:
        return Refusal.__name__, busy.code


def lists() -> None:
    """Law 13: on a store, lists, counts and pages are exactly the workspaces in which a check allows."""
    for test in (
        ListConformance().test_a_list_equals_the_checks,
        ListConformance().test_pages_of_every_size_are_the_same_list,
        ListConformance().test_a_key_narrows_the_list,
    ):
        test(MemoryStorage())


def concurrency() -> None:
    """Law 19: of threads that check while one writes, each answer is that of a state between its start and its end, and none goes back."""
    policy = preset_policy()
    cache: RecordCache[Standing] = RecordCache(monotonic=lambda: 0.0)
    states = [_state(0)]
    returned, wrong, done = [0], list[str](), threading.Event()

    def read() -> None:
        newest = 0
        while not done.is_set():
            started = returned[0]
            standing = cache.get(("cid",))
            if standing is None:
                generation = cache.begin()
                standing = states[-1]
                time.sleep(0)
                cache.put(("cid",), standing, scopes=("cid",), generation=generation)
            allowed = policy.check(standing, "agents:run", now=DAYS[0], **PLACE).allowed
            if allowed not in {_allows(version) for version in range(started, len(states))}:
                wrong.append("an answer that is of no state between the start and the end of its check")
            if standing.version < max(newest, started):
                wrong.append("a state that was older than one seen, or than a change that had returned")
            newest = max(newest, standing.version)

    threads = [threading.Thread(target=read) for _ in range(3)]
    with _switching_often():
        for thread in threads:
            thread.start()
        for version in range(1, ROUNDS):
            states.append(_state(version))
            cache.evict(("cid",))
            returned[0] = version
            time.sleep(0)
        done.set()
        for thread in threads:
            thread.join()
    holds(not wrong, f"expected every answer to be one of its time, found {wrong[:1]}")


def _allows(version: int) -> bool:
    return version % 2 == 0


def _state(version: int) -> Standing:
    held = {PLACE["workspace"]: Assignment("operator")} if _allows(version) else {}
    person = UserId("usr_cid")
    return Standing(user=person, organization=PLACE["workspace_organization"], role="member", workspaces=held, version=version)


@contextmanager
def _switching_often() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


@dataclass(frozen=True)
class History:
    """A law about more than a policy, with the function that holds it."""

    number: int
    name: str
    statement: str
    hold: Callable[[], None]

    def __str__(self) -> str:
        return f"law {self.number}, {self.name}"


def together(*holding: Callable[[], None]) -> Callable[[], None]:
    """Return what holds one after the other, the quickest first."""

    def hold() -> None:
        for each in holding:
            each()

    return hold


def invitations() -> None:
    """Law 15: what an invitation gives is held against what its maker holds when it is accepted, whatever became of them meanwhile."""
    losses: dict[str, dict[str, Any]] = {
        "roles.change_organization_role": {"role": "member"},
        "members.suspend": {},
        "members.remove": {},
        "roles.change_period": {"starts_at": None},
    }
    for loss, more in losses.items():
        with acme() as scene:
            world = scene.world
            guest, admin = world.person("guest@acme.example"), world.member(scene.id, "dan@acme.example", role="admin")
            place = {"organization": scene.id, "email": "guest@acme.example", "workspace": scene.prod, "workspace_role": "admin"}
            invited = world.call("members.invite", admin, role="admin", **place)
            holds(not isinstance(invited, Refusal), f"expected an admin to invite an admin, found {invited}")
            token = world.token("guest@acme.example", "invitation")
            ends = {"expires_at": world.clock.now() + timedelta(seconds=1)} if loss == "roles.change_period" else {}
            world.call(loss, scene.ann, organization=scene.id, user=admin.id, **more, **ends)
            world.clock.advance(timedelta(seconds=2))
            accepted = world.call("members.accept", guest, token=token)
            holds(isinstance(accepted, Refusal), f"expected an invitation to give nothing after {loss} of its maker")


HISTORIES: Final = (
    History(
        12,
        "immediate revocation",
        "every check after a revocation denies, whatever the credential; a read from before it keeps nothing",
        together(revocation, orders.revocation, threads.revocation),
    ),
    History(13, "lists equal checks", "lists, their pages and their counts are exactly the workspaces in which a check allows", lists),
    History(
        15,
        "bound of an invitation",
        "an invitation gives what its maker may give when it is accepted",
        invitations,
    ),
    History(
        17,
        "last owner",
        "whatever owners do to each other at once, in every order, an organization keeps a permanent one",
        together(last_owner, orders.last_owner, threads.last_owner),
    ),
    History(
        19,
        "concurrency",
        "each answer is one of the time of its check, and no thread sees an older state than before",
        together(concurrency, threads.concurrency),
    ),
)
