"""`ctsec matrix`: what it says in each format, and the exit codes 0 fine, 1 something to tell, 2 could not be asked."""

from __future__ import annotations

import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from ctsec.cli import main
from ctsec.rbac import Policy, policy_document
from ctsec.rbac.preset import FURTHER, MATRIX, POLICY, preset_policy

HOST = """
from ctsec import AsyncSecurity, Security
from ctsec.rbac import Policy
policy = Policy.preset()
number = 1
security = Security.embedded("app.db", policy=policy, issuer="Acme")
asynchronous = AsyncSecurity.embedded("app.db", policy=policy, issuer="Acme")
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a folder with the policies a (the preset) and b, in which operators run no agents and viewers are not capped."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    Path("a.json").write_text(policy_document(POLICY), "utf-8")
    other = preset_policy(viewer_ceiling=False)
    run = other.index.bit("agents:run")
    roles = tuple(replace(role, mask=role.mask & ~run) if role.name == "operator" else role for role in other.workspace_roles)
    Path("b.json").write_text(policy_document(replace(other, workspace_roles=roles)), "utf-8")
    return tmp_path


class Page(HTMLParser):
    """What a page is made of; fails at an element that is not closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.words: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(text)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag != "meta":
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and data.strip():
            self.words.setdefault(self._open[-1], []).append(data)


def accessible(text: str) -> Page:
    """Return a page of which everything that a screen reader needs was seen, and nothing that runs."""
    page = Page(text)
    tags = [tag for tag, _ in page.seen]
    assert text.startswith("<!DOCTYPE html>")
    assert ("html", {"lang": "en"}) in page.seen
    assert tags.count("title") == tags.count("h1") == tags.count("main") == 1
    assert tags.count("table") == tags.count("caption") == tags.count("thead") == tags.count("tbody")
    assert {attributes.get("scope") for tag, attributes in page.seen if tag == "th"} <= {"col", "row"}
    assert not {"script", "iframe", "link", "img"} & set(tags)
    assert not [name for _, attributes in page.seen for name in attributes if name.startswith("on") or name in {"src", "href", "style"}]
    return page


