"""SCIM 2.0 over HTTP: the one place that knows `scim2-models` and `scim2-server` (the extra `scim`). Imported at the first request."""

from __future__ import annotations

__all__: list[str] = []
