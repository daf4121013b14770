"""What a purge and a prune would do."""

from __future__ import annotations

from dataclasses import dataclass

from ctsec.audit.event import LogId
from ctsec.audit.retention.plan import RetentionPlan
from ctsec.audit.retention.ranges import Ranges


@dataclass(frozen=True, slots=True, kw_only=True)
class PurgePreview:
    """What would go now from a log: which indexes, and how many of each name; `held` events are old enough and kept by `holds`.

    `plan` is the one in force, with the deployment's floor; None where none is in force yet or nothing is signed: then nothing goes.
    """

    log: LogId
    plan: RetentionPlan | None
    ranges: Ranges
    names: tuple[tuple[str, int], ...]
    held: int
    holds: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PrunePreview:
    """What a prune would do now: raise the `minimum` index of a log to `following`, and let the entries of `tiles` tiles go.

    Both are the same where there is nothing to prune.
    """

    log: LogId
    minimum: int
    following: int
    tiles: int
