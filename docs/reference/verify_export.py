"""Verify a JSONL export of a ctsec audit log, without ctsec: `python verify_export.py FILE KEY…`.

A KEY is a line that `ctsec audit key` printed; former keys of the log may stand beside it. FILE may be gzipped. Needs Python 3.11 and
`cryptography`. Exit code 0: the file is sound; 1: it is not; 2: it could not be read. It holds no more than a line in memory.
"""

import base64
import functools
import gzip
import hashlib
import json
import re
import sys
import zlib
from collections.abc import Iterable
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FORMAT = "ctsec-audit-export/1"
MAX_LINE = 140_000
EVENT = re.compile(rb'\{"index":(0|[1-9][0-9]*),"leaf":"([0-9a-f]{64})",(?:"event":(\{.*\})|"purged":true|"shown":(\{.*\}))\}\n')
KEY = re.compile(r"([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})")


class Unsound(Exception):
    """What is wrong with a file."""


def need(condition: bool, problem: str) -> None:
    """Raise Unsound unless a condition holds."""
    if not condition:
        raise Unsound(problem)


def sha256(data: bytes) -> bytes:
    """Return SHA-256."""
    return hashlib.sha256(data).digest()


def read_key(text: str) -> tuple[str, bytes, Ed25519PublicKey]:
    """Return name, id and public key of a verifier key; raise ValueError for anything else."""
    found = KEY.fullmatch(text.strip())
    if found is None:
        raise ValueError("expected a key as `ctsec audit key` prints it")
    raw = base64.b64decode(found[3], validate=True)
    number = sha256(found[1].encode() + b"\n" + raw)[:4]
    if raw[:1] != b"\x01" or number.hex() != found[2]:
        raise ValueError("the key is not an Ed25519 key, or its id is another's")
    return found[1], number, Ed25519PublicKey.from_public_bytes(raw[1:])


def signed_text(note: str, keys: list[tuple[str, bytes, Ed25519PublicKey]], origin: str) -> str:
    """Return the text of a signed note; raise Unsound unless one of the keys, under the name of the origin, signed it."""
    text, gap, signatures = note.rpartition("\n\n")
    text += "\n"
    for line in signatures.split("\n") if gap else ():
        dash, name, value = (*line.split(" "), "", "")[:3]
        for known, number, public in keys:
            if dash == "\u2014" and name == known == origin:
                try:
                    raw = base64.b64decode(value, validate=True)
                    if raw[:4] == number:
                        public.verify(raw[4:], text.encode())
                        return text
                except (ValueError, InvalidSignature):
                    raise Unsound("a signature of the log's key does not verify") from None
    raise Unsound("no key of the log signed this")


class Tree:
    """A Merkle tree (RFC 9162, 2.1) that grows from left to right, by leaves and by whole subtrees."""

    def __init__(self) -> None:
        self.size = 0
        self.nodes: list[bytes] = []

    def add(self, node: bytes, height: int) -> None:
        """Append a subtree of 2^height leaves by its root; a leaf has the height 0."""
        bits = self.size >> height
        while bits & 1:
            node = sha256(b"\x01" + self.nodes.pop() + node)
            bits >>= 1
        self.nodes.append(node)
        self.size += 1 << height

    def skip(self, end: int, hashes: list[str]) -> None:
        """Append the leaves up to `end` by the roots of the largest aligned subtrees, from left to right."""
        rest = list(hashes)
        while self.size < end and rest:
            height = (end - self.size).bit_length() - 1
            if self.size:
                height = min(height, (self.size & -self.size).bit_length() - 1)
            need(re.fullmatch("[0-9a-f]{64}", rest[0]) is not None, "a skipped run has a hash that is none")
            self.add(bytes.fromhex(rest.pop(0)), height)
        need(self.size == end and not rest, "a skipped run has other hashes than it needs")

    def root(self) -> bytes:
        """Return the root."""
        if not self.nodes:
            return sha256(b"")
        return functools.reduce(lambda node, left: sha256(b"\x01" + left + node), reversed(self.nodes))


def read_object(line: bytes) -> dict[str, Any]:
    """Return the object in a line."""
    try:
        value = json.loads(line)
        return dict(value.items())
    except (ValueError, RecursionError, AttributeError):
        raise Unsound("expected a JSON object in each line") from None


