"""The entries by name; each builds its races, or its tables, when it is run, and imports what it needs only then where that is heavy."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from benchmarks.counted import Table
from benchmarks.entries import (
    access,
    api_keys,
    audit,
    audit_peers,
    audit_writes,
    backup_codes,
    backups,
    encryption,
    engines,
    imports,
    keys,
    passwords,
    requests,
    saml,
    sign_in,
    totp,
)
from benchmarks.entries.engines import Choice
from benchmarks.measure import Race

ENTRIES: dict[str, Callable[[], Iterable[Race]]] = {
    "imports": imports.entry,
    "access": access.entry,
    "totp": totp.entry,
    "backup_codes": backup_codes.entry,
    "passwords": passwords.entry,
    "sign_in": sign_in.entry,
    "requests": requests.entry,
}
# these need the interpreter that has the other libraries
WITH_PEERS: dict[str, Callable[[str], Iterable[Race]]] = {
    "api_keys": api_keys.entry,
    "audit_peers": audit_peers.entry,
    "encryption": encryption.entry,
    "saml": saml.entry,
}
# these take seconds for each round with their own number of rows, which `--rows` changes
SIZED: dict[str, Callable[[int | None], Iterable[Race]]] = {"backups": backups.entry, "audit": audit.entry}
TABLES: dict[str, Callable[[Choice], Iterable[Table]]] = {
    "audit_sizes": audit.tables,
    "audit_aborts": audit_writes.aborts,
    "keys": keys.entry,
    "engines": engines.entry,
}
