"""What takes a while says on a terminal how far it is, and writes nothing of it anywhere else."""

from __future__ import annotations

import io
import sys

import pytest

from ctsec.audit.event import DEPLOYMENT_LOG, LogId
from ctsec.cli.progress import Bar
from ctsec.storage.memory import MemoryStorage
from tests.audit.kept import ONE, TWO, fill


class Terminal(io.StringIO):
    """A standard error that is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def drawn(stream: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Draw a bar on a stream, and return its states."""
    monkeypatch.setattr(sys, "stderr", stream)
    bar = Bar("verify")
    for done, total in ((0, 4), (1, 4), (1, 4), (9, 4), (0, 0)):
        bar.at(done, total)
    bar.at(4, 4, ended=True)
    return stream.getvalue().split("\r")


def test_a_bar_is_drawn_on_a_terminal_and_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """From nothing to everything and never beyond, each state once, and the line is closed; in a file or a pipe there is nothing."""
    states = [f"verify  [{'#' * done:30}] {share:3}%" for done, share in ((0, 0), (7, 25), (30, 100))]
    assert drawn(Terminal(), monkeypatch) == ["", *states, f"{states[-1]}\n"]
    assert drawn(io.StringIO(), monkeypatch) == [""]


def test_a_verification_says_how_far_it_is() -> None:
    """For each log the numbers of events that were read grow up to its size, a page at a time."""
    logs = fill(MemoryStorage(), sizes={ONE: (1030, 1100), TWO: (3, 3)})
    told: list[tuple[LogId, int, int]] = []
    logs.verify(progress=lambda *each: told.append(each))
    assert [each for each in told if each[0] == ONE] == [(ONE, 1024, 1100), (ONE, 1100, 1100)]
    assert (TWO, 3, 3) in told
    assert DEPLOYMENT_LOG not in {log for log, _, _ in told}
