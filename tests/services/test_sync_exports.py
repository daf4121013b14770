# Generated from tests/services/test_async_exports.py by tools/twin.py; edit that file.
"""Exports over each kind of store: the bytes that verify, in both colours, with a key of its own or purged events inside."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest

from ctsec.ambient import Ambient
from ctsec.audit.event import DEPLOYMENT_LOG
from ctsec.audit.export.reading import ExportReport, verify_export
from ctsec.audit.export.request import ExportRequest
from ctsec.audit.query import AuditQuery
from ctsec.audit.sealing import LOG_OF_LOGS
from ctsec.encryption.kms import LocalKms
from ctsec.outcome import Refusal
from ctsec.principal import system
from ctsec.security._sync_export_file import Export
from ctsec.security._sync_logs import Logs
from ctsec.security.sealed_export import open_export
from ctsec.testing.conformance.samples import ignore
from tests.audit.kept import IDENTITY, ONE, SIGNER, drawn, events, sync_signer
from tests.services._sync_world import KINDS, World

KEY = IDENTITY.verifier(ONE)


def begun(logs: Logs, request: ExportRequest) -> Export:
    """Return an export that was begun."""
    found = logs.export(request, actor=system("test"))
    assert not isinstance(found, Refusal)
    return found


def read(logs: Logs, request: ExportRequest) -> ExportReport:
    """Return what an export is worth."""
    export = begun(logs, request)
    data = b"".join([chunk for chunk in export.chunks()])
    report = verify_export(data.splitlines(keepends=True), keys=[KEY])
    assert report.events == export.events == export.expected
    return report


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_store_exports_verifies(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole, ranged and filtered over several pages; sealed, it opens to the same bytes; without a checkpoint there is none."""
    monkeypatch.setattr("ctsec.security._sync_export_file.PAGE", 64)
    with World.open(kind, folder=tmp_path) as world:
        ambient = Ambient(clock=world.clock, random=drawn(0))
        logs = Logs(world.storage, signer=sync_signer(SIGNER), identity=IDENTITY, ambient=ambient)
        every = AuditQuery(log=ONE)
        for query in (every, AuditQuery(log=LOG_OF_LOGS)):
            assert isinstance(logs.export(ExportRequest(query=query), actor=system("test")), Refusal)
        with pytest.raises(ValueError, match="expected a bundle whose keys open personal parts"):
            logs.export(ExportRequest(query=AuditQuery(log=DEPLOYMENT_LOG), personal=True), actor=system("test"))
        with world.storage.begin(after_commit=ignore) as store:
            for each in events(ONE, count=300):
                store.inbox.append(each)
        logs.flush()
        whole = read(logs, ExportRequest(query=every))
        assert (whole.problem, whole.complete, whole.events) == ("", True, 300)
        part = read(logs, ExportRequest(query=every, first=100, end=257))
        assert (part.problem, part.complete, part.events) == ("", True, 157)
        some = read(logs, ExportRequest(query=AuditQuery(log=ONE, name="role.*"), first=3))
        assert (some.problem, some.complete, some.events) == ("", False, 148)
        local = LocalKms.create(tmp_path / "file.key")
        kms = local
        export = begun(logs, ExportRequest(query=every, first=290))
        sealed = b"".join([chunk for chunk in export.sealed(kms)])
        opened = b"".join(open_export(BytesIO(sealed), kms=local))
        assert verify_export(opened.splitlines(keepends=True), keys=[KEY]).events == 10
