"""The benchmark of authorization engines: its workload, its oracle, how processes end, and what the table says. No test judges a time."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from benchmarks.__main__ import main
from benchmarks.engines import workload
from benchmarks.engines.catalogue import CATALOGUE, OURS
from benchmarks.engines.child import Trial
from benchmarks.engines.contract import CanNotError, Prepared
from benchmarks.engines.finding import TARGETS, Finding, Measure
from benchmarks.engines.ours import Ours
from benchmarks.engines.table import EngineRun, EnginesTable
from benchmarks.engines.workload import SIZES, Oracle, Question, Size
from benchmarks.entries import engines
from benchmarks.entries.engines import Choice
from ctsec.rbac.preset import Permission, preset_policy

SMALL = Size("S", 3, 12, 4)
HERE = workload.organization_id(0)


def table(**runs: Sequence[Finding]) -> EnginesTable:
    """Return a table of some runs."""
    return EnginesTable(size=SIZES["S"], runs={name: EngineRun(version="1", found=tuple(found)) for name, found in runs.items()})


def line(made: EnginesTable, measure: Measure, engine: str) -> tuple[str, ...]:
    """Return the cells about an engine and a measure."""
    return next(cells for cells in made.lines() if cells[:2] == (measure, engine))


def test_the_workload_is_a_function_of_its_size() -> None:
    """Everybody and every question are the same in each process, whoever asks, and all kinds of questions are among them."""
    assert list(workload.people(SMALL, 1)) == list(workload.people(SMALL, 1))
    asked = workload.questions(SMALL, count=500)
    assert asked == workload.questions(SMALL, count=500)
    oracle = Oracle(SMALL)
    kinds = {(each.workspace is None, each.organization == workload.organization_id(int(each.user[4:17]))) for each in asked}
    assert kinds == {(True, True), (False, True), (False, False)}
    allowed = sum(map(oracle.answer, asked))
    assert 100 < allowed < 400
    assert not any(oracle.answer(each) for each in asked if int(each.user[4:17]) != int(each.organization[4:]))


def test_the_oracle_agrees_with_the_product() -> None:
    """The workload's roles are those of the built-in policy, cell by cell, so the oracle is no other product's."""
    policy = preset_policy()
    names = {"wsadmin": "admin", "wsviewer": "viewer"}
    cells = 0
    for role, (held, base, ceiling) in workload.ORGANIZATION_ROLES.items():
        theirs = policy.organization_role(role)
        assert theirs is not None
        for permission in map(str, Permission):
            bit = policy.index.bit(permission)
            if permission in workload.ORGANIZATION_PERMISSIONS:
                assert bool(theirs.organization_mask & bit) == (permission in held)
                cells += 1
            if permission in workload.WORKSPACE_PERMISSIONS:
                assert (bool(theirs.base & bit), bool(theirs.ceiling & bit)) == (permission in base, permission in ceiling)
                cells += 1
    for name, mask in workload.WORKSPACE_ROLES.items():
        workspace_role = policy.workspace_role(names.get(name, name))
        assert workspace_role is not None
        for permission in workload.WORKSPACE_PERMISSIONS:
            assert bool(workspace_role.mask & policy.index.bit(permission)) == (permission in mask)
            cells += 1
    assert cells == 4 * 9 + 4 * 6


def test_everything_is_found_out_about_ctsec() -> None:
    """A trial yields each measure once, compares thousands of answers, and none of them is wrong."""
    found = list(Trial(Ours(), SMALL, seconds=0.3).all())
    assert sorted(each.measure for each in found) == sorted(Measure)
    assert all(each.value is not None and each.value >= 0 for each in found)
    assert sum(each.mismatches for each in found) == 0
    batch = next(each for each in found if each.measure is Measure.BATCH)
    assert batch.verified == workload.QUESTIONS


class Liar(Ours):
    """An engine that allows everything, for a list gives nothing, gains roles and loses none, and now and then raises."""

    roles_are_kept_in = "nowhere"
    turn = 0

    def prepared(self, question: Question) -> Prepared:
        return Prepared("lie()", {"lie": self.lie})

    def lie(self) -> bool:
        self.turn += 1
        if self.turn % 1000 == 999:
            raise SystemError(self.turn)
        return True

    def batch(self, asked: Sequence[Question]) -> Iterator[Sequence[object]]:
        for _ in asked:
            yield (True,)

    def revoke(self, question: Question, role: str) -> None:
        raise CanNotError("what is given is given")

    def workspaces(self, question: Question) -> list[str]:
        return []


def test_what_is_wrong_is_counted() -> None:
    """An engine's wrong answers, exceptions, wrong lists and what it can not do are found out, one by one."""
    trial = Trial(Liar(), SMALL, seconds=0.3)
    trial.engine.load(SMALL)
    found = {each.measure: each for step in (trial.batch, trial.listed, trial.change, trial.threads) for each in step()}
    right = sum(map(Oracle(SMALL).answer, workload.questions(SMALL)))
    assert found[Measure.BATCH].mismatches == workload.QUESTIONS - right
    assert found[Measure.LIST].mismatches == 1
    assert found[Measure.CHANGE].note == "a grant only: what is given is given"
    assert found[Measure.WRONG].value == found[Measure.WRONG].mismatches > 0
    assert (found[Measure.RAISED].value or 0) > 0


