"""JSON routes without a framework: one table, answered in both colours; `ctsec.fastapi` and `ctsec.flask` mount it."""

from __future__ import annotations

from ctsec.web.table import ROUTES, Needs, Route

__all__ = ["ROUTES", "Needs", "Route"]
