"""`ctsec audit streams`, `anchors` and `reset-stream`, and what `verify` and `doctor` make of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ctsec.audit.event import DEPLOYMENT_LOG
from ctsec.cli import main
from ctsec.security import Security
from ctsec.testing.conformance.samples import ignore
from tests.audit.kept import events
from tests.cli.host import host

NAME = "streaming_host"
HOST = """
from datetime import UTC, datetime, timedelta
from ctsec import Security
from ctsec.audit.anchors import Anchor, FileKeeper, Held, Stamp
from ctsec.audit.streams import Stream
from ctsec.errors import DeliveryFailed
from ctsec.rbac import Policy
from ctsec.security import EmbeddedOptions

class Away:
    def deliver(self, batch):
        raise DeliveryFailed("away")

class Stamped(FileKeeper):
    def held(self):
        found = super().held()
        if found is None:
            return None
        at = datetime(2026, 1, 1, tzinfo=UTC)
        stamps = tuple(Stamp(checkpoint=found.checkpoint, at=at + timedelta(hours=hours)) for hours in (0, 3, 4))
        return Held(checkpoint=found.checkpoint, stamps=stamps)

options = EmbeddedOptions(
    worker=False,
    streams=(Stream(name="siem", receiver=Away()),),
    anchors=(Anchor(name="disk", keeper=FileKeeper("anchor")), Anchor(name="lost", keeper=FileKeeper("no/where")),
        Anchor(name="stamps", keeper=Stamped("stamps"))),
)
security = Security.embedded("app.db", policy=Policy.preset(), issuer="Acme", options=options)
"""


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Security]:
    """Return a bundle with a receiver that is away, an anchor that works and one that does not, and five events."""
    with host(NAME, HOST, folder=tmp_path, monkeypatch=monkeypatch) as security:
        with security._storage.begin(after_commit=ignore) as store:
            for each in events(DEPLOYMENT_LOG, count=5):
                store.inbox.append(each)
        security.logs.flush()
        yield security


@pytest.fixture
def ctsec(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Return the command: exit code, output and errors."""

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main([*arguments])
        return (code, *capsys.readouterr())

    return run


def test_streams_are_shown_and_reset(bundle: Security, ctsec: Callable[..., tuple[int, str, str]]) -> None:
    """Lag and problem are told, 1 if the last attempt failed; a reset moves the position and stands in the log; a wrong one is refused."""
    at = f"{NAME}:security"
    assert ctsec("audit", "streams", at)[:2] == (0, "ok  siem         deployment                       0 of 5 events, 5 to go\n")
    bundle.streams.run_due()
    code, said, _ = ctsec("audit", "streams", at, "--json")
    told = json.loads(said)
    assert (code, told["lag"], told["failures"], told["problem"], told["sound"]) == (1, 5, 1, "delivery_failed: away", False)
    assert "siem" in ctsec("doctor", at)[1]
    who = ("--operator", "olga", "--why", "ticket 7")
    assert ctsec("audit", "reset-stream", at, "--stream", "siem", "--log", "deployment", "--to", "9", *who)[0] == 1
    assert ctsec("audit", "reset-stream", at, "--stream", "siem", "--log", "deployment", "--operator", "Olga", "--why", "x")[0] == 2
    assert ctsec("audit", "reset-stream", at, "--stream", "siem", "--log", "mars/org_x", *who)[0] == 2
    assert ctsec("audit", "reset-stream", at, "--stream", "siem", "--log", "deployment", *who)[:2] == (
        0,
        "siem goes on from index 5 of deployment\n",
    )
    bundle.logs.place()
    assert ctsec("audit", "streams", at, "--late")[1] == "ok  siem         deployment                       5 of 6 events, 1 to go\n"


def test_verify_counts_what_anchors_give_back(bundle: Security, ctsec: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    """Signed before, anchored after; an anchor that fails is told by three commands, and one that was emptied counts for nothing."""
    at = f"{NAME}:security"
    assert "assurance: signed" in ctsec("audit", "verify", at)[1]
    assert bundle.anchors.run_due() == 2
    code, said, wrong = ctsec("audit", "verify", at)
    assert code == 0
    assert "5 events, 5 signed for, 5 held outside, 5 stamped at 2026-01-01 04:00:00 UTC: anchored" in said
    assert "time stamps: 3, from 2026-01-01 00:00:00 to 2026-01-01 04:00:00 UTC, at most 3:00:00 apart" in said
    (told,) = (json.loads(line) for line in ctsec("audit", "verify", at, "--json")[1].splitlines() if '"deployment"' in line)
    assert (told["stamped"], told["stamped_at"]) == (5, "2026-01-01T04:00:00+00:00")
    assert "assurance: anchored" in said
    assert wrong == ""
    code, said, _ = ctsec("audit", "anchors", at)
    assert code == 1
    assert said.splitlines()[0] == "ok  disk         took 1 of 1 checkpoints; gives back: size 1"
    assert said.splitlines()[1].startswith(
        "BAD lost         took 0 of 1 checkpoints; gives back: nothing; 1 failures: delivery_failed: the file"
    )
    assert said.splitlines()[2] == (
        "ok  stamps       took 1 of 1 checkpoints; gives back: size 1, 3 stamped, the last at 2026-01-01 04:00:00 UTC"
    )
    assert "BAD anchor       lost" in ctsec("doctor", at)[1]
    for name in ("anchor", "stamps"):
        (tmp_path / name).write_bytes(b"{}\n")
    code, said, wrong = ctsec("audit", "verify", at)
    assert "assurance: signed" in said
    assert wrong.startswith("the anchor disk gives nothing back: delivery_failed: line 1")
