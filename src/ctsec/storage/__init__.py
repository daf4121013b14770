"""Where records live: `memory` (the reference model) and `sql` (SQLAlchemy); the ports of both are in `ctsec.storage.ports`."""

from __future__ import annotations

__all__: list[str] = []
