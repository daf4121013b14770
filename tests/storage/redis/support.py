"""A Redis of its own for tests that kill it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from types import TracebackType
from typing import Self

import redis

from tests.servers import find


class OwnRedis:
    """A server on loopback that can be saved, killed without a word, and started again from what was saved."""

    def __init__(self, program: str) -> None:
        self._program = program
        self._folder = tempfile.mkdtemp(prefix="ctsec-redis-")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = int(probe.getsockname()[1])
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Return where it is."""
        return f"redis://127.0.0.1:{self._port}/0"

    def start(self) -> None:
        """Start it on what was saved last."""
        command = [self._program, "--port", str(self._port), "--bind", "127.0.0.1", "--dir", self._folder, "--save", "", "--logfile", "log"]
        self._process = subprocess.Popen(command, cwd=self._folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 30
        while True:
            try:
                with redis.Redis(port=self._port) as client:
                    client.ping()
            except redis.RedisError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
            else:
                return

    def save(self) -> None:
        """Write a backup."""
        with redis.Redis(port=self._port) as client:
            client.save()

    def kill(self) -> None:
        """Kill it, by process id."""
        if self._process is not None:
            os.kill(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)


def own_redis() -> OwnRedis:
    """Return a server that is not started yet."""
    program = find("redis")
    if program is None:
        raise RuntimeError("expected a redis server on this machine")
    return OwnRedis(program)
