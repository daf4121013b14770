"""Conditions: small frozen objects that an allowed action must meet besides, composed with `AllOf` and `AnyOf`.

    office = AllOf((FromNetwork(("192.0.2.0/24",)), During(zone="Europe/Vienna", start=time(8), end=time(18))))
    decision = conditioned(access.check(May.APPROVE), condition=AllOf((office, NotRequester())), situation=situation)

Rules that this module keeps:

- a condition only takes away: it turns no denial into an answer of its own, and every alternative of `AnyOf` is looked at;
- a fact that nobody told (no address, no requester) is never met: `unknown_fact`; an exception inside ends the question, never allows it;
- there is no `Not`: turned round, a fact that nobody told would allow. The kinds of conditions are closed for the same reason;
- nobody steps up for what stays refused: `AllOf` asks for a step-up last, `AnyOf` first, since it is what the caller can do;
- a time window is [start, end) on the wall clock of its zone, so it begins and ends with the hands of that clock when summer time does; an
  hour that the clock repeats is in the window twice, one that it skips is not there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from enum import IntEnum
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ctsec.ids import ServiceAccountId, UserId, is_id
from ctsec.network import Network, parse_address, parse_network
from ctsec.principal import COUNTED_SECOND, FRESH, PHISHING_RESISTANT, SESSIONS, Principal
from ctsec.rbac.access import Access
from ctsec.rbac.decision import DECISIONS, Decision, DecisionReason
from ctsec.rbac.methods import Method, methods_of, refuse_methods
from ctsec.rbac.permission import shown

MAX_NETWORKS: Final = 256
MAX_ZONE: Final = 64
MAX_PARTS: Final = 64


class Weekday(IntEnum):
    """A day of the week, numbered as `datetime.weekday` does."""

    MONDAY = 0
    TUESDAY = 1
    WEDNESDAY = 2
    THURSDAY = 3
    FRIDAY = 4
    SATURDAY = 5
    SUNDAY = 6


WORKDAYS: Final = frozenset(Weekday) - {Weekday.SATURDAY, Weekday.SUNDAY}


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What conditions are judged on: who asks, when, from which address ("" if unknown), and whose request it is about (None if unknown).

    `now` is aware. `requester` is the id of who asked for what the principal is about to approve.
    """

    principal: Principal
    now: datetime
    address: str = ""
    requester: str | None = None

    def __post_init__(self) -> None:
        if self.now.tzinfo is None:
            raise ValueError("expected an aware datetime; a naive one could mean any instant")


@dataclass(frozen=True, slots=True)
class FreshFactor:
    """A second factor was proved at most `within` ago, in this session; `phishing_resistant` takes a passkey, and no code."""

    within: timedelta = FRESH
    phishing_resistant: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        if self.within <= timedelta(0):
            raise ValueError("expected a positive time within which the factor was proved")

    def unmet(self, situation: Situation) -> DecisionReason | None:
        """Return `step_up_required`, `credential_not_accepted` for what is no session, or None if it is met."""
        credential = situation.principal.credential
        if credential.kind not in SESSIONS:
            return DecisionReason.CREDENTIAL_NOT_ACCEPTED
        factors = PHISHING_RESISTANT if self.phishing_resistant else COUNTED_SECOND
        proved = any(credential.fresh(factor, now=situation.now, within=self.within) for factor in factors)
        return None if proved else DecisionReason.STEP_UP_REQUIRED


@dataclass(frozen=True, slots=True)
class ByMethod:
    """The caller authenticated in one of the ways `methods`; a stronger session is also a weaker one."""

    methods: frozenset[Method]
    fresh: timedelta = FRESH

    def __post_init__(self) -> None:
        methods = frozenset(Method(each) for each in self.methods)
        if not methods:
            raise ValueError("expected at least one method, or nobody could ever meet the condition")
        if self.fresh <= timedelta(0):
            raise ValueError("expected a positive time for which a second factor is fresh")
        object.__setattr__(self, "methods", methods)

    def unmet(self, situation: Situation) -> DecisionReason | None:
        """Return `step_up_required` where that would help, else `credential_not_accepted`, or None if it is met."""
        return refuse_methods(self.methods, methods_of(situation.principal.credential, now=situation.now, fresh=self.fresh))


