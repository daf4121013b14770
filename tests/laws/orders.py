"""Laws about what happens at the same time, in every order of the calls that the services make of their store."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any, Final

from ctsec.ambient import Request
from ctsec.errors import StoreBusy
from ctsec.ids import UserId
from ctsec.principal import Principal
from ctsec.storage.memory import MemoryStorage
from ctsec.testing.conformance.expect import equal, holds
from tests.laws.interleaving import StoppingStorage
from tests.services._async_world import AsyncWorld

SOAK: Final = bool(os.environ.get("CTSEC_SOAK"))
# Where another transaction makes a difference: locks, reads, the count, the commit. What is written shows to nobody before that.
OWNERS: Final = ("organizations.lock", "organizations.lose_owner", "standings.standing", "memberships.get", "commit")
ACCESS: Final = (
    "reading", "organizations.lock", "standings.standing", "standings.organization_of", "memberships.get", "sessions.get", "users.get",
    "api_keys.get", "sessions.revoke", "users.replace", "commit",
)  # fmt: skip


class Acme:
    """An organization with two owners, Ann and Bob, a workspace, and Cid, who operates it with a session and a key."""

    def __init__(self, world: AsyncWorld, storage: StoppingStorage) -> None:
        self.world = world
        self.storage = storage

    async def found(self) -> None:
        """Play what was before."""
        world = self.world
        self.ann = await world.person("ann@acme.example")
        self.id = (await world.organization(self.ann)).id
        self.prod = (await world.workspace(self.id)).id
        self.bob = await world.member(self.id, "bob@acme.example", role="owner")
        self.cid = await world.member(self.id, "cid@acme.example", workspace=self.prod, wrole="operator")
        self.token = (await world.login("cid@acme.example")).token
        self.key = await world.key(self.cid, self.id, scopes=None)

    def owners(self) -> tuple[int, int]:
        """Return how many permanent owners the organization counts, and how many there are."""
        with MemoryStorage(self.storage.storage.state).reading() as store:
            counted = store.organizations.get(self.id)
            members = [store.memberships.get(self.id, UserId(each.id)) for each in (self.ann, self.bob, self.cid)]
        return counted.permanent_owners if counted is not None else 0, sum(each is not None and each.permanent_owner for each in members)

    async def attempt(self, method: str, *positional: Any, **named: Any) -> object:
        """Make a call that may find that another one came first."""
        try:
            return await self.world.call(method, *positional, **named)
        except StoreBusy as busy:
            return busy.code


def acme() -> Acme:
    """Return the organization over a store that can stop."""
    storage = StoppingStorage()
    scene = Acme(AsyncWorld(storage), storage)

    async def found() -> None:
        await scene.world.security.prepare()
        await scene.found()

    asyncio.run(found())
    return scene


def last_owner() -> None:
    """Law 17: two owners take each other or themselves out of the owners, in every order: one stays, and the count is right."""
    scene = acme()
    ann, bob = scene.ann, scene.bob
    for verb, first, second in (
        ("roles.change_organization_role", (ann, bob), (bob, ann)),
        ("roles.change_organization_role", (ann, ann), (bob, bob)),
        ("members.remove", (ann, bob), (bob, bob)),
        ("members.suspend", (ann, bob), (bob, ann)),
    ):
        more = {"role": "member"} if verb == "roles.change_organization_role" else {}
        outcomes: set[tuple[int, int]] = set()

        def judge(verb: str = verb, outcomes: set[tuple[int, int]] = outcomes) -> None:
            counted, there = scene.owners()
            holds(there >= 1, f"expected an owner to stay whatever the order of two {verb}")
            equal(counted, there)
            outcomes.add((counted, there))

        def make(verb: str = verb, pairs: Any = (first, second), more: Any = more) -> Any:
            return [scene.attempt(verb, who, organization=scene.id, user=whom.id, **more) for who, whom in pairs]

        runs = scene.storage.every_order(OWNERS, make, judge, alike=SOAK)
        holds(runs > (100 if SOAK else 10), f"expected many orders of two {verb}, found {runs}")
        equal(outcomes, {(1, 1)})


def revocation() -> None:
    """Law 12: a check that starts after a revocation is committed denies; one that began before it leaves nothing behind that allows."""
    scene = acme()
    world, place = scene.world, {"organization": scene.id, "user": scene.cid.id}
    request = Request(address="198.51.100.7")

    async def access() -> bool:
        return (await world.gate.access(scene.cid, scene.id, workspace=scene.prod)).can("agents:run")

    async def session() -> bool:
        return isinstance(await world.gate.session(scene.token), Principal)

    async def key() -> bool:
        return isinstance(await world.gate.api_key(scene.key.token.reveal(), request), Principal)

    cases: tuple[tuple[Callable[[], Awaitable[bool]], str, tuple[Any, ...], dict[str, Any]], ...] = (
        (access, "roles.revoke", (scene.ann,), {**place, "workspace": scene.prod}),
        (access, "roles.change_organization_role", (scene.ann,), {**place, "role": "viewer"}),
        (access, "members.suspend", (scene.ann,), place),
        (access, "members.remove", (scene.ann,), place),
        (session, "sessions.sign_out_everywhere", (scene.cid,), {}),
        (session, "directory.disable_user", (scene.cid.id,), {"reason": "left"}),
        (key, "api_keys.revoke", (scene.cid,), {"organization": scene.id, "key_id": scene.key.key.id}),
        (key, "directory.disable_user", (scene.cid.id,), {"reason": "left"}),
    )
    for check, verb, positional, named in cases:
        _revoked(scene, check, verb, positional, named)


def _revoked(scene: Acme, check: Callable[[], Awaitable[bool]], verb: str, positional: tuple[Any, ...], named: dict[str, Any]) -> None:
    done: list[bool] = []

    async def revoke() -> None:
        await scene.world.call(verb, *positional, **named)
        done.append(True)

    async def ask() -> None:
        late = bool(done)
        allowed = await check()
        holds(not (late and allowed), f"expected a check that starts after {verb} to deny")

    def make() -> Any:
        done.clear()
        scene.world.parts.memory.records.clear()
        return [ask(), revoke()]

    def judge() -> None:
        equal(done, [True])
        scene.storage.points, points = frozenset(), scene.storage.points
        holds(not asyncio.run(_awaited(check)), f"expected every check after {verb} to deny, whatever was read before")
        scene.storage.points = points

    # The gate remembers what it read, so a reading is not only a reading.
    runs = scene.storage.every_order(ACCESS, make, judge, alike=True)
    holds(runs > 10, f"expected several orders of a check and {verb}, found {runs}")


async def _awaited(check: Callable[[], Awaitable[bool]]) -> bool:
    return await check()
