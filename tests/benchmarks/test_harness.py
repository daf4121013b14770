"""The benchmark harness: how values are formed, summed up and shown, and that every entry runs. No test here judges a time."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.encryption_peers import PEERS
from benchmarks.entries import ENTRIES, WITH_PEERS, imports, saml
from benchmarks.measure import Contestant, Race, Row, Unit, code, compare, quantile, run
from benchmarks.peer_process import NOT_INSTALLED
from benchmarks.report import as_json, duration, markdown, table

QUICK = tuple(name for name in ENTRIES if name != "imports")


def scripted(name: str, seconds: list[float], log: list[str], *, target: float | None = None) -> Contestant:
    """Return a contestant whose slices last what the list says, and that notes its turns."""
    left = iter(seconds)

    def timed() -> float:
        log.append(name)
        return next(left)

    return Contestant(name=name, slice=timed, target=target)


def row(*, value: float = 1.5, target: float | None = 2.0, race: str = "a race", rate_unit: str | None = None) -> Row:
    """Return a result."""
    return Row(
        race=race,
        name="ours",
        floor="theirs",
        seconds=1.25e-3,
        floor_seconds=1e-3,
        value=value,
        low=1.25,
        high=1.75,
        unit=Unit.TIMES.value,
        rate_unit=rate_unit,
        target=target,
    )


def test_slices_are_interleaved() -> None:
    """Each round goes floor, first, floor, second, floor, after one turn of each to warm up."""
    log: list[str] = []
    race = Race(
        title="t",
        floor=scripted("F", [1.0] * 9, log),
        contestants=(scripted("A", [1.0] * 4, log), scripted("B", [1.0] * 4, log)),
        rounds=2,
    )
    run(race)
    assert "".join(log) == "FAB" + "FAFBF" * 2


def test_a_value_is_formed_inside_its_round() -> None:
    """A slice is compared with the mean of the floor slices beside it, so a machine that slows down between rounds changes no ratio."""
    log: list[str] = []
    race = Race(
        title="t", floor=scripted("F", [9, 1, 3, 10, 30, 100, 300], log), contestants=(scripted("A", [9, 4, 40, 400], log),), rounds=3
    )
    (found,) = run(race)
    assert (found.value, found.low, found.high) == (2.0, 2.0, 2.0)
    assert (found.seconds, found.floor_seconds) == (40, 20)


def test_the_middle_and_the_spread_are_of_all_rounds() -> None:
    """The value is the median over rounds, the spread p10 to p90; one wild round moves neither to it."""
    log: list[str] = []
    race = Race(
        title="t",
        floor=scripted("F", [1.0] * 23, log),
        contestants=(scripted("A", [1.0, *map(float, range(1, 11)), 1000.0], log, target=6.0),),
        rounds=11,
    )
    (found,) = run(race)
    assert (found.value, found.low, found.high, found.met) == (6.0, 2.0, 10.0, True)


@pytest.mark.parametrize(("values", "share", "expected"), [([3.0, 1.0, 2.0], 0.5, 2.0), ([1.0, 2.0], 0.5, 1.5), ([5.0], 0.9, 5.0)])
def test_quantiles_lie_between_neighbours(values: list[float], share: float, expected: float) -> None:
    """A quantile does not depend on the order, and lies between its neighbours by proportion."""
    assert quantile(values, share) == expected


def test_a_difference_is_in_milliseconds() -> None:
    """Over a floor that is subtracted, the value is in milliseconds."""
    assert compare(Unit.MILLISECONDS, seconds=0.030, before=0.019, after=0.021) == pytest.approx(10.0)


@pytest.mark.parametrize(("value", "target", "met"), [(2.0, 2.0, True), (2.01, 2.0, False), (9.0, None, None)])
def test_a_target_is_met_up_to_itself(value: float, target: float | None, met: bool | None) -> None:
    """A median at the target meets it, one above misses it, and without a target nothing is judged."""
    assert row(value=value, target=target).met is met


def test_a_rate_is_the_inverse_of_the_time() -> None:
    """Calls per second are one over the median seconds of a call, the contestant's and the floor's, under the unit of the race."""
    log: list[str] = []
    race = Race(
        title="t",
        floor=scripted("F", [9, 0.2, 0.2, 0.1, 0.25, 0.3, 0.2], log),
        contestants=(scripted("A", [9, 0.4, 0.5, 8], log),),
        rounds=3,
        rate_unit="req/s",
    )
    (found,) = run(race)
    assert (found.seconds, found.floor_seconds, found.rate_unit) == (0.5, 0.2, "req/s")
    assert found.rates == (2.0, 5.0)


@pytest.mark.parametrize(("least", "met"), [(800.0, "yes"), (801.0, "NO")])
def test_a_rate_may_be_the_target(least: float, met: str) -> None:
    """A contestant's own rate meets the least it may be, whatever its ratio to the floor is, and the table says which target it is."""
    log: list[str] = []
    slow = Contestant(name="A", slice=scripted("A", [9, 1.25e-3], log).slice, least=least)
    (found,) = run(Race(title="t", floor=scripted("F", [9, 1e-9, 1e-9], log), contestants=(slow,), rate_unit="ev/s"), rounds=1)
    assert table([found]).splitlines()[-1].split()[-4:] == [">=", f"{least:,.0f}", "ev/s", met]


