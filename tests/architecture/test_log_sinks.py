"""The page of sinks says where logs go: every module that sends or keeps them and every logger stands on it, and no other logger speaks."""

from __future__ import annotations

import ast
import logging
from typing import Final

import pytest

from ctsec.presets import in_memory
from ctsec.rbac import Policy
from tests.architecture.source import ROOT, modules, nodes

PAGE: Final = ROOT / "docs" / "reference" / "log-sinks.md"
# What takes checkpoints, batches or alerts to somebody has one of these methods; the ports say only what it is.
SENDING: Final = frozenset({"keep", "deliver"})
ROOMS: Final = (("audit", "streams"), ("audit", "anchors"), ("audit", "alerts"))


def told(heading: str) -> set[str]:
    """Return the first cells of the table below a heading."""
    part = PAGE.read_text("utf-8").split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return {line.split("`")[1] for line in part.splitlines() if line.startswith("| `")}


def loggers() -> set[str]:
    """Return the names of loggers that the package asks for."""
    return {
        str(node.args[0].value)
        for module in modules().values()
        for node in nodes(module.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "getLogger"
        if node.args and isinstance(node.args[0], ast.Constant)
    }


@pytest.mark.proves("ASVS-16.2.3")
def test_every_place_that_logs_go_to_is_on_the_page() -> None:
    """Every class of the rooms that keeps or delivers, and every logger, is in the inventory, and nothing else is."""
    sending = {
        ".".join(module.parts)
        for module in modules().values()
        if module.parts[:2] in ROOMS and not module.generated and "ports" not in module.parts[-1]
        for node in nodes(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name in SENDING
    }
    # Mail is posted by the composition; the module says to whom.
    assert told("The audit log") - {"storage.sql", "storage.sql.guard", "audit.anchors.mailed"} == sending
    assert told("Loggers of Python") == loggers()


@pytest.mark.proves("ASVS-16.2.3")
def test_no_other_logger_speaks_and_none_of_a_person(caplog: pytest.LogCaptureFixture) -> None:
    """Through sign-up, sign-ins that fail and succeed, sealing, alerts and verification: no other logger says anything, none names who."""
    security = in_memory(policy=Policy.preset())
    with caplog.at_level(logging.DEBUG):
        with security.begin() as unit:
            unit.accounts.sign_up(email="ann@acme.example", password="nine quiet rivers run north", name="Ann")
        for password in ("wrong", "nine quiet rivers run north"):
            with security.begin() as unit:
                unit.sign_in.password(email="ann@acme.example", password=password)
        security.logs.flush()
        security.alerts.run_due()
        assert security.logs.verify().logs
        logging.getLogger("ctsec.alerts").warning("the capture hears")
    security.close()
    assert [record.getMessage() for record in caplog.records if record.name == "ctsec.alerts"] == ["the capture hears"]
    ours = [record for record in caplog.records if record.name.startswith("ctsec")]
    assert {record.name for record in ours} <= told("Loggers of Python")
    assert not any("acme.example" in record.getMessage() or "user." in record.getMessage() for record in caplog.records)
