"""`ctsec sso doctor` reports on a connection, and its page says what it and the code say."""

from __future__ import annotations

import json
import re

import pytest

from ctsec.cli import sso
from ctsec.cli.main import main
from ctsec.ids import ConnectionId, new_id
from ctsec.sso.doctor import CheckName
from ctsec.testing import LocalIdentityProvider
from tests.examples.pages import ROOT
from tests.services._sync_stage import set_stage
from tests.services._sync_world import World
from tests.services.test_sync_sso_trials import OPTIONS, TrialScene

PAGE = (ROOT / "docs" / "reference" / "sso-doctor.md").read_text("utf-8")
HELP = re.compile(r"<!-- help: (.*?) -->\n```text\n(.*?)```\n", re.DOTALL)


def test_a_report_on_the_command_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Each check is a line, or an object; a failed one is exit 1, and a connection that there is none of is exit 2."""
    with World.open(options=OPTIONS) as world, LocalIdentityProvider(clock=world.clock) as provider:
        scene = TrialScene(world, provider, set_stage(world))
        scene.prepare()
        monkeypatch.setattr(sso, "load_bundle", {"app:security": world.security}.__getitem__)
        asking = ["sso", "doctor", "app:security", "--connection", scene.connection.id]
        assert main(asking) == 0
        lines = capsys.readouterr().out.splitlines()
        assert lines[0].split() == ["ok", "settings", "oidc,", "client", "ctsec"]
        provider.away = True
        assert main([*asking, "--json"]) == 1
        objects = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert [each["name"] for each in objects if each["verdict"] == "fail"] == ["discovery"]
        assert all(each.keys() == {"name", "verdict", "seen", "advice"} for each in objects)
        assert "a secret for tests" not in str(lines) + str(objects)
        for unknown in ("sso_none", new_id(ConnectionId, now=world.clock.now(), random=bytes)):
            assert main([*asking[:-1], unknown]) == 2


@pytest.mark.parametrize(("command", "text"), HELP.findall(PAGE), ids=lambda value: value[:20])
def test_help_is_what_the_page_shows(command: str, text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The help block of the page is what the command prints."""
    monkeypatch.setenv("COLUMNS", "100")
    with pytest.raises(SystemExit) as ended:
        main([*command.split(), "--help"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == text


def test_the_page_names_every_check() -> None:
    """Checks are on the page in the order in which they are reported, and its help block is there."""
    assert re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE) == list(CheckName)
    assert [command for command, _ in HELP.findall(PAGE)] == ["sso doctor"]
