"""What the commands say of the logs in the stores of regions."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from ctsec.storage.sql import SqlRegionStorage
from ctsec.storage.sql.schema import create_region
from tests.audit.kept import ONE, events
from tests.cli.test_command_line import ctsec

REGIONAL = """
from ctsec.audit.alerts import By, Match, Occurrence, Rule, Severity
from ctsec.authn import Argon2Parameters
from ctsec.rbac import Policy
from ctsec.residency import DEPLOYMENTS_KEY, Region, Regions
from ctsec.security import EmbeddedOptions, Security

regions = Regions(regions=(Region(name="eu", store="sqlite:///eu.db", key=DEPLOYMENTS_KEY),), default="eu")
options = EmbeddedOptions(regions=regions, worker=False, password_hash=Argon2Parameters.for_tests())
security = Security.embedded("app.db", policy=Policy.preset(), issuer="Acme", options=options)
RULES = (
    Rule(name="any", reason="a test", severity=Severity.LOW, looks_at=Match(names=("*",)), kind=Occurrence(), by=By.LOG),
)
"""


def test_the_logs_of_regions_are_told(tmp_path: Path) -> None:
    """A region whose events nobody seals is BAD, its logs are verified by name, and a store that was made anew is found."""
    place, log = f"sqlite:///{tmp_path / 'eu.db'}", f"eu/{ONE}"
    (tmp_path / "host.py").write_text(REGIONAL, "utf-8")
    create_region(place, region="eu")
    with closing(SqlRegionStorage.from_url(place)) as storage, storage.begin() as store:
        store.inbox.append(events(ONE, count=1, region="eu")[0])
    ran = ctsec("doctor", "host:security", folder=tmp_path)
    told = [line for line in ran.stdout.splitlines() if line.startswith("BAD")]
    assert (ran.returncode, len(told)) == (1, 1)
    assert told[0].startswith("BAD audit log    eu: 1 events wait, the oldest since ")
    assert told[0].endswith("0 logs to be signed (stalled)")
    assert ctsec("audit", "flush", "host:security", folder=tmp_path).returncode == 0
    verified = ctsec("audit", "verify", "host:security", "--log", log, folder=tmp_path)
    assert (verified.returncode, verified.stdout.split()[:4]) == (0, ["ok", log, "1", "events,"])
    (tmp_path / "held").write_text(ctsec("audit", "checkpoint", "host:security", "--log", log, folder=tmp_path).stdout, "utf-8")
    covered = ctsec("audit", "verify", "host:security", "--log", log, "--held", "held", folder=tmp_path)
    assert (covered.returncode, "1 held outside: anchored" in covered.stdout) == (0, True)
    other = ctsec("audit", "verify", "host:security", "--log", ONE, "--held", "held", folder=tmp_path)
    assert (other.returncode, f"is a checkpoint of localhost/eu/{ONE}" in other.stderr.replace(":8000", "")) == (2, True), other.stderr
    refused = ctsec("audit", "verify", "host:security", "--log", f"mars/{ONE}", folder=tmp_path)
    assert (refused.returncode, "expected one of the regions eu" in refused.stderr) == (2, True)
    tried = ctsec("audit", "alerts", "test", "host:security", "--log", log, "--rules", "host:RULES", folder=tmp_path)
    assert tried.stdout.splitlines()[1:] == ["1 alerts of 1 rules"], tried.stderr
    assert f"low      any {ONE} at event 0 of {log}: " in tried.stdout
    nowhere = ctsec("audit", "alerts", "test", "host:security", "--log", f"mars/{ONE}", folder=tmp_path)
    assert (nowhere.returncode, "expected one of the regions eu" in nowhere.stderr) == (2, True)
    (tmp_path / "eu.db").unlink()
    create_region(place, region="eu")
    missing = ctsec("audit", "verify", "host:security", folder=tmp_path)
    assert (missing.returncode, "eu/logs: held at 1: the home store has a checkpoint of this log" in missing.stderr) == (1, True)


def test_plans_and_purges_of_regions_are_told(tmp_path: Path) -> None:
    """An organization's id names its log in a region too: what that was told, and what would go; a store that fails is told of."""
    place, log = f"sqlite:///{tmp_path / 'eu.db'}", f"eu/{ONE}"
    (tmp_path / "host.py").write_text(REGIONAL, "utf-8")
    create_region(place, region="eu")
    with closing(SqlRegionStorage.from_url(place)) as storage, storage.begin() as store:
        store.inbox.append(events(ONE, count=1, region="eu")[0])
    assert ctsec("audit", "flush", "host:security", folder=tmp_path).returncode == 0
    told = ctsec("audit", "retention", "host:security", "--log", ONE, folder=tmp_path)
    assert [line.split(maxsplit=1) for line in told.stdout.splitlines()] == [[ONE, "no plan yet"], [log, "no plan yet"]]
    purged = ctsec("audit", "purge", "host:security", "--log", ONE, folder=tmp_path)
    assert (purged.returncode, purged.stdout) == (0, "0 events were purged\n")
    alone = ctsec("audit", "retention", "host:security", "--log", log, folder=tmp_path)
    assert alone.stdout.startswith(f"{log:32} no plan yet, from ")
    dry = ctsec("audit", "purge", "host:security", "--dry-run", "--json", "--log", log, folder=tmp_path)
    assert json.loads(dry.stdout)["log"] == log
    with closing(sqlite3.connect(tmp_path / "eu.db")) as connection:
        connection.execute("DROP TABLE ctsec_region_audit_head")
    silent = ctsec("audit", "purge", "host:security", "--dry-run", "--log", ONE, folder=tmp_path)
    assert (silent.returncode, "eu does not answer (" in silent.stderr) == (0, True)
