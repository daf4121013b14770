"""JSON routes without a framework: one table, answered in both colours; `ctsec.fastapi` and `ctsec.flask` mount it."""

from __future__ import annotations

from ctsec.web.http import WebRequest
from ctsec.web.route import Needs, Route
from ctsec.web.table import ROUTES

__all__ = ["ROUTES", "Needs", "Route", "WebRequest"]
