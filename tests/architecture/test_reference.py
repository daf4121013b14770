"""The reference pages say what the code says."""

from __future__ import annotations

import inspect
import re
from dataclasses import fields
from pathlib import Path

from ctsec import errors
from ctsec.audit import EventName
from ctsec.keys import PATTERN
from ctsec.outcome import Reason, Refusal
from ctsec.rbac import Rule
from ctsec.rbac.change import KINDS
from ctsec.rbac.decision import DECISIONS
from ctsec.transport import ConnectionReport
from ctsec.web.guarding import decision_refusal
from ctsec.web.problem import of_refusal

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference"


def rows(page: str, *, columns: int) -> list[list[str]]:
    """Return the cells of the rows of a page whose first cell is a code word, from tables of that many columns."""
    lines = [line.strip("| ").split(" | ") for line in (REFERENCE / page).read_text("utf-8").splitlines() if line.startswith("| `")]
    return [[cell.strip("` ") for cell in line] for line in lines if len(line) == columns]


def test_every_event_is_described() -> None:
    """The page of events names exactly the events that ctsec can write, each once."""
    assert sorted(row[0] for row in rows("events.md", columns=2)) == sorted(EventName)


def test_every_reason_is_described_with_its_status() -> None:
    """The page of errors names every reason of a refusal with the status that the hosts answer."""
    told = {row[0]: int(row[1]) for row in rows("errors.md", columns=3)}
    assert told == {reason.value: of_refusal(Refusal(reason)).status for reason in Reason}


def test_every_decision_is_described() -> None:
    """The page of decisions names every reason with its answer and the status of a guard, every rule, and every change in its order."""
    told = {row[0]: (row[1], row[2]) for row in rows("decisions.md", columns=4)}
    refusals = {each: decision_refusal(decision) for each, decision in DECISIONS.items()}
    assert told == {
        each.value: ("allowed", "none") if refusal is None else ("denied", str(of_refusal(refusal).status))
        for each, refusal in refusals.items()
    }
    assert [row[0] for row in rows("decisions.md", columns=2)] == [*Rule, *(kind.__name__ for kind in KINDS)]


def test_every_error_is_described() -> None:
    """The page of errors names every class of the error tree with its code and whether a retry helps."""
    told = {row[0]: (row[1], row[2] == "yes") for row in rows("errors.md", columns=4)}
    tree = {name: each for name, each in vars(errors).items() if inspect.isclass(each) and issubclass(each, errors.CtsecError)}
    assert told == {name: (each.code, each.retryable) for name, each in tree.items() if each is not errors.CtsecError}


def test_the_pattern_of_api_keys_is_the_documented_one() -> None:
    """The regular expression that scanners take from the page is the one that the package gives."""
    found = re.search(r"Regular expression:\s+`(.*?)`", (REFERENCE / "formats.md").read_text("utf-8"))
    assert found is not None
    assert found[1] == PATTERN


def test_every_field_of_the_doctor_is_described() -> None:
    """The page of connections names each field of the doctor's JSON, in the order in which they are printed."""
    names = {field.name for field in fields(ConnectionReport)} | {"sound"}
    assert [row[0] for row in rows("connections.md", columns=2) if row[0] in names or row[0].isidentifier()] == [
        *(field.name for field in fields(ConnectionReport)),
        "sound",
    ]
