"""One end for a whole exchange: a time-out of a socket alone starts anew with each byte that comes."""

from __future__ import annotations

import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress


@contextmanager
def cut_at_the_end(sock: socket.socket, seconds: float) -> Generator[None, None, None]:
    """Close the connection after so many seconds, whatever it waits for; who uses it looks at the time before believing what came."""

    def cut() -> None:
        with suppress(OSError):
            # Below TLS: `SSLSocket.shutdown` takes TLS off first, and what the other thread sends or reads meanwhile would be in clear.
            socket.socket.shutdown(sock, socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
