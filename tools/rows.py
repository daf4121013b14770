"""Print which tests prove which rows: `python tools/rows.py [--open]`, after a test run has written `.rows.json`.

A row is proved when every test that names it passed, in FastAPI and in Flask where a host is involved; begun when some test names it,
or when the row itself says what is still to come; deviated when tools/deviations.toml gives the reason; otherwise open.
"""

import json
import sys
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
HOSTS = frozenset({"fastapi", "flask"})
PREFIXES = {"seed": "SEED-", "asvs": "ASVS-", "nist": "NIST-", "cve": ""}  # the last table's ids are whole: CVE-…, GHSA-…


@dataclass(frozen=True, slots=True)
class Proof:
    """One test that names a row, the host that it drives if any, and whether it passed."""

    test: str
    host: str | None
    passed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a table: its id, our own words, and what counts as its proof."""

    id: str
    words: str
    host: bool = False
    begun: str | None = None
    deviation: str | None = None

    def status(self, proofs: tuple[Proof, ...]) -> str:
        """Return proved, begun, deviated or open."""
        if self.deviation is not None:
            return "deviated"
        if not proofs:
            return "open"
        everywhere = not self.host or {proof.host for proof in proofs if proof.passed} >= HOSTS
        return "proved" if everywhere and self.begun is None and all(proof.passed for proof in proofs) else "begun"


def load_rows(folder: Path = HERE) -> dict[str, tuple[Row, ...]]:
    """Return the rows of each table from `rows.toml`, with the reasons of `deviations.toml`."""
    tables = tomllib.loads((folder / "rows.toml").read_text("utf-8"))
    reasons = tomllib.loads((folder / "deviations.toml").read_text("utf-8"))
    made = {
        table: tuple(Row(id=PREFIXES[table] + key, deviation=reasons.get(PREFIXES[table] + key), **fields) for key, fields in rows.items())
        for table, rows in tables.items()
    }
    unknown = set(reasons) - {row.id for rows in made.values() for row in rows}
    if unknown:
        raise ValueError(f"deviations.toml names unknown rows: {', '.join(sorted(unknown))}")
    return made


def proofs_by_row(record: Mapping[str, Mapping[str, object]]) -> dict[str, tuple[Proof, ...]]:
    """Return the proofs of each row from what the tests recorded."""
    found: dict[str, tuple[Proof, ...]] = {}
    for test, entry in sorted(record.items()):
        host, rows = entry["host"], entry["rows"]
        for row in rows if isinstance(rows, list) else []:
            found[row] = (*found.get(row, ()), Proof(test, str(host) if host else None, entry["passed"] is True))
    return found


def report(tables: Mapping[str, tuple[Row, ...]], proofs: Mapping[str, tuple[Proof, ...]], *, show_open: bool) -> list[str]:
    """Return the lines to print: each row with its tests, then the counts of each table."""
    lines: list[str] = []
    counts: list[str] = []
    for table, rows in tables.items():
        statuses = {row.id: row.status(proofs.get(row.id, ())) for row in rows}
        counts.append(
            f"{table.upper():5}" + "".join(f"{Counter(statuses.values())[s]:5} {s}" for s in ("proved", "begun", "deviated", "open"))
        )
        for row in rows:
            if statuses[row.id] == "open" and not show_open:
                continue
            mine = proofs.get(row.id, ())
            hosts = sorted({proof.host for proof in mine if proof.host and proof.passed})
            lines.append(f"{statuses[row.id]:8}  {row.id:16} {row.words}" + (f"  [{', '.join(hosts)}]" if hosts else ""))
            lines += [f"            still to come: {row.begun}"] if row.begun else []
            lines += [f"            because: {row.deviation}"] if row.deviation else []
            cases = Counter((proof.passed, proof.test.partition("[")[0]) for proof in mine)
            lines += [
                f"            {'passed' if ok else 'FAILED'}  {test}" + (f"  x{n}" if n > 1 else "") for (ok, test), n in cases.items()
            ]
    return [*lines, "", *counts]


def main(arguments: list[str], *, record: Path) -> int:
    """Print the report; return 1 if a test names a row that no table has."""
    tables = load_rows()
    proofs = proofs_by_row(json.loads(record.read_text("utf-8"))) if record.exists() else {}
    if not record.exists():
        print("no test run is recorded here: `make test` writes one")
    print("\n".join(report(tables, proofs, show_open="--open" in arguments)))
    unknown = sorted(set(proofs) - {row.id for rows in tables.values() for row in rows})
    if unknown:
        print(f"tests name rows that no table has: {', '.join(unknown)}", file=sys.stderr)
    return int(bool(unknown))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], record=Path(".rows.json")))
