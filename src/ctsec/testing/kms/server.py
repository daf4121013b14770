"""The stand-in's HTTP side: AWS JSON 1.1 on loopback, one thread for each connection."""

from __future__ import annotations

import json
import re
import socket
import struct
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final, Self, cast

from ctsec.testing.kms.faults import Fault, Faults
from ctsec.testing.kms.keys import FakeKeys
from ctsec.testing.kms.operations import Call, Operations
from ctsec.testing.kms.refusal import KmsRefusal

MAX_BODY: Final = 64 * 1024
_TARGET: Final = re.compile(r"TrentService\.([A-Za-z]{1,40})")
_CREDENTIAL: Final = re.compile(r"AWS4-HMAC-SHA256 Credential=([A-Za-z0-9]{1,128})/[0-9]{8}/([a-z0-9-]{1,40})/kms/aws4_request,.*")
_RESETTING: Final = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class KmsCall:
    """One call in the journal: the operation, the key as it was named, region and account of the caller, and how it ended.

    `outcome` is empty for an answer, else the name of the refusal or of the fault; `port` is the client's, one for each connection.
    """

    operation: str
    key: str
    region: str
    account: str
    outcome: str
    port: int


class FakeAwsKms:
    """AWS KMS on loopback, from its making to `close`: `with FakeAwsKms() as kms:`, then boto3 with `endpoint_url=kms.url`.

    One stand-in serves every region: the region of a call is that of its signature. `accounts` maps access key ids to accounts; any other
    access key id is of `account`. Signatures are not checked. `latency` are seconds before each answer. `keys` is what the owners of the
    keys do, `faults` what goes wrong.
    """

    __slots__ = ("_journal", "_lock", "_open", "_server", "_thread", "account", "accounts", "faults", "keys", "latency", "operations")

    def __init__(self, *, account: str = "111122223333", accounts: Mapping[str, str] | None = None, latency: float = 0.0) -> None:
        self.account = account
        self.accounts = dict(accounts or {})
        self.latency = latency
        self.keys = FakeKeys()
        self.faults = Faults()
        self.operations = Operations(self.keys)
        self._journal: list[KmsCall] = []
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name="fake-aws-kms", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @property
    def url(self) -> str:
        """Where it listens: `http://127.0.0.1:<port>`."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def journal(self) -> tuple[KmsCall, ...]:
        """The calls that came in, in their order; no plaintext, no ciphertext, no context."""
        with self._lock:
            return tuple(self._journal)

    def close(self) -> None:
        """Stop listening and close every connection, hanging ones too."""
        self.faults.clear()
        self._server.shutdown()
        with self._lock:
            held = tuple(self._open)
        for connection in held:
            _shut(connection)
        self._server.server_close()
        self._thread.join()

    def write(self, call: KmsCall) -> None:
        """Add a call to the journal."""
        with self._lock:
            self._journal.append(call)

    def hold(self, connection: socket.socket, *, is_open: bool) -> None:
        """Note a connection that was opened or closed."""
        with self._lock:
            (self._open.add if is_open else self._open.discard)(connection)


class _Server(ThreadingHTTPServer):
    request_queue_size = 128

    def __init__(self, fake: FakeAwsKms) -> None:
        self.fake = fake
        super().__init__(("127.0.0.1", 0), _Exchange)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print nothing: a client that goes away is what the tests do."""


class _Exchange(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    # headers and body are two writes, and the peer's delayed acknowledgement would cost 40 ms between them
    disable_nagle_algorithm = True

    @property
    def _fake(self) -> FakeAwsKms:
        return cast("_Server", self.server).fake

    def setup(self) -> None:
        super().setup()
        self._fake.hold(self.connection, is_open=True)

    def finish(self) -> None:
        self._fake.hold(self.connection, is_open=False)
        super().finish()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the base class
        """Print nothing."""

    def do_POST(self) -> None:
        fake = self._fake
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(min(length, MAX_BODY + 1))
        fault = fake.faults.take()
        call: Call | None = None
        outcome = ""
        try:
            call = self._call(body)
            answer = _broken(fault, fake.operations.answer(call)) if fault is not None else fake.operations.answer(call)
            status = 200
        except KmsRefusal as refusal:
            answer, status, outcome = {"__type": refusal.name, "message": str(refusal)}, refusal.status, refusal.name
        time.sleep(fake.latency)
        self._note(call, outcome=fault.value if fault is not None else outcome)
        if fault is Fault.HANG:
            fake.faults.wait()
        if fault in {Fault.HANG, Fault.RESET}:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESETTING)
            self.close_connection = True
            _shut(self.connection)
            return
        self._send(status, b"<html>not the service</html>" if fault is Fault.GARBAGE else json.dumps(answer).encode())

    def _call(self, body: bytes) -> Call:
        target = _TARGET.fullmatch(self.headers.get("X-Amz-Target") or "")
        if target is None or self.headers.get("Content-Type") != "application/x-amz-json-1.1":
            raise KmsRefusal("UnknownOperationException", "")
        signed = _CREDENTIAL.fullmatch(self.headers.get("Authorization") or "")
        if signed is None:
            raise KmsRefusal("MissingAuthenticationTokenException", "Request is missing Authentication Token")
        try:
            members: object = json.loads(body) if len(body) <= MAX_BODY else None
        except ValueError:
            members = None
        if not isinstance(members, dict):
            raise KmsRefusal("SerializationException", "expected a JSON object")
        account = self._fake.accounts.get(signed[1], self._fake.account)
        return Call(operation=target[1], body=cast("dict[str, Any]", members), region=signed[2], account=account)

    def _note(self, call: Call | None, *, outcome: str) -> None:
        body = {} if call is None else call.body
        key = str(body.get("KeyId") or body.get("SourceKeyId") or "")
        told = ("", "", "") if call is None else (call.operation, call.region, call.account)
        self._fake.write(KmsCall(operation=told[0], key=key, region=told[1], account=told[2], outcome=outcome, port=self.client_address[1]))

    def _send(self, status: int, payload: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)


def _broken(fault: Fault, answer: dict[str, Any]) -> dict[str, Any]:
    """Return the answer as the fault makes it; raise KmsRefusal where the service itself says that it failed."""
    if fault is Fault.THROTTLED:
        raise KmsRefusal("ThrottlingException", "You have exceeded the rate at which you may call KMS.")
    if fault is Fault.INTERNAL_ERROR:
        raise KmsRefusal("KMSInternalException", "", status=500)
    wrong = {Fault.WRONG_KEY_ID: "KeyId", Fault.WRONG_SOURCE_KEY_ID: "SourceKeyId"}.get(fault, "")
    changed: dict[Fault, dict[str, Any]] = {
        Fault.WRONG_LENGTH: {"Plaintext": "A" * 41 + "w=="} if "Plaintext" in answer else {},
        Fault.HUGE_CIPHERTEXT: {"CiphertextBlob": "A" * 8196} if "CiphertextBlob" in answer else {},
    }
    if fault is Fault.EMPTY:
        return {}
    metadata = answer.get("KeyMetadata")
    if fault is Fault.WRONG_KEY_ID and metadata is not None:
        return {"KeyMetadata": metadata | {"Arn": _other(metadata["Arn"])}}
    if wrong in answer:
        return answer | {wrong: _other(answer[wrong])}
    return answer | changed.get(fault, {})


def _other(arn: str) -> str:
    return re.sub(r"key/.*", "key/00000000-0000-4000-8000-000000000000", arn)


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
