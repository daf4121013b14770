"""Statements and row mappers, one module a feature: no I/O, used by both colours."""

from __future__ import annotations

__all__: list[str] = []
