"""What this process changed, told to Redis after the commit.

Rules that this module keeps:

- telling never holds up and never fails a commit: it happens in a thread, which starts with the first change in each process;
- what could not be told within the life of a cached record is dropped and logged: no process believes a record from before it any more.
"""

from __future__ import annotations

import logging
import os
import queue
import threading
import time
from typing import Any, Final, cast

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from ctsec.cache import LIFE
from ctsec.storage.redis.stream import FIELD, KEPT, Names, written
from ctsec.storage.redis.transport import hold
from ctsec.transport.tls import TRANSPORT, Transport

_LOG: Final = logging.getLogger("ctsec.changes")
_PAUSE: Final = 0.1
_LAST_CALL: Final = 1.0


class Announcer:
    """Writes changes to the stream, in the order of their commits in this process."""

    __slots__ = ("_client", "_lock", "_names", "_pid", "_thread", "_waiting")

    def __init__(self, client: Redis, *, names: Names) -> None:
        self._client: Any = client  # its own annotations are incomplete
        self._names = names
        self._lock = threading.Lock()
        self._pid = 0
        self._thread: threading.Thread | None = None
        self._waiting: queue.SimpleQueue[tuple[float, frozenset[str]] | None] = queue.SimpleQueue()

    def announce(self, scopes: frozenset[str]) -> None:
        """Tell the others soon; an empty set is nothing to tell."""
        if not scopes:
            return
        if self._pid != os.getpid():
            self._start()
        self._waiting.put((time.monotonic(), scopes))

    def close(self) -> None:
        """Tell what is waiting, for a second at most, and close the client."""
        if self._thread is not None and self._pid == os.getpid():
            self._waiting.put(None)
            self._thread.join(_LAST_CALL)
            self._thread = None
            self._pid = 0
        self._client.close()

    def _start(self) -> None:
        with self._lock:
            if self._pid == os.getpid():
                return
            self._waiting = queue.SimpleQueue()
            self._thread = threading.Thread(target=self._run, args=(self._waiting,), name="ctsec-announcer", daemon=True)
            self._thread.start()
            self._pid = os.getpid()

    def _run(self, waiting: queue.SimpleQueue[tuple[float, frozenset[str]] | None]) -> None:
        while (next_one := waiting.get()) is not None:
            since, scopes = next_one
            while not self._tell(scopes):
                if time.monotonic() - since >= LIFE:
                    _LOG.warning("redis was not told of %d changed scopes; the others see them as their records die", len(scopes))
                    break
                time.sleep(_PAUSE)

    def _tell(self, scopes: frozenset[str]) -> bool:
        try:
            with self._client.pipeline(transaction=True) as pipe:
                pipe.set(self._names.incarnation, os.urandom(16).hex(), nx=True)
                pipe.xadd(self._names.changes, {FIELD: written(scopes)}, maxlen=KEPT, approximate=True)
                pipe.execute()
        except (RedisError, OSError):
            return False
        return True


def announcer_for(url: str, *, names: Names, seconds: float = 1.0, transport: Transport = TRANSPORT) -> Announcer:
    """Return an announcer with a client of its own for a redis URL; raise ConfigurationError for a plain one to elsewhere."""
    client = cast(Any, Redis).from_url(url, socket_timeout=seconds, socket_connect_timeout=seconds, retry=Retry(NoBackoff(), 1))
    hold(client, transport)
    return Announcer(client, names=names)
