"""The migrations of the main tables (`main`) and of the guard store (`guard`), run by `ctsec.storage.sql.schema`."""
