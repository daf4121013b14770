"""What the bodies of requests about alerts hold, and how alerts and mutes are shown."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ctsec.audit.alerts._async import MAX_KEY, MAX_WHY
from ctsec.audit.alerts.policy import AlertPolicy
from ctsec.audit.alerts.record import Alert, Mute
from ctsec.web.models import Body
from ctsec.web.moments import Moment
from ctsec.web.views import View, moment

RuleName = Annotated[str, Field(max_length=63)]
Why = Annotated[str, Field(min_length=1, max_length=MAX_WHY)]
Key = Annotated[str, Field(max_length=MAX_KEY)]


class Acknowledgment(Body):
    """Why that an alert was looked at is enough."""

    why: Why


class OperatorsMute(Body):
    """A rule that is muted until a time: for one key as an alert shows it, or (an empty one) for all."""

    rule: RuleName
    key: Key = ""
    until: Moment


class NewMute(Body):
    """A rule that is muted until a time, and why."""

    rule: RuleName
    key: Key = ""
    until: Moment
    why: Why


def alert(found: Alert, *, policy: AlertPolicy) -> View:
    """Return an alert, with the reason of its rule."""
    rule = policy.rule(found.rule)
    return {
        "id": found.id,
        "rule": found.rule,
        "reason": rule.reason if rule is not None else "",
        "severity": found.severity,
        "key": found.key,
        "state": found.state.value,
        "source": found.source,
        "index": found.index,
        "happened_at": moment(found.happened_at),
        "fired_at": moment(found.fired_at),
        "changed_by": found.changed_by or None,
        "changed_at": moment(found.changed_at),
    }


def mute(found: Mute) -> View:
    """Return what is muted."""
    return {
        "rule": found.rule,
        "key": found.key,
        "until": moment(found.until),
        "muted_by": found.muted_by,
        "muted_at": moment(found.muted_at),
    }
