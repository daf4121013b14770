"""`ctsec audit`: 0 for a log that fits, 1 for one that does not, 2 where it could not be asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from sqlalchemy import create_engine, text

from ctsec.audit.event import DEPLOYMENT_LOG
from ctsec.audit.query import AuditQuery
from ctsec.audit.retention.hold import LegalHold
from ctsec.audit.retention.record import StoredPlans
from ctsec.audit.tree.bundle import ProofBundle
from ctsec.audit.tree.note import VerifierKey
from ctsec.cli import audit_export, main
from ctsec.ids import HoldId
from ctsec.outcome import Refusal
from ctsec.security import Security
from ctsec.testing.conformance.samples import NOW, ignore
from tests.audit.kept import BEGAN, ONE, TWO, events
from tests.cli.host import host
from tests.storage.backup.support import files_of_at_most

NAME = "audited_host"
HOST = """
from ctsec import Security
from ctsec.rbac import Policy
from ctsec.security import EmbeddedOptions
security = Security.embedded("app.db", policy=Policy.preset(), issuer="Acme", options=EmbeddedOptions(worker=False))
"""
UNPROVED = "that no other matches is signed for, and not proved"
Said: TypeAlias = tuple[int, str, str]


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Security]:
    """Return the bundle of a host in a folder of its own, which is the current one."""
    with host(NAME, HOST, folder=tmp_path, monkeypatch=monkeypatch) as security:
        yield security


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
    for log in ("logs", ONE):
        code, told, wrong = audit("verify", "--log", log, "--held", "held")
        assert (code, told) == (2, "")
        assert wrong.startswith("ctsec: held is a checkpoint of ")
        assert "/default/deployment, and would not be compared" in wrong


def test_what_is_no_log_is_neither_purged_nor_pruned(bundle: Security, audit: Callable[..., Said]) -> None:
    """A name that no log has is refused, of a region too, before anything is written under it: no signer could sign that."""
    with bundle._storage.begin(after_commit=ignore) as store:
        store.inbox.append(events(DEPLOYMENT_LOG, count=1)[0])
    assert audit("flush")[0] == 0
    for command in ("purge", "prune", "retention"):
        for name in (f"eu/{ONE}", "a b", "logs", "typo"):
            code, told, wrong = audit(command, "--log", name)
            assert (code, told) == (2, ""), (command, name)
            assert wrong.startswith(f"ctsec: {name} is no log of the home store")
    assert audit("flush") == (0, "0 events were placed\n", "")


def test_plans_holds_and_purges_from_the_command_line(bundle: Security, audit: Callable[..., Said]) -> None:
    """A dry run says what would go and deletes nothing; without it that goes, and the verification counts it."""
    with bundle._storage.begin(after_commit=ignore) as store:
        for each in events(DEPLOYMENT_LOG, count=4, at=BEGAN - timedelta(days=3650)):
            store.inbox.append(each)
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
    assert audit("prune", "--log", "deployment") == (0, "0 tiles of 256 hashes were pruned\n", "")
    assert audit("prune", "--dry-run")[1] == "deployment                       nothing: minimum index 0\n"
    assert audit("purge", "--dry-run", "--log", TWO)[1].endswith("nothing: no plan is in force yet, or nothing is signed\n")


def test_a_log_is_pruned_from_the_command_line(bundle: Security, audit: Callable[..., Said]) -> None:
    """A dry run says how many tiles would go and up to where; without it they do, and the verification says so."""
    with bundle._storage.begin(after_commit=ignore) as store:
        store.retention.put(StoredPlans(log=DEPLOYMENT_LOG, plan="365", chosen_by="sam"))
        for each in events(DEPLOYMENT_LOG, count=600, at=BEGAN - timedelta(days=3650)):
            store.inbox.append(each)
    assert audit("flush")[0] == 0
    assert audit("purge", "--log", "deployment")[1] == "600 events were purged\n"
    audit("flush")
    assert audit("prune", "--dry-run")[1] == "deployment                       2 tiles: minimum index 0, then 512\n"
    assert json.loads(audit("prune", "--dry-run", "--json")[1])["following"] == 512
    assert audit("prune")[1] == "2 tiles of 256 hashes were pruned\n"
    assert "602 events, 600 purged, pruned below 512" in audit("verify", "--log", "deployment")[1]
    assert '"minimum": 512' in audit("verify", "--log", "deployment", "--json")[1]


@pytest.mark.proves("CVE-2026-39395", "CVE-2026-44310")
def test_a_log_is_exported_and_verified_without_the_database(bundle: Security, audit: Callable[..., Said], tmp_path: Path) -> None:
    """The file holds the log, whole or chosen, in every format; it verifies by its key alone, and no more after a change or a cut."""
    made = events(DEPLOYMENT_LOG, count=300)
    with bundle._storage.begin(after_commit=ignore) as store:
        for each in made:
            store.inbox.append(each)
    who = ("--log", "deployment", "--operator", "olga", "--why", "ticket 7")
    assert audit("export", *who, "--to", "none.jsonl")[0] == 1
    assert not (tmp_path / "none.jsonl").exists()
    audit("flush")
    key = audit("key", "--log", "deployment")[1].strip()
    assert audit("export", *who, "--to", "log.jsonl") == (0, "300 events of deployment, of the indexes from 0 to 300, in log.jsonl\n", "")
    assert (tmp_path / "log.jsonl").stat().st_mode & 0o777 == 0o600
    assert audit("export", *who, "--to", "log.jsonl")[0] == 2
    assert audit("export", *who, "--to", "part.gz", "--gzip", "--name", "role.*", "--end", "100", "--since", "2026-01-01T00:00:00Z")[0] == 0
    for form in ("csv", "ocsf", "cef"):
        assert audit("export", *who, "--to", f"log.{form}", "--format", form, "--target", "usr_7")[0] == 0
        assert b"usr_7" in (tmp_path / f"log.{form}").read_bytes()

    def verified(name: str, *more: str) -> int:
        return main(["audit", "verify", name, *more])

    data = (tmp_path / "log.jsonl").read_bytes()
    (tmp_path / "cut.jsonl").write_bytes(data[:-1])
    (tmp_path / "bad.jsonl").write_bytes(data.replace(b"usr_7", b"usr_8", 1))
    (tmp_path / "cut.gz").write_bytes((tmp_path / "part.gz").read_bytes()[:-5])
    assert [verified(name, "--key", key) for name in ("log.jsonl", "part.gz", "cut.jsonl", "bad.jsonl", "cut.gz")] == [0, 0, 1, 1, 1]
    assert verified("log.jsonl", "--key", key.replace("deployment", "elsewhere")) == 2
    assert verified("log.jsonl", "--key", "x") == verified("log.jsonl", "--log", "deployment") == verified("none.jsonl") == 2
    assert audit("verify", "--key", key)[0] == 2


def test_an_export_that_finds_no_space_leaves_no_file(
    bundle: Security, audit: Callable[..., Said], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk is exit code 2 and says so; nothing stands under the name of the file, and with space the same command writes it."""
    with bundle._storage.begin(after_commit=ignore) as store:
        for each in events(DEPLOYMENT_LOG, count=60):
            store.inbox.append(each)
    audit("flush")
    who = ("--log", "deployment", "--operator", "olga", "--why", "ticket 7", "--to", "log.jsonl")
    write, room = audit_export._write, [20_000]

    def limited(*told: Any, **more: Any) -> None:
        with files_of_at_most(room[0]):
            write(*told, **more)

    monkeypatch.setattr(audit_export, "_write", limited)
    code, said, problem = audit("export", *who)
    assert (code, said) == (2, "")
    assert problem == "ctsec: log.jsonl can not be written (File too large); no file was left behind [configuration]\n"
    assert list(tmp_path.glob("log.jsonl*")) == []
    room[0] = 10_000_000
    assert audit("export", *who)[0] == 0


