"""Streams and anchors that nobody answers raise alerts by themselves, and working ones none."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ctsec.audit.anchors import Anchor
from ctsec.audit.anchors.anchor import Held
from ctsec.audit.streams import Stream, StreamBatch
from ctsec.audit.tree import SignedCheckpoint
from ctsec.authn.argon2 import Argon2Parameters
from ctsec.errors import DeliveryFailed
from ctsec.presets import in_memory
from ctsec.rbac.policy import Policy
from ctsec.security.parts import EmbeddedOptions
from ctsec.testing import FixedClock


class Peer:
    """A receiver and a keeper that answer as long as they are up."""

    def __init__(self, *, up: bool) -> None:
        self.up = up

    def deliver(self, batch: StreamBatch) -> None:
        """Take a batch."""
        if not self.up:
            raise DeliveryFailed("nobody answers")

    def keep(self, checkpoint: SignedCheckpoint) -> None:
        """Keep a checkpoint."""
        if not self.up:
            raise DeliveryFailed("nobody answers")

    def held(self) -> Held | None:
        """Return nothing."""
        return None


@pytest.mark.proves("ASVS-16.4.3")
@pytest.mark.parametrize("up", [True, False])
def test_a_stream_and_an_anchor_that_stall_raise_their_alerts(up: bool) -> None:
    """Six failures in a row raise one alert each, with its event in the deployment's log; what is taken raises none."""
    clock, peer = FixedClock(), Peer(up=up)
    options = EmbeddedOptions(
        clock=clock,
        password_hash=Argon2Parameters.for_tests(),
        streams=(Stream(name="siem", receiver=peer),),
        anchors=(Anchor(name="box", keeper=peer),),
    )
    security = in_memory(policy=Policy.preset(), options=options)
    with security.begin() as unit:
        unit.accounts.sign_up(email="ann@acme.example", password="nine quiet rivers run north", name="Ann")
    fired: list[int] = []
    for _ in range(6):
        security.logs.flush()
        security.streams.run_due()
        security.anchors.run_due()
        fired.append(security.alerts.run_due())
        clock.advance(timedelta(minutes=4))
    assert fired == ([0] * 6 if up else [0] * 5 + [2])
    with security.reading() as unit:
        found = {(each.rule, each.key, each.source) for each in unit.alerts.page(organization=None)}
    alerts = {("stream_failed", "stream:siem", "deployment"), ("anchor_failed", "anchor:box", "deployment")}
    assert found == (set() if up else alerts)
    peer.up = True
    clock.advance(timedelta(hours=2))
    security.logs.flush()
    assert (security.streams.run_due() > 0) is (not up)
    security.anchors.run_due()
    assert security.alerts.run_due() == 0
