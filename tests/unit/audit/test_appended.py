"""A file of lines that is only appended to: nothing is lost by a crash, and nothing is passed over after damage."""

from __future__ import annotations

import multiprocessing
import os
import stat
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.audit.appended import AppendedLines
from ctsec.errors import StoreError

LONGEST = 16
TIMES = 200
LINE = st.binary(max_size=LONGEST - 1).map(lambda text: text.replace(b"\n", b".") + b"\n")


def appended(path: Path) -> AppendedLines:
    return AppendedLines(path, longest=LONGEST, named="the list", failed=StoreError)


def append_many(path: Path, name: bytes, together: Barrier) -> None:
    together.wait()
    for n in range(TIMES):
        appended(path).append(b"%s %d\n" % (name, n))


@given(lines=st.lists(LINE, max_size=8), cut=LINE.map(lambda line: line[:-1]), more=LINE)
def test_a_crash_costs_the_line_that_it_cut(tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], cut: bytes, more: bytes) -> None:
    """Whatever was appended is read in order; the beginning of a line is not, and the next append stands in its place."""
    path = tmp_path_factory.mktemp("appended") / "list"
    file = appended(path)
    for line in lines:
        file.append(line)
    with path.open("ab") as raw:
        raw.write(cut)
    assert [line for _, line in file.lines()] == lines
    file.append(more)
    assert list(file.lines()) == list(enumerate([*lines, more], 1))
    assert path.read_bytes() == b"".join([*lines, more])


def test_a_line_that_is_too_long_hides_nothing(tmp_path: Path) -> None:
    """A line longer than any that was written is shown to the reader as what it is, at the end of the file too; nothing is appended."""
    path = tmp_path / "list"
    whole = b"one\n"
    for damage in (b"x" * (LONGEST + 1), b"x" * (LONGEST + 1) + b"\ntwo\n"):
        path.write_bytes(whole + damage)
        assert list(appended(path).lines())[1] == (2, b"x" * (LONGEST + 1))
    path.write_bytes(whole + b"x" * (LONGEST + 1))
    with pytest.raises(StoreError, match="the list does not end in a line"):
        appended(path).append(b"two\n")
    assert path.read_bytes() == whole + b"x" * (LONGEST + 1)


def test_what_is_no_line_is_not_appended(tmp_path: Path) -> None:
    """Several lines, a part of one, and one that is too long are mistakes of the caller; nothing is written."""
    for wrong in (b"", b"one", b"one\ntwo\n", b"\n\n", b"x" * LONGEST + b"\n"):
        with pytest.raises(ValueError, match="expected lines of at most 16 bytes"):
            appended(tmp_path / "list").append(wrong)
    assert not (tmp_path / "list").exists()


def test_errors_of_the_disk_are_ours(tmp_path: Path) -> None:
    """A missing folder, a folder in the file's place and a link are refused by one error, which names the list and no path."""
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").write_bytes(b"one\n")
    for place in (tmp_path / "none" / "list", tmp_path, tmp_path / "link"):
        with pytest.raises(StoreError, match="the list can not be opened") as caught:
            appended(place).append(b"two\n")
        assert str(tmp_path) not in str(caught.value)
    with pytest.raises(StoreError, match="the list can not be opened"):
        list(appended(tmp_path / "link").lines())
    assert (tmp_path / "elsewhere").read_bytes() == b"one\n"


def test_processes_append_one_after_another(tmp_path: Path) -> None:
    """Two processes that append at once lose no line of each other's."""
    path = tmp_path / "list"
    context = multiprocessing.get_context("spawn")
    together = context.Barrier(2)
    both = [context.Process(target=append_many, args=(path, name, together)) for name in (b"a", b"b")]
    for each in both:
        each.start()
    for each in both:
        each.join()
    lines = [line for _, line in appended(path).lines()]
    for name in (b"a", b"b"):
        assert [line for line in lines if line.startswith(name)] == [b"%s %d\n" % (name, n) for n in range(TIMES)]
    assert (len(lines), path.stat().st_mode & 0o777) == (2 * TIMES, 0o600)


def test_the_name_of_a_file_is_made_durable_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the first line of a writer the folder is on the disk too, and again if the file was emptied, removed or replaced."""
    synced: list[bool] = []
    real = os.fsync

    def fsync(file: int) -> None:
        synced.append(stat.S_ISDIR(os.fstat(file).st_mode))
        real(file)

    monkeypatch.setattr(os, "fsync", fsync)
    path, other = tmp_path / "lines", tmp_path / "other"
    lines = appended(path)
    another = appended(path)

    def folders(writer: AppendedLines) -> int:
        synced.clear()
        writer.append(b"x\n")
        assert synced[0] is False
        return sum(synced)

    assert [folders(lines), folders(lines), folders(another), folders(another), folders(lines)] == [1, 0, 1, 0, 0]
    os.truncate(path, 0)
    assert [folders(lines), folders(lines)] == [1, 0]
    path.unlink()
    assert [folders(lines), folders(lines)] == [1, 0]
    other.write_bytes(path.read_bytes())
    other.replace(path)
    assert [folders(lines), folders(lines)] == [1, 0]
