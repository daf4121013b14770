"""Exports of logs in memory, and the two that verify them: ctsec's own and the one that stands alone."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from ctsec.audit.event import LogId
from ctsec.audit.export.reading import verify_export
from ctsec.audit.export.request import ExportFormat, ExportRequest
from ctsec.audit.query import AuditQuery
from ctsec.outcome import Refusal
from ctsec.principal import system
from ctsec.security._sync_logs import Logs
from ctsec.storage.memory import MemoryStorage
from ctsec.testing import FixedClock
from ctsec.testing.conformance.samples import ignore, org_id
from tests.audit.kept import IDENTITY, events, logs_of

ALONE: Final = Path(__file__).parents[2] / "docs" / "reference" / "verify_export.py"


def standing_alone() -> ModuleType:
    """Return the verifier of the reference pages, which nothing of ctsec is behind."""
    spec = spec_from_file_location("verify_export", ALONE)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


VERIFIER: Final[Any] = standing_alone()


def log_of(number: int) -> LogId:
    """Return the log of a numbered organization."""
    return LogId(org_id(number))


def filled(sizes: Sequence[int]) -> Logs:
    """Return logs of the organizations 1, 2, … with so many events each, placed and signed."""
    storage = MemoryStorage()
    logs = logs_of(storage, clock=FixedClock())
    for number, size in enumerate(sizes, start=1):
        with storage.begin(after_commit=ignore) as store:
            for each in events(log_of(number), count=size, seed=number):
                store.inbox.append(each)
    logs.flush()
    return logs


def exported(logs: Logs, query: AuditQuery, *, form: ExportFormat = ExportFormat.JSONL, **wanted: Any) -> bytes:
    """Return an export."""
    found = logs.export(ExportRequest(query=query, format=form, **wanted), actor=system("test"))
    assert not isinstance(found, Refusal), found
    return b"".join(found.chunks())


@dataclass(frozen=True, slots=True)
class Verdict:
    """What both say: whether the file is sound, and whether it is complete."""

    sound: bool
    complete: bool
    told: str


def judged(data: bytes, *, log: LogId, key: str | None = None) -> Verdict:
    """Return the verdict of the two verifiers, which have to agree."""
    text = key or str(IDENTITY.verifier(log))
    lines = data.splitlines(keepends=True)
    report = verify_export(lines, keys=[type(IDENTITY.verifier(log)).read(text)])
    alone, refused = "", ""
    try:
        alone = str(VERIFIER.verify(lines, [VERIFIER.read_key(text)]))
    except (VERIFIER.Unsound, TypeError, KeyError) as problem:
        refused = f"{problem!r}"
    assert bool(refused) is bool(report.problem), (refused, report.problem)
    if refused:
        return Verdict(sound=False, complete=False, told=f"{report.line}: {report.problem}")
    assert alone.startswith("complete" if report.complete else "selected")
    assert f"{report.events} events" in alone
    return Verdict(sound=True, complete=report.complete, told=alone)
