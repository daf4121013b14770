"""`ctsec audit export`, and `ctsec audit verify` of a file: the log as a file, and what it is worth without the database."""

from __future__ import annotations

import gzip
import json
import os
import sys
import zlib
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from ctsec.audit.event import LogId
from ctsec.audit.export.reading import MAX_LINE, ExportReport, verify_export
from ctsec.audit.export.request import ExportFormat, ExportRequest, OcsfVersion
from ctsec.audit.query import AuditQuery
from ctsec.audit.tree.note import VerifierKey
from ctsec.cli import witnesses
from ctsec.cli.backups import KEY, kms_of
from ctsec.cli.logs import logs_in
from ctsec.cli.progress import Bar
from ctsec.cli.work import load_bundle
from ctsec.errors import ConfigurationError
from ctsec.outcome import Refusal
from ctsec.security.sealed_export import is_sealed, open_export

if TYPE_CHECKING:
    import argparse

    from ctsec.encryption.ports import Kms
    from ctsec.security._sync_export_file import Export

_FILTERS: Final = {
    "actor": "the id of who did it",
    "person": "the id of a person who did it or whom it concerns",
    "name": "the name of events, or `role.*`",
    "target": "the id of what it was done to",
    "kind": "the kind of that",
    "workspace": "the id of a workspace",
    "outcome": "success, refused or failed",
    "reason": "why it was refused",
    "since": "from this time on, ISO 8601 with an offset",
    "until": "before this time",
}
_GZIP: Final = b"\x1f\x8b"


def add_to(kinds: Any) -> None:
    """Add the command to those of `ctsec audit`."""
    export = kinds.add_parser("export", help="write a log, or what is chosen of it, into a file")
    export.add_argument("bundle", help="where the ctsec.Security is, such as app.security:security")
    export.add_argument(
        "--log", required=True, help="the log: an organization's id (`REGION/` before it for that in a region), or `deployment`"
    )
    export.add_argument("--to", required=True, metavar="FILE", help="the file to write; one that is there is never replaced")
    export.add_argument("--operator", required=True, help="who you are, in lower case")
    export.add_argument("--why", required=True, metavar="WHY", help="why you do this, in one line; it stands in the audit log")
    export.add_argument(
        "--format", default="jsonl", choices=[each.value for each in ExportFormat], help="jsonl (the default) can be verified"
    )
    export.add_argument("--first", type=int, default=0, help="the first index (0)")
    export.add_argument("--end", type=int, help="the index behind the last one (what the last checkpoint covers)")
    export.add_argument("--personal", action="store_true", help="with addresses, user agents and e-mail addresses")
    export.add_argument("--masked", action="store_true", help="to be handed to --person: what it would say of others is left out")
    export.add_argument("--gzip", action="store_true", help="compressed")
    export.add_argument("--key", help=f"encrypted, under this key: {KEY}")
    export.add_argument("--ocsf", default="1.8.0", choices=[each.value for each in OcsfVersion], help="the version of OCSF (1.8.0)")
    for name, text in _FILTERS.items():
        export.add_argument(f"--{name}", help=text)
    export.set_defaults(run=_export)
    opening = kinds.add_parser("open", help="decrypt an exported file")
    opening.add_argument("file", help="the encrypted file")
    opening.add_argument("--key", required=True, help=f"what it was encrypted under: {KEY}")
    opening.add_argument("--to", required=True, metavar="FILE", help="the file to write; one that is there is never replaced")
    opening.set_defaults(run=_open)


def _export(chosen: argparse.Namespace) -> int:
    wanted, kms = _wanted(chosen), kms_of(chosen.key) if chosen.key is not None else None
    bundle = load_bundle(chosen.bundle)
    try:
        operator = bundle.operator(chosen.operator, reason=chosen.why)
    except ValueError as error:
        raise ConfigurationError(str(error)) from None
    with _new_file(Path(chosen.to)) as file:
        logs, _ = logs_in(bundle, chosen.log)
        found = logs.export(wanted, actor=operator.principal, why=operator.reason)
        if isinstance(found, Refusal):
            print(f"refused: {found.detail} [{found.reason.value}]", file=sys.stderr)
            Path(chosen.to).unlink()
            return 1
        _write(found, file, kms=kms)
    print(f"{found.events} events of {chosen.log}, of the indexes from {found.head.first} to {found.head.end}, in {chosen.to}")
    return 0


def _open(chosen: argparse.Namespace) -> int:
    path, kms = Path(chosen.file), kms_of(chosen.key)
    try:
        source = path.open("rb")
    except OSError as error:
        raise ConfigurationError(f"{path} can not be read ({error.strerror})") from None
    bar, size = Bar("open"), path.stat().st_size
    with source, _new_file(Path(chosen.to)) as file:
        for piece in open_export(source, kms=kms):
            file.write(piece)
            bar.at(source.tell(), size)
        bar.at(size, size, ended=True)
    return 0


