"""`ctsec audit`: 0 for a log that fits, 1 for one that does not, 2 where it could not be asked."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TypeAlias

import pytest
from sqlalchemy import create_engine, text

from ctsec.audit.event import DEPLOYMENT_LOG
from ctsec.audit.retention.hold import LegalHold
from ctsec.audit.retention.record import StoredPlans
from ctsec.audit.tree.bundle import ProofBundle
from ctsec.audit.tree.note import VerifierKey
from ctsec.cli import main
from ctsec.ids import HoldId
from ctsec.security import Security
from ctsec.testing.conformance.samples import NOW, ignore
from tests.audit.kept import events

NAME = "audited_host"
HOST = """
from ctsec import Security
from ctsec.rbac import Policy
from ctsec.security import EmbeddedOptions
security = Security.embedded("app.db", policy=Policy.preset(), issuer="Acme", options=EmbeddedOptions(worker=False))
"""
Said: TypeAlias = tuple[int, str, str]


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Security]:
    """Return the bundle of a host in a folder of its own, which is the current one."""
    (tmp_path / f"{NAME}.py").write_text(HOST, "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    security: Security = __import__(NAME).security
    yield security
    security.close()
    del sys.modules[NAME]


@pytest.fixture
def audit(capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Return the command: what it is asked, on the bundle; exit code, output and errors."""

    def run(what: str, *arguments: str) -> Said:
        code = main(["audit", what, f"{NAME}:security", *arguments])
        return (code, *capsys.readouterr())

    return run


def test_the_log_is_sealed_verified_and_proved_from_the_command_line(bundle: Security, audit: Callable[..., Said], tmp_path: Path) -> None:
    """Flush, verify, hold a checkpoint outside, prove an event; after a change the same commands say no, and say where."""
    assert audit("checkpoint")[0] == 1
    made = events(DEPLOYMENT_LOG, count=3)
    with bundle._storage.begin(after_commit=ignore) as store:
        for each in made:
            store.inbox.append(each)
    assert audit("flush") == (0, "3 events were placed\n", "")
    key = VerifierKey.read(audit("key", "--log", "deployment")[1].strip())
    (tmp_path / "held").write_text(audit("checkpoint", "--log", "deployment")[1], "utf-8")
    code, fine, wrong = audit("verify", "--held", "held")
    assert (code, wrong) == (0, "")
    assert "ok  deployment                       3 events, 3 signed for, 3 held outside: anchored" in fine.splitlines()
    assert "assurance: signed; whoever can write to the database and has the log's key" in fine
    assert "0 events wait" in fine
    proof = audit("prove", "--log", "deployment", "--index", "1")[1]
    assert ProofBundle.read(proof.encode()).shows(made[1].body, public=key.public)
    assert audit("prove", "--log", "deployment", "--index", "3")[0] == 1

    engine = create_engine(f"sqlite:///{tmp_path / 'app.db'}")
    with engine.begin() as connection:
        connection.execute(text("UPDATE ctsec_audit_event SET actor_id = 'nobody' WHERE \"index\" = 1"))
    engine.dispose()
    code, told, wrong = audit("verify", "--log", "deployment", "--json")
    assert (code, wrong) == (1, "deployment: projection at 1: these columns say something else than the body: actor_id\n")
    report = json.loads(told)
    assert (report["assurance"], report["size"], [each["at"] for each in report["findings"]]) == ("none", 3, [1])
    for held in ("missing", f"{NAME}.py"):
        code, told, wrong = audit("verify", "--held", held)
        assert (code, told) == (2, "")
        assert wrong.startswith(f"ctsec: {held} ")


def test_plans_holds_and_purges_from_the_command_line(bundle: Security, audit: Callable[..., Said]) -> None:
    """A dry run says what would go and deletes nothing; without it that goes, and the verification counts it."""
    with bundle._storage.begin(after_commit=ignore) as store:
        for each in events(DEPLOYMENT_LOG, count=4):
            store.inbox.append(replace(each, time=each.time - timedelta(days=3650)))
        held = LegalHold(
            id=HoldId("hld_1"), log=DEPLOYMENT_LOG, matter="case 1", name="user.*", extent="", size=0, placed_by="sam", placed_at=NOW
        )
        store.retention.add_hold(held)
        store.retention.put(StoredPlans(log=DEPLOYMENT_LOG, plan="365", chosen_by="sam"))
    assert audit("flush")[0] == 0
    assert audit("retention", "--log", "deployment")[1].splitlines() == [
        "deployment                       365",
        "  hld_1 active: user.*, for case 1, since 2026-03-01 by sam",
    ]
    for _ in range(2):
        told = audit("purge", "--dry-run")
        assert told == (0, "deployment                       2 events: 2 role.assigned; 2 are held by hld_1\n", "")
    assert json.loads(audit("purge", "--dry-run", "--json")[1])["ranges"] == "0,2"
    assert audit("purge", "--log", "deployment") == (0, "2 events were purged\n", "")
    assert audit("purge") == (0, "0 events were purged\n", "")
    assert "5 events, 2 purged" in audit("verify", "--log", "deployment")[1]
    assert audit("purge", "--dry-run", "--log", "org_unknown")[1].endswith("nothing: no plan is in force yet, or nothing is signed\n")
