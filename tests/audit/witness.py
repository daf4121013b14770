"""A witness, from the words of C2SP tlog-witness, tlog-cosignature and signed-note alone: it shares no code with ctsec."""

from __future__ import annotations

import base64
import hashlib
import re
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.unit.audit.tree import second

DASH: Final = "\u2014"


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: status, type of the content, and the content; `where` is where a redirect leads."""

    status: int
    body: bytes = b""
    media: str = "text/plain; charset=utf-8"
    where: str = ""


@dataclass(slots=True)
class Cosigner:
    """A witness of a name, whose key is made of `seed`; `logs` are the public keys that it trusts by origin, `now` is its clock.

    `seen` is the latest size and root of each origin. `change` is what is done to an answer on its way; `asked` are the bodies that came.
    """

    name: str
    seed: bytes
    now: Callable[[], datetime]
    logs: dict[str, bytes] = field(default_factory=dict[str, bytes])
    seen: dict[str, tuple[int, bytes]] = field(default_factory=dict[str, tuple[int, bytes]])
    change: Callable[[Answer], Answer] = field(default=lambda answer: answer)
    asked: list[bytes] = field(default_factory=list[bytes])
    released: threading.Event = field(default_factory=threading.Event)

    @property
    def _key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)

    @property
    def vkey(self) -> str:
        """Its verifier key: name, key id in hexadecimal, and the type 4 with the public key in base64."""
        public = self._key.public_key().public_bytes_raw()
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(bytes([4]) + public).decode()}"

    @property
    def id(self) -> bytes:
        """The id of its key."""
        public = self._key.public_key().public_bytes_raw()
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([4]) + public).digest()[:4]

    def cosignature(self, text: bytes, *, at: int | None = None) -> bytes:
        """Return a signature line over the text of a checkpoint."""
        seconds = int(self.now().timestamp()) if at is None else at
        signed = self._key.sign(b"cosignature/v1\ntime %d\n" % seconds + text)
        value = base64.b64encode(self.id + seconds.to_bytes(8, "big") + signed).decode()
        return f"{DASH} {self.name} {value}\n".encode()

    def answer(self, body: bytes) -> Answer:
        """Answer add-checkpoint."""
        self.asked.append(body)
        head, gap, note = body.partition(b"\n\n")
        first, *lines = head.decode().split("\n")
        old = re.fullmatch(r"old (0|[1-9][0-9]*)", first)
        if not gap or old is None or len(lines) > 63:
            return Answer(400)
        proof = [base64.b64decode(each, validate=True) for each in lines]
        origin = note.partition(b"\n")[0].decode()
        if origin not in self.logs:
            return Answer(404)
        opened = second.opened(note, origin, self.logs[origin])
        if opened is None:
            return Answer(403)
        return self._judged(int(old[1]), proof, opened[1], opened[2], note.rpartition(b"\n\n")[0] + b"\n")

    def _judged(self, old: int, proof: list[bytes], size: int, root: bytes, text: bytes) -> Answer:
        origin = text.partition(b"\n")[0].decode()
        before, known = self.seen.get(origin, (0, b""))
        if old > size:
            return Answer(400)
        if old != before:
            return Answer(409, b"%d\n" % before, "text/x.tlog.size")
        if old == size and root != known:
            return Answer(409, b"%d\n" % before, "text/x.tlog.size")
        if proof if old in {0, size} else not second.consistent(old, size, known, root, proof):
            return Answer(422)
        self.seen[origin] = (size, root)
        return Answer(200, self.cosignature(text))


@contextmanager
def served(*witnesses: Cosigner) -> Generator[list[str]]:
    """Run witnesses over http, each below its number; yield their submission prefixes."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            number, _, call = self.path.removeprefix("/w/").partition("/")
            witness = witnesses[int(number)]
            answer = witness.change(witness.answer(body) if call == "add-checkpoint" else Answer(404))
            if answer.status == 0:
                witness.released.wait(60)
                return
            self.send_response(answer.status)
            if answer.where:
                self.send_header("Location", answer.where)
            self.send_header("Content-Type", answer.media)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the name is the standard library's
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield [f"http://127.0.0.1:{server.server_address[1]}/w/{number}" for number in range(len(witnesses))]
    finally:
        for each in witnesses:
            each.released.set()
        server.shutdown()
        server.server_close()
        thread.join(10)
