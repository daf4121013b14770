"""A verifiable export: sound ones are taken, and whatever was done to one is found, by ctsec and by the verifier that stands alone."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctsec.audit.export.jsonl import end_line, end_text
from ctsec.audit.export.reading import verify_export
from ctsec.audit.query import AuditQuery
from ctsec.storage.memory import MemoryStorage
from ctsec.testing import FixedClock
from ctsec.testing.conformance.samples import ignore
from tests.audit.exported import ALONE, exported, filled, judged, log_of
from tests.audit.kept import IDENTITY, SIGNER, STRANGER, events, logs_of, read_memory, write_memory

SIZES: Final = (1, 256, 257, 1000)
LOGS: Final = filled(SIZES)
QUERIES: Final[tuple[dict[str, Any], ...]] = (
    {}, {"first": 100, "end": 300}, {"first": 256}, {"end": 256}, {"first": 200, "end": 200}, {"first": 5000}, {"name": "user.signed_in"},
    {"target": "usr_0"}, {"target": "usr_200"}, {"target": "nobody"}, {"name": "role.*", "first": 3, "end": 250},
)  # fmt: skip


def made(number: int, asked: dict[str, Any]) -> bytes:
    """Return an export of a numbered log."""
    filters = {name: value for name, value in asked.items() if name not in {"first", "end"}}
    ranged = {name: value for name, value in asked.items() if name in {"first", "end"}}
    return exported(LOGS, AuditQuery(log=log_of(number), **filters), **ranged)


@pytest.mark.proves("SEED-L3")
@pytest.mark.parametrize("asked", QUERIES, ids=str)
def test_every_sound_export_is_taken(asked: dict[str, Any]) -> None:
    """One event, 256, 257 and 1000, whole, ranged, filtered and empty: sound, and complete if all matched."""
    for number, size in enumerate(SIZES, start=1):
        verdict = judged(made(number, asked), log=log_of(number))
        assert verdict.sound, verdict
        first, end = min(asked.get("first", 0), size), min(asked.get("end", size), size)
        inside = list(range(first, end))
        kept = [
            index
            for index in inside
            if asked.get("target", f"usr_{index}") == f"usr_{index}" and asked.get("name", "*")[:4] in {"*", ("role", "user")[index % 2]}
        ]
        assert verdict.complete is (kept == inside), verdict
        assert f"{len(kept)} events" in verdict.told


SMALL: Final = tuple((number, made(number, asked)) for number in (1, 3) for asked in QUERIES[:9])


@st.composite
def changed(draw: st.DrawFn) -> tuple[int, bytes, bytes]:
    """Draw an export and what somebody made of it."""
    number, data = draw(st.sampled_from(SMALL))
    lines = data.splitlines(keepends=True)
    at = draw(st.integers(0, len(lines) - 1))
    other = draw(st.integers(0, len(lines) - 1))
    match draw(st.sampled_from(("byte", "drop", "double", "swap", "cut", "foreign", "digit", "tail"))):
        case "byte":
            line = bytearray(lines[at])
            line[draw(st.integers(0, len(line) - 1))] = draw(st.integers(0, 255))
            lines[at] = bytes(line)
        case "drop":
            del lines[at]
        case "double":
            lines.insert(other, lines[at])
        case "swap":
            lines[at], lines[other] = lines[other], lines[at]
        case "cut":
            return number, data, data[: draw(st.integers(0, len(data) - 1))]
        case "foreign":
            lines[at] = draw(st.sampled_from(SMALL))[1].splitlines(keepends=True)[1]
        case "digit":
            lines[at] = lines[at].replace(str(draw(st.integers(0, 9))).encode(), str(draw(st.integers(0, 9))).encode(), 1)
        case _:
            lines = lines[: at + 1]
    return number, data, b"".join(lines)


@given(changed())
@settings(max_examples=100, deadline=None)
def test_whatever_was_done_to_a_file_is_found(drawn: tuple[int, bytes, bytes]) -> None:
    """A byte, a line or the rest: changed, dropped, doubled, moved, exchanged or cut off, the file is refused."""
    number, data, bad = drawn
    assert judged(bad, log=log_of(number)).sound is (bad == data)


def resealed(lines: list[bytes]) -> bytes:
    """Return lines under an end that the log's own key signed anew, as whoever has it could."""
    body = b"".join(lines)
    head = json.loads(lines[0])
    events = sum(b'"event":' in line or b'"shown":' in line for line in lines[1:])
    digest = hashlib.sha256(body).digest()
    signature = SIGNER.sign(end_text(head["origin"], events=events, digest=digest).encode())
    key = IDENTITY.verifier(log_of(3))
    return body + end_line(head["origin"], events=events, digest=digest, key=key, signature=signature)


