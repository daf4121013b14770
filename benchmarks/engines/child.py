"""One engine in this process: `python -P -m benchmarks.engines.child ENGINE SIZE SECONDS` prints its version, then a line for each finding.

SECONDS bound each measurement; what an engine could not finish in them is scaled from what it did, and the line says so. Lines are printed
as they are found, so that whoever stops this process keeps them.
"""

from __future__ import annotations

import gc
import os
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import chain, repeat

from benchmarks.engines import workload
from benchmarks.engines.catalogue import CATALOGUE, OURS
from benchmarks.engines.contract import CanNotError, Engine, Prepared
from benchmarks.engines.finding import SCALED, Finding, Measure
from benchmarks.engines.workload import QUESTIONS, Oracle, Question, Size
from benchmarks.measure import Contestant, Race, code, run

RUN = "agents:run"
COLD_TRIES = 11
ROUNDS = 9
SLICE = 0.001
NOT_INSTALLED = 3


class Empty:
    """A method that does nothing, with as many arguments as a check has: the floor of everything that is timed."""

    __slots__ = ()

    def check(self, user: str, organization: str, workspace: str | None, permission: str) -> bool:  # noqa: ARG002
        return True


def resident() -> int:
    """Return the bytes of memory that this process has."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def highest() -> int:
    """Return the most bytes that this process ever had; the parent's, which `getrusage` adds, are not in it."""
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM"))


def repeated(work: Callable[[], object], *, seconds: float) -> float:
    """Return the median time of some work in CPU seconds, repeated in slices of a millisecond or more, for about some seconds."""
    number = 1
    while (spent := _slice(work, number)) < SLICE and number < 100_000:
        number *= 2
    found = [spent / number]
    end = time.perf_counter() + seconds
    while time.perf_counter() < end and len(found) < 51:
        found.append(_slice(work, number) / number)
    return statistics.median(found)


def _slice(work: Callable[[], object], number: int) -> float:
    start = time.thread_time()
    for _ in repeat(None, number):
        work()
    return time.thread_time() - start


