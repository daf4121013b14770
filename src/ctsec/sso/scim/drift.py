"""Where a provider and the organization differ about somebody: one decision, without a store.

Rules that this module keeps:

- what a push would bring in line (`missing`, `pending`) is told apart from what no push changes (`by_hand`), so that it is clear who acts;
- unknown groups differ from nothing: they are not "no groups";
- a member whom the provider never told of is named, and is no fault: people may invite people.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ctsec.ids import UserId
from ctsec.sso.foreseen import Foreseen
from ctsec.sso.rules import Decision, Held
from ctsec.sso.scim.record import ScimUser


class Gap(StrEnum):
    """How a provider and the organization differ about somebody."""

    MISSING = "missing"  # The provider says that they are there, and they are no member.
    EXTRA = "extra"  # The provider says that they left, and they are a member.
    PENDING = "pending"  # The next push changes what they hold.
    BY_HAND = "by_hand"  # Somebody gave them what the rules do not; a push leaves that alone.
    UNPUSHED = "unpushed"  # A member whom the provider does not tell of.


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a pushed user is, and what the rules make of it.

    `why` is in one word why it is no member, or would not be after a push; empty if it is one. `groups` are the names of its groups, None
    while the provider pushed none. `foreseen` is None where there is no account.
    """

    user: ScimUser
    why: str
    groups: tuple[str, ...] | None = None
    foreseen: Foreseen | None = None

    @property
    def member(self) -> UserId | None:
        """The account of the membership that there is."""
        return self.foreseen.member if self.foreseen is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Somebody about whom provider and organization differ; `look` is None for a member whom the provider does not tell of.

    `role` is what a member has in the organization; `provisioned` says that the connection made the membership.
    """

    gap: Gap
    user_id: UserId | None
    email: str
    role: str | None = None
    provisioned: bool = False
    look: Look | None = None


def gap(look: Look) -> Gap | None:
    """Return how provider and organization differ about a pushed user, None if they agree."""
    seen = look.foreseen
    if seen is None or seen.member is None:
        return Gap.MISSING if look.user.active else None
    if not look.user.active:
        return None if look.why == "there_twice" else Gap.EXTRA
    change = seen.change
    if seen.leaves or (change is not None and (change.role is not None or change.give or change.take)):
        return Gap.PENDING
    if seen.held is not None and look.groups is not None and not seen.barred and _by_hand(seen.held, seen.newcomer):
        return Gap.BY_HAND
    return None


def _by_hand(held: Held, ruled: Decision) -> bool:
    """Tell whether somebody holds by hand what a newcomer with these groups would not get."""
    if not held.role.given and held.role.role != ruled.role:
        return True
    return any(not each.given and each.role != ruled.give.get(place) for place, each in held.workspaces.items())
