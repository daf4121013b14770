"""Laws about what happens at the same time, in threads over the memory store and over a SQLite file with its real transactions."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from ctsec.errors import StoreBusy
from ctsec.outcome import Refusal
from ctsec.principal import Principal
from ctsec.testing.conformance.expect import holds
from tests.services._sync_world import KINDS, World

ROUNDS: Final = 12
READERS: Final = 3
ROLES: Final = ("viewer", "operator", "editor", "admin", None)


class Acme:
    """An organization with two owners, Ann and Bob, a workspace, and Cid, a member."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.ann = world.person("ann@acme.example")
        self.id = world.organization(self.ann).id
        self.prod = world.workspace(self.id).id
        self.bob = world.member(self.id, "bob@acme.example", role="owner")
        self.cid = world.member(self.id, "cid@acme.example", workspace=self.prod, wrole="operator")

    def give(self, role: str | None) -> None:
        """Give Cid a role in the workspace, or take it back."""
        place = {"organization": self.id, "workspace": self.prod, "user": self.cid.id}
        given = ("roles.revoke", place) if role is None else ("roles.assign", {**place, "role": role})
        done = self.world.call(given[0], self.ann, **given[1])
        holds(not isinstance(done, Refusal), f"expected the owner to give {role}, found {done}")

    def mask(self) -> int:
        """Return what the gate says that Cid may do."""
        return self.world.gate.access(self.cid, self.id, workspace=self.prod).mask

    def demote(self, who: Principal, whom: Principal, role: str = "member") -> bool:
        """Change an organization role, trying again when another change came first; say whether it was done."""
        while True:
            try:
                done = self.world.call("roles.change_organization_role", who, organization=self.id, user=whom.id, role=role)
            except StoreBusy:
                continue
            return not isinstance(done, Refusal)

    def owners(self) -> list[str]:
        """Return the ids of the permanent owners."""
        members = self.world.call("members.members", organization=self.id)
        return [each.membership.user_id for each in members if each.membership.permanent_owner]


@contextmanager
def each_store() -> Iterator[Iterator[Acme]]:
    """Open the organization over each kind of store, one after the other; threads are switched often."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    with ExitStack() as stack:
        stack.callback(sys.setswitchinterval, before)
        folder = stack.enter_context(TemporaryDirectory(prefix="ctsec-laws-"))
        yield (Acme(stack.enter_context(World.open(kind, folder=Path(folder) / kind))) for kind in KINDS)


def last_owner() -> None:
    """Law 17: two owners demote each other at once, round after round: one of them stays, and makes the other an owner again."""
    with each_store() as scenes, ThreadPoolExecutor(2) as pool:
        for scene in scenes:
            for _ in range(ROUNDS):
                _demoted(scene, pool)


def _demoted(scene: Acme, pool: ThreadPoolExecutor) -> None:
    barrier = threading.Barrier(2)

    def at_once(who: Principal, whom: Principal) -> bool:
        barrier.wait()
        return scene.demote(who, whom)

    done = list(pool.map(at_once, (scene.ann, scene.bob), (scene.bob, scene.ann)))
    left = scene.owners()
    holds(len(left) == 1 and done.count(True) == 1, f"expected one of two owners to stay, found {done} and {len(left)} of them")
    keeper, other = (scene.ann, scene.bob) if left == [scene.ann.id] else (scene.bob, scene.ann)
    holds(scene.demote(keeper, other, "owner"), "expected the one who stayed to make the other an owner again")


def revocation() -> None:
    """Law 12: while others ask without a pause, no check that starts after a revocation returned allows."""
    with each_store() as scenes:
        for scene in scenes:
            _revoked(scene)


def _revoked(scene: Acme) -> None:
    def ask(_number: int) -> int:
        return scene.mask()

    with _asking(ask):
        for _ in range(ROUNDS):
            scene.give("operator")
            holds(scene.mask() != 0, "expected a role that was given to count")
            scene.give(None)
            holds(scene.mask() == 0, "expected a check after the revocation to deny")


def concurrency() -> None:
    """Law 19: while one writes, each answer is that of a state between the start and the end of its check, and none goes back."""
    with each_store() as scenes:
        for scene in scenes:
            _written(scene)


def _written(scene: Acme) -> None:
    answers = _answers(scene)
    # Version n is written between the moment at which it is in `states` and the moment at which it is in `returned`.
    states, returned, newest = [answers[ROLES[0]]], [0], [0] * READERS

    def ask(number: int) -> None:
        first = max(returned[0], newest[number])
        mask = scene.mask()
        possible = [version for version in range(first, len(states)) if states[version] == mask]
        holds(possible != [], f"expected the answer of a state from {first} to {len(states) - 1}, found the mask {mask:b}")
        newest[number] = possible[0]

    scene.give(ROLES[0])
    with _asking(ask):
        for version in range(1, ROUNDS * len(ROLES)):
            role = ROLES[version % len(ROLES)]
            states.append(answers[role])
            scene.give(role)
            returned[0] = version


def _answers(scene: Acme) -> dict[str | None, int]:
    """Return the mask that each role gives, which are all different."""
    found: dict[str | None, int] = {}
    for role in ROLES:
        scene.give(role)
        found[role] = scene.mask()
    holds(len(set(found.values())) == len(ROLES), "expected roles that can be told apart by what they give")
    return found


@contextmanager
def _asking(ask: Callable[[int], object]) -> Iterator[None]:
    """Let threads call `ask` with their numbers for the length of the block, and raise the first thing that goes wrong in one of them."""
    over, wrong, asked = threading.Event(), list[BaseException](), [0] * READERS

    def go_on(number: int) -> None:
        while not over.is_set() and not wrong:
            try:
                ask(number)
            except BaseException as error:
                wrong.append(error)
            asked[number] += 1

    threads = [threading.Thread(target=go_on, args=(number,)) for number in range(READERS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()
    if wrong:
        raise wrong[0]
    holds(min(asked) > 0, "expected every thread to have asked")
