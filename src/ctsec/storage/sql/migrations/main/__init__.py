"""Migrations of the main tables."""
