"""Migrations of the guard store's tables."""
