"""Argon2id, and comparisons with other systems' hashes, in bounded workers, for callers of both colours.

Rules that this module keeps:

- at most `running` hashes are computed at once and at most `waiting` wait for their turn; one more is refused at once with `Overloaded`:
  a flood of sign-ins costs a bounded amount of memory and time;
- a place belongs to the work and not to the request: a client that goes away frees it only when its hash is done;
- an unknown user costs what a known one costs (ASVS 6.3.8).
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Final, TypeVar

from ctsec.authn import argon2, schemes
from ctsec.authn.argon2 import CEILING, DIGEST_BYTES, SALT_BYTES, Argon2Parameters
from ctsec.errors import CorruptRecord, Overloaded
from ctsec.ids import Random

T = TypeVar("T")
MAX_WAIT: Final = 10.0


def _cores() -> int:
    return os.cpu_count() or 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Argon2Bounds:
    """How much is hashed at once (`running`, by default one for each core) and how much may wait (`waiting`); both are counts."""

    running: int = field(default_factory=_cores)
    waiting: int = 32

    def __post_init__(self) -> None:
        if self.running < 1 or self.waiting < 0:
            raise ValueError("expected at least one running hash and no negative number of waiting ones")


class _Work:
    """The verbs without bounds; shared by both colours."""

    __slots__ = ("ceiling", "nobody", "parameters", "random", "today")

    def __init__(self, parameters: Argon2Parameters, ceiling: Argon2Parameters, random: Random) -> None:
        if not parameters.within(ceiling):
            raise ValueError("expected argon2 parameters that are not above their ceiling")
        self.parameters, self.ceiling, self.random = parameters, ceiling, random
        self.nobody = random(SALT_BYTES), random(DIGEST_BYTES)
        self.today = schemes.argon2_scheme(parameters)

    def hash(self, password: bytes) -> str:
        return argon2.hash_password(password, parameters=self.parameters, salt=self.random(SALT_BYTES))

    def verify(self, encoded: str, password: bytes, typed: bytes | None) -> bool:
        return schemes.compare(encoded, password, typed=password if typed is None else typed, ceiling=self.ceiling)

    def verify_nothing(self, password: bytes, typed: bytes | None, scheme: str) -> None:
        given = password if typed is None else typed
        try:
            schemes.work(scheme or self.today, given, ceiling=self.ceiling, nobody=self.nobody)
        except CorruptRecord:
            # A row that says nonsense of itself is told of where it is read; it must not stop those who have no row.
            schemes.work(self.today, given, ceiling=self.ceiling, nobody=self.nobody)

    def wrap(self, encoded: str) -> str:
        return schemes.wrap(encoded, parameters=self.parameters, salt=self.random(SALT_BYTES))

    def stretch(self, secret: bytes, salt: bytes) -> bytes:
        return argon2.stretch(secret, salt, ceiling=self.ceiling)


def _refuse() -> Overloaded:
    return Overloaded("too many passwords are being checked; try again in a moment")


class Argon2Hasher:
    """Hashes and verifies in the calling thread, with a bounded number of threads at work and waiting."""

    __slots__ = ("_admitted", "_running", "_work")

    def __init__(
        self,
        parameters: Argon2Parameters | None = None,
        *,
        bounds: Argon2Bounds | None = None,
        ceiling: Argon2Parameters = CEILING,
        random: Random = os.urandom,
    ) -> None:
        limits = bounds or Argon2Bounds()
        self._work = _Work(parameters or Argon2Parameters(), ceiling, random)
        self._admitted = threading.BoundedSemaphore(limits.running + limits.waiting)
        self._running = threading.BoundedSemaphore(limits.running)

    @contextmanager
    def _place(self) -> Generator[None, None, None]:
        if not self._admitted.acquire(blocking=False):
            raise _refuse()
        try:
            if not self._running.acquire(timeout=MAX_WAIT):
                raise _refuse()
            try:
                yield
            finally:
                self._running.release()
        finally:
            self._admitted.release()

    def hash(self, password: bytes) -> str:
        """Return the encoded hash of a normalised password; raise Overloaded if too much is waiting."""
        with self._place():
            return self._work.hash(password)

    def verify(self, encoded: str, password: bytes, *, typed: bytes | None = None) -> bool:
        """Say whether `password` has this hash; raise CorruptRecord for a hash that is none, Overloaded if too much is waiting.

        `typed` is the password as it was typed, which other systems' hashes are compared with; None says that it is the same.
        """
        with self._place():
            return self._work.verify(encoded, password, typed)

    def verify_nothing(self, password: bytes, *, typed: bytes | None = None, scheme: str = "") -> None:
        """Do the work of `verify` for a user who does not exist; `scheme` says whose (empty: today's). Raises Overloaded."""
        with self._place():
            self._work.verify_nothing(password, typed, scheme)

    def wrap(self, encoded: str) -> str:
        """Return Argon2id over another system's hash; raise CorruptRecord for a hash that is none, Overloaded if too much is waiting."""
        with self._place():
            return self._work.wrap(encoded)

    def stretch(self, secret: bytes, salt: bytes) -> bytes:
        """Return 32 bytes made slowly from `secret`; `salt` comes from `new_salt`. Raises Overloaded if too much is waiting."""
        with self._place():
            return self._work.stretch(secret, salt)

    def new_salt(self, *, random: Random) -> bytes:
        """Return a fresh salt for `stretch`, which carries today's parameters."""
        return argon2.stretch_salt(random(SALT_BYTES), parameters=self._work.parameters)

    def needs_rehash(self, encoded: str) -> bool:
        """Say whether the hash is another system's, or weaker than today's."""
        return schemes.needs_rehash(encoded, parameters=self._work.parameters)


class AsyncArgon2Hasher:
    """The same verbs for an event loop: the work is done by threads of its own, made at first use; `aclose` lets them go."""

    __slots__ = ("_admitted", "_executor", "_lock", "_running", "_work")

    def __init__(
        self,
        parameters: Argon2Parameters | None = None,
        *,
        bounds: Argon2Bounds | None = None,
        ceiling: Argon2Parameters = CEILING,
        random: Random = os.urandom,
    ) -> None:
        limits = bounds or Argon2Bounds()
        self._work = _Work(parameters or Argon2Parameters(), ceiling, random)
        self._running = limits.running
        self._admitted = threading.BoundedSemaphore(limits.running + limits.waiting)
        self._lock = threading.Lock()
        self._executor: ThreadPoolExecutor | None = None

    def _submit(self, call: Callable[[], T]) -> Future[T]:
        with self._lock:
            if self._executor is None:
                self._executor = ThreadPoolExecutor(self._running, thread_name_prefix="ctsec-argon2")
            return self._executor.submit(call)

    async def _run(self, call: Callable[[], T]) -> T:
        if not self._admitted.acquire(blocking=False):
            raise _refuse()
        try:
            future = self._submit(call)
        except BaseException:
            self._admitted.release()
            raise
        # the place is given back when the work ends or is dropped before its start, whatever becomes of the request
        future.add_done_callback(lambda _: self._admitted.release())
        return await asyncio.wrap_future(future)

    async def hash(self, password: bytes) -> str:
        """Return the encoded hash of a normalised password; raise Overloaded if too much is waiting."""
        return await self._run(partial(self._work.hash, password))

    async def verify(self, encoded: str, password: bytes, *, typed: bytes | None = None) -> bool:
        """Say whether `password` has this hash; raise CorruptRecord for a hash that is none, Overloaded if too much is waiting.

        `typed` is the password as it was typed, which other systems' hashes are compared with; None says that it is the same.
        """
        return await self._run(partial(self._work.verify, encoded, password, typed))

    async def verify_nothing(self, password: bytes, *, typed: bytes | None = None, scheme: str = "") -> None:
        """Do the work of `verify` for a user who does not exist; `scheme` says whose (empty: today's). Raises Overloaded."""
        await self._run(partial(self._work.verify_nothing, password, typed, scheme))

    async def wrap(self, encoded: str) -> str:
        """Return Argon2id over another system's hash; raise CorruptRecord for a hash that is none, Overloaded if too much is waiting."""
        return await self._run(partial(self._work.wrap, encoded))

    async def stretch(self, secret: bytes, salt: bytes) -> bytes:
        """Return 32 bytes made slowly from `secret`; `salt` comes from `new_salt`. Raises Overloaded if too much is waiting."""
        return await self._run(partial(self._work.stretch, secret, salt))

    def new_salt(self, *, random: Random) -> bytes:
        """Return a fresh salt for `stretch`, which carries today's parameters."""
        return argon2.stretch_salt(random(SALT_BYTES), parameters=self._work.parameters)

    def needs_rehash(self, encoded: str) -> bool:
        """Say whether the hash is another system's, or weaker than today's."""
        return schemes.needs_rehash(encoded, parameters=self._work.parameters)

    async def aclose(self) -> None:
        """Let the threads go once their work is done; a later call makes new ones."""
        with self._lock:
            executor, self._executor = self._executor, None
        if executor is not None:
            executor.shutdown(wait=False)
