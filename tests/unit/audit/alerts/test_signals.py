"""What is worth an alert of the state of the logs and of what follows them: for each rule a state that fires it and one that does not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from ctsec.audit.alerts import signals
from ctsec.audit.alerts.defaults import DEFAULT_RULES
from ctsec.audit.alerts.rule import Signal
from ctsec.audit.anchors import witnessed
from ctsec.audit.event import DEPLOYMENT_LOG, LogId
from ctsec.audit.sealing import LOG_OF_LOGS, LogStatus
from ctsec.audit.streams.position import LONGEST, Position
from ctsec.security import _async_anchors, _async_streams

NOW: Final = datetime(2026, 1, 1, 12, tzinfo=UTC)
ONE: Final = LogId("org_00000000000000000000000001")


def failed(follower: str, log: LogId, times: int, problem: str = "delivery_failed: no") -> Position:
    """Return a position after so many failures in a row."""
    made = Position(follower=follower, log=log)
    for _ in range(times):
        made = made.failed(problem, now=NOW)
    return made


def status(*, minutes: int = 0, problem: str = "") -> LogStatus:
    """Return the state of a deployment whose oldest event waits for so long."""
    return LogStatus(waiting=1, oldest=NOW - timedelta(minutes=minutes), unsigned=0, problem=problem)


CUT: Final = [failed("siem", ONE, 1, _async_streams.SHORTER)]
STATES: Final = {
    "log_tampered": (signals.of_follower("siem", CUT, now=NOW), signals.of_follower("siem", [failed("siem", ONE, 1)], now=NOW)),
    "log_stalled": (signals.of_status(status(minutes=6), now=NOW), signals.of_status(status(minutes=4), now=NOW)),
    "stream_failed": (
        signals.of_follower("siem", [failed("siem", LogId(""), signals.FAILING)], now=NOW),
        signals.of_follower("siem", [failed("siem", ONE, signals.FAILING - 1), Position(follower="siem", log=LogId(""))], now=NOW),
    ),
    "anchor_failed": (
        signals.of_follower("anchor:s3", [failed("anchor:s3", LOG_OF_LOGS, signals.FAILING)], now=NOW),
        signals.of_follower("anchor:s3", [failed("anchor:s3", LOG_OF_LOGS, signals.FAILING).moved(9, purged=0, now=NOW)], now=NOW),
    ),
}


@pytest.mark.proves("SEED-P4")
@pytest.mark.parametrize("name", [rule.name for rule in DEFAULT_RULES if isinstance(rule.kind, Signal)])
def test_each_shipped_signal_has_a_state_that_fires_it_and_one_that_does_not(name: str) -> None:
    """The first state tells the rule once, and nothing else; the second, which is close to it, tells nothing."""
    fires, quiet = STATES[name]
    assert [each.rule for each in fires] == [name]
    assert quiet == ()


def test_a_log_that_became_shorter_is_tampering_for_whoever_follows_it() -> None:
    """The problems that streams and anchors store are recognized; the alert is of the log, once a day, and not one of the receiver."""
    for follower, log, problem in (
        ("siem", ONE, _async_streams.SHORTER),
        ("anchor:s3", LOG_OF_LOGS, _async_anchors.SHORTER),
        ("anchor:w", LOG_OF_LOGS, f"delivery_failed: {witnessed.SHORTER} (w)"),
        ("anchor:w", LOG_OF_LOGS, f"delivery_failed: {witnessed.OTHER} (w)"),
    ):
        (told,) = signals.of_follower(follower, [failed(follower, log, 2, problem)], now=NOW)
        assert (told.rule, told.source) == ("log_tampered", log)
        (again,) = signals.of_follower(follower, [failed(follower, log, 3, problem)], now=NOW + timedelta(hours=2))
        assert again == told


def test_a_receiver_that_stays_away_is_told_once_an_hour() -> None:
    """However many logs it failed in, a stream is one alert an hour, of the deployment's log; two streams are two."""
    many = [failed("siem", LogId(f"org_{number:026}"), 9) for number in range(3)]
    first = signals.of_follower("siem", many, now=NOW)
    assert [(each.key, each.source) for each in first] == [("stream:siem", DEPLOYMENT_LOG)]
    assert signals.of_follower("siem", many, now=NOW + timedelta(minutes=59)) == first
    assert signals.of_follower("siem", many, now=NOW + timedelta(hours=1)) != first
    assert signals.of_follower("other", many, now=NOW)[0].occasion != first[0].occasion
    assert sum([min(timedelta(seconds=5 * 2**at), LONGEST).total_seconds() for at in range(signals.FAILING)]) > 300
