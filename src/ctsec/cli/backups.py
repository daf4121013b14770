"""`ctsec backup` and `ctsec restore`: the whole store as one encrypted, signed file, and back."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from ctsec.cli.loading import host_attribute
from ctsec.cli.reaching import add_transport, transport_of
from ctsec.clock import SystemClock
from ctsec.errors import ConfigurationError, KeyNotFound

if TYPE_CHECKING:
    import argparse

    from ctsec.encryption.ed25519 import Signer
    from ctsec.encryption.kms import LocalKms
    from ctsec.encryption.ports import Kms
    from ctsec.storage.backup import Backup, OnProgress, Step

_BAR: Final = 30
_VERBS: Final = ("generate_data_key", "unwrap", "ref")
KEY: Final = "local:FILE, the ARN of a key in AWS KMS, or module:attribute for a host's ctsec Kms"
_SIGNED_BY: Final = "the key that must have signed it, ed25519:...; not needed with local:FILE, if that key signed"


def add_to(commands: Any) -> None:
    """Add the commands to the parser."""
    backup = commands.add_parser("backup", help="write the whole store into an encrypted, signed file, or verify one")
    what = backup.add_mutually_exclusive_group(required=True)
    what.add_argument("--to", metavar="FILE", help="the file to write; one that is there is never replaced")
    what.add_argument("--verify", metavar="FILE", help="read a backup from its start to its end, and write nothing")
    _add_store(backup, required=False)
    backup.add_argument("--key", required=True, help=f"what the backup is encrypted under: {KEY}")
    backup.add_argument("--sign-with", metavar="FILE", help="a local key file that signs; with local:FILE it is that file unless named")
    backup.add_argument("--signed-by", help=f"when verifying, {_SIGNED_BY}")
    backup.add_argument("--json", action="store_true", help="print what the backup holds as JSON")
    backup.set_defaults(run=_backup)
    restore = commands.add_parser("restore", help="verify a backup and write it into an empty store")
    restore.add_argument("--from", dest="source", required=True, metavar="FILE", help="the backup")
    _add_store(restore, required=True)
    restore.add_argument("--key", required=True, help=f"what the backup was encrypted under: {KEY}")
    restore.add_argument("--signed-by", help=_SIGNED_BY)
    restore.add_argument("--json", action="store_true", help="print what was restored as JSON")
    restore.set_defaults(run=_restore)


def _add_store(parser: argparse.ArgumentParser, *, required: bool) -> None:
    parser.add_argument("--url", required=required, help="an SQLAlchemy URL, such as sqlite:///app.db")
    parser.add_argument("--guard-url", help="where the guard store is, if not beside the database")
    parser.add_argument("--prefix", default="ctsec_", help="the prefix of the tables (ctsec_)")
    parser.add_argument("--schema", help="the database schema of the tables")
    add_transport(parser)


def _backup(chosen: argparse.Namespace) -> int:
    from ctsec.storage.backup import verify_backup, write_backup
    from ctsec.storage.sql import Tables

    kms = kms_of(chosen.key)
    if chosen.verify is not None:
        signed_by = _signed_by(chosen, kms)
        _tell(verify_backup(chosen.verify, kms=kms, signed_by=signed_by, progress=_bar()), chosen, done="verified")
        return 0
    if chosen.url is None:
        raise ConfigurationError("expected --url: where the store is that is to be saved")
    backup = write_backup(
        chosen.url,
        to=chosen.to,
        kms=kms,
        signer=_signer(chosen, kms),
        now=SystemClock().now(),
        guard=chosen.guard_url,
        tables=Tables(chosen.prefix, schema=chosen.schema),
        transport=transport_of(chosen),
        progress=_bar(),
    )
    _tell(backup, chosen, done="saved")
    return 0


def _restore(chosen: argparse.Namespace) -> int:
    from ctsec.storage.backup import restore_backup
    from ctsec.storage.sql import Tables

    kms = kms_of(chosen.key)
    backup = restore_backup(
        chosen.url,
        source=chosen.source,
        kms=kms,
        signed_by=_signed_by(chosen, kms),
        guard=chosen.guard_url,
        tables=Tables(chosen.prefix, schema=chosen.schema),
        transport=transport_of(chosen),
        progress=_bar(),
    )
    _tell(backup, chosen, done="restored")
    return 0


def kms_of(named: str) -> Kms:
    """Return the key service with the key that `--key` names; raise ConfigurationError if there is none."""
    scheme, _, rest = named.partition(":")
    if scheme == "local":
        return _local(rest)
    if scheme == "arn":
        from ctsec.encryption.kms import AwsKeyServices

        return AwsKeyServices().open(named)
    found = host_attribute(named, such_as="app.security:backup_key")
    if not all(hasattr(found, verb) for verb in _VERBS):
        raise ConfigurationError(f"{named} is a {type(found).__name__}; expected a ctsec Kms (the sync colour)")
    return cast("Kms", found)


def _local(path: str) -> LocalKms:
    """Return the key of a file; the error of a store's key file would tell what else is lost with it, which is not so of a backup's."""
    from ctsec.encryption.kms import LocalKms

    if not Path(path).exists():
        raise KeyNotFound(f"there is no key file at {path}; a backup needs the one it was made with, `ctsec key create` makes a new one")
    return LocalKms.load(path)


def _signer(chosen: argparse.Namespace, kms: Kms) -> Signer:
    """Return the key that signs: that of `--sign-with`, or of the local key file."""
    from ctsec.encryption.ed25519 import Signer
    from ctsec.encryption.kms import LocalKms
    from ctsec.storage.backup import SIGNING_LABEL

    local = kms if chosen.sign_with is None else _local(chosen.sign_with)
    if not isinstance(local, LocalKms):
        raise ConfigurationError("expected --sign-with: a local key file that signs, since a key service wraps keys only")
    return Signer(local.derive(SIGNING_LABEL))


def _signed_by(chosen: argparse.Namespace, kms: Kms) -> str:
    """Return the name of the key that must have signed."""
    from ctsec.encryption.ed25519 import Signer
    from ctsec.encryption.kms import LocalKms
    from ctsec.storage.backup import SIGNING_LABEL

    if chosen.signed_by is not None:
        return str(chosen.signed_by)
    if not isinstance(kms, LocalKms):
        raise ConfigurationError("expected --signed-by: the name of the key that signed, which `ctsec backup` printed")
    return Signer(kms.derive(SIGNING_LABEL)).name


def _tell(backup: Backup, chosen: argparse.Namespace, *, done: str) -> None:
    manifest = backup.manifest
    if chosen.json:
        tables = {table.name: table.rows for table in manifest.tables}
        print(
            json.dumps(
                {
                    "id": manifest.id,
                    "created_at": manifest.created_at.isoformat(),
                    "database": manifest.database,
                    "size": backup.size,
                    "key": backup.kek,
                    "signed_by": backup.signed_by,
                    "tables": tables,
                }
            )
        )
        return
    print(f"{done} {manifest.rows} rows of {len(manifest.tables)} tables: {manifest.id}, {manifest.created_at:%Y-%m-%d %H:%M:%S} UTC")
    print(f"{backup.size} bytes under {backup.kek}, signed by {backup.signed_by}")


def _bar() -> OnProgress | None:
    """Return what draws a bar on a terminal, None where standard error is none."""
    if not sys.stderr.isatty():
        return None
    drawn = ""

    def draw(step: Step, done: int, total: int, /) -> None:
        nonlocal drawn
        share = done / total if total else 1.0
        line = f"{step.value:8}[{'#' * int(share * _BAR):{_BAR}}] {share:4.0%}"
        if line != drawn:
            drawn = line
            print(f"\r{line}", end="\n" if done == total else "", file=sys.stderr, flush=True)

    return draw
