"""The command line: `ctsec db upgrade|check`, `ctsec worker`, `ctsec bootstrap`, `ctsec key inspect`,
`ctsec matrix show|check|diff|simulate`, `ctsec backup`, `ctsec restore`.
"""

from __future__ import annotations

from ctsec.cli.main import main

__all__ = ["main"]