def test_what_a_file_is_worth_is_told(bundle: Security, audit: Callable[..., Said], capsys: pytest.CaptureFixture[str]) -> None:
    """Complete or chosen, signed or not looked at, in words and as JSON."""
    with bundle._storage.begin(after_commit=ignore) as store:
        for each in events(DEPLOYMENT_LOG, count=4):
            store.inbox.append(each)
    audit("flush")
    key = audit("key", "--log", "deployment")[1].strip()
    who = ("--log", "deployment", "--operator", "olga", "--why", "ticket 7")
    audit("export", *who, "--to", "all.jsonl")
    audit("export", *who, "--to", "one.jsonl", "--target", "usr_1")
    origin = bundle.logs.identity.origin(DEPLOYMENT_LOG)
    capsys.readouterr()
    assert main(["audit", "verify", "all.jsonl", "--key", key]) == 0
    assert capsys.readouterr().out == f"ok  4 events: all of the indexes from 0 to 4 of {origin}, which had 4\n"
    assert main(["audit", "verify", "one.jsonl"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"ok  1 events with target=usr_1 of the indexes from 0 to 4 of {origin}, which had 4; " + UNPROVED,
        "nobody's signature was looked at: name the key of the log with --key",
    ]
    assert main(["audit", "verify", "one.jsonl", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["events"], told["complete"], told["signed"], told["filters"]) == (1, False, False, {"target": "usr_1"})
    bundle.logs.flush()
    with bundle.reading() as unit:
        page = unit.audit.search(AuditQuery(log=DEPLOYMENT_LOG, name="audit.exported"))
        assert not isinstance(page, Refusal)
        said = [(each.event.actor_kind, each.event.actor_id, unit.audit.personal(each.event)["why"]) for each in page.events]
    assert said == [("operator", "olga", "ticket 7")] * 2


def test_an_encrypted_export_opens_under_its_key_alone(
    bundle: Security, audit: Callable[..., Said], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Under a key the file says nothing; that key opens it to what verifies, another one, a change and a cut leave no file."""
    with bundle._storage.begin(after_commit=ignore) as store:
        for each in events(DEPLOYMENT_LOG, count=70):
            store.inbox.append(each)
    audit("flush")
    key = audit("key", "--log", "deployment")[1].strip()
    assert main(["key", "create", "file.key"]) == main(["key", "create", "other.key"]) == 0
    who = ("--log", "deployment", "--operator", "olga", "--why", "ticket 7")
    assert audit("export", *who, "--to", "log.sealed", "--key", "local:file.key")[0] == 0
    data = (tmp_path / "log.sealed").read_bytes()
    assert b"usr_7" not in data
    assert main(["audit", "verify", "log.sealed", "--key", key]) == 2
    assert main(["audit", "open", "log.sealed", "--key", "local:file.key", "--to", "log.jsonl"]) == 0
    assert main(["audit", "verify", "log.jsonl", "--key", key]) == 0
    (tmp_path / "cut.sealed").write_bytes(data[:-1])
    (tmp_path / "bad.sealed").write_bytes(data[:-40] + bytes((data[-40] ^ 1,)) + data[-39:])
    (tmp_path / "head.sealed").write_bytes(data.replace(b"default", b"defaulT", 1))
    for name, used in (("log", "other"), ("cut", "file"), ("bad", "file"), ("head", "file"), ("none", "file")):
        assert main(["audit", "open", f"{name}.sealed", "--key", f"local:{used}.key", "--to", "out"]) != 0, name
        assert not (tmp_path / "out").exists()
    capsys.readouterr()
