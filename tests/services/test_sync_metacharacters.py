# Generated from tests/services/test_async_metacharacters.py by tools/twin.py; edit that file.
"""What means something to a database means nothing in a value: it is stored and found as it was written (async source of the twin)."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from ctsec.ambient import Request
from ctsec.audit.event import LogId
from ctsec.audit.query import AuditQuery
from tests.services._sync_world import KINDS, World

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
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[World, None, None]:
    with World.open(request.param, folder=tmp_path) as made:
        yield made


@pytest.mark.proves("ASVS-1.2.4")
def test_metacharacters_are_text(world: World) -> None:
    """Names, agents, filters and pages that hold quotes, comments, wildcards and placeholders are read back, and select nothing else."""
    ann = world.person("o'hara--@acme.example")
    for evil in EVIL:
        acme = world.organization(ann, evil)
        workspace = world.workspace(acme.id, evil)
        world.key(ann, acme.id, name=evil)
        with world.security.begin(Request(id="req_2", address=evil, user_agent=evil)) as unit:
            unit.directory.rename_organization(ann, organization=acme.id, name=f"{evil}!")
        found = world.call("directory.organization", acme.id)
        assert found.name == f"{evil}!"
        assert [each.name for each in world.call("directory.workspaces", acme.id, after="")] == [evil]
        assert [each.name for each in world.call("api_keys.of", ann, organization=acme.id)] == [evil]
        assert len(world.events(acme.id)) == 4
        log = LogId(acme.id)
        for query in (AuditQuery(log=log, actor=evil), AuditQuery(log=log, target=evil), AuditQuery(log=log, name=f"{evil}.*")):
            page = world.call("audit.search", query, limit=10)
            assert getattr(page, "events", ()) == ()
        assert world.call("directory.workspaces", acme.id, after=f"{workspace.id}' OR '1'='1") == ()
        for token in (f"ses_{evil}", f"{evil}.{evil}"):
            assert not hasattr(world.call("sessions.authenticate", token), "credential")
