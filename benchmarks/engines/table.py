"""What was found out about every engine at one size, beside each other: as ratios to an empty method call and to ctsec."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Final

from benchmarks.engines.catalogue import OURS
from benchmarks.engines.finding import SCALED, SECONDS, TARGETS, Finding, Measure
from benchmarks.engines.workload import QUESTIONS, Size
from benchmarks.report import columns, duration

HEADINGS: Final = ("measured", "engine", "value", "x an empty call", "x ctsec", "target", "met", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineRun:
    """What one engine's process found out, and how it ended if it was not done."""

    version: str | None
    found: tuple[Finding, ...] = ()
    ended: str = ""

    def get(self, measure: Measure) -> Finding | None:
        """Return the finding on a measure, or None."""
        return next((each for each in self.found if each.measure is measure), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnginesTable:
    """The runs of the engines at one size."""

    size: Size
    runs: Mapping[str, EngineRun]

    @property
    def title(self) -> str:
        """Return what was loaded."""
        size = self.size
        people = f"{size.organizations:,} organizations of {size.people:,} people and {size.workspaces} workspaces"
        return f"authorization engines, {size.name}: {size.users:,} users, {size.assignments:,} workspace roles ({people})"

    def lines(self) -> Iterator[tuple[str, ...]]:
        """Yield the cells of each line."""
        for measure in Measure:
            for engine, run in self.runs.items():
                found = run.get(measure)
                if found is None:
                    yield measure, engine, "-", "", "", "", "", run.ended
                else:
                    yield measure, engine, *self._cells(engine, found)

    def _cells(self, engine: str, found: Finding) -> tuple[str, ...]:
        beside = self.beside(found) if engine != OURS else None
        notes = "; ".join(filter(None, (_wrong(found), found.note)))
        return shown(found), _ratio(self.floors(found)), _ratio(beside), self._target(engine, found), self._judged(engine, found), notes

    def _target(self, engine: str, found: Finding) -> str:
        if self.met(engine, found) is None:
            return ""
        target = TARGETS[found.measure]
        return f"<= {target.most:g} x" if target.floors else f"<= {_value(found.measure, target.most)}"

    def _judged(self, engine: str, found: Finding) -> str:
        met = self.met(engine, found)
        if met is None or met:
            return "" if met is None else "yes"
        over = self._measured(found) / max(TARGETS[found.measure].most, 1e-12) - 1
        return f"missed by {over:.0%}" if TARGETS[found.measure].most else "MISSED"

    def floors(self, found: Finding) -> float | None:
        """Return how many empty method calls a finding took; for many checks, each of them."""
        if found.value is None or not found.floor:
            return None
        return found.value / found.floor / (QUESTIONS if found.measure is Measure.BATCH else 1)

    def beside(self, found: Finding) -> float | None:
        """Return how many times ctsec's value a finding is."""
        ours = self.runs[OURS].get(found.measure) if OURS in self.runs else None
        if found.value is None or ours is None or not ours.value:
            return None
        return found.value / ours.value

    def _measured(self, found: Finding) -> float:
        value = self.floors(found) if TARGETS[found.measure].floors else found.value
        return float("inf") if value is None else value

    def met(self, engine: str, found: Finding) -> bool | None:
        """Return whether ctsec met its target; None where nothing is judged. A wrong answer misses every target."""
        target = TARGETS.get(found.measure)
        if engine != OURS or target is None or self.size.name not in target.sizes:
            return None
        return self._measured(found) <= target.most and not found.mismatches

    def judged(self) -> tuple[bool, ...]:
        """Return whether each target was met."""
        results = (self.met(engine, found) for engine, run in self.runs.items() for found in run.found)
        return tuple(met for met in results if met is not None)

    def text(self) -> str:
        """Return the table for a terminal."""
        return f"\n{self.title}\n{columns([HEADINGS, *self.lines()])}"

    def markdown(self) -> str:
        """Return the table as Markdown: an engine in each column, ctsec first with its target, the others as so many times ctsec."""
        others = [engine for engine in self.runs if engine != OURS]
        rows = [("measured", OURS, "target", "met", *others)]
        for measure in Measure:
            ours = self.runs[OURS].get(measure) if OURS in self.runs else None
            judged = (self._target(OURS, ours), self._judged(OURS, ours)) if ours is not None else ("", "")
            rows.append((measure, self._cell(OURS, measure), *judged, *(self._cell(engine, measure) for engine in others)))
        heading, *lines = (f"| {' | '.join(cells)} |" for cells in rows)
        return "\n".join([f"**{self.title}**", "", heading, f"|{'---|' * len(rows[0])}", *lines]) + "\n"

    def _cell(self, engine: str, measure: Measure) -> str:
        run = self.runs.get(engine, EngineRun(version=None))
        found = run.get(measure)
        if found is None:
            return run.ended or "-"
        value = f"~{shown(found)}" if found.note.startswith(SCALED) else shown(found)
        floors, beside = self.floors(found), self.beside(found)
        if engine == OURS and floors is not None and TARGETS[measure].floors:
            value = f"{value}, {_ratio(floors)} x an empty call"
        elif engine != OURS and beside is not None:
            value = f"{value} ({_ratio(beside)} x)"
        return ", ".join(filter(None, (value, _wrong(found))))

    def numbers(self) -> dict[str, object]:
        """Return the table for JSON: seconds, bytes and counts."""
        runs = [
            {"engine": engine, "version": run.version, "ended": run.ended, "found": [self._numbers(engine, each) for each in run.found]}
            for engine, run in self.runs.items()
        ]
        return {"title": self.title, "size": asdict(self.size), "runs": runs}

    def _numbers(self, engine: str, found: Finding) -> dict[str, object]:
        return {**asdict(found), "floors": self.floors(found), "beside_ctsec": self.beside(found), "met": self.met(engine, found)}


def _wrong(found: Finding) -> str:
    counted = found.mismatches and found.measure is not Measure.WRONG
    return f"{found.mismatches} of {found.verified} WRONG" if counted else ""


def shown(found: Finding) -> str:
    """Return a value in the unit that reads best."""
    return "-" if found.value is None else _value(found.measure, found.value)


def _value(measure: Measure, value: float) -> str:
    if measure in SECONDS:
        return duration(value)
    return f"{value / 1e6:.1f} MB" if measure is Measure.MEMORY else f"{value:.0f}"


def _ratio(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.3g}" if value < 100 else f"{value:,.0f}"