def test_a_batch_that_takes_too_long_is_cut_and_scaled() -> None:
    """An engine that can not answer everything in its time is judged by what it answered, and the line says how much that was."""

    class Slow(Ours):
        def batch(self, asked: Sequence[Question]) -> Iterator[Sequence[object]]:
            for question in asked[:500]:
                yield from super().batch([question])
            trial.seconds = -1
            yield from super().batch(asked[500:501])

    trial = Trial(Slow(), SMALL, seconds=60)
    trial.engine.load(SMALL)
    (found,) = trial.batch()
    assert (found.verified, found.mismatches) == (501, 0)
    assert found.note.startswith("scaled: 501 in ")


def test_targets_are_judged_for_ctsec_only() -> None:
    """A target is met up to itself, missed by so much above it, and judged at its sizes; peers are held to none."""
    met = Finding(measure=Measure.ALLOWED, value=6e-7, floor=1e-7)
    missed = Finding(measure=Measure.CHANGE, value=7.5e-6)
    theirs = Finding(measure=Measure.ALLOWED, value=6e-5, floor=1e-7)
    made = table(ctsec=[met, missed, Finding(measure=Measure.RAISED, value=2)], other=[theirs])
    assert line(made, Measure.ALLOWED, OURS)[2:7] == ("600 ns", "6", "", "<= 6 x", "yes")
    assert line(made, Measure.CHANGE, OURS)[5:7] == ("<= 5 us", "missed by 50%")
    assert line(made, Measure.RAISED, OURS)[5:7] == ("<= 0", "MISSED")
    assert line(made, Measure.ALLOWED, "other")[2:7] == ("60 us", "600", "100", "", "")
    assert made.judged() == (True, False, False)
    large = EnginesTable(size=SIZES["L10"], runs={OURS: EngineRun(version="1", found=(Finding(measure=Measure.BATCH, value=1),))})
    assert large.judged() == ()


def test_a_wrong_answer_misses_every_target() -> None:
    """However fast, an engine that answered wrongly has not met its target, and the line says how many."""
    made = table(ctsec=[Finding(measure=Measure.BATCH, value=1e-6, floor=1e-8, verified=10_000, mismatches=3)])
    cells = line(made, Measure.BATCH, OURS)
    assert made.judged() == (False,)
    assert "3 of 10000 WRONG" in cells[-1]