def read_head(line: bytes, keys: list[Any]) -> tuple[dict[str, Any], int, str]:
    """Return the header, and size and root (base64) of its checkpoint."""
    head = read_object(line)
    origin = str(head.get("origin"))
    need(head.get("format") == FORMAT, f"expected the format {FORMAT}")
    lines = signed_text(str(head.get("checkpoint")), keys, origin).split("\n")
    need(len(lines) == 4 and lines[0] == origin and lines[1].isdecimal(), "the checkpoint is of another log")
    size = int(lines[1])
    need(
        type(head.get("first")) is type(head.get("end")) is int and 0 <= head["first"] <= head["end"] <= size,
        "the range is not one of the log",
    )
    return head, size, lines[2]


def verify(lines: Iterable[bytes], keys: list[Any]) -> str:
    """Return what a sound file is; raise Unsound for any other. `lines` have their ends."""
    head: dict[str, Any] = {}
    tree, digest = Tree(), hashlib.sha256()
    size, events, masked, purged, last, whole, ended, root = 0, 0, 0, 0, -1, True, False, ""
    for line in lines:
        need(not ended, "there is something behind the end")
        need(line.endswith(b"\n") and len(line) <= MAX_LINE, "a line breaks off, or is too long")
        found = EVENT.fullmatch(line)
        if not head:
            head, size, root = read_head(line, keys)
        elif found:
            index, leaf = int(found[1]), bytes.fromhex(found[2].decode())
            inside = head["first"] <= index < head["end"]
            need(inside and index == tree.size, f"expected index {tree.size}, found {index}: a line is missing, doubled or moved")
            shown = found[4] is not None and bool(read_object(line))
            need(found[3] is None or sha256(b"\x00" + found[3]) == leaf, f"the leaf of index {index} is not the hash of its bytes")
            told = shown or found[3] is not None
            events, masked, purged, last = events + told, masked + shown, purged + (not told), index if told else -1
            tree.add(leaf, 0)
        else:
            value = read_object(line)
            if set(value) == {"skipped", "hashes"}:
                need(str(value["skipped"]).count(",") == 1, "a skipped run has another form")
                first, end = value["skipped"]
                need(first == tree.size < end <= size, f"what is skipped does not begin at {tree.size}: a line is missing")
                whole = whole and (end <= head["first"] or first >= head["end"])
                tree.skip(end, value["hashes"])
                last = -1
            elif set(value) == {"index", "personal"}:
                need(value["index"] == last and head["personal"] is True, "a personal part has no event in front of it")
                last = -1
            else:
                need(set(value) == {"events", "sha256", "signed"}, "a line of an unknown kind")
                text = f"{FORMAT}\n{head['origin']}\n{events}\n{digest.hexdigest()}\n"
                need(signed_text(str(value["signed"]), keys, head["origin"]) == text, "the end says something else than the file")
                need(value["events"] == events and value["sha256"] == digest.hexdigest(), "the end says something else than the file")
                ended = True
        digest.update(line)
    need(ended and tree.size == size, "the file was broken off, or lines are missing")
    need(base64.b64encode(tree.root()).decode() == root, "the events do not lead to the root of the checkpoint")
    need(whole or bool(head["filters"]), "events are left out of the range, and no filter is named")
    place = f"[{head['first']}, {head['end']}) of {head['origin']}, which had {size} events"
    place += f" ({masked} masked: what is shown of them is signed for, not proved)" if masked else ""
    if whole:
        return f"complete: {events} events, and {purged} purged ones, are all of {place}"
    return f"selected: {events} events are members of {place}; that no other matches {head['filters']} is signed for, not proved"


def main(arguments: list[str]) -> int:
    """Verify the file that is named, and return the exit code."""
    try:
        keys = [read_key(text) for text in arguments[1:]]
        if not keys:
            raise ValueError("expected a file, and at least one key of the log")
        with open(arguments[0], "rb") as plain:
            packed = plain.read(2) == b"\x1f\x8b"
        with gzip.open(arguments[0]) if packed else open(arguments[0], "rb") as file:
            print(verify(iter(lambda: file.readline(MAX_LINE + 1), b""), keys))
    except (Unsound, EOFError, gzip.BadGzipFile, zlib.error, TypeError, KeyError) as problem:
        print(f"not sound: {problem}", file=sys.stderr)
        return 1
    except (OSError, ValueError, IndexError) as problem:
        print(problem, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
