"""`ctsec audit alerts`: what rules found is listed, acknowledged and muted by operators, and other rules are tried on the past."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias, cast

import pytest

from ctsec.cli import main
from ctsec.errors import StoreError
from ctsec.ids import UserId
from ctsec.operators import Operator
from ctsec.security import Security
from tests.cli.host import host

NAME = "alerted_host"
HOST = """
from datetime import timedelta
from ctsec import Security
from ctsec.audit.alerts import By, Match, Rule, Severity, Threshold
from ctsec.rbac import Policy
from ctsec.security import EmbeddedOptions
security = Security.embedded("app.db", policy=Policy.preset(), issuer="Acme", options=EmbeddedOptions(worker=False))
RULES = (
    Rule(name="two_erasures", reason="a test", severity=Severity.LOW, by=By.ACTOR,
         looks_at=Match(names=("person.*",)), kind=Threshold(count=2, within=timedelta(hours=1))),
)
TWICE = RULES + RULES
"""
WHO = ("--operator", "sam", "--reason", "ticket 9")
Said: TypeAlias = tuple[int, str, str]


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Security]:
    """Return the bundle of a host in a folder of its own, with three events of operators and one alert in its log."""
    with host(NAME, HOST, folder=tmp_path, monkeypatch=monkeypatch) as security:
        with security.begin() as unit:
            for n in range(3):
                unit.erasures.request(Operator(id="sam", reason="ticket 9"), user=UserId(f"usr_0000000000000000000000000{n}"))
        security.logs.flush()
        report = security.logs.verify()
        assert report.findings == ()
        yield security


@pytest.fixture
def alerts(capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Return the command: what it is asked, on the bundle; exit code, output and errors."""

    def run(what: str, *arguments: str) -> Said:
        code = main(["audit", "alerts", what, f"{NAME}:security", *arguments])
        return (code, *capsys.readouterr())

    return run


def test_rules_are_tried_on_the_past(bundle: Security, alerts: Callable[..., Said]) -> None:
    """The bundle's rules find nothing, given ones what they look at, and nothing is written; what are no rules is said."""
    size = bundle.logs.status().waiting
    assert alerts("test") == (0, f"0 alerts of {len(bundle.parts.settings.alerts.rules)} rules\n", "")
    code, out, _ = alerts("test", "--rules", f"{NAME}:RULES")
    assert code == 0
    assert "low      two_erasures sam at event 1: person.erasure_requested\n1 alerts of 1 rules\n" in out
    assert bundle.logs.status().waiting == size
    for wrong, words in (("security", "a tuple of"), ("TWICE", "different names"), ("NONE", "could not be loaded")):
        code, out, problem = alerts("test", "--rules", f"{NAME}:{wrong}")
        assert (code, out) == (2, "")
        assert words in problem


class Down:
    """The store of a region that does not answer."""

    def reading(self) -> Any:
        """Raise what a driver's error becomes."""
        raise StoreError("the database can not be reached")

    sequencing = reading


REGIONAL = """
from ctsec import Security
from ctsec.rbac import Policy
from ctsec.residency import DEPLOYMENTS_KEY, Region, Regions
from ctsec.security import EmbeddedOptions
regions = Regions(regions=(Region(name="eu", store="sqlite:///eu.db", key=DEPLOYMENTS_KEY),), default="eu")
security = Security.embedded("app.db", policy=Policy.preset(), issuer="Acme", options=EmbeddedOptions(worker=False, regions=regions))
"""


def test_a_region_that_the_rules_can_not_read_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Doctor names the region and exits with 1, a try on the past says that it is not whole; both are silent where the region answers."""
    with host("regional_host", REGIONAL, folder=tmp_path, monkeypatch=monkeypatch) as security:

        def run(*arguments: str) -> tuple[int, str]:
            code = main(
                [*(each for each in arguments if each[0] != "-"), "regional_host:security", *(each for each in arguments if each[0] == "-")]
            )
            said = capsys.readouterr()
            return code, said.out + said.err

        assert "alerts" not in run("doctor")[1]
        assert run("audit", "alerts", "test", "--log=deployment")[0] == 0
        stores = cast("dict[str, Any]", security.logs.regions.stores)
        stores["eu"] = replace(stores["eu"], storage=Down())
        code, said = run("doctor")
        assert (code, "BAD alerts       eu: the rules can not read the logs there (store)\n" in said) == (1, True)
        assert '{"what": "alerts", "store": "eu", "behind": null, "problem": "store", "sound": false}' in run("doctor", "--json")[1]
        code, said = run("audit", "alerts", "test", "--log=deployment")
        assert (code, "can not be reached" in said, "alerts of" in said) == (2, True, False)


def test_operators_acknowledge_and_mute(bundle: Security, alerts: Callable[..., Said]) -> None:
    """What is open is listed and acknowledged once; a mute stands in the list, and a rule that is none is refused."""
    with bundle._storage.begin(after_commit=lambda scopes: None) as store:
        store.jobs.claim("audit", owner="w", now=bundle.parts.clock.now(), until=bundle.parts.clock.now())
        store.jobs.finish("audit", owner="w", now=bundle.parts.clock.now(), due_at=bundle.parts.clock.now(), error="log_inconsistent")
    assert bundle.alerts.run_due() == 1
    code, out, _ = alerts("list", "--state", "open")
    assert code == 0
    assert "log_tampered deployment" in out
    one = ("--alert", out.split()[0], *WHO)
    assert alerts("ack", *one) == (0, f"{one[1]} is acknowledged\n", "")
    assert alerts("ack", *one)[0] == 1
    assert alerts("list", "--state", "open") == (0, "", "")
    assert alerts("ack", "--alert", "alr_1", *WHO)[0] == 2
    assert alerts("mute", "--rule", "log_stalled", "--hours", "2", *WHO)[1].startswith("log_stalled is muted until ")
    assert alerts("mute", "--rule", "log_stalled", "--hours", "9999", *WHO)[0] == 1
    assert alerts("mute", "--rule", "log_stalled", "--hours", "2", "--operator", "Sam", "--reason", "")[0] == 2
    code, out, _ = alerts("list")
    assert "by sam: log_stalled for all\n" in out
    assert "acknowledged" in out
