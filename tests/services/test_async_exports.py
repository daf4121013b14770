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
from ctsec.encryption.kms import AsyncLocalKms, LocalKms
from ctsec.outcome import Refusal
from ctsec.principal import system
from ctsec.security._async_export_file import AsyncExport
from ctsec.security._async_logs import AsyncLogs
from ctsec.security.sealed_export import open_export
from ctsec.testing.conformance.samples import ignore
from tests.audit.kept import IDENTITY, ONE, SIGNER, async_signer, drawn, events
from tests.services._async_world import KINDS, AsyncWorld

KEY = IDENTITY.verifier(ONE)


async def begun(logs: AsyncLogs, request: ExportRequest) -> AsyncExport:
    """Return an export that was begun."""
    found = await logs.export(request, actor=system("test"))
    assert not isinstance(found, Refusal)
    return found


async def read(logs: AsyncLogs, request: ExportRequest) -> ExportReport:
    """Return what an export is worth."""
    export = await begun(logs, request)
    data = b"".join([chunk async for chunk in export.chunks()])
    report = verify_export(data.splitlines(keepends=True), keys=[KEY])
    assert report.events == export.events == export.expected
    return report


@pytest.mark.parametrize("kind", KINDS)
async def test_what_a_store_exports_verifies(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole, ranged and filtered over several pages; sealed, it opens to the same bytes; without a checkpoint there is none."""
    monkeypatch.setattr("ctsec.security._async_export_file.PAGE", 64)
    async with AsyncWorld.open(kind, folder=tmp_path) as world:
        ambient = Ambient(clock=world.clock, random=drawn(0))
        logs = AsyncLogs(world.storage, signer=async_signer(SIGNER), identity=IDENTITY, ambient=ambient)
        every = AuditQuery(log=ONE)
        for query in (every, AuditQuery(log=LOG_OF_LOGS)):
            assert isinstance(await logs.export(ExportRequest(query=query), actor=system("test")), Refusal)
        with pytest.raises(ValueError, match="expected a bundle whose keys open personal parts"):
            await logs.export(ExportRequest(query=AuditQuery(log=DEPLOYMENT_LOG), personal=True), actor=system("test"))
        async with world.storage.begin(after_commit=ignore) as store:
            for each in events(ONE, count=300):
                await store.inbox.append(each)
        await logs.flush()
        whole = await read(logs, ExportRequest(query=every))
        assert (whole.problem, whole.complete, whole.events) == ("", True, 300)
        part = await read(logs, ExportRequest(query=every, first=100, end=257))
        assert (part.problem, part.complete, part.events) == ("", True, 157)
        some = await read(logs, ExportRequest(query=AuditQuery(log=ONE, name="role.*"), first=3))
        assert (some.problem, some.complete, some.events) == ("", False, 148)
        local = LocalKms.create(tmp_path / "file.key")
        kms = AsyncLocalKms(local)  # sync: kms = local
        export = await begun(logs, ExportRequest(query=every, first=290))
        sealed = b"".join([chunk async for chunk in export.sealed(kms)])
        opened = b"".join(open_export(BytesIO(sealed), kms=local))
        assert verify_export(opened.splitlines(keepends=True), keys=[KEY]).events == 10
