"""Asking a witness for its cosignature: `add-checkpoint` of C2SP tlog-witness, over the guarded fetcher.

Rules that this module keeps:

- https only, no redirect, one time for everything, an answer of at most 64 KiB;
- an answer is cosignatures (200), or the size that the witness has (409, text/x.tlog.size), or an error of its own; nothing of what it
  says beyond these stands in an error;
- of the lines of an answer only those of the witness's own key are taken, and only if they verify over the checkpoint that was sent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ctsec.audit.anchors.witness import AHEAD
from ctsec.audit.tree.bundle import MAX_HASHES
from ctsec.audit.tree.checkpoint import SignedCheckpoint
from ctsec.audit.tree.cosignature import CosignerKey
from ctsec.audit.tree.note import MAX_SIGNATURES, Note, Signature, read_signature, write_base64
from ctsec.errors import DeliveryFailed, FetchError
from ctsec.transport.address import check_url
from ctsec.transport.fetch import BlockingFetcher
from ctsec.transport.reach import Reach
from ctsec.transport.request import HttpAnswer, HttpRequest

MAX_ANSWER: Final = 64 * 1024
SIZE: Final = "text/x.tlog.size"
# The specification names a type for the size alone; what cosignatures come as is up to the witness.
_MEDIA: Final = frozenset({SIZE, "text/plain", "application/octet-stream", ""})
_SIZE_BODY: Final = re.compile(rb"(0|[1-9][0-9]{0,18})\n")
_SAID: Final = {
    400: "the witness finds the request malformed (400)",
    403: "the witness knows the log under another key (403): give it the one that `ctsec audit key` prints",
    404: "the witness does not know the log (404): give it the key that `ctsec audit key` prints",
    429: "the witness is asked too often (429)",
}


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness: its `key`, and the `url` before `/add-checkpoint`, its submission prefix; `reach` is how far that may be.

    Raises ValueError for another address.
    """

    key: CosignerKey
    url: str
    reach: Reach = Reach.PUBLIC

    def __post_init__(self) -> None:
        check_url(self.url)


class Conflict(Exception):
    """The witness has another `size` than the proof begins at; it never leaves the anchors."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.size = size


class Unproved(Exception):
    """The witness does not find the log to be the one that it saw; it never leaves the anchors."""


def request_body(signed: SignedCheckpoint, *, old: int, proof: tuple[bytes, ...]) -> bytes:
    """Return the body of a request: the line `old`, the hashes in base64, an empty line, and the note of the checkpoint."""
    if len(proof) > MAX_HASHES:
        raise DeliveryFailed(f"expected a proof of at most {MAX_HASHES} hashes")
    return "\n".join([f"old {old}", *map(write_base64, proof), "", ""]).encode() + signed.stored()


def ask(
    fetcher: BlockingFetcher, witness: Witness, signed: SignedCheckpoint, *, old: int, proof: tuple[bytes, ...], now: datetime
) -> Signature:
    """Return the cosignature of a witness over a checkpoint, to which `proof` leads from the size `old` that it has.

    Raises Conflict with the size that it has if that is another one, Unproved if it refuses the proof, and DeliveryFailed for everything
    else.
    """
    body = request_body(signed, old=old, proof=proof)
    headers = {"Content-Type": "text/plain; charset=utf-8", "Accept": "*/*"}
    url = f"{witness.url.rstrip('/')}/add-checkpoint"
    request = HttpRequest(url=url, method="POST", headers=headers, body=body, media=_MEDIA, limit=MAX_ANSWER)
    try:
        answer = fetcher.fetch(request, reach=witness.reach)
    except FetchError as error:
        raise DeliveryFailed(f"{error.reason}: {error}") from None
    match answer.status:
        case 200:
            return _cosignature(answer.body, signed, key=witness.key, now=now)
        case 409:
            raise Conflict(_size(answer))
        case 422:
            raise Unproved
        case status:
            raise DeliveryFailed(_SAID.get(status, f"the witness answered {status}"))


def _size(answer: HttpAnswer) -> int:
    found = _SIZE_BODY.fullmatch(answer.body) if answer.media == SIZE else None
    if found is None:
        raise DeliveryFailed("the witness has another size (409), and does not say which")
    return int(found[1])


def _cosignature(body: bytes, signed: SignedCheckpoint, *, key: CosignerKey, now: datetime) -> Signature:
    """Return the newest cosignature of the witness in an answer; raise DeliveryFailed unless all of it is in order."""
    try:
        lines = body.decode("utf-8").split("\n")
        if lines.pop() or not 1 <= len(lines) <= MAX_SIGNATURES:
            raise ValueError(f"expected 1 to {MAX_SIGNATURES} signature lines, each with its end")
        found = [each for each in map(read_signature, lines) if key.is_of(each)]
        times = [key.cosigned_at(Note(signed.note.text, (each,))) for each in found]
    except UnicodeDecodeError:
        raise DeliveryFailed("the witness sent no text") from None
    except ValueError as error:
        raise DeliveryFailed(f"the answer of the witness does not count: {error}") from None
    newest = max((at for at in times if at is not None), default=None)
    if newest is None:
        raise DeliveryFailed("the witness sent no cosignature of its key")
    if newest > now + AHEAD:
        raise DeliveryFailed("the witness cosigned at a time that is still to come")
    return found[times.index(newest)]
