"""The revisions of the store of a region's tables, oldest first."""
