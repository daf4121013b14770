"""What the logs in the stores of regions were told of an organization's plan and holds by now."""

from __future__ import annotations

from dataclasses import dataclass, field

from ctsec.audit.retention.hold import HoldState, LegalHold
from ctsec.audit.retention.told import Heard


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreStanding:
    """What the log in one `store` was told; `problem` is the code of what kept the store from answering, and then nothing is known."""

    store: str
    heard: Heard = field(default_factory=Heard)
    problem: str = ""

    def state_of(self, hold: LegalHold) -> HoldState | None:
        """Return where a hold of the home store stands in this one; None where it was not told of it, or does not answer."""
        found = None if self.problem else self.heard.hold(hold.id)
        return None if found is None else found.state

    def is_pending(self, hold: LegalHold) -> bool:
        """Say whether what was decided of a hold has yet to be told here."""
        return self.state_of(hold) is not hold.state
