"""Verifying an exported file, line by line, without a store.

Rules that this module keeps:

- nothing is taken on trust: events are hashed, the tree is grown from them and from what is skipped, and its root has to be that of the
  checkpoint; the checkpoint and the end of the file have to be signed by keys that the verifier had before;
- each line has its one place; what is unknown, doubled, out of order or missing is a problem, and the first problem ends the reading;
- memory does not grow with the file.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, cast

from ctsec.audit.canonical import MAX_BODY, leaf_hash
from ctsec.audit.export.jsonl import FORMAT, end_text
from ctsec.audit.tree.checkpoint import SignedCheckpoint
from ctsec.audit.tree.note import Note, VerifierKey
from ctsec.audit.tree.spans import LeftToRight

MAX_LINE: Final = 2 * MAX_BODY + 4096
_EVENT: Final = re.compile(rb'\{"index":(0|[1-9][0-9]{0,18}),"leaf":"([0-9a-f]{64})","event":(\{.*\})\}\n')
_PURGED: Final = re.compile(rb'\{"index":(0|[1-9][0-9]{0,18}),"leaf":"([0-9a-f]{64})","purged":true\}\n')
_MASKED: Final = re.compile(rb'\{"index":(0|[1-9][0-9]{0,18}),"leaf":"([0-9a-f]{64})","shown":\{.*\}\}\n')
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportReport:
    """What the verification of an export found: `problem` is empty if the file is sound, else `line` (from 1) is where it begins.

    `complete` says that every event of [`first`, `end`) is there or its leaf is; `signed` that the checkpoint and the end are signed by
    the keys that were given, without which the file only agrees with itself. `masked` of the `events` name others than the person for
    whom the file was made: their place is proved, and what is shown of them is signed for. `note` is that of the checkpoint.
    """

    log: str = ""
    origin: str = ""
    first: int = 0
    end: int = 0
    size: int = 0
    filters: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    events: int = 0
    purged: int = 0
    masked: int = 0
    complete: bool = False
    signed: bool = False
    line: int = 0
    problem: str = ""
    note: str = ""


class _Problem(Exception):
    """What ends the reading; it never leaves this module."""


class _Reader:
    """The state between two lines."""

    def __init__(self, keys: Sequence[VerifierKey]) -> None:
        self.keys = keys
        self.digest = hashlib.sha256()
        self.tree = LeftToRight()
        self.head: Mapping[str, Any] = {}
        self.checkpoint: SignedCheckpoint | None = None
        self.events = self.purged = self.masked = 0
        self.last = -1
        self.whole = True
        self.ended = False

    def start(self, line: bytes) -> None:
        head = _object(line)
        if head.get("format") != FORMAT:
            raise _Problem(f"expected an export in the format {FORMAT}")
        wrong = [name for name, kind in _HEAD.items() if type(head.get(name)) is not kind]
        if wrong or head.keys() != {"format", *_HEAD}:
            raise _Problem("the header has other members than the format")
        signed = _signed_checkpoint(head["checkpoint"])
        if signed.checkpoint.origin != head["origin"] or head["origin"].rpartition("/")[2] != head["log"]:
            raise _Problem("the checkpoint is of another log")
        if not 0 <= head["first"] <= head["end"] <= signed.checkpoint.size:
            raise _Problem("the range is not one of the log")
        if self.keys and not any(key.name == head["origin"] and signed.note.is_signed_by(key) for key in self.keys):
            raise _Problem("the checkpoint is not signed by the key of the log")
        self.head, self.checkpoint = head, signed

    def take(self, line: bytes) -> None:
        found = _EVENT.fullmatch(line)
        if found:
            self._event(int(found[1]), found[2], found[3])
            return
        found = _PURGED.fullmatch(line)
        if found:
            self._place(int(found[1]))
            self.tree.read(bytes.fromhex(found[2].decode()))
            self.purged += 1
            return
        value = _object(line)
        found = _MASKED.fullmatch(line)
        if found:
            self._place(int(found[1]))
            self.tree.read(bytes.fromhex(found[2].decode()))
            self.events += 1
            self.masked += 1
            self.last = int(found[1])
            return
        match tuple(value):
            case ("skipped", "hashes"):
                self._skip(value["skipped"], value["hashes"])
            case ("index", "personal"):
                if value["index"] != self.last or not self.head["personal"] or not isinstance(value["personal"], dict):
                    raise _Problem("a personal part has no event in front of it")
                self.last = -1
            case ("events", "sha256", "signed"):
                self._end(value)
            case _:
                raise _Problem("a line of an unknown kind")

    def _place(self, index: int) -> None:
        if index != self.tree.size:
            raise _Problem(f"expected index {self.tree.size}, and found {index}: a line is missing, doubled or moved")
        if not self.head["first"] <= index < self.head["end"]:
            raise _Problem(f"index {index} is outside of the range of the export")
        self.last = -1

    def _event(self, index: int, leaf: bytes, body: bytes) -> None:
        self._place(index)
        made = leaf_hash(body)
        if made.hex().encode() != leaf:
            raise _Problem(f"the leaf of index {index} is not the hash of its bytes")
        self.tree.read(made)
        self.events += 1
        self.last = index

    def _skip(self, run: Any, hashes: Any) -> None:
        match run, hashes:
            case [first, end], [*each]:
                pass
            case _:
                raise _Problem("a skipped run has another form")
        if type(first) is not int or type(end) is not int or first != self.tree.size or not first < end <= self._size:
            raise _Problem(f"expected what is skipped to begin at {self.tree.size}: a line is missing, doubled or moved")
        try:
            self.tree.skip(end, [bytes.fromhex(text) for text in each])
        except (ValueError, TypeError):
            raise _Problem("a skipped run has other hashes than it needs") from None
        self.whole = self.whole and (end <= self.head["first"] or first >= self.head["end"])
        self.last = -1

    def _end(self, value: Mapping[str, Any]) -> None:
        if value != {"events": self.events, "sha256": self.digest.hexdigest(), "signed": value["signed"]}:
            raise _Problem("the end says something else than the lines before it")
        if self.tree.size != self._size:
            raise _Problem(f"the file ends at index {self.tree.size} of {self._size}: lines are missing")
        if self.checkpoint is None or self.tree.root != self.checkpoint.checkpoint.root:
            raise _Problem("the events do not lead to the root of the checkpoint")
        if not self.whole and not self.head["filters"]:
            raise _Problem("events are left out of the range, and the export names no filter")
        if self.keys and not self._end_is_signed(value["signed"]):
            raise _Problem("the end is not signed by the key of the log")
        self.ended = True

    def _end_is_signed(self, stored: Any) -> bool:
        try:
            note = Note.read(str(stored).encode())
        except ValueError:
            return False
        text = end_text(self.head["origin"], events=self.events, digest=self.digest.digest())
        return note.text == text and any(key.name == self.head["origin"] and note.is_signed_by(key) for key in self.keys)

    @property
    def _size(self) -> int:
        return 0 if self.checkpoint is None else self.checkpoint.checkpoint.size


_HEAD: Final[Mapping[str, type]] = {
    "log": str, "origin": str, "first": int, "end": int, "filters": dict, "personal": bool, "created_at": str, "checkpoint": str,
}  # fmt: skip


def _object(line: bytes) -> dict[str, Any]:
    try:
        value: object = json.loads(line)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise _Problem("expected a JSON object in a line")
    return cast(dict[str, Any], value)


def _signed_checkpoint(note: str) -> SignedCheckpoint:
    try:
        return SignedCheckpoint.read(note.encode())
    except ValueError:
        raise _Problem("the header has no checkpoint that can be read") from None


def verify_export(lines: Iterable[bytes], *, keys: Sequence[VerifierKey] = ()) -> ExportReport:
    """Return what the lines of a file are worth, each with its line end, none longer than `MAX_LINE`.

    `keys` are the verifier keys of the log (`ctsec audit key`), former ones too; without one the file is only held against itself.
    """
    reader, number, problem = _Reader(keys), 0, ""
    try:
        for number, line in enumerate(lines, start=1):
            if reader.ended:
                raise _Problem("there is something behind the end")
            if not line.endswith(b"\n") or len(line) > MAX_LINE:
                raise _Problem("a line breaks off, or is too long")
            if number == 1:
                reader.start(line)
            else:
                reader.take(line)
            reader.digest.update(line)
        if not reader.ended:
            number += 1
            raise _Problem("the file was broken off: it has no end")
    except _Problem as found:
        problem = str(found)
    head = reader.head
    return ExportReport(
        log=head.get("log", ""),
        origin=head.get("origin", ""),
        first=head.get("first", 0),
        end=head.get("end", 0),
        size=reader.checkpoint.checkpoint.size if reader.checkpoint is not None else 0,
        filters=head.get("filters", {}),
        events=reader.events,
        purged=reader.purged,
        masked=reader.masked,
        complete=reader.whole and not problem,
        signed=bool(keys) and not problem,
        line=number if problem else 0,
        problem=problem,
        note=head.get("checkpoint", ""),
    )
