"""Statements and row mappers, one module a feature: no I/O, used by both colours."""
