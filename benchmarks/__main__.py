"""The command: `python -P -m benchmarks [names] [--json FILE] [--markdown FILE] [--rounds N] [--rows N] [--size S] [--engine NAME]`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from benchmarks.counted import Table
from benchmarks.engines.catalogue import CATALOGUE
from benchmarks.engines.workload import SIZES
from benchmarks.entries import ENTRIES, SIZED, TABLES, WITH_PEERS, audit, backups
from benchmarks.entries.engines import Choice, peers_python
from benchmarks.measure import Race, Row, run
from benchmarks.report import as_json, environment, markdown, table


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the named entries, or all; a missed target is printed, and is no failure: machines differ."""
    parser = _parser()
    chosen = parser.parse_args(arguments)
    names = [*ENTRIES, *WITH_PEERS, *SIZED, *TABLES]
    unknown = [name for name in chosen.names if name not in names]
    if unknown:
        parser.error(f"unknown entry {unknown[0]}; expected {', '.join(names)}")
    if chosen.rounds is not None and chosen.rounds < 1:
        parser.error("expected at least one round")
    if chosen.rows is not None and chosen.rows < 1:
        parser.error("expected at least one row")
    around = environment()
    print(", ".join(f"{name} {value}" for name, value in around.items()), flush=True)
    rows: list[Row] = []
    tables: list[Table] = []
    choice = Choice(
        sizes=tuple(chosen.size or Choice().sizes),
        engines=tuple(chosen.engine or CATALOGUE),
        seconds=chosen.seconds,
        whole=chosen.whole,
        peers=chosen.peers or peers_python(),
        rows=chosen.rows or Choice().rows,
    )
    for name in chosen.names or names:
        for race in _races(name, choice.peers, rows=chosen.rows):
            found = run(race, rounds=chosen.rounds)
            print(table(found), flush=True)
            rows += found
        for each in TABLES[name](choice) if name in TABLES else ():
            print(each.text(), flush=True)
            tables.append(each)
    judged = [row.met for row in rows if row.met is not None] + [met for each in tables for met in each.judged()]
    print(f"\n{sum(judged)} of {len(judged)} targets met")
    if chosen.json:
        chosen.json.write_text(as_json(rows, around, tables=[each.numbers() for each in tables]), "utf-8")
    if chosen.markdown:
        chosen.markdown.write_text("\n".join([markdown(rows, around), *(each.markdown() for each in tables)]), "utf-8")
    return 0


def _races(name: str, peers: str, *, rows: int | None) -> Iterable[Race]:
    if name in SIZED:
        return SIZED[name](rows)
    if name in WITH_PEERS:
        return WITH_PEERS[name](peers)
    return ENTRIES[name]() if name in ENTRIES else ()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -P -m benchmarks", description="what ctsec costs, against floors timed in the same run")
    parser.add_argument(
        "names", nargs="*", metavar="name", help=f"entries to run: {', '.join([*ENTRIES, *WITH_PEERS, *SIZED, *TABLES])} (all)"
    )
    parser.add_argument("--json", type=Path, help="write the results as JSON")
    parser.add_argument("--markdown", type=Path, help="write the results as Markdown tables")
    parser.add_argument("--rounds", type=int, help="rounds of each race (each has its own default)")
    parser.add_argument(
        "--rows", type=int, help=f"rows of data for keys (1,000,000), backups ({backups.ROWS:,}) and audit ({audit.EVENTS:,})"
    )
    engines = parser.add_argument_group("engines", "L10 takes minutes and gigabytes for each engine")
    engines.add_argument("--size", action="append", choices=SIZES, help="a size, more than once for several (S and M)")
    engines.add_argument("--engine", action="append", choices=CATALOGUE, help="an engine, more than once for several (all)")
    engines.add_argument("--seconds", type=float, help="seconds for each measurement of an engine (5, 20 and 60, by size)")
    engines.add_argument("--whole", type=float, help="seconds for everything of an engine at a size (120, 300 and 1500)")
    engines.add_argument("--peers", help="the Python that has the other engines and libraries (.venv/peers/bin/python, else this one)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