class Trial:
    """The measurements of one engine at one size."""

    def __init__(self, engine: Engine, size: Size, *, seconds: float) -> None:
        self.engine = engine
        self.size = size
        self.seconds = seconds
        self.oracle = Oracle(size)
        self.home = workload.organization_id(0)
        self.floor = 0.0

    def all(self) -> Iterator[Finding]:
        """Yield every finding, in an order in which none spoils the next."""
        yield from self.load()
        self.floor = run(Race(title="", floor=self._empty(), contestants=(self._empty("again"),), rounds=ROUNDS))[0].floor_seconds
        for measurement in (self.cold, self.checks, self.batch, self.listed, self.change, self.threads):
            yield from measurement()

    def load(self) -> Iterator[Finding]:
        """Load everybody."""
        gc.collect()
        before, start = resident(), time.perf_counter()
        self.engine.load(self.size)
        spent = time.perf_counter() - start
        gc.collect()
        yield Finding(measure=Measure.LOAD, value=spent)
        peak = highest() - before
        yield Finding(measure=Measure.MEMORY, value=max(0, resident() - before), note=f"at most {peak / 1e6:.0f} MB while loading")

    def cold(self) -> Iterator[Finding]:
        """Ask the first question about organizations that nobody asked about, the last ones that were loaded first."""
        found: list[float] = []
        right = 0
        end = time.perf_counter() + self.seconds
        for number in range(self.size.organizations - 1, max(-1, self.size.organizations - 1 - COLD_TRIES), -1):
            question = self._about(*self.oracle.find(role="member", held="editor", organization=number), organization=number)
            expression, names = self.engine.prepared(question)
            program = compile(expression, "<check>", "eval")
            given = dict(names)
            start = time.thread_time()
            answer = eval(program, given)
            found.append(time.thread_time() - start)
            right += bool(answer)
            if time.perf_counter() > end:
                break
        yield Finding(
            measure=Measure.COLD,
            value=statistics.median(found),
            floor=self.floor,
            note=f"{self.size.people} people in it",
            verified=len(found),
            mismatches=len(found) - right,
        )

    def checks(self) -> Iterator[Finding]:
        """Time one question that is allowed and one that is denied, over and over."""
        for measure, held, right in ((Measure.ALLOWED, "editor", True), (Measure.DENIED, "wsviewer", False)):
            prepared = self.engine.prepared(self._about(*self.oracle.find(role="member", held=held)))
            answer = bool(eval(prepared.expression, dict(prepared.names)))
            contestant = code("check", prepared.expression, dict(prepared.names))
            (row,) = run(Race(title="", floor=self._empty(), contestants=(contestant,), rounds=ROUNDS))
            yield Finding(
                measure=measure, value=row.seconds, floor=row.seconds / row.value, verified=1, mismatches=int(answer is not right)
            )

    def batch(self) -> Iterator[Finding]:
        """Ask about people at random, twice: the first time to compare every answer, the second time, if there is one, to time it."""
        asked = workload.questions(self.size)
        first, answers = self._ask(asked)
        right = [self.oracle.answer(question) for question in asked[: len(answers)]]
        wrong = sum(answer is None or bool(answer) is not each for answer, each in zip(answers, right, strict=True))
        note = f"{first * 1e3:.1f} ms the first time"
        if len(answers) < QUESTIONS:
            value, note = first / len(answers) * QUESTIONS, f"{SCALED}: {len(answers)} in {first:.0f} s"
        else:
            value = statistics.median(self._ask(asked)[0] for _ in range(3 if first * 4 < self.seconds else 1))
        yield Finding(measure=Measure.BATCH, value=value, floor=self.floor, note=note, verified=len(answers), mismatches=wrong)

    def _ask(self, asked: list[Question]) -> tuple[float, list[object]]:
        answers: list[object] = []
        start = time.thread_time()
        for piece in self.engine.batch(asked):
            answers += piece
            if time.thread_time() - start > self.seconds:
                break
        return time.thread_time() - start, answers

    def listed(self) -> Iterator[Finding]:
        """List the workspaces in which a member may run agents."""
        question = self._about(*self.oracle.find(role="member", held="editor"))
        found, wanted = self.engine.workspaces(question), self.oracle.workspaces(question.user, RUN)
        value = repeated(lambda: self.engine.workspaces(question), seconds=self.seconds / 10)
        note = f"{len(wanted)} of {self.size.workspaces}"
        yield Finding(measure=Measure.LIST, value=value, floor=self.floor, note=note, verified=1, mismatches=int(found != wanted))

    def change(self) -> Iterator[Finding]:
        """Give a role and take it back, over and over, and see that both are known afterwards."""
        question = self._about(*self.oracle.find(role="member", held="wsviewer"))
        try:
            self.engine.revoke(question, "wsviewer")
        except CanNotError as error:
            value = repeated(lambda: self.engine.assign(question, "editor"), seconds=self.seconds / 10)
            yield Finding(measure=Measure.CHANGE, value=value, floor=self.floor, note=f"a grant only: {error}")
            return
        seen = []
        for change in (self.engine.assign, self.engine.revoke):
            change(question, "editor")
            expression, names = self.engine.prepared(question)
            seen.append(bool(eval(expression, dict(names))))
        turns = chain.from_iterable(repeat((self.engine.assign, self.engine.revoke)))
        value = repeated(lambda: next(turns)(question, "editor"), seconds=self.seconds / 10)
        if next(turns) == self.engine.revoke:
            self.engine.revoke(question, "editor")
        self.engine.assign(question, "wsviewer")
        note = f"in {self.engine.roles_are_kept_in}"
        wrong = int(seen != [True, False])
        yield Finding(measure=Measure.CHANGE, value=value, floor=self.floor, note=note, verified=2, mismatches=wrong)

    def threads(self) -> Iterator[Finding]:
        """Ask an allowed and a denied question in two threads while a third changes the role of somebody else."""
        done = threading.Event()
        wrong, raised, asked = [0, 0], [0, 0], [0, 0]

        def ask(number: int, prepared: Prepared, right: bool) -> None:
            names, program = dict(prepared.names), compile(prepared.expression, "<check>", "eval")
            while not done.is_set():
                try:
                    wrong[number] += bool(eval(program, names)) is not right
                except BaseException:  # noqa: BLE001
                    raised[number] += 1
                asked[number] += 1

        kinds = (("editor", True), ("wsviewer", False))
        prepared = [self.engine.prepared(self._about(*self.oracle.find(role="member", held=held))) for held, _ in kinds]
        readers = [threading.Thread(target=ask, args=(number, prepared[number], right)) for number, (_, right) in enumerate(kinds)]
        for reader in readers:
            reader.start()
        try:
            writes = self._write(until=time.perf_counter() + min(3.0, self.seconds))
        finally:
            done.set()
            for reader in readers:
                reader.join()
        note = f"{sum(asked)} checks, {writes} writes"
        yield Finding(measure=Measure.WRONG, value=sum(wrong), note=note, verified=sum(asked), mismatches=sum(wrong))
        yield Finding(measure=Measure.RAISED, value=sum(raised), note=note)

    def _write(self, *, until: float) -> int:
        question, writes = self._about(*self.oracle.find(role="member", held="operator")), 0
        # An engine that can not take a role back gives one again and again.
        turns = chain.from_iterable(repeat((self.engine.revoke, self.engine.assign)))
        while time.perf_counter() < until:
            with suppress(CanNotError):
                next(turns)(question, "operator")
                writes += 1
            time.sleep(0.0005)
        return writes

    def _about(self, user: str, workspace: str, *, organization: int = 0) -> Question:
        return Question(user, workload.organization_id(organization), workspace, RUN)

    def _empty(self, name: str = "an empty method") -> Contestant:
        user, workspace = workload.user_id(0, 0), workload.workspace_id(0, 0)
        names: dict[str, object] = {"check": Empty().check, "u": user, "o": self.home, "w": workspace, "p": RUN}
        return code(name, "check(u, o, w, p)", names)


def main(arguments: list[str]) -> int:
    """Print what is found out about one engine."""
    name, size, seconds = arguments
    version = CATALOGUE[name].version
    if version is None and name != OURS:
        return NOT_INSTALLED
    print(version or "", flush=True)
    trial = Trial(CATALOGUE[name].make(), workload.SIZES[size], seconds=float(seconds))
    for finding in trial.all():
        print(finding.line(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
