"""Migrations of the store of a region's tables."""
