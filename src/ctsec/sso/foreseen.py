"""What a sign-in would make of somebody, told before it happens."""

from __future__ import annotations

from dataclasses import dataclass

from ctsec.ids import UserId
from ctsec.sso.rules import Decision, Held


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """What the rules give to somebody with these claims.

    `barred` is in one word why the groups do not let them in, empty if they do. `newcomer` is what a newcomer would get. `member` is the
    account of a member that the sign-in would lead to (None: there is none), who holds `held`, and `change` what would change for them;
    `leaves` says that the membership would end, and `made_by` is the connection that made it, None if somebody did by hand.
    """

    barred: str
    newcomer: Decision
    member: UserId | None = None
    held: Held | None = None
    change: Decision | None = None
    leaves: bool = False
    made_by: str | None = None
