"""What a deployment is alerted of, and who is mailed."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta

from ctsec.audit.alerts.defaults import DEFAULT_RULES
from ctsec.audit.alerts.rule import Rule, Severity, checked
from ctsec.audit.alerts.seen import Locate


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertPolicy:
    """The rules, and who hears of them.

    Alerts over an organization's log are mailed to its owners, those over the deployment's to `operators` (addresses); those below the
    severity `mailed` to nobody. What is found more than `late` after it happened is recorded and told to nobody: a history that is read
    for the first time rings no bell. `locate` says where addresses are; without it, no rule about places fires. Raises ValueError.
    """

    rules: tuple[Rule, ...] = DEFAULT_RULES
    operators: tuple[str, ...] = ()
    mailed: Severity = Severity.MEDIUM
    late: timedelta = timedelta(days=7)
    locate: Locate | None = None

    def __post_init__(self) -> None:
        checked(self.rules)
        if any("@" not in each or any(unicodedata.category(c) in {"Cc", "Zl", "Zp"} for c in each) for each in self.operators):
            raise ValueError("expected mail addresses of operators")
        if self.late < timedelta(hours=1):
            raise ValueError("expected at least an hour for `late`")

    def rule(self, name: str) -> Rule | None:
        """Return the rule of a name."""
        return next((each for each in self.rules if each.name == name), None)

    def mails(self, severity: Severity) -> bool:
        """Say whether alerts of a severity are mailed."""
        order = tuple(Severity)
        return order.index(severity) >= order.index(self.mailed)

    def tells(self, happened: datetime, *, now: datetime) -> bool:
        """Say whether anybody is told of what happened then."""
        return happened > now - self.late
