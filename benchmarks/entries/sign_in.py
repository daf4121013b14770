"""What a question about an address costs, by whom the address belongs to: each against the same question about a known account's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.doors import DISABLED, KNOWN, UNVERIFIED, Doors
from benchmarks.measure import Race

OTHERS = (None, UNVERIFIED, DISABLED)


def entry() -> Iterable[Race]:
    """Return the races; `make soak` judges their medians to both sides, over many more rounds."""
    with TemporaryDirectory() as folder:
        doors = Doors(Path(folder))
        yield Race(
            title="a wrong password, by whose address it is",
            floor=doors.sign_in(KNOWN),
            contestants=tuple(replace(doors.sign_in(whose), target=1.01) for whose in OTHERS),
            rounds=30,
        )
        for asked in (doors.link, doors.reset):
            yield Race(
                title=f"{asked.__name__} on request, by whose address it is",
                floor=asked(KNOWN),
                contestants=tuple(asked(whose) for whose in OTHERS),
                rounds=200,
            )
        doors.close()
