"""A small DNS server on loopback, over UDP and TCP: TXT records, and the ways in which servers and others go wrong."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Mapping
from enum import Enum, auto
from types import TracebackType
from typing import Final, Self, TypeAlias

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rrset

Values: TypeAlias = tuple[tuple[bytes, ...], ...]


class Way(Enum):
    """How a name is answered: properly, or not."""

    PROPERLY = auto()
    CUT_OVER_UDP = auto()
    AFTER_A_WRONG_ID = auto()
    AFTER_A_WRONG_QUESTION = auto()
    BY_A_WRONG_ID_ONLY = auto()
    SILENTLY = auto()
    SERVFAIL = auto()
    REFUSED = auto()
    BY_AN_ALIAS = auto()
    WITHOUT_VALUES = auto()


_CODES: Final[Mapping[object, dns.rcode.Rcode]] = {
    Way.SERVFAIL: dns.rcode.SERVFAIL,
    Way.REFUSED: dns.rcode.REFUSED,
    None: dns.rcode.NXDOMAIN,
}


class LoopbackDns:
    """Answers for `values`, by name; other names do not exist. `asked` are the names and transports of the questions."""

    def __init__(self) -> None:
        self.values: dict[str, Values] = {}
        self.ways: dict[str, Way] = {}
        self.asked: list[tuple[str, str]] = []
        self._servers: list[socketserver.BaseServer] = []
        self.address = ""

    def tell(self, name: str, *values: bytes | tuple[bytes, ...], way: Way = Way.PROPERLY) -> None:
        """Have a name answered with values, each one string or several."""
        self.values[name] = tuple(each if isinstance(each, tuple) else (each,) for each in values)
        self.ways[name] = way

    def forget(self, name: str) -> None:
        """Have a name not exist."""
        self.values.pop(name, None)
        self.ways.pop(name, None)

    def __enter__(self) -> Self:
        answers = self.answers

        class OverUdp(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                data, sock = self.request
                for each in answers(data, "udp"):
                    sock.sendto(each, self.client_address)

        class OverTcp(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                size = int.from_bytes(self.rfile.read(2))
                for each in answers(self.rfile.read(size), "tcp"):
                    self.wfile.write(len(each).to_bytes(2) + each)

        for _ in range(20):
            udp = socketserver.UDPServer(("127.0.0.1", 0), OverUdp)
            port = udp.server_address[1]
            try:
                tcp = socketserver.TCPServer(("127.0.0.1", port), OverTcp)
            except OSError:
                udp.server_close()
                continue
            self._servers = [udp, tcp]
            break
        self.address = f"127.0.0.1:{port}"
        for each in self._servers:
            threading.Thread(target=each.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for each in self._servers:
            each.shutdown()
            each.server_close()

    def answers(self, data: bytes, transport: str) -> list[bytes]:
        """Return what is sent for a question."""
        query = dns.message.from_wire(data)
        name = query.question[0].name.to_text(omit_final_dot=True)
        self.asked.append((name, transport))
        way = self.ways.get(name)
        right = _right(query, values=self.values.get(name), way=way)
        match way:
            case Way.SILENTLY:
                return []
            case Way.CUT_OVER_UDP if transport == "udp":
                cut = dns.message.make_response(query)
                cut.flags |= dns.flags.TC
                return [cut.to_wire()]
            case Way.AFTER_A_WRONG_ID:
                return [_forged(query), right]
            case Way.BY_A_WRONG_ID_ONLY:
                return [_forged(query)]
            case Way.AFTER_A_WRONG_QUESTION:
                other = dns.message.make_query("other.example.", "TXT", id=query.id)
                return [_forged(other, off=0), right]
            case _:
                return [right]


def _right(query: dns.message.Message, *, values: Values | None, way: Way | None) -> bytes:
    answer = dns.message.make_response(query)
    answer.flags |= dns.flags.RA
    name = query.question[0].name
    if way in _CODES:
        answer.set_rcode(_CODES[way])
    elif way is not Way.WITHOUT_VALUES:
        owner = dns.name.from_text("elsewhere.example.") if way is Way.BY_AN_ALIAS else name
        if owner != name:
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", "CNAME", owner.to_text()))
        answer.answer.append(_texts(owner, values or ()))
    return answer.to_wire(max_size=65_535)


def _texts(owner: dns.name.Name, values: Values) -> dns.rrset.RRset:
    written = [" ".join('"' + "".join(f"\\{byte:03d}" for byte in text) + '"' for text in strings) for strings in values]
    return dns.rrset.from_text_list(owner, 60, "IN", "TXT", written)


def _forged(query: dns.message.Message, *, off: int = 1) -> bytes:
    answer = dns.message.make_response(query)
    answer.id = (query.id + off) % 65_536
    answer.answer.append(_texts(query.question[0].name, ((b"forged",),)))
    return answer.to_wire()
