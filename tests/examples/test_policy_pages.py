"""The pages about policies say what the code and the command say."""

from __future__ import annotations

import re

import pytest

from ctsec.cli.main import main
from ctsec.rbac import FindingKind, Policy, PolicyError, drift
from ctsec.rbac.document import KEYS, ORGANIZATION_KEYS, WORKSPACE_KEYS
from tests.examples.pages import ROOT

PAGE = ROOT / "docs" / "reference" / "policy-documents.md"
HELP = re.compile(r"<!-- help: (.*?) -->\n```text\n(.*?)```\n", re.DOTALL)


def words(heading: str) -> list[str]:
    """Return the first cells of the table rows that follow a line that starts so."""
    lines = PAGE.read_text("utf-8").split(f"\n{heading}", 1)[1].splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("|"))
    rows = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        rows.append(line)
    return [cell.split("|")[1].strip(" `") for cell in rows[2:]]


@pytest.mark.parametrize(("command", "text"), HELP.findall(PAGE.read_text("utf-8")), ids=lambda value: value[:20])
def test_help_is_what_the_page_shows(command: str, text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Each help block of the page is what the command prints."""
    monkeypatch.setenv("COLUMNS", "100")
    with pytest.raises(SystemExit) as ended:
        main([*command.split(), "--help"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == text


def test_each_command_has_its_help_on_the_page() -> None:
    """The four commands are shown, in order."""
    shown = [command for command, _ in HELP.findall(PAGE.read_text("utf-8"))]
    assert shown == ["matrix show", "matrix check", "matrix diff", "matrix simulate"]


@pytest.mark.proves("ASVS-8.1.1")
def test_the_built_in_policy_is_as_the_page_says() -> None:
    """The tables of the page hold every cell of the preset."""
    assert drift(Policy.preset(), PAGE.read_text("utf-8")) == ()


def test_keys_and_findings_are_those_of_the_code() -> None:
    """The page names every key of a document, of a role on each level, and every kind of finding, and no other."""
    assert sorted(words("## Keys")) == sorted(KEYS)
    assert sorted(words("Keys of an organization role:")) == sorted(ORGANIZATION_KEYS)
    assert sorted(words("Keys of a workspace role:")) == sorted(WORKSPACE_KEYS)
    assert words("## Findings") == list(FindingKind)


def test_the_page_of_errors_names_the_error_of_policies() -> None:
    """A host that looks an error up finds PolicyError, although it is no CtsecError."""
    assert PolicyError.__name__ in (ROOT / "docs" / "reference" / "errors.md").read_text("utf-8")