def test_markdown_has_an_engine_in_each_column() -> None:
    """In Markdown engines stand beside each other: values, how many times ctsec's they are, what was scaled, wrong, or never found out."""
    made = table(
        ctsec=[Finding(measure=Measure.ALLOWED, value=1e-7, floor=5e-8), Finding(measure=Measure.BATCH, value=1e-3)],
        other=[
            Finding(measure=Measure.ALLOWED, value=1e-5, floor=5e-8, verified=1, mismatches=1),
            Finding(measure=Measure.BATCH, value=2.0, note="scaled: 5 in 1 s"),
        ],
    )
    made = EnginesTable(size=made.size, runs={**made.runs, "late": EngineRun(version="2", ended="not within 9 s")})
    lines = made.markdown().splitlines()
    assert lines[2] == "| measured | ctsec | target | met | other | late |"
    assert lines[4] == "| one check, allowed | 100 ns, 2 x an empty call | <= 6 x | yes | 10 us (100 x), 1 of 1 WRONG | not within 9 s |"
    assert lines[6] == "| 10,000 random checks | 1 ms | <= 5 ms | yes | ~2 s (2,000 x) | not within 9 s |"


def test_many_checks_are_compared_one_by_one() -> None:
    """Ten thousand checks are so many empty calls each."""
    assert table().floors(Finding(measure=Measure.BATCH, value=1e-3, floor=5e-8)) == pytest.approx(2.0)


def test_a_finding_comes_back_from_its_line() -> None:
    """What a process prints is what the other one reads."""
    made = Finding(measure=Measure.LIST, value=1.5e-6, floor=3e-8, note="3 of 5", verified=1)
    assert Finding.read(made.line()) == made


@pytest.mark.parametrize("seconds", [None, 0.4])
def test_a_process_is_ended_in_time(seconds: float | None) -> None:
    """An engine's process that is not done in its time is ended; what it said before stays, and the rest says so."""
    choice = Choice(sizes=("S",), engines=(OURS,), seconds=0.2, whole=seconds)
    (made,) = engines.entry(choice)
    run = made.runs[OURS]
    assert (len(run.found) == len(Measure)) == (seconds is None)
    assert run.ended == ("" if seconds is None else "not within 0.4 s")
    last = line(made, Measure.RAISED, OURS)
    assert (last[2] == "-", last[-1] == run.ended) == ((False, False) if seconds is None else (True, True))


def test_a_peer_sees_only_the_checkout(tmp_path: Path) -> None:
    """A peer's process has nothing of this one's environment: neither ctsec nor what is installed here, so that versions do not mix."""
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\necho "$PYTHONPATH"\nexit 3\n', "utf-8")
    python.chmod(0o755)
    (made,) = engines.entry(Choice(sizes=("S",), engines=("oso",), peers=str(python)))
    assert made.runs["oso"] == EngineRun(version=str(Path(__file__).parents[2]), found=(), ended="not installed")


def test_an_engine_that_is_not_installed_is_named() -> None:
    """Where a peer's package is missing the table says so, in each of its lines."""
    for each in CATALOGUE.values():
        assert each.distribution
    made = EnginesTable(size=SIZES["S"], runs={OURS: EngineRun(version="1"), "oso": EngineRun(version=None, ended="not installed")})
    assert all(line(made, measure, "oso")[2:] == ("-", "", "", "", "", "not installed") for measure in Measure)


def test_the_command_writes_tables(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command runs the engines that are named, and writes the table into both files, every number of it into JSON."""
    arguments = ["engines", "--size", "S", "--engine", OURS, "--seconds", "0.2", "--peers", sys.executable]
    files = {suffix: tmp_path / f"r.{suffix}" for suffix in ("json", "md")}
    assert main([*arguments, "--json", str(files["json"]), "--markdown", str(files["md"])]) == 0
    (made,) = json.loads(files["json"].read_text("utf-8"))["tables"]
    (run,) = made["runs"]
    found: list[dict[str, Any]] = run["found"]
    assert sorted(each["measure"] for each in found) == sorted(Measure)
    assert sum(each["met"] is not None for each in found) == len(TARGETS)
    assert made["title"] in files["md"].read_text("utf-8")
    assert f"of {len(TARGETS)} targets met" in capsys.readouterr().out