def test_show_tells_every_cell(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The three tables of a policy are aligned text; what a ceiling takes away is told apart from what is not given."""
    assert main(["matrix", "show", "preset"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "  api_keys:manage          yes    yes    yes     yes" in lines
    assert "  agents:run                 yes    yes    -       capped" in lines
    assert "  agents:run                 yes    yes     yes       -" in lines
    assert len(lines) == 3 * 2 + 2 + 9 + 9 + 9


def test_show_in_json_is_the_policy(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The JSON of a policy is its document, on one line."""
    assert main(["matrix", "show", "b.json", "--format", "json"]) == 0
    text = capsys.readouterr().out
    assert Policy.from_json(text) == Policy.from_json(Path("b.json").read_text("utf-8"))
    assert text.count("\n") == 1


def test_show_in_html_is_a_whole_page(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The page has a table for each level, with captions and headers, and a file's name is text in it whatever it holds."""
    name = "<script>&.json"
    Path(name).write_text(policy_document(POLICY), "utf-8")
    assert main(["matrix", "show", name, "--format", "html"]) == 0
    page = accessible(capsys.readouterr().out)
    assert page.words["h1"] == [f"Policy {name}"]
    assert len(page.words["caption"]) == 3
    assert page.words["td"].count("capped") == 7
    assert len(page.words["td"]) == 9 * 4 + 9 * 4 + 9 * 4


def test_check_finds_and_accepts(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Findings are lines and exit code 1, until each of them is said to be meant."""
    assert main(["matrix", "check", "preset"]) == 1
    found = "permissions.api_keys:manage: every member of an organization holds api_keys:manage, with any role [universal_permission]\n"
    assert capsys.readouterr().out == found
    for accepted in ("universal_permission", "universal_permission@permissions.api_keys:manage"):
        assert main(["matrix", "check", "preset", "--accept", accepted]) == 0
        assert capsys.readouterr().out == "no findings\n"
    assert main(["matrix", "check", "preset", "--accept", "universal_permission@permissions.other:manage"]) == 1
    assert main(["matrix", "check", "preset", "--accept", "universal"]) == 2
    assert "expected one of unreachable_role" in capsys.readouterr().err


def test_check_in_json_and_html(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Both formats hold findings and drift, and a page without either says so."""
    wrong = MATRIX.replace("agents:run                yes    yes    yes     yes", "agents:run yes yes yes -")
    Path("README.md").write_text(f"```\n{wrong}```\n", "utf-8")
    arguments = ["matrix", "check", "preset", "--readme", "README.md", "--partial", "--format"]
    assert main([*arguments, "json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert [each["kind"] for each in told["findings"]] == ["universal_permission"]
    assert told["drift"] == [{"line": 5, "sentence": "the table says no for agents:run and operator, the policy says yes"}]
    assert main([*arguments, "html"]) == 1
    assert accessible(capsys.readouterr().out).words["caption"] == ["Findings", "Drift of README.md"]
    Path("README.md").write_text("| permission | owner |\n|--|--|\n| agents:run | <script>1</script> |\n", "utf-8")
    assert main([*arguments, "html"]) == 1
    assert (
        "row agents:run, column owner: expected yes, no or -, found '<script>1</script>'" in accessible(capsys.readouterr().out).words["td"]
    )
    assert main(["matrix", "check", "preset", "--accept", "universal_permission", "--format", "html"]) == 0
    assert accessible(capsys.readouterr().out).words["p"] == ["nothing to tell"]


def test_check_compares_a_page_with_the_policy(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A page that says what the policy does is fine, one that leaves rows out only with --partial, one without a table is an error."""
    arguments = ["matrix", "check", "preset", "--accept", "universal_permission", "--readme", "README.md"]
    Path("README.md").write_text(f"```\n{MATRIX}```\n```\n{FURTHER}```\n", "utf-8")
    assert main(arguments) == 0
    Path("README.md").write_text(f"```\n{MATRIX}```\n", "utf-8")
    assert main([*arguments, "--partial"]) == 0
    assert main(arguments) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "README.md: no table has a row for service_accounts:manage"
    Path("README.md").write_text("# Acme\n", "utf-8")
    assert main(arguments) == 2
    assert capsys.readouterr().err == (
        "ctsec: README.md: expected a table whose header starts with `permission`, found none [configuration]\n"
    )


def test_diff_tells_gains_and_losses_by_role(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A difference is exit code 1 and names who gains and loses what; none is 0."""
    assert main(["matrix", "diff", "a.json", "b.json"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == ["member, in a workspace with operator:", "  - agents:run", "viewer, in a workspace with admin:"]
    assert "  + recommendations:view" in lines
    assert main(["matrix", "diff", "preset", "a.json"]) == 0
    assert capsys.readouterr().out == "no differences\n"


def test_diff_tells_names_and_rules(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Roles and permissions of one side only and rules about people are told in every format."""
    smaller = replace(POLICY, workspace_roles=POLICY.workspace_roles[:3], members_permission=None)
    Path("c.json").write_text(policy_document(smaller), "utf-8")
    assert main(["matrix", "diff", "a.json", "c.json"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert "vanished: workspace_role viewer" in lines
    assert "rule members_permission: members:manage > -" in lines
    assert main(["matrix", "diff", "c.json", "a.json", "--format", "json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["appeared"] == [{"kind": "workspace_role", "name": "viewer"}]
    assert {"rule": "members_permission", "before": "-", "after": "members:manage"} in told["rules"]
    assert {"organization_role": "viewer", "scope": "workspace", "workspace_roles": ["viewer"]}.items() <= told["changes"][-1].items()
    assert main(["matrix", "diff", "a.json", "c.json", "--format", "html"]) == 1
    assert accessible(capsys.readouterr().out).words["caption"] == ["Changes by role", "Names", "Rules"]


def test_a_policy_may_come_from_code(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A policy, or the bundle that has it, is found by module and attribute in the current folder."""
    Path("matrix_host.py").write_text(HOST, "utf-8")
    for name in ("policy", "security", "asynchronous"):
        assert main(["matrix", "diff", "a.json", f"matrix_host:{name}"]) == 0
    assert main(["matrix", "show", "matrix_host:number"]) == 2
    assert "is a int; expected a ctsec.rbac.Policy" in capsys.readouterr().err


WRONG: list[tuple[str, bytes | None, str]] = [
    ("none.toml", None, "none.toml could not be read (No such file or directory)"),
    ("p.toml", b"[permissions]\n'a:view' = 1", "p.toml: permissions.a:view: expected a text, found a whole number"),
    ("p.TOML", b"a = [", "p.TOML: end of document: expected TOML: invalid value"),
    ("p.json", b'{"matrix": 1, "matrix": 2}', "p.json: matrix: expected each key once"),
    ("p.json", b"\n\xff", "p.json: line 2: expected UTF-8"),
    ("p.json", b" " * 70_000, "p.json: expected at most 65536 bytes"),
    ("matrix_wrong:policy", b"", "matrix_wrong:policy: line 2, row a:view, column x: expected yes, no or -"),
    ("matrix_none:policy", b"", "matrix_none:policy could not be loaded (ModuleNotFoundError)"),
    ("policy", None, "expected module:attribute, such as app.security:security, or a file that ends with .toml or .json"),
]


@pytest.mark.parametrize(("name", "data", "problem"), WRONG, ids=[problem for *_, problem in WRONG])
@pytest.mark.parametrize("command", [["show"], ["check"], ["diff", "preset"]], ids=lambda command: command[0])
def test_bad_input_is_one_line_and_exit_code_2(
    command: Any, name: Any, data: Any, problem: Any, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What can not be read as a policy is named with its place, without a traceback, by each command."""
    code = "from ctsec.rbac import Policy\nPolicy.from_matrix(['a:view'], 'permission x\\na:view maybe')"
    Path("matrix_wrong.py").write_text(code, "utf-8")
    if data:
        Path(name).write_bytes(data)
    assert main(["matrix", *command, name]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"ctsec: {problem}")
    assert err.count("\n") == 1
