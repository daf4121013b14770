"""A receiver over HTTP that hangs, answers 500 and dies: each alert arrives, with the same id each time."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from ctsec.audit.alerts import Alert
from ctsec.operators import Operator
from ctsec.presets import in_memory
from ctsec.rbac import Policy
from ctsec.security import Security
from ctsec.security.parts import EmbeddedOptions
from ctsec.testing import FixedClock


class Peer:
    """The other side: does with each request what comes next, and takes every one after that."""

    def __init__(self, *moods: str) -> None:
        self.moods, self.ids, self.taken = list(moods), list[str](), list[str]()
        self.done = threading.Event()
        peer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                peer.ids.append(told["id"])
                mood = peer.moods.pop(0) if peer.moods else "takes"
                if mood == "hangs":
                    peer.done.wait(60)
                elif mood == "dies":
                    self.connection.close()
                else:
                    if mood == "takes":
                        peer.taken.append(told["id"])
                    self.send_response(204 if mood == "takes" else 500)
                    self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the standard library's
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def deliver(self, alert: Alert, *, body: bytes) -> bool:
        """Tell the other side; a time-out, a broken connection and a bad answer are no."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.server_address[1], timeout=0.2)
        try:
            connection.request("POST", "/", body, {"Content-Type": "application/json", "Idempotency-Key": alert.id})
            return connection.getresponse().status < 300
        finally:
            connection.close()


@pytest.fixture
def peer() -> Iterator[Peer]:
    made = Peer("hangs", "fails", "dies")
    yield made
    made.done.set()
    made.server.shutdown()
    made.server.server_close()
    made.thread.join()


def fired(security: Security, times: int) -> None:
    """Have so many denials that one rule fires."""
    with security.begin() as unit:
        for _ in range(times):
            unit.alerts.mute_deployments(Operator(id="sam", reason="none"), rule="no_rule", until=security.parts.clock.now())
    security.logs.flush()


@pytest.mark.proves("SEED-P4")
def test_what_a_receiver_did_not_take_is_told_again_until_it_does(peer: Peer) -> None:
    """After a hang, a 500 and a dead connection the same alert arrives once more and is done; nothing is told after that."""
    clock = FixedClock()
    security = in_memory(policy=Policy.preset(), options=EmbeddedOptions(clock=clock, alert_receiver=peer))
    fired(security, 30)
    assert security.alerts.run_due() == 1
    with security.begin() as unit:
        (alert,) = unit.alerts.page(organization=None)
    for attempts in (1, 2, 3):
        assert peer.taken == []
        assert len(peer.ids) == attempts
        assert security.alerts.deliver() == 0
        assert len(peer.ids) == attempts
        clock.advance(timedelta(minutes=attempts * 2))
        security.alerts.deliver()
    assert peer.taken == [alert.id]
    assert peer.ids == [alert.id] * 4
    clock.advance(timedelta(days=1))
    assert security.alerts.deliver() == 0
    assert len(peer.ids) == 4
    security.close()
