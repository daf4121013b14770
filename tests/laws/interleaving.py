"""A scheduler: coroutines over one memory store, stopped at every call that they make of it, and run in every order that can differ.

The memory store waits for nothing, so coroutines over it need no event loop: each goes on when the scheduler says so. The orders of
their calls are tried depth first; the store is put back to where it was before each. A transaction of that store sees of others what they
have committed and nothing else, so the order of two steps can differ only where one of them commits.
"""

from __future__ import annotations

import types
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, TypeAlias, cast

from ctsec.guard._async_ports import AsyncGuardStore
from ctsec.storage._async_ports import AfterCommit, AsyncStore
from ctsec.storage.memory import AsyncMemoryStorage

Task: TypeAlias = Coroutine[Any, Any, object]


@types.coroutine
def _stop() -> Generator[None, None, None]:
    yield


class _Records:
    """One record family, whose calls are points."""

    def __init__(self, records: object, family: str, storage: StoppingStorage) -> None:
        self._records = records
        self._family = family
        self._storage = storage

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._records, name)

        async def call(*positional: Any, **named: Any) -> Any:
            await self._storage.point(f"{self._family}.{name}")
            return await method(*positional, **named)

        return call


class _Store:
    """A store whose record families stop."""

    def __init__(self, store: object, storage: StoppingStorage) -> None:
        self._store = store
        self._storage = storage

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._store, name)
        return value if name == "wrote" else _Records(value, name, self._storage)


class StoppingStorage:
    """A memory storage that stops at each of `points` (`begin`, `reading`, `commit`, `<family>.<method>`) while a scheduler runs."""

    def __init__(self) -> None:
        self.storage = AsyncMemoryStorage()
        self.points: frozenset[str] = frozenset()
        self.met: set[str] = set()

    async def point(self, name: str) -> None:
        """Stop here if this is a point."""
        if name in self.points:
            self.met.add(name)
            await _stop()

    @property
    def guard(self) -> AsyncGuardStore:
        """The guard store, which is beside the point."""
        return self.storage.guard

    @asynccontextmanager
    async def begin(self, *, after_commit: AfterCommit) -> AsyncGenerator[AsyncStore, None]:
        """Open a transaction."""
        await self.point("begin")
        async with self.storage.begin(after_commit=after_commit) as store:
            yield cast(AsyncStore, _Store(store, self))
            await self.point("commit")

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[AsyncStore, None]:
        """Open a short read."""
        await self.point("reading")
        async with self.storage.reading() as store:
            yield cast(AsyncStore, _Store(store, self))

    @asynccontextmanager
    async def sequencing(self) -> AsyncGenerator[AsyncStore, None]:
        """Open a transaction of the sequencer."""
        await self.point("sequencing")
        async with self.storage.sequencing() as store:
            yield cast(AsyncStore, _Store(store, self))
            await self.point("commit")

    @asynccontextmanager
    async def erasing(
        self, until: Mapping[str, datetime], *, now: datetime, after_commit: AfterCommit
    ) -> AsyncGenerator[tuple[AsyncStore, Mapping[str, int]], None]:
        """Open the transaction of an erasure."""
        await self.point("erasing")
        async with self.storage.erasing(until, now=now, after_commit=after_commit) as (store, counts):
            yield cast(AsyncStore, _Store(store, self)), counts
            await self.point("commit")

    def join(self, session: object, *, after_commit: AfterCommit) -> AsyncStore:
        """Ride in a session."""
        return cast(AsyncStore, _Store(self.storage.join(session, after_commit=after_commit), self))

    async def aclose(self) -> None:
        """Nothing to close."""

    def every_order(
        self, points: Sequence[str], make: Callable[[], Sequence[Task]], judge: Callable[[], None], *, alike: bool = False
    ) -> int:
        """Run what `make` returns in every order of the calls named by `points`, each time from here; return how many there were.

        Two steps of different tasks that leave the committed rows as they are see the same whichever comes first: of orders that differ in
        that alone, one is run, and all where those that are `alike` are wanted: for tasks that share more than the rows.
        """
        state = self.storage.state
        saved = state.newest
        self.points, self.met = frozenset(points), set()
        prefix: list[int] = []
        runs = 0
        try:
            while True:
                state.newest, state._changed = saved, {}
                taken, whole = self._run(make(), prefix, alike=alike)
                if whole:
                    judge()
                    runs += 1
                while taken and taken[-1][0] + 1 == taken[-1][1]:
                    taken.pop()
                if not taken:
                    return runs
                prefix = [choice for choice, _ in taken]
                prefix[-1] += 1
        finally:
            self.points = frozenset()
            state.newest, state._changed = saved, {}

    def _run(self, tasks: Sequence[Task], prefix: Sequence[int], *, alike: bool) -> tuple[list[tuple[int, int]], bool]:
        """Let the tasks go on one step at a time as `prefix` says, and then the first; return each choice and how many there were.

        The second is False for an order that was left, for its last two steps could as well come the other way round, which is run too.
        """
        alive = [*enumerate(tasks)]
        taken: list[tuple[int, int]] = []
        last = -1  # which task took the step before, if that committed nothing
        try:
            while alive:
                choice = prefix[len(taken)] if len(taken) < len(prefix) else 0
                taken.append((choice, len(alive)))
                before = self.storage.state.newest
                number, task = alive[choice]
                try:
                    task.send(None)
                except StopIteration:
                    del alive[choice]
                quiet = self.storage.state.newest is before
                if quiet and number < last and not alike:
                    return taken, False
                last = number if quiet else -1
        finally:
            for each in tasks:
                each.close()
        return taken, True
