"""The resolver of domain proofs at a server on loopback (async source)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ctsec.sso.dns import AsyncDnsResolver
from ctsec.sso.domain_claim import DnsTrouble
from ctsec.sso.nameservers import parse_nameserver
from tests.dns_server import LoopbackDns, Way

NAME = "_ctsec-challenge.acme.example"
RIGHT = (b"one", b"two")


@pytest.fixture(scope="module")
def server() -> Iterator[LoopbackDns]:
    """A server for the tests of this module."""
    with LoopbackDns() as running:
        yield running


async def ask(server: LoopbackDns, *, seconds: float = 5.0) -> tuple[bytes, ...] | DnsTrouble:
    """Ask the server for the name."""
    server.asked.clear()
    found = await AsyncDnsResolver((parse_nameserver(server.address),), seconds=seconds).txt(NAME)
    return tuple(sorted(found)) if isinstance(found, tuple) else found


async def test_values_are_those_at_the_name_and_nothing_else(server: LoopbackDns) -> None:
    """Several values come back whole, split strings joined; forged answers are waited past, a cut answer is asked for over TCP."""
    table = (
        (Way.PROPERLY, RIGHT, RIGHT),
        (Way.PROPERLY, ((b"a" * 255, b"b" * 200, b""),), (b"a" * 255 + b"b" * 200,)),
        (Way.AFTER_A_WRONG_ID, RIGHT, RIGHT),
        (Way.AFTER_A_WRONG_QUESTION, RIGHT, RIGHT),
        (Way.CUT_OVER_UDP, RIGHT, RIGHT),
        (Way.BY_AN_ALIAS, RIGHT, DnsTrouble.ALIAS),
        (Way.WITHOUT_VALUES, (), DnsTrouble.NOT_THERE),
        (Way.SERVFAIL, (), DnsTrouble.FAILED),
        (Way.REFUSED, (), DnsTrouble.FAILED),
    )
    for way, values, expected in table:
        server.tell(NAME, *values, way=way)
        assert (way, await ask(server)) == (way, expected)
        assert {transport for _, transport in server.asked} == ({"udp", "tcp"} if way is Way.CUT_OVER_UDP else {"udp"})
    server.forget(NAME)
    assert await ask(server) is DnsTrouble.NOT_THERE
    assert {name for name, _ in server.asked} == {NAME}


async def test_silence_and_forgeries_alone_are_a_time_out(server: LoopbackDns) -> None:
    """A server that does not answer, and somebody else who does without knowing the id, are the same: nobody answered."""
    for way in (Way.SILENTLY, Way.BY_A_WRONG_ID_ONLY):
        server.tell(NAME, *RIGHT, way=way)
        assert (way, await ask(server, seconds=0.2)) == (way, DnsTrouble.TIMEOUT)


async def test_answers_are_bounded(server: LoopbackDns) -> None:
    """Fifty values of 1024 bytes are read, over TCP where they are many; one more, or a byte more, is refused and not cut."""
    long = (b"x" * 255,) * 4 + (b"xxxx",)
    many = tuple(b"%d" % n for n in range(50))
    table = ((many, 50), ((*many, b"50"), DnsTrouble.TOO_MANY), ((long,), 1), (((*long, b"x"),), DnsTrouble.TOO_LARGE))
    for values, expected in table:
        server.tell(NAME, *values, way=Way.CUT_OVER_UDP)
        found = await ask(server)
        assert (len(found) if isinstance(found, tuple) else found) == expected
