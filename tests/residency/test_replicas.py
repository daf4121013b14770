"""Declared replicas: made equal, read when the primary is dead, and promoted by somebody who says so."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from ctsec.audit.sealing import LOG_OF_LOGS
from ctsec.cli.main import main
from ctsec.errors import CtsecError, ResidencyError, StoreError
from ctsec.outcome import Reason, Refusal
from ctsec.principal import system
from ctsec.residency import Primary
from ctsec.security import Security
from ctsec.security._sync_replicas import Replicas
from ctsec.storage.sql import SqlRegionStorage
from ctsec.testing.conformance.samples import workspace_id
from tests import servers
from tests.residency.deployment import Places, events, open_security, prepare, raw, read, write
from tests.servers import fresh_database

pytestmark = [pytest.mark.server("postgresql")]
OPERATOR = system("cli")


@pytest.fixture
def primary(tmp_path: Path) -> Iterator[servers.Server]:
    """A PostgreSQL of this test alone, which it may kill."""
    made = servers._start("postgresql", Path(os.environ[servers.FOLDER_VARIABLE]) / f"primary-{tmp_path.name}-{os.getpid()}")
    yield made
    servers._stop(made)


@pytest.fixture
def places(primary: servers.Server, tmp_path: Path) -> Places:
    """Region eu on the PostgreSQL that dies, with a replica in a file; region us, without any, in another file."""
    files = [fresh_database("sqlite", folder=tmp_path).sync_url for _ in range(3)]
    url = f"postgresql+psycopg://ctsec@127.0.0.1:{primary.port}/postgres"
    found = Places(files[0], {"eu": url, "eu-two": files[1], "us": files[2]}, tmp_path, {"eu": ("eu-two",)})
    prepare(found, workspaces={1: "eu", 2: "us"})
    return found


@pytest.fixture
def security(places: Places) -> Iterator[Security]:
    """A process of the deployment."""
    with closing(open_security(places)) as made:
        yield made


def kill(server: servers.Server) -> None:
    """Kill the server by its process id, as a machine that fails does."""
    children = [int(each) for each in Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text("utf-8").split()]
    for pid in (server.pid, *children):
        os.kill(pid, signal.SIGKILL)
    while servers._alive(server.pid):
        time.sleep(0.02)


@pytest.mark.proves("SEED-D3")
def test_a_dead_primary_is_read_at_its_replica(places: Places, primary: servers.Server, security: Security) -> None:
    """Reads go on at the declared replica and say so; writes fail and go nowhere, until somebody promotes it; that is an event."""
    write(security, 1, a="x", b="y")
    security.logs.flush()
    sealed = security.logs.checkpoint(LOG_OF_LOGS)
    assert sealed is not None
    done = security.regional.replicas.replicate("eu", "eu-two")
    assert (done.written, done.removed, done.rows) == (2, 0, 2)
    assert raw(places.stores["eu-two"]) == raw(places.stores["eu"])
    with security.regional.router.reading(workspace_id(1)) as content:
        assert (content.place.from_replica, content.place.store) == (False, "eu")
    kill(primary)
    with security.regional.router.reading(workspace_id(1)) as content:
        assert (content.place.from_replica, content.place.store) == (True, "eu-two")
        assert content.get("note", "a") == b"x"
    with pytest.raises(StoreError):
        write(security, 1, c="lost")
    assert len(raw(places.stores["eu-two"])) == 2
    assert security.regional.replicas.replicate_all() == 0
    promoted = security.regional.replicas.promote(OPERATOR, region="eu", store="eu-two")
    assert isinstance(promoted, Primary)
    write(security, 1, c="kept")
    assert read(security, 1) == {"a": "x", "b": "y", "c": "kept"}
    (event,) = [each for each in events(security, "deployment") if each.name == "region.promoted"]
    details = event.details()["details"]
    assert (details["store"], details["before"], details["rows"], details["answered"], details["lost"]) == ("eu-two", "eu", 2, False, 0)
    assert (details["log_size"], details["log_root"], details["log_agrees"]) == (
        sealed.checkpoint.size,
        sealed.checkpoint.root.hex(),
        True,
    )


@pytest.mark.proves("SEED-D3")
def test_what_would_be_lost_is_accepted_or_refused(places: Places, security: Security) -> None:
    """A replica that was never verified, lacks rows, or is not what was verified is not promoted, unless its loss is accepted."""
    replicas = security.regional.replicas
    write(security, 1, a="x", b="y")

    def refused(accept_loss: int = 0) -> Reason | None:
        done = replicas.promote(OPERATOR, region="eu", store="eu-two", accept_loss=accept_loss)
        return done.reason if isinstance(done, Refusal) else None

    assert refused() is Reason.CONFLICT
    replicas.replicate("eu", "eu-two")
    write(security, 1, b="z", c="new")
    assert refused() is Reason.CONFLICT
    assert refused(accept_loss=1) is Reason.CONFLICT
    with SqlRegionStorage.from_url(places.stores["eu-two"]).begin() as store:
        store.content.remove(workspace_id(1), "note", "a")
    assert refused(accept_loss=2) is Reason.CONFLICT
    assert refused(accept_loss=3) is None
    assert refused() is Reason.CONFLICT
    assert read(security, 1) == {"b": "y"}


@pytest.mark.proves("SEED-D3")
def test_a_replication_goes_on_and_takes_away_what_is_gone(places: Places, security: Security, monkeypatch: pytest.MonkeyPatch) -> None:
    """Interrupted, it goes on where it was; changed and removed rows follow; a second run changes nothing."""
    replicas = security.regional.replicas
    write(security, 1, **{f"n{n:04}": str(n) for n in range(450)})
    fence, pages = Replicas._fence, count()

    def interrupted(self: Replicas, *arguments: Any) -> None:
        if next(pages) == 2:
            raise CtsecError("interrupted")
        fence(self, *arguments)

    monkeypatch.setattr(Replicas, "_fence", interrupted)
    with pytest.raises(CtsecError, match="interrupted"):
        replicas.replicate("eu", "eu-two")
    monkeypatch.undo()
    assert len(raw(places.stores["eu-two"])) == 400
    assert replicas.replicate("eu", "eu-two").written == 50
    with security.region(workspace_id(1)) as content:
        content.remove("note", "n0000")
        content.remove("note", "n0449")
        content.put("note", "n0100", b"changed")
    done = replicas.replicate("eu", "eu-two")
    assert (done.written, done.removed, done.rows) == (1, 2, 448)
    assert replicas.replicate_all() == 0
    assert sorted(raw(places.stores["eu-two"])) == sorted(raw(places.stores["eu"]))


@pytest.mark.proves("SEED-D3")
def test_a_promoted_store_is_no_replica_and_the_way_back_is_another_promotion(places: Places, security: Security) -> None:
    """What serves the region is never written by a replication, a late one from before included; the old store follows, and comes back."""
    replicas = security.regional.replicas
    write(security, 1, a="x")
    replicas.replicate("eu", "eu-two")
    late = replicas._pair("eu", "eu-two")
    replicas.promote(OPERATOR, region="eu", store="eu-two")
    write(security, 1, b="y")
    with pytest.raises(ResidencyError, match="no replica"):
        replicas.replicate("eu", "eu-two")
    with security.regional.router.stores["eu-two"].begin() as store, pytest.raises(ResidencyError, match="promoted meanwhile"):
        replicas._fence(store, late, None)
    assert replicas.replicate("eu", "eu").written == 1
    assert isinstance(replicas.promote(OPERATOR, region="eu", store="eu"), Primary)
    assert read(security, 1) == {"a": "x", "b": "y"}
    for region, name in (("eu", "us"), ("us", "us")):
        with pytest.raises(ResidencyError):
            replicas.replicate(region, name)


@pytest.mark.proves("SEED-D3")
def test_without_a_declared_replica_there_is_none(places: Places, security: Security) -> None:
    """A region whose store does not answer is not read anywhere else, though a store with its content is there."""
    write(security, 2, a="x")
    Path(places.stores["us"].removeprefix("sqlite:///")).rename(places.folder / "gone")
    os.mkdir(places.stores["us"].removeprefix("sqlite:///"))
    with closing(open_security(places)) as other, pytest.raises(StoreError):
        read(other, 2)


BUNDLE = """
from pathlib import Path
from tests.residency.deployment import Places, open_security
security = open_security(Places({home!r}, {stores!r}, Path({folder!r}), {{"eu": ("eu-two",)}}))
"""


@pytest.mark.proves("SEED-D3")
def test_the_commands_replicate_and_promote(
    places: Places, security: Security, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`ctsec residency replicate` and `promote` say what they did; a loss that nobody accepted ends with 1, a mistake with 2."""
    write(security, 1, a="x")
    text = BUNDLE.format(home=places.home, stores=dict(places.stores), folder=str(places.folder))
    (tmp_path / "bundle_of_replicas.py").write_text(text, "utf-8")
    monkeypatch.chdir(tmp_path)
    told = ["bundle_of_replicas:security", "--region", "eu", "--store", "eu-two"]
    assert main(["residency", "promote", *told]) == 1
    assert main(["residency", "replicate", *told]) == 0
    assert "1 rows written, 0 removed; 1 rows verified" in capsys.readouterr().out
    write(security, 1, b="y")
    assert main(["residency", "promote", *told]) == 1
    assert "at least 1 rows would be lost" in capsys.readouterr().err
    assert main(["residency", "promote", *told, "--accept-loss", "-1"]) == 2
    assert main(["residency", "promote", *told[:-1], "us"]) == 2
    assert main(["residency", "promote", *told, "--accept-loss", "1"]) == 0
    assert read(security, 1) == {"a": "x"}
