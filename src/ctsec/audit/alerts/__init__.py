"""Alerts over the audit log: rules as data, a pure engine, and what fired.

Names are resolved at first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctsec.lazy import face

if TYPE_CHECKING:
    from ctsec.audit.alerts.defaults import DEFAULT_RULES as DEFAULT_RULES
    from ctsec.audit.alerts.engine import EngineState as EngineState
    from ctsec.audit.alerts.engine import Fired as Fired
    from ctsec.audit.alerts.engine import run as run
    from ctsec.audit.alerts.engine import step as step
    from ctsec.audit.alerts.policy import AlertPolicy as AlertPolicy
    from ctsec.audit.alerts.record import Alert as Alert
    from ctsec.audit.alerts.record import AlertStanding as AlertStanding
    from ctsec.audit.alerts.record import AlertStatus as AlertStatus
    from ctsec.audit.alerts.record import Mute as Mute
    from ctsec.audit.alerts.rule import By as By
    from ctsec.audit.alerts.rule import FirstTime as FirstTime
    from ctsec.audit.alerts.rule import Match as Match
    from ctsec.audit.alerts.rule import Occurrence as Occurrence
    from ctsec.audit.alerts.rule import Rule as Rule
    from ctsec.audit.alerts.rule import Sequence as Sequence
    from ctsec.audit.alerts.rule import Severity as Severity
    from ctsec.audit.alerts.rule import Signal as Signal
    from ctsec.audit.alerts.rule import Threshold as Threshold
    from ctsec.audit.alerts.rule import Travel as Travel
    from ctsec.audit.alerts.seen import Locate as Locate
    from ctsec.audit.alerts.seen import Place as Place
    from ctsec.audit.alerts.seen import Seen as Seen
    from ctsec.audit.alerts.webhook import AlertWebhook as AlertWebhook

_HOME = {
    "Alert": "ctsec.audit.alerts.record",
    "AlertPolicy": "ctsec.audit.alerts.policy",
    "AlertStanding": "ctsec.audit.alerts.record",
    "AlertStatus": "ctsec.audit.alerts.record",
    "AlertWebhook": "ctsec.audit.alerts.webhook",
    "By": "ctsec.audit.alerts.rule",
    "DEFAULT_RULES": "ctsec.audit.alerts.defaults",
    "EngineState": "ctsec.audit.alerts.engine",
    "Fired": "ctsec.audit.alerts.engine",
    "FirstTime": "ctsec.audit.alerts.rule",
    "Locate": "ctsec.audit.alerts.seen",
    "Match": "ctsec.audit.alerts.rule",
    "Mute": "ctsec.audit.alerts.record",
    "Occurrence": "ctsec.audit.alerts.rule",
    "Place": "ctsec.audit.alerts.seen",
    "Rule": "ctsec.audit.alerts.rule",
    "Seen": "ctsec.audit.alerts.seen",
    "Sequence": "ctsec.audit.alerts.rule",
    "Severity": "ctsec.audit.alerts.rule",
    "Signal": "ctsec.audit.alerts.rule",
    "Threshold": "ctsec.audit.alerts.rule",
    "Travel": "ctsec.audit.alerts.rule",
    "run": "ctsec.audit.alerts.engine",
    "step": "ctsec.audit.alerts.engine",
}
__all__ = [
    "DEFAULT_RULES",
    "Alert",
    "AlertPolicy",
    "AlertStanding",
    "AlertStatus",
    "AlertWebhook",
    "By",
    "EngineState",
    "Fired",
    "FirstTime",
    "Locate",
    "Match",
    "Mute",
    "Occurrence",
    "Place",
    "Rule",
    "Seen",
    "Sequence",
    "Severity",
    "Signal",
    "Threshold",
    "Travel",
    "run",
    "step",
]

__getattr__ = face(__name__, _HOME)