@dataclass(frozen=True, slots=True)
class FromNetwork:
    """The request comes from one of `networks` (CIDR, at most 256)."""

    networks: tuple[str, ...]
    _parsed: tuple[Network, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 1 <= len(self.networks) <= MAX_NETWORKS:
            raise ValueError(f"expected 1 to {MAX_NETWORKS} networks")
        object.__setattr__(self, "networks", tuple(self.networks))
        object.__setattr__(self, "_parsed", tuple(_network(each) for each in self.networks))

    def unmet(self, situation: Situation) -> DecisionReason | None:
        """Return `unknown_fact` without an address, `outside_network` for one elsewhere, or None if it is met."""
        address = parse_address(situation.address)
        if address is None:
            return DecisionReason.UNKNOWN_FACT
        return None if any(address in network for network in self._parsed) else DecisionReason.OUTSIDE_NETWORK


@dataclass(frozen=True, slots=True, kw_only=True)
class During:
    """It is between `start` and `end` on the clock of `zone` (an IANA name), on one of `weekdays`; without `end`, until midnight.

    An `end` before the `start` is of the next day: such a window belongs to the weekday on which it starts.
    """

    zone: str
    start: time = time(0)
    end: time | None = None
    weekdays: frozenset[Weekday] = frozenset(Weekday)
    _zone: ZoneInfo = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for edge in (self.start, self.end):
            if edge is not None and edge.tzinfo is not None:
                raise ValueError("expected a time without a zone of its own; the zone is given once")
        if self.end is not None and self.end == self.start:
            raise ValueError("expected an end that is not the start; leave it out for the whole day")
        weekdays = frozenset(Weekday(each) for each in self.weekdays)
        if not weekdays:
            raise ValueError("expected at least one weekday")
        object.__setattr__(self, "weekdays", weekdays)
        object.__setattr__(self, "_zone", _zone(self.zone))

    def unmet(self, situation: Situation) -> DecisionReason | None:
        """Return `outside_hours`, or None if it is met."""
        local = situation.now.astimezone(self._zone)
        clock, today = local.time(), Weekday(local.weekday())
        if self.end is None or self.start < self.end:
            inside = self.start <= clock and (self.end is None or clock < self.end) and today in self.weekdays
        else:
            yesterday = Weekday((today - 1) % 7)
            inside = (self.start <= clock and today in self.weekdays) or (clock < self.end and yesterday in self.weekdays)
        return None if inside else DecisionReason.OUTSIDE_HOURS


@dataclass(frozen=True, slots=True)
class NotRequester:
    """The principal is not who made the request that it is about to approve; an API key is its owner."""

    def unmet(self, situation: Situation) -> DecisionReason | None:
        """Return `own_request`, `unknown_fact` where one of the two is no id of a person or service account, or None if it is met."""
        if not (_somebody(situation.requester) and _somebody(situation.principal.id)):
            return DecisionReason.UNKNOWN_FACT
        return DecisionReason.OWN_REQUEST if situation.requester == situation.principal.id else None


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every one of `conditions` is met; 1 to 64 of them."""

    conditions: tuple[Condition, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "conditions", _parts(self.conditions))

    def unmet(self, situation: Situation) -> DecisionReason | None:
        """Return the reason of the first that is not met, a step-up last, or None if all are met."""
        reasons = [reason for each in self.conditions if (reason := each.unmet(situation)) is not None]
        return next((reason for reason in reasons if reason is not DecisionReason.STEP_UP_REQUIRED), reasons[0] if reasons else None)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of `conditions` is met; 1 to 64 of them."""

    conditions: tuple[Condition, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "conditions", _parts(self.conditions))

    def unmet(self, situation: Situation) -> DecisionReason | None:
        """Return `step_up_required` if that would do, else the reason of the first, or None if one is met."""
        reasons = [each.unmet(situation) for each in self.conditions]
        if None in reasons:
            return None
        return DecisionReason.STEP_UP_REQUIRED if DecisionReason.STEP_UP_REQUIRED in reasons else reasons[0]


Condition: TypeAlias = FreshFactor | ByMethod | FromNetwork | During | NotRequester | AllOf | AnyOf
_KINDS: Final = (FreshFactor, ByMethod, FromNetwork, During, NotRequester, AllOf, AnyOf)


def conditioned(decision: Decision, *, condition: Condition, situation: Situation) -> Decision:
    """Return `decision` if it denies or `condition` is met, else the denial that tells what is not met."""
    known = _known(condition)
    reason = known.unmet(situation) if decision.allowed else None
    return decision if reason is None else DECISIONS[reason]


def conditioned_access(access: Access, *, condition: Condition, situation: Situation) -> Access:
    """Return `access` if `condition` is met, else access in which what was allowed is denied for what is not met."""
    reason = _known(condition).unmet(situation)
    return access if reason is None else access.narrow(0, reason=reason)


def max_age(condition: Condition) -> timedelta | None:
    """Return how old the proof of a second factor may be at most wherever the condition asks for a fresh one, or None if it never does."""
    if isinstance(condition, AllOf | AnyOf):
        return min((age for each in condition.conditions if (age := max_age(each)) is not None), default=None)
    known = _known(condition)
    if isinstance(known, FreshFactor):
        return known.within
    fresh = isinstance(known, ByMethod) and Method.FRESH_SECOND_FACTOR in known.methods
    return known.fresh if isinstance(known, ByMethod) and fresh else None


def needs_requester(condition: Condition) -> bool:
    """Say whether the condition asks who made the request that is to be approved, which only the host's own code knows."""
    if isinstance(condition, AllOf | AnyOf):
        return any(needs_requester(each) for each in condition.conditions)
    return isinstance(_known(condition), NotRequester)


def _known(condition: Condition) -> Condition:
    # Exactly these kinds: another object's "nothing is unmet" would be a way to allow.
    if type(condition) not in _KINDS:
        raise TypeError(f"expected a condition of ctsec.rbac, found {shown(type(condition).__name__)}")
    return condition


def _parts(conditions: Iterable[Condition]) -> tuple[Condition, ...]:
    parts = tuple(_known(each) for each in conditions)
    if not 1 <= len(parts) <= MAX_PARTS:
        raise ValueError(f"expected 1 to {MAX_PARTS} conditions, found {len(parts)}")
    return parts


def _network(text: str) -> Network:
    try:
        return parse_network(text)
    except ValueError:
        raise ValueError(f"expected a network such as 192.0.2.0/24 or 2001:db8::/32 without host bits, found {shown(text)}") from None


def _zone(name: str) -> ZoneInfo:
    if len(name) <= MAX_ZONE:
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            pass
    raise ValueError(f"expected the name of a time zone such as Europe/Vienna, found {shown(name)}")


def _somebody(text: str | None) -> bool:
    # An id of another spelling might be the same person to a store that folds case, so it is nobody here.
    return text is not None and (is_id(UserId, text) or is_id(ServiceAccountId, text))
