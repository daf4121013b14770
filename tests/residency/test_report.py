"""The report says where every byte of an organization is, and what does not agree."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import NullPool, create_engine, update

from ctsec.cli.main import main
from ctsec.ids import WorkspaceId
from ctsec.security import Security
from ctsec.storage.sql.schema import check
from ctsec.testing.conformance.samples import workspace_id
from tests.residency.deployment import ORG, TABLES, Places, data_keys, events, move, owner, raw, smuggle, start, write

pytestmark = [pytest.mark.server("postgresql", "mariadb")]


def told(security: Security) -> dict[WorkspaceId, list[str]]:
    """Return what disagrees, by workspace; whether anything does is what the report says as a whole."""
    report = security.regional.reporter.report(owner(), organization=ORG)
    found = {each.workspace: list(each.disagreements) for each in report.workspaces if each.disagreements}
    assert report.agrees == (not found and not any(each.problem for each in report.stores))
    return found


@pytest.mark.proves("SEED-D2")
def test_a_report_counts_in_every_store(places: Places, security: Security) -> None:
    """Each workspace is counted where it is, with the key of its region; the report is an event with the digest of what it said."""
    for n in (1, 2, 3):
        write(security, n, a="x", b="y")
    move(security, 1, "ap")
    report = security.regional.reporter.report(owner(), organization=ORG)
    assert report.agrees
    found = {each.workspace: [(held.store, held.rows, held.keys, held.replica) for held in each.holdings] for each in report.workspaces}
    assert found == {
        workspace_id(1): [("ap", 2, (places.key("ap").ref,), False)],
        workspace_id(2): [("us", 2, (places.key("us").ref,), False)],
        workspace_id(3): [("ap", 2, (places.key("ap").ref,), False)],
        workspace_id(4): [],
    }
    assert [(each.store, each.region, each.problem) for each in report.stores] == [(name, name, "") for name in ("ap", "eu", "us")]
    sizes = {each.workspace: held.size for each in report.workspaces for held in each.holdings}
    assert sizes[workspace_id(2)] == sum(len(sealed) for _, _, sealed in raw(places.stores["us"]))
    data = json.loads(report.as_json())
    assert (data["agrees"], data["organization_id"], len(data["workspaces"])) == (True, ORG, 4)
    assert "everything agrees" in report.as_text()
    assert f"workspace {workspace_id(2)}: region us" in report.as_text()
    assert not [each for each in (report.as_text(), report.as_json()) if "ctsec@" in each]
    assert [each.name for each in events(security)][-1] == "residency.reported"


@pytest.mark.proves("SEED-D2")
def test_a_report_finds_what_does_not_agree(places: Places, security: Security) -> None:
    """Strays in a foreign store, a key of another region, bytes that are not sealed, and a pin that was changed past ctsec are named."""
    for n in (1, 2, 4):
        write(security, n, a="x")
    assert told(security) == {}
    ((_, _, sealed),) = [row for row in raw(places.stores["eu"]) if row[0] == workspace_id(1)]
    smuggle(places, "us", 1, sealed)
    (problems,) = told(security).values()
    assert any("us of region us has 1 rows, and the workspace is pinned to eu" in each for each in problems)
    assert any("sealed under a data key of region eu" in each for each in problems)
    smuggle(places, "us", 2, b"plain text of somebody, as it should not be anywhere, long enough to be taken for a blob of ours", key="p")
    assert any("is not sealed" in each for each in told(security)[workspace_id(2)])
    engine = create_engine(places.home, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(update(TABLES.workspace).where(TABLES.workspace.c.id == workspace_id(4)).values(region="nowhere"))
        connection.execute(update(TABLES.dek).where(TABLES.dek.c.region == "us").values(kek="local:other"))
    engine.dispose()
    found = told(security)
    assert any("no region of this configuration" in each for each in found[workspace_id(4)])
    assert any("is wrapped by local:other" in each for each in found[workspace_id(2)])
    report = security.regional.reporter.report(owner(), organization=ORG)
    assert "this is no proof" in report.as_text()
    assert len(data_keys(security)) == 2


def test_a_move_under_way_is_told(security: Security) -> None:
    """While a workspace moves, both regions may hold it, and the report says where it is going."""
    write(security, 1, a="x")
    security.regional.moves.step(start(security, 1, "us"))
    report = security.regional.reporter.report(owner(), organization=ORG)
    (found,) = [each for each in report.workspaces if each.workspace == workspace_id(1)]
    assert ([held.store for held in found.holdings], found.moving_to, found.disagreements) == (["eu", "us"], "us", ())
    assert "moving to us" in report.as_text()


def test_a_store_that_does_not_answer_makes_it_no_proof(places: Places, security: Security) -> None:
    """A store without its tables is named, and the report does not claim to prove anything."""
    engine = create_engine(places.stores["eu"], poolclass=NullPool)
    with engine.begin() as connection:
        TABLES.region_meta.drop(connection)
    engine.dispose()
    report = security.regional.reporter.report(owner(), organization=ORG)
    assert not report.agrees
    assert [each.store for each in report.stores if each.problem] == ["eu"]


BUNDLE = """
from pathlib import Path
from tests.residency.deployment import Places, open_security
security = open_security(Places({home!r}, {stores!r}, Path({folder!r}), {{}}))
"""


@pytest.mark.proves("SEED-D2")
def test_the_command_reports(
    places: Places, security: Security, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`ctsec residency report` writes text or JSON, and ends with 0 if everything agrees, 1 if not; `prepare` makes a store."""
    write(security, 1, a="x")
    text = BUNDLE.format(home=places.home, stores=dict(places.stores), folder=str(places.folder))
    (tmp_path / "bundle_of_regions.py").write_text(text, "utf-8")
    monkeypatch.chdir(tmp_path)
    command = ["residency", "report", "bundle_of_regions:security", "--organization", ORG]
    assert main(command) == 0
    assert "everything agrees" in capsys.readouterr().out
    smuggle(places, "us", 1, b"x")
    assert main([*command, "--format", "json"]) == 1
    assert json.loads(capsys.readouterr().out)["agrees"] is False
    assert main([*command[:-1], "nobody"]) == 2
    url = f"sqlite:///{tmp_path / 'new.db'}"
    assert main(["residency", "prepare", "--url", url, "--region", "sa"]) == 0
    assert main(["residency", "prepare", "--url", url, "--region", "sa"]) == 0
    assert main(["residency", "prepare", "--url", url, "--region", "eu"]) == 2
    assert main(["residency", "prepare", "--url", url, "--region", "No"]) == 2
    assert "it can not be eu of eu" in capsys.readouterr().err
    assert check(places.home) == ()
