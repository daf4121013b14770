"""The engines by name, with the package that each needs; ctsec comes first, for the others are compared with it.

Peers run where ctsec need not be installed, and ctsec where no peer is: each is imported when it is made.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from benchmarks.engines.cedar import Cedar
from benchmarks.engines.contract import Engine
from benchmarks.engines.oso_ import OsoEngine
from benchmarks.engines.pycasbin import Pycasbin
from benchmarks.engines.vakt_ import Vakt

OURS = "ctsec"


@dataclass(frozen=True, slots=True)
class Entry:
    """How an engine is made, and the distribution that it comes from."""

    make: Callable[[], Engine]
    distribution: str

    @property
    def version(self) -> str | None:
        """Return the version that is installed, or None."""
        try:
            return version(self.distribution)
        except PackageNotFoundError:
            return None


def _ours() -> Engine:
    from benchmarks.engines.ours import Ours

    return Ours()


CATALOGUE: dict[str, Entry] = {
    OURS: Entry(_ours, "ctsec"),
    "vakt": Entry(Vakt, "vakt"),
    "cedarpy": Entry(Cedar, "cedarpy"),
    "pycasbin": Entry(Pycasbin, "pycasbin"),
    "pycasbin FastEnforcer": Entry(lambda: Pycasbin(fast=True), "pycasbin"),
    "oso": Entry(OsoEngine, "oso"),
}