def _write(export: Export, file: IO[bytes], *, kms: Kms | None) -> None:
    bar = Bar("export")
    for chunk in export.chunks() if kms is None else export.sealed(kms):
        file.write(chunk)
        bar.at(export.events, export.expected)
    file.flush()
    os.fsync(file.fileno())
    bar.at(export.events, export.expected, ended=True)


def _wanted(chosen: argparse.Namespace) -> ExportRequest:
    filters: dict[str, Any] = {name: getattr(chosen, name) for name in _FILTERS}
    try:
        for name in ("since", "until"):
            if filters[name] is not None:
                filters[name] = datetime.fromisoformat(filters[name])
                if filters[name].tzinfo is None:
                    raise ValueError(f"expected --{name} with an offset")
        return ExportRequest(
            query=AuditQuery(log=LogId(chosen.log.rpartition("/")[2]), **filters),
            format=ExportFormat(chosen.format),
            first=chosen.first,
            end=chosen.end,
            personal=chosen.personal,
            compress=chosen.gzip,
            masked=chosen.masked,
            ocsf=OcsfVersion(chosen.ocsf),
        )
    except ValueError as error:
        raise ConfigurationError(str(error)) from None


@contextmanager
def _new_file(path: Path) -> Generator[IO[bytes], None, None]:
    """Open a file that only its owner reads; what goes wrong leaves none."""
    try:
        file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
    except OSError as error:
        raise ConfigurationError(f"{path} can not be made ({error.strerror})") from None
    try:
        with file:
            yield file
    except OSError as error:
        path.unlink(missing_ok=True)
        raise ConfigurationError(f"{path} can not be written ({error.strerror}); no file was left behind") from None
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def verify_file(chosen: argparse.Namespace) -> int:
    """Verify an exported file with the keys that are named, and nothing else."""
    if chosen.log is not None:
        raise ConfigurationError("expected --log with a bundle; a file has its own log")
    if bool(chosen.held) != bool(chosen.witness):
        raise ConfigurationError("expected --held with --witness for a file: a proof that `ctsec audit witnessed` prints, and whose it is")
    keys, proofs = [_key(text) for text in chosen.key], witnesses.proofs_of(chosen.held)
    policy = witnesses.policy_of(chosen) if proofs else None
    report = _verified(Path(chosen.bundle), keys=keys)
    if chosen.json:
        print(json.dumps(_as_json(report)))
    elif not report.problem:
        print(_told(report))
    if report.problem:
        print(f"{chosen.bundle}: line {report.line}: {report.problem}", file=sys.stderr)
        return 1
    found = [witnesses.judged(report, each, keys=keys, policy=policy) for each in proofs if policy is not None]
    for sound, said in found:
        print(f"{'ok ' if sound else 'BAD'} {said}", file=sys.stderr if chosen.json or not sound else sys.stdout)
    return 0 if all(sound for sound, _ in found) else 1


def _verified(path: Path, *, keys: list[VerifierKey]) -> ExportReport:
    try:
        with path.open("rb") as plain:
            start = plain.read(len(_GZIP))
        if is_sealed(start):
            raise ConfigurationError(f"{path} is encrypted; `ctsec audit open` decrypts it")
        packed = start == _GZIP
        bar, size, read = Bar("verify"), path.stat().st_size, 0

        def lines(file: IO[bytes] | gzip.GzipFile) -> Iterator[bytes]:
            nonlocal read
            while line := file.readline(MAX_LINE + 1):
                read += len(line)
                bar.at(read, size)
                yield line

        with gzip.open(path) if packed else path.open("rb") as file:
            report = verify_export(lines(file), keys=keys)
    except (EOFError, gzip.BadGzipFile, zlib.error):
        return ExportReport(problem="the compressed file was broken off or changed", line=1)
    except OSError as error:
        raise ConfigurationError(f"{path} can not be read ({error.strerror})") from None
    bar.at(size, size, ended=True)
    return report


def _key(text: str) -> VerifierKey:
    try:
        return VerifierKey.read(text.strip())
    except ValueError as error:
        raise ConfigurationError(str(error)) from None


def _as_json(report: ExportReport) -> Mapping[str, object]:
    return {name: getattr(report, name) for name in ExportReport.__slots__} | {"filters": dict(report.filters)}


def _told(report: ExportReport) -> str:
    purged = f", and {report.purged} that were purged" if report.purged else ""
    place = f"of the indexes from {report.first} to {report.end} of {report.origin}, which had {report.size}"
    if report.complete:
        said = f"ok  {report.events} events{purged}: all {place}"
    else:
        chosen = ", ".join(f"{name}={value}" for name, value in sorted(report.filters.items()))
        said = f"ok  {report.events} events with {chosen} {place}; that no other matches is signed for, and not proved"
    said += f"\n{report.masked} of them are masked: their place is proved, what is shown of them is signed for" if report.masked else ""
    return said if report.signed else f"{said}\nnobody's signature was looked at: name the key of the log with --key"