def test_the_tree_finds_what_the_end_was_signed_for() -> None:
    """An end that is signed anew covers up nothing: a body with its leaf, an index, a skipped hash, a missing event."""
    whole = made(3, {})
    chosen = made(3, {"target": "usr_200"}).splitlines(keepends=True)[:-1]
    lines = whole.splitlines(keepends=True)[:-1]
    assert resealed(lines) == whole
    body = lines[7][len(b'{"index":6,"leaf":"",') + 64 + len(b'"event":') : -2].replace(b"usr_6", b"usr_9")
    forged = b'{"index":6,"leaf":"%s","event":%s}\n' % (hashlib.sha256(b"\0" + body).hexdigest().encode(), body)
    other = bytearray(chosen[1])
    other[-6] = ord("0") if other[-6] != ord("0") else ord("1")
    bad = (
        [*lines[:7], forged, *lines[8:]],
        [*lines[:7], lines[7].replace(b'"event":{', b'"event":{ '), *lines[8:]],
        [*lines[:7], lines[7].replace(b'"index":6', b'"index":9'), *lines[8:]],
        [*lines[:7], lines[7].replace(lines[7][19:83], lines[8][19:83]), *lines[8:]],
        [*lines[:7], *lines[8:]],
        [*lines[:7], lines[8].replace(b'"index":7', b'"index":6'), lines[7].replace(b'"index":6', b'"index":7'), *lines[9:]],
        lines[:-1],
        [chosen[0], bytes(other), *chosen[2:]],
        [chosen[0], *chosen[2:]],
        [chosen[0].replace(b'"filters":{"target":"usr_200"}', b'"filters":{}'), *chosen[1:]],
        [lines[0].replace(b'"first":0', b'"first":1'), *lines[1:]],
    )
    for each in bad:
        assert not judged(resealed(each), log=log_of(3)).sound


def test_a_purged_event_is_a_leaf_without_bytes() -> None:
    """A line with the leaf alone keeps the file complete, whoever signed its end, and says how many there are."""
    lines = made(3, {}).splitlines(keepends=True)[:-1]
    lines[7] = lines[7][: lines[7].index(b',"event"')] + b',"purged":true}\n'
    verdict = judged(resealed(lines), log=log_of(3))
    assert verdict.complete
    assert verdict.told.startswith("complete: 256 events, and 1 purged ones")


def test_purged_rows_leave_a_complete_file() -> None:
    """Where rows are gone and their leaves are in the tiles, an export has the leaves in their places, alone and in a run, at both ends."""
    storage = MemoryStorage()
    logs = logs_of(storage, clock=FixedClock())
    with storage.begin(after_commit=ignore) as store:
        for each in events(log_of(3), count=256):
            store.inbox.append(each)
    logs.flush()
    kept = read_memory(storage.state)
    gone = {0, 1, 7, *range(20, 40), 255}
    kept.events = {key: each for key, each in kept.events.items() if key[0] != log_of(3) or key[1] not in gone}
    write_memory(storage.state, kept)
    verdict = judged(exported(logs, AuditQuery(log=log_of(3))), log=log_of(3))
    assert verdict.complete
    assert verdict.told.startswith(f"complete: {256 - len(gone)} events, and {len(gone)} purged ones")
    assert judged(exported(logs, AuditQuery(log=log_of(3), name="role.*"), first=10), log=log_of(3)).sound


def test_only_the_key_of_the_log_counts() -> None:
    """A stranger's key, and that of another log, vouch for nothing; without any key a file is only held against itself."""
    data = made(2, {})
    stranger = type(IDENTITY)(deployment=IDENTITY.deployment, region="default", keys=(STRANGER.public,))
    for key in (stranger.verifier(log_of(2)), IDENTITY.verifier(log_of(3))):
        assert not judged(data, log=log_of(2), key=str(key)).sound
    lines = data.splitlines(keepends=True)
    report = verify_export(lines)
    assert (report.problem, report.complete, report.signed) == ("", True, False)
    assert verify_export([*lines[:-1], lines[-1].replace(b'"events":256', b'"events":255')]).problem


def test_the_verifier_that_stands_alone_is_short_and_runs_without_ctsec(tmp_path: Path) -> None:
    """It has at most 200 lines, imports nothing of ours, and answers with 0, 1 and 2."""
    text = ALONE.read_text("utf-8")
    assert text.count("\n") <= 200
    assert "import ctsec" not in text
    assert "from ctsec" not in text
    packed = exported(LOGS, AuditQuery(log=log_of(3)), compress=True)
    (tmp_path / "good.jsonl").write_bytes(made(3, {}))
    (tmp_path / "good.jsonl.gz").write_bytes(packed)
    (tmp_path / "cut.jsonl.gz").write_bytes(packed[:-9])
    (tmp_path / "odd.jsonl").write_bytes(b'{"format":7}\n{"skipped":3,"hashes":4}\n')
    key = str(IDENTITY.verifier(log_of(3)))
    asked = (("good.jsonl", key), ("good.jsonl.gz", key), ("cut.jsonl.gz", key), ("odd.jsonl", key), ("none", key), ("good.jsonl", "key"))
    found = [
        subprocess.run([sys.executable, "-I", str(ALONE), str(tmp_path / name), given], capture_output=True, check=False)
        for name, given in asked
    ]
    assert [each.returncode for each in found] == [0, 0, 1, 1, 2, 2], [each.stderr for each in found]
    assert found[1].stdout.startswith(b"complete: 257 events")
