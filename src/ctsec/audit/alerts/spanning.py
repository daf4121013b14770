"""One log in several stores: in which order its events are judged, and what of a region's events is remembered where.

Rules that this module keeps:

- events of stores that answer are judged in the order of their times, the home store's first and then in the order of the stores; within
  a store in the order of its log, whatever their times say;
- a rule that remembers ids alone (`Rule.of_ids`) sees all stores as one;
- any other (by a target, a network or a country, and journeys) judges a region's log by itself, out of a memory of its own, which is
  sealed under the region's key: where somebody was, and what a host calls its things, is not to be had without that key;
- an alert's key is an id, or for such a rule over a region a digest that nobody makes who does not have that memory.
"""

from __future__ import annotations

import hmac
from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ctsec.audit.alerts.engine import EngineState, Fired, step
from ctsec.audit.alerts.rule import IDS, By, Rule
from ctsec.audit.alerts.seen import Seen
from ctsec.audit.event import DEPLOYMENT_LOG, LogId


@dataclass(frozen=True, slots=True)
class Memory:
    """What is remembered of a log (`own`), of all logs for rules across them, and of the log in each region's store by itself."""

    own: EngineState
    across: EngineState
    regions: Mapping[str, EngineState] = field(default_factory=dict[str, EngineState])


def ordered(histories: Mapping[str, Sequence[Seen]], *, more: Collection[str] = ()) -> tuple[Seen, ...]:
    """Return the events of a log in several stores in the order in which they are judged.

    It ends where nothing is left of a store of `more`: nobody has read what comes next there.
    """
    left = {store: deque(history) for store, history in histories.items()}
    found: list[Seen] = []
    while not any(not left[store] for store in more):
        waiting = [(events[0].time, place, store) for place, (store, events) in enumerate(left.items()) if events]
        if not waiting:
            break
        found.append(left[min(waiting)[2]].popleft())
    return tuple(found)


def judged(rules: Iterable[Rule], memory: Memory, events: Iterable[Seen], *, log: LogId) -> tuple[Memory, tuple[Fired, ...]]:
    """Return what is remembered after events of a log, and what fired; alerts of rules across logs are the deployment's."""
    known = tuple(rules)
    near = tuple(rule for rule in known if log == DEPLOYMENT_LOG or not rule.across)
    far = tuple(rule for rule in known if rule.across and log != DEPLOYMENT_LOG)
    own, across, regions, found = memory.own, memory.across, dict(memory.regions), list[Fired]()
    for seen in events:
        apart = bool(seen.store)
        own, fired = step((rule for rule in near if rule.of_ids or not apart), own, seen)
        found += fired
        if any(rule.takes(seen) for rule in far):
            across, fired = step((rule for rule in far if rule.of_ids or not apart), across, seen)
            found += fired
        if apart:
            state, fired = step((rule for rule in known if not rule.of_ids), regions[seen.store], seen)
            regions[seen.store] = state
            found += (replace(each, key=_shown(each, state.salt)) for each in fired)
    return Memory(own, across, regions), tuple(found)


def _shown(fired: Fired, salt: bytes) -> str:
    """Return the key of an alert over a region's own memory; the digest of an address block is one under its salt already."""
    if fired.rule.by in {*IDS, By.NETWORK}:
        return fired.key
    return "ref-" + hmac.digest(salt, f"{fired.rule.by}:{fired.key}".encode(), "sha256")[:10].hex()
