"""What means something to a database means nothing in a value: it is stored and found as it was written (async source of the twin)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from ctsec.ambient import Request
from ctsec.audit.event import LogId
from ctsec.audit.query import AuditQuery
from tests.services._async_world import KINDS, AsyncWorld

EVIL = (
    "'; DROP TABLE ctsec_user; --",
    '" OR "1"="1',
    "\\'; DELETE FROM ctsec_session WHERE 1=1; /*",
    "%s %(name)s :name ? $1 {0} \\0",
    "%",
    "_",
    "x' UNION SELECT sealed FROM ctsec_password --",
    "\u02bc\uff07 OR 1=1",
)


@pytest.fixture(params=KINDS)
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[AsyncWorld, None]:
    async with AsyncWorld.open(request.param, folder=tmp_path) as made:
        yield made


@pytest.mark.proves("ASVS-1.2.4")
async def test_metacharacters_are_text(world: AsyncWorld) -> None:
    """Names, agents, filters and pages that hold quotes, comments, wildcards and placeholders are read back, and select nothing else."""
    ann = await world.person("o'hara--@acme.example")
    for evil in EVIL:
        acme = await world.organization(ann, evil)
        workspace = await world.workspace(acme.id, evil)
        await world.key(ann, acme.id, name=evil)
        async with world.security.begin(Request(id="req_2", address=evil, user_agent=evil)) as unit:
            await unit.directory.rename_organization(ann, organization=acme.id, name=f"{evil}!")
        found = await world.call("directory.organization", acme.id)
        assert found.name == f"{evil}!"
        assert [each.name for each in await world.call("directory.workspaces", acme.id, after="")] == [evil]
        assert [each.name for each in await world.call("api_keys.of", ann, organization=acme.id)] == [evil]
        assert len(await world.events(acme.id)) == 4
        log = LogId(acme.id)
        for query in (AuditQuery(log=log, actor=evil), AuditQuery(log=log, target=evil), AuditQuery(log=log, name=f"{evil}.*")):
            page = await world.call("audit.search", query, limit=10)
            assert getattr(page, "events", ()) == ()
        assert await world.call("directory.workspaces", acme.id, after=f"{workspace.id}' OR '1'='1") == ()
        for token in (f"ses_{evil}", f"{evil}.{evil}"):
            assert not hasattr(await world.call("sessions.authenticate", token), "credential")
