"""The end of an exchange, from another thread."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import suppress

import pytest

from ctsec.transport.deadline import cut_at_the_end
from ctsec.transport.tls import client_context


class Noted(threading.Event):
    """Stands for the timer: it fires when it is started, and what it did is done then."""

    daemon = False

    def __init__(self, seconds: float, work: object) -> None:
        super().__init__()
        self.seconds, self._work = seconds, work

    def start(self) -> None:
        """Fire."""
        assert callable(self._work)
        self._work()

    def cancel(self) -> None:
        """It has fired."""


def test_a_cut_connection_stays_under_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that was cut takes nothing in clear from whoever stands between, and gives nothing in clear: TLS is not taken off it."""
    monkeypatch.setattr(threading, "Timer", Noted)
    here, there = socket.socketpair()
    with there, client_context().wrap_socket(here, server_hostname="peer.example", do_handshake_on_connect=False) as secured:
        there.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        with cut_at_the_end(secured, 1.0):
            assert read(secured) == b""
            with pytest.raises(OSError, match=r"EOF|closed|shut"):
                secured.sendall(b"Authorization: secret")
        with suppress(ConnectionError):
            assert b"secret" not in there.recv(4096)


def read(sock: socket.socket) -> bytes:
    """Return what comes, nothing where TLS refuses."""
    try:
        return sock.recv(100)
    except ssl.SSLError:
        return b""
