"""How results are shown: a table for the terminal, Markdown for a page, JSON for a machine."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict

import ctsec
from benchmarks.measure import Row

HEADINGS = ("contestant", "against", "one call", "rate of the floor's", "value", "p10-p90", "target", "met")


def environment() -> dict[str, str]:
    """Return what the figures depend on: versions and the class of machine."""
    return {
        "ctsec": ctsec.__version__,
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "machine": f"{platform.system()} {platform.machine()}",
    }


def duration(seconds: float) -> str:
    """Return seconds in the unit that reads best."""
    if seconds >= 1000:
        return f"{seconds:,.0f} s"
    for factor, unit in ((1.0, "s"), (1e3, "ms"), (1e6, "us")):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def rate(row: Row) -> str:
    """Return the calls per second of a contestant and of its floor, or nothing where the race shows no rate."""
    return "" if row.rates is None else f"{row.rates[0]:.0f} of {row.rates[1]:.0f} {row.rate_unit}"


def cells(row: Row) -> tuple[str, ...]:
    """Return a row as the texts of its cells."""
    met = {None: "", True: "yes", False: "NO"}[row.met]
    unit = row.unit
    target = "" if row.target is None else f"<= {row.target:g} {unit}"
    if row.least is not None:
        target = f">= {row.least:,.0f} {row.rate_unit or 'a second'}"
    return row.name, row.floor, duration(row.seconds), rate(row), f"{row.value:.2f} {unit}", f"{row.low:.2f}-{row.high:.2f}", target, met


def table(rows: Sequence[Row]) -> str:
    """Return the results in columns, under the title of each race."""
    lines: list[str] = []
    shown = ""
    heading, *texts = columns([HEADINGS, *map(cells, rows)]).splitlines()
    for row, text in zip(rows, texts, strict=True):
        if row.race != shown:
            shown = row.race
            lines += ["", shown, heading]
        lines.append(text)
    return "\n".join(lines)


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Return rows of cells as lines in which columns are aligned."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  " + "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows)


def markdown(rows: Sequence[Row], around: Mapping[str, str]) -> str:
    """Return the results as one Markdown table, with the environment above it."""
    head = ", ".join(f"{name} {value}" for name, value in around.items())
    lines = [head, "", f"| {' | '.join(HEADINGS)} |", f"|{'---|' * len(HEADINGS)}"]
    lines += [f"| {' | '.join(f'`{cell}`' if index < 2 else cell for index, cell in enumerate(cells(row)))} |" for row in rows]
    return "\n".join(lines) + "\n"


def as_json(rows: Sequence[Row], around: Mapping[str, str], *, tables: Sequence[Mapping[str, object]] = ()) -> str:
    """Return the results as JSON: seconds for one call, rates, value, low, high and target as numbers; `tables` as they are."""
    everything = {"environment": dict(around), "rows": [_numbers(row) for row in rows], "tables": list(tables)}
    return json.dumps(everything, indent=1) + "\n"


def _numbers(row: Row) -> dict[str, object]:
    own, floor = row.rates or (None, None)
    return {**asdict(row), "rate": own, "floor_rate": floor, "met": row.met}
