"""A time stamp authority: `openssl ts` answers what comes over http on loopback."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

CONFIG: Final = """
[req]
distinguished_name = dn
[dn]
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
[tsa]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[mixed]
extendedKeyUsage = critical, timeStamping, clientAuth
[lenient]
extendedKeyUsage = timeStamping
[other]
extendedKeyUsage = critical, clientAuth
[ts]
serial = serial
crypto_device = builtin
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_alg = sha256
[ts_sha1]
serial = serial
crypto_device = builtin
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_alg = sha1
[ts_refusing]
serial = serial
crypto_device = builtin
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha512
"""
KEY: Final = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


@dataclass(slots=True)
class Authority:
    """An authority in a folder: its root is `name`.pem, and it signs with the certificate `signer` under the section `section`.

    `change` is what is done to an answer on its way; `questions` and `answers` are what came and went.
    """

    folder: Path
    name: str = "root"
    signer: str = "tsa"
    section: str = "ts"
    change: Callable[[bytes], bytes] = field(default=lambda answer: answer)
    questions: list[bytes] = field(default_factory=list[bytes])
    answers: list[bytes] = field(default_factory=list[bytes])

    def run(self, *arguments: str) -> None:
        """Run openssl in the folder; it has to succeed."""
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True)

    def found(self) -> Authority:
        """Make the root."""
        (self.folder / "ts.cnf").write_text(CONFIG)
        (self.folder / "serial").write_text("01")
        subject = ("-subj", f"/CN={self.name}", "-config", "ts.cnf", "-extensions", "ca")
        self.run(
            "req",
            "-x509",
            "-newkey",
            "ed25519",
            "-nodes",
            "-keyout",
            f"{self.name}.key",
            "-out",
            f"{self.name}.pem",
            "-days",
            "30",
            *subject,
        )
        return self

    def issue(self, name: str, extensions: str = "tsa", *, like: str = "") -> None:
        """Make a certificate with the extensions of a section; `like` another one, it has its key, its name and its serial number."""
        if not like:
            self.run("req", "-new", *KEY, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}", "-config", "ts.cnf")
        serial = str(7 + sum(map(ord, like or name)))
        by = ("-CA", f"{self.name}.pem", "-CAkey", f"{self.name}.key", "-set_serial", serial)
        extended = ("-extfile", "ts.cnf", "-extensions", extensions)
        self.run("x509", "-req", "-in", f"{like or name}.csr", *by, "-out", f"{name}.pem", "-days", "31" if like else "30", *extended)

    def der(self, name: str) -> bytes:
        """Return a certificate in DER."""
        self.run("x509", "-in", f"{name}.pem", "-outform", "DER", "-out", "found.der")
        return (self.folder / "found.der").read_bytes()

    def signed(self, content: bytes, *, by: str) -> bytes:
        """Return an answer with such a TSTInfo (DER), signed by any certificate, whatever it is for."""
        (self.folder / "content").write_bytes(content)
        kind = ("-econtent_type", "1.2.840.113549.1.9.16.1.4", "-cades", "-nodetach", "-binary", "-md", "sha256", "-outform", "DER")
        self.run("cms", "-sign", "-in", "content", *kind, "-signer", f"{by}.pem", "-inkey", f"{by}.key", "-out", "token")
        granted = b"\x30\x03\x02\x01\x00" + (self.folder / "token").read_bytes()
        return b"\x30\x82" + len(granted).to_bytes(2, "big") + granted

    @property
    def roots(self) -> bytes:
        """The root, in PEM."""
        return (self.folder / f"{self.name}.pem").read_bytes()

    def answer(self, question: bytes) -> bytes:
        """Stamp what was asked."""
        self.questions.append(question)
        (self.folder / "q.tsq").write_bytes(question)
        key = ("-signer", f"{self.signer}.pem", "-inkey", f"{self.signer}.key")
        self.run("ts", "-reply", "-config", "ts.cnf", "-section", self.section, "-queryfile", "q.tsq", *key, "-out", "r.tsr")
        self.answers.append((self.folder / "r.tsr").read_bytes())
        return self.change(self.answers[-1])


@contextmanager
def served(authority: Authority) -> Generator[str]:
    """Run the authority over http; yield its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.headers["Content-Type"] == "application/timestamp-query"
            answer = authority.answer(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the name is the standard library's
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/tsa"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
