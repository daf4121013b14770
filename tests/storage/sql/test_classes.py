"""Every stored column has a class on the page of data, and holds what its class may hold."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from ctsec.storage.sql.tables import Tables
from tests.architecture.source import ROOT
from tests.architecture.test_inventory import table

PAGE: Final = ROOT / "docs" / "reference" / "data.md"
CLASSES: Final = ("sealed", "digest", "personal", "record")
# A process in which every kind of secret is made; it tells what no column may hold, and what is personal.
JOURNEY: Final = r"""
import json
from urllib.parse import parse_qs, urlsplit

import pyotp

from tests.examples.preface import *
from tests.examples.preface import PASSWORD
from ctsec.ambient import Request
from ctsec.keys.policy import KeyRequest
from ctsec.secret import Secret
from ctsec.vault import VaultKind, VaultWish

secrets = [PASSWORD]
request = Request(id="r1", address="203.0.113.77", user_agent="Canary/1.0")
with security.begin(request) as unit:
    step = unit.sign_in.password(email="olga@acme.example", password=PASSWORD)
principal = security.gate.session(step.token.reveal())
with security.begin(request) as unit:
    enrolment = unit.mfa.begin_totp(principal)
seed = parse_qs(urlsplit(enrolment.uri.reveal()).query)["secret"][0]
with security.begin(request) as unit:
    codes = unit.mfa.confirm_totp(principal, code=pyotp.TOTP(seed).now())
    wish = VaultWish(name="export", kind=VaultKind.AWS, services=frozenset({"s3"}), regions=frozenset({"eu"}))
    kept = unit.vault.store(sure(olga), organization=organization, wish=wish, secret=Secret(b"AKIA-canary-42"))
    used = unit.vault.use(sure(olga), organization=organization, credential=kept.id, service="s3", region="eu")
    wanted = KeyRequest(name="nightly", scopes=frozenset({"dashboards:view"}))
    key = unit.api_keys.mint(sure(olga), organization=organization, request=wanted)
    unit.members.invite(sure(olga), organization=organization, email="dora@acme.example", role="member")
    unit.accounts.sign_up(email="carl@acme.example", password=PASSWORD + " too", name="Carl Canary")
    unit.sign_in.password(email="bob@acme.example", password="a wrong canary password")
secrets += ["a wrong canary password", seed, enrolment.seed.reveal().hex(), used.secret.reveal().decode(), key.token.reveal()[-49:]]
secrets += [each.reveal() for each in codes.codes] + [each.reveal().replace("-", "") for each in codes.codes]
secrets += [each.reveal().rpartition(".")[2] for each in (step.token, codes.session_token)]
personal = ["olga@acme.example", "bob@acme.example", "carl@acme.example", "dora@acme.example", "Carl Canary", "203.0.113.77", "Canary/1.0"]
security.jobs.place_events()
security.close()
print(json.dumps({"secrets": secrets, "personal": personal}))
"""


def told() -> dict[str, dict[str, set[str]]]:
    """Return the columns of each table by class, as the page tells them."""
    return {name: dict(zip(CLASSES, (set(cell.split()) for cell in cells), strict=True)) for name, cells in table("Columns", PAGE).items()}


@pytest.mark.proves("ASVS-14.1.1")
def test_every_column_has_one_class() -> None:
    """The page lists exactly the tables and columns that there are, each column once."""
    made = Tables()
    tables = [each for part in (made.main, made.guard, made.region) for each in part.tables.values()]
    found = {each.name: sorted(column.name for column in each.columns) for each in tables}
    assert {name: sorted(column for classed in classes.values() for column in classed) for name, classes in told().items()} == found
    assert [name for name, classes in told().items() if sum(map(len, classes.values())) != len(found[name])] == []


@pytest.mark.proves("ASVS-14.1.2")
def test_every_class_has_its_requirements() -> None:
    """Each class says what is required at rest, of integrity, in logs, of readers and of time; there are no others."""
    rows = table("Classes", PAGE)
    assert tuple(rows) == CLASSES
    assert all(len(cells) == 6 and all(cells) for cells in rows.values())


def cells(path: Path) -> dict[tuple[str, str], list[bytes]]:
    """Return every value of every column of a database of SQLite, as bytes."""
    found: dict[tuple[str, str], list[bytes]] = {}
    with closing(sqlite3.connect(path)) as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'ctsec_%'").fetchall():
            asked = database.execute(f'SELECT * FROM "{name}"')
            columns = [str(column[0]) for column in asked.description]
            for row in asked.fetchall():
                for column, value in zip(columns, row, strict=True):
                    found.setdefault((name, column), []).append(value if isinstance(value, bytes) else str(value).encode())
    return found


@pytest.mark.proves("ASVS-14.2.4", "ASVS-14.1.2", "SEED-E2")
def test_columns_hold_what_their_class_may_hold(tmp_path: Path) -> None:
    """After people signed up, enrolled and kept secrets, no file holds a secret, and no column but a personal one a person's data."""
    ran = subprocess.run(
        [sys.executable, "-c", JOURNEY],
        cwd=tmp_path,
        env={"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    made = json.loads(ran.stdout.splitlines()[-1])
    assert len(made["secrets"]) > 25
    files = [path for path in tmp_path.iterdir() if path.is_file() and path.name.startswith("acme.db")]
    assert {"acme.db", "acme.db-guard"} <= {path.name for path in files}
    for each in made["secrets"]:
        assert [path.name for path in files if each.encode() in path.read_bytes()] == [], each
    classes, found = told(), cells(tmp_path / "acme.db") | cells(tmp_path / "acme.db-guard")
    for each in made["personal"]:
        where = {place for place, values in found.items() if any(each.encode() in value for value in values)}
        assert where, each
        assert {f"{table}.{column}" for table, column in where if column not in classes[table]["personal"]} == set(), each
    for (name, column), values in found.items():
        if name in classes and column in classes[name]["sealed"]:  # tables of versions are the migrations'
            # Ciphertext is no text.
            assert [value for value in values if len(value) > 40 and re.fullmatch(rb"[ -~]+", value)] == []
