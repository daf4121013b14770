"""The revisions of the guard store's tables, oldest first."""
