"""The revisions of the main tables, oldest first."""