def test_a_rate_is_shown_where_its_race_has_one() -> None:
    """Table and Markdown show both rates beside the time of a call, JSON gives them as numbers; other races show and give none."""
    rated, other = row(rate_unit="req/s"), row(race="another")
    assert table([rated]).splitlines()[-1].split()[2:8] == ["1.25", "ms", "800", "of", "1000", "req/s"]
    assert "| 1.25 ms | 800 of 1000 req/s |" in markdown([rated], {})
    assert "| 1.25 ms |  |" in markdown([other], {})
    first, second = json.loads(as_json([rated, other], {}))["rows"]
    assert (first["rate"], first["floor_rate"], first["rate_unit"]) == (800.0, 1000.0, "req/s")
    assert (second["rate"], second["floor_rate"], second["rate_unit"]) == (None, None, None)


def test_the_table_prints_a_miss() -> None:
    """A missed target stands in the table as NO, beside value, spread and target; a race's title stands once."""
    shown = table([row(), row(value=3.0)])
    assert shown.count("a race") == 1
    met, missed = shown.splitlines()[-2:]
    assert met.split() == ["ours", "theirs", "1.25", "ms", "1.50", "x", "1.25-1.75", "<=", "2", "x", "yes"]
    assert missed.endswith("NO")


def test_markdown_is_one_table() -> None:
    """Every Markdown row has as many cells as the heading."""
    lines = markdown([row(), row(race="another", target=None)], {"python": "3"}).splitlines()
    assert lines[0] == "python 3"
    assert {line.count("|") for line in lines[2:]} == {9}
    assert len(lines) == 6


def test_json_holds_numbers_and_the_environment() -> None:
    """JSON gives numbers as numbers, whether the target is met, and what they depend on."""
    read = json.loads(as_json([row(value=3.0)], {"python": "3"}))
    assert read["environment"] == {"python": "3"}
    assert (read["rows"][0]["value"], read["rows"][0]["met"], read["rows"][0]["race"]) == (3.0, False, "a race")


@pytest.mark.parametrize(
    ("seconds", "text"), [(7920.4, "7,920 s"), (2.0, "2 s"), (0.0125, "12.5 ms"), (3.5e-6, "3.5 us"), (40e-9, "40 ns")]
)
def test_durations_have_the_unit_that_reads_best(seconds: float, text: str) -> None:
    """A duration is shown in s, ms, us or ns."""
    assert duration(seconds) == text


