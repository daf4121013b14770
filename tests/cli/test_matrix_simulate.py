"""`ctsec matrix simulate`: on the people of one organization in a database, page by page."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from ctsec.cli import main, simulation
from ctsec.rbac import policy_document
from ctsec.rbac.preset import POLICY, preset_policy
from ctsec.storage.sql import SqlStorage, Tables
from ctsec.storage.sql.schema import upgrade
from ctsec.testing.conformance.samples import (
    assignment,
    custom_role,
    ignore,
    membership,
    org_id,
    organization,
    user,
    user_id,
    workspace,
    workspace_id,
)
from tests.cli.test_matrix import accessible

PEOPLE = 5


@pytest.fixture
def arguments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the command's arguments for a database with five viewers that run agents, and one member of another organization."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(simulation, "PAGE", 2)
    Path("open.json").write_text(policy_document(preset_policy(viewer_ceiling=False)), "utf-8")
    Path("short.json").write_text(policy_document(replace(POLICY, workspace_roles=POLICY.workspace_roles[:2])), "utf-8")
    url = f"sqlite:///{tmp_path / 'app.db'}"
    upgrade(url, tables=Tables())
    storage = SqlStorage.from_url(url)
    with storage.begin(after_commit=ignore) as store:
        for of in (1, 2):
            store.organizations.add(organization(of))
            store.workspaces.add(workspace(of, of=of))
        for n in range(PEOPLE + 1):
            store.users.add(user(n))
            of = 2 if n == PEOPLE else 1
            store.memberships.add(replace(membership(n, of=of, role="viewer"), starts_at=None))
            store.assignments.put(assignment(n, of=of, workspace=of, role="operator" if n else "analyst"))
    storage.close()
    return ["--url", url, "--organization", org_id(1)]


def simulate(*arguments: str) -> int:
    return main(["matrix", "simulate", *arguments])


def test_who_gains_is_told_person_by_person(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Each person of the organization whose rights change has a line, whatever the size of a page, and nobody else has."""
    assert simulate("preset", "open.json", *arguments) == 1
    out, err = capsys.readouterr()
    line = f"{workspace_id(1)}  +agents:run +recommendations:view"
    assert out.splitlines() == [f"{user_id(n)}  {line}" for n in range(1, PEOPLE)]
    assert err.splitlines() == [
        "ctsec: 4 of 5 people would gain or lose something",
        "ctsec: not looked at, because neither policy has them: the roles 'analyst'",
    ]


def test_an_organizations_own_roles_are_joined(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Who holds a role of the organization's own gains and loses by it too, and what the policy afterwards breaks in it is told."""
    Path("renamed.json").write_text(policy_document(POLICY).replace("reports:view", "summaries:view"), "utf-8")
    storage = SqlStorage.from_url(arguments[1])
    with storage.begin(after_commit=ignore) as store:
        for of, permission in ((1, "reports:view"), (2, "agents:run")):
            store.custom_roles.put(replace(custom_role("analyst", of=of), permissions=frozenset({permission})))
    storage.close()
    assert simulate("preset", "renamed.json", *arguments) == 1
    out, err = capsys.readouterr()
    assert f"{user_id(0)}  {workspace_id(1)}  -reports:view" in out.splitlines()
    assert "custom_roles.analyst" in err
    assert "neither policy" not in err


def test_nothing_to_tell_is_0(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A policy that answers the same changes nobody."""
    assert simulate("preset", "preset", *arguments) == 0
    assert capsys.readouterr().out == ""
    assert simulate("preset", "preset", *arguments, "--format", "html") == 0
    assert accessible(capsys.readouterr().out).words["caption"] == ["Who gains and loses what"]


def test_json_is_a_line_for_each(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Every line is an object of its own, so that a reader needs no more memory than the writer; roles that are gone are named."""
    assert simulate("preset", "short.json", *arguments, "--format", "json") == 1
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert told[0] == {
        "user": user_id(1),
        "organization": org_id(1),
        "place": workspace_id(1),
        "gains": [],
        "losses": ["dashboards:view", "reports:view"],
        "vanished": ["operator"],
    }
    assert [each["user"] for each in told] == [user_id(n) for n in range(1, PEOPLE)]


def test_html_is_one_table(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The page has a row for each person and place."""
    assert simulate("preset", "short.json", *arguments, "--format", "html") == 1
    page = accessible(capsys.readouterr().out)
    assert page.words["caption"] == ["Who gains and loses what"]
    assert page.words["td"].count("operator") == PEOPLE - 1


def test_a_base_for_everybody_is_told_as_every_other_workspace(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """What changes where somebody has no role is one line."""
    Path("wide.json").write_text(policy_document(preset_policy(organization_wide_view=True)), "utf-8")
    assert simulate("preset", "wide.json", *arguments) == 1
    assert f"{user_id(2)}  every other workspace  +dashboards:view +reports:view" in capsys.readouterr().out.splitlines()


def test_what_can_not_be_asked_is_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """An organization that is not there, and a database without tables, are errors of one line."""
    assert simulate("preset", "preset", *arguments[:3], org_id(9)) == 2
    assert "there is no organization" in capsys.readouterr().err
    assert simulate("preset", "preset", "--url", "sqlite:///empty.db", *arguments[2:]) == 2
    err = capsys.readouterr().err
    assert err.startswith("ctsec: ")
    assert err.count("\n") == 1
