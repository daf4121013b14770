"""How an actor authenticated, held against the table of methods: what acts of ctsec's own are judged by, after the roles.

Rules that this module keeps:

- an act that takes a permission by name needs a method that the table accepts for it; an act that takes none needs what the table accepts
  for whatever it does not name: a session, unless keys are unrestricted;
- what is done later in the name of somebody who asked for it (the inviter, when an invitation is accepted) was judged when it was asked
  for: an internal credential has no manner;
- without a table nothing is judged.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ctsec.outcome import Reason, Refusal
from ctsec.principal import Credential, CredentialKind
from ctsec.rbac.decision import DecisionReason
from ctsec.rbac.methods import MethodTable, methods_of, refuse_methods


@dataclass(frozen=True, slots=True)
class Manner:
    """The credential of an actor at an instant, and the table that judges it."""

    table: MethodTable
    credential: Credential
    now: datetime

    def refuse(self, permission: str | None) -> Refusal | None:
        """Return why an act that takes `permission` (None: none by name) can not be done in this manner, or None."""
        if permission is None:
            reason = refuse_methods(self.table.otherwise, methods_of(self.credential, now=self.now, fresh=self.table.fresh))
        else:
            reason = self.table.refuse(permission, credential=self.credential, now=self.now)
        if reason is None:
            return None
        if reason is not DecisionReason.STEP_UP_REQUIRED:
            return Refusal(Reason.DENIED, f"refused: {reason}")
        max_age = self.table.max_age(permission) if permission is not None else None
        return Refusal(Reason.STEP_UP_REQUIRED, "prove your second factor first", max_age=max_age)


def manner_of(table: MethodTable | None, credential: Credential, *, now: datetime) -> Manner | None:
    """Return how `credential` counts for `table`, or None where nothing is judged."""
    if table is None or credential.kind is CredentialKind.INTERNAL:
        return None
    return Manner(table, credential, now)
