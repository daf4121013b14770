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
from typing import Final

from ctsec.outcome import Reason, Refusal
from ctsec.principal import Credential, CredentialKind
from ctsec.rbac.decision import DecisionReason
from ctsec.rbac.methods import Method, MethodTable, methods_of, refuse_methods

_STEP_UP: Final = Refusal(Reason.STEP_UP_REQUIRED, "prove your second factor first")


@dataclass(frozen=True, slots=True)
class Manner:
    """The methods that an actor's credential counts as, and the table that judges them."""

    table: MethodTable
    methods: frozenset[Method]

    def refuse(self, permission: str | None) -> Refusal | None:
        """Return why an act that takes `permission` (None: none by name) can not be done in this manner, or None."""
        accepted = self.table.otherwise if permission is None else self.table.accepted(permission)
        reason = refuse_methods(accepted, self.methods)
        if reason is None:
            return None
        return _STEP_UP if reason is DecisionReason.STEP_UP_REQUIRED else Refusal(Reason.DENIED, f"refused: {reason}")


def manner_of(table: MethodTable | None, credential: Credential, *, now: datetime) -> Manner | None:
    """Return how `credential` counts for `table`, or None where nothing is judged."""
    if table is None or credential.kind is CredentialKind.INTERNAL:
        return None
    return Manner(table, methods_of(credential, now=now, fresh=table.fresh))
