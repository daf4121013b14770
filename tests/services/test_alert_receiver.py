"""The webhook of alerts against a receiver that hangs, answers 500 and dies: each alert arrives, with the same id each time."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from ctsec.audit.alerts import AlertWebhook
from ctsec.audit.streams.signing import verify_webhook, webhook_secret
from ctsec.operators import Operator
from ctsec.outcome import Reason, Refusal
from ctsec.presets import in_memory
from ctsec.rbac import Policy
from ctsec.security import Security
from ctsec.security.parts import EmbeddedOptions
from ctsec.testing import FixedClock
from ctsec.transport.reach import Reach
from tests.audit.peers import Script, http_peer

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def fired(security: Security, times: int) -> None:
    """Have so many denials that one rule fires."""
    with security.begin() as unit:
        for _ in range(times):
            unit.alerts.mute_deployments(Operator(id="sam", reason="none"), rule="no_rule", until=security.parts.clock.now())
    security.logs.flush()


@pytest.mark.proves("SEED-P4")
def test_what_a_receiver_did_not_take_is_told_again_until_it_does() -> None:
    """After a hang, a 500, an answer that was lost and a reset the same alert arrives once more and is done; nothing is told after that."""
    clock, script = FixedClock(), Script(["hang", "500", "lost", "reset"])
    with http_peer(script) as port:
        webhook = AlertWebhook(f"http://127.0.0.1:{port}/in", secret=SECRET, reach=Reach.LOOPBACK, seconds=0.5, clock=clock)
        security = in_memory(policy=Policy.preset(), options=EmbeddedOptions(clock=clock, alert_receiver=webhook))
        fired(security, 30)
        assert security.alerts.run_due() == 1
        with security.begin() as unit:
            (alert,) = unit.alerts.page(organization=None)
        for attempts in (1, 2, 3, 4):
            assert len(script.taken) == (1 if attempts > 2 else 0)
            assert security.alerts.deliver() == 0
            assert len(script.modes) == 4 - attempts
            clock.advance(timedelta(minutes=attempts * 2))
            security.alerts.deliver()
        assert (len(script.taken), script.modes) == (2, [])
        clock.advance(timedelta(days=1))
        assert security.alerts.deliver() == 0
        assert len(script.taken) == 2
        security.close()
    lost, taken = script.taken
    assert {json.loads(each.body)["id"] for each in script.taken} == {alert.id}
    assert lost.headers["webhook-id"] == taken.headers["webhook-id"]
    assert lost.headers["webhook-timestamp"] != taken.headers["webhook-timestamp"]


def test_the_other_side_refuses_what_is_old_or_changed() -> None:
    """It verifies the exact bytes; minutes later the same message is refused as a replay, and so is one with another body."""
    clock, script = FixedClock(), Script()
    with http_peer(script) as port:
        webhook = AlertWebhook(f"http://127.0.0.1:{port}/in", secret=SECRET, reach=Reach.LOOPBACK, clock=clock)
        security = in_memory(policy=Policy.preset(), options=EmbeddedOptions(clock=clock, alert_receiver=webhook))
        fired(security, 30)
        security.alerts.run_due()
        security.close()
    (said,) = script.taken
    keys, now = [webhook_secret(SECRET)], clock.now()
    assert verify_webhook(said.headers, said.body, secrets=keys, now=now) == said.headers["webhook-id"]
    for body, later, reason in ((said.body, timedelta(minutes=6), Reason.EXPIRED), (said.body + b" ", timedelta(), Reason.INVALID_TOKEN)):
        refused = verify_webhook(said.headers, body, secrets=keys, now=now + later)
        assert isinstance(refused, Refusal)
        assert refused.reason is reason
