"""Print the laws, and the mistakes that each of them notices: `python -m tests.laws`, or `make laws`."""

from __future__ import annotations

import sys
from itertools import groupby

from ctsec.testing.laws import LAWS, Law
from tests.laws.histories import HISTORIES, History
from tests.laws.mutants import MUTANTS


def main() -> int:
    """Run every mutant, print the list, and return 1 if a law does not notice one of its own."""
    survivors = 0
    laws: list[Law | History] = [*LAWS, *HISTORIES]
    for number, same in groupby(sorted(laws, key=lambda each: each.number), key=lambda each: each.number):
        for law in same:
            print(f"{law.number:>2}  {law.name}: {law.statement}")
        for mutant in MUTANTS:
            if mutant.law == number:
                killed = mutant.killed()
                survivors += not killed
                print(f"      {'noticed' if killed else 'MISSED '}  {mutant.name}", flush=True)
    print(f"{len({law.number for law in laws})} laws, {len(MUTANTS)} mutants, {survivors} missed")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