def test_code_is_run_with_its_names() -> None:
    """A contestant made of an expression evaluates it with the given names, and gives positive seconds."""
    seen: list[int] = []
    assert code("append", "seen.append(1)", {"seen": seen}).slice() > 0
    assert seen


@pytest.mark.parametrize("name", QUICK)
def test_an_entry_runs(name: str) -> None:
    """Every entry can be built and run for two rounds, and gives a finite positive value for each contestant."""
    for race in ENTRIES[name]():
        found = run(race, rounds=2)
        assert [each.name for each in found] == [each.name for each in race.contestants]
        assert all(0 < each.low <= each.value <= each.high for each in found)


def test_encryption_runs_with_and_without_its_peers(capsys: pytest.CaptureFixture[str]) -> None:
    """The entry of encryption has a race for each size and both ways of a stream; what is not installed is said, and has no row."""
    races = [(race.title, run(race, rounds=2)) for race in WITH_PEERS["encryption"](sys.executable)]
    assert [title.split()[0] for title, _ in races] == ["encrypt", "encrypt", "encrypt", "seal", "open"]
    installed = {name for name, (distribution, _) in PEERS.items() if importlib.util.find_spec(distribution.replace("-", "_"))}
    for _, found in races:
        assert all(0 < each.low <= each.value <= each.high for each in found)
    assert len(races[0][1]) == 3 + len(installed)
    said = capsys.readouterr().err
    assert all((f"{name}: not installed" in said) is (name not in installed) for name in PEERS)


def test_saml_runs_without_its_peers(capsys: pytest.CaptureFixture[str]) -> None:
    """The entry of SAML has a race for each way of signing and each library; without one it is against the bare arithmetic."""
    races = list(saml.races(sys.executable))
    assert [race.title.split()[-2] for race in races] == [each for each in saml.STYLES for _ in saml.TARGETS]
    assert {race.floor.name for race in races} == {"RSA and SHA-256 alone"}
    said = capsys.readouterr().err
    assert all(f"{name}: not installed" in said for name in saml.TARGETS)
    assert all(0 < each.low <= each.value <= each.high for race in races[:1] for each in run(race, rounds=2))


def test_a_peer_answers_a_line_with_a_slice() -> None:
    """A library that is not installed ends its process with its own code, before it prints anything."""
    command = [sys.executable, "-P", "-m", "benchmarks.encryption_peers", "tink AES256_GCM", "round_trip", "64"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    done = subprocess.run(command, input="\n\n", capture_output=True, text=True, env=environment, check=False)
    lines = done.stdout.split()
    assert (done.returncode, len(lines)) in {(0, 3), (NOT_INSTALLED, 0)}
    assert all(float(line) > 0 for line in lines[1:])


def test_importing_ctsec_loads_nothing_of_others() -> None:
    """Neither `import ctsec` nor the policy loads a third-party package, while a package that needs some is seen to."""
    assert imports.third_party("import ctsec") == frozenset()
    assert imports.third_party("from ctsec.rbac import Policy") == frozenset()
    assert "pyotp" in imports.third_party("import pyotp")


def test_the_command_writes_both_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command runs the named entries, prints the table, and writes Markdown and JSON of the same rows."""
    assert main(["access", "--rounds", "1", "--json", str(tmp_path / "r.json"), "--markdown", str(tmp_path / "r.md")]) == 0
    rows = json.loads((tmp_path / "r.json").read_text("utf-8"))["rows"]
    assert [each["name"] for each in rows] == ["Access.can", "Policy.check, workspace", "Policy.check, organization"]
    assert all(each["name"] in (tmp_path / "r.md").read_text("utf-8") for each in rows)
    assert "of 3 targets met" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["nothing"], ["access", "--rounds", "0"]])
def test_the_command_refuses_what_it_does_not_know(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown entry and a run of no rounds are refused before anything is timed."""
    with pytest.raises(SystemExit):
        main(arguments)
    assert "expected" in capsys.readouterr().err
