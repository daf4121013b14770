"""What is to be there after purges, said the slow way: every event is looked at each time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass(slots=True)
class Row:
    """An event as the model knows it; `gone` once a purge took it, which never takes one that a purge is judged by (`stays`)."""

    name: str
    time: datetime
    actor: str
    subject: str = ""
    stays: bool = False
    gone: bool = False


WIDTH = 256


@dataclass(slots=True)
class Hold:
    """A hold: who or which names it covers (None: any), when it was released, and the `first` index that it covered when it was placed."""

    person: str | None = None
    name: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    released: datetime | None = None
    first: int | None = None

    def binds(self, now: datetime) -> bool:
        """Say whether it is in force, or was released less than a day ago."""
        return self.released is None or now < self.released + timedelta(days=1)

    def covers(self, row: Row, *, now: datetime) -> bool:
        """Say whether it keeps an event now."""
        if not self.binds(now):
            return False
        named = self.name is None or row.name == self.name or (self.name.endswith(".*") and row.name.startswith(self.name[:-1]))
        return (
            named
            and self.person in {None, row.actor, row.subject}
            and (self.since is None or row.time >= self.since)
            and (self.until is None or row.time < self.until)
        )


@dataclass(slots=True)
class Naive:
    """One log: its events in the order of indexes, the days that they are kept by the beginning of their names, and holds."""

    days: int
    classes: dict[str, int] = field(default_factory=dict[str, int])
    rows: list[Row] = field(default_factory=list[Row])
    holds: list[Hold] = field(default_factory=list[Hold])
    minimum: int = 0

    def period(self, name: str) -> timedelta:
        """Return how long events of a name are kept."""
        return timedelta(days=next((days for prefix, days in self.classes.items() if name.startswith(prefix)), self.days))

    def purge(self, now: datetime) -> None:
        """Take what is old and not held, up to the first event that is too young for every period, by a day."""
        shortest = timedelta(days=min([self.days, *self.classes.values()]))
        for row in self.rows:
            if row.gone:
                continue
            if row.time >= now - shortest + timedelta(days=1):
                break
            old = row.time < now - self.period(row.name)
            row.gone = old and not row.stays and not any(hold.covers(row, now=now) for hold in self.holds)

    def prune(self, now: datetime) -> int:
        """Raise the minimum index over what is gone or never goes, up to what a hold covered; return how many tiles are empty there."""
        binding = [hold for hold in self.holds if hold.binds(now)]
        end = next((index for index, row in enumerate(self.rows) if not row.gone and not row.stays), len(self.rows))
        end = min([end, *(hold.first for hold in binding if hold.first is not None)])
        if any(hold.person is hold.name is hold.since is hold.until is None for hold in binding):
            return 0
        minimum = end - end % WIDTH
        starts = range(self.minimum, minimum, WIDTH)
        empty = sum(all(row.gone for row in self.rows[start : start + WIDTH]) for start in starts)
        if empty:
            self.minimum = minimum
        return empty

    def there(self, prefix: str) -> int:
        """Return how many events are there whose name begins with `prefix`."""
        return sum(not row.gone and row.name.startswith(prefix) for row in self.rows)
