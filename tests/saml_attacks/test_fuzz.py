"""Messages that nobody thought of: whatever is done to a message, the verifier answers, quickly enough, and lets nobody else in."""

from __future__ import annotations

import base64
import os
import resource
import time
from collections.abc import Callable
from random import Random
from typing import Final

import pytest

from ctsec.jose.rejection import Rejected
from ctsec.sso.saml import LogoutRequest, LogoutResponse, Posted, ProviderDocument, Redirected, VerifiedAssertion, parse_provider, verify
from ctsec.sso.saml import verify_logout_request as on_request
from ctsec.sso.saml import verify_logout_response as on_response
from ctsec.sso.saml.wire import deflate
from tests.saml_attacks.kit import FAMILIES, family
from tests.saml_attacks.stage import NOW, PERSON, REQUEST, TRUST
from tests.saml_attacks.structure import EVIL

SOAK: Final = bool(os.environ.get("CTSEC_SOAK"))
ROUNDS: Final = 300
SECONDS: Final = float(os.environ.get("CTSEC_SOAK_SECONDS", "3600"))
SLOW: Final = 0.05
TOKENS: Final = (
    *(b"<!--", b"-->", b"<![CDATA[", b"]]>", b"<?xml ?>", b"<!DOCTYPE x [", b"&lt;", b"&#0;", b"\x00", b"\xff", b"=", b" ", b"#"),
    *(b"xmlns=''", b"xmlns:a='b'", b"ID='_assertion-1'", b"xml:id='x'", b"9" * 40, b"<" * 50, b"<x>" * 60, b"admin@acme.example"),
    *(b"<saml:Assertion>", b"</saml:Assertion>", b"<ds:Signature>", b"</ds:SignedInfo>", b"<ds:Transform/>", b"2026-11-29T12:00:00Z"),
)


def seeds() -> list[bytes]:
    """Return the documents of the kit that are of moderate size."""
    made = []
    for name in FAMILIES:
        for case in family(name):
            try:
                made.append(base64.b64decode(case.message, validate=True))
            except ValueError:
                continue
    return [each for each in made if len(each) < 20_000]


def mutated(data: bytes, other: bytes, random: Random) -> bytes:
    """Return a document with one to four changes."""
    for _ in range(random.randint(1, 4)):
        place, length = random.randrange(len(data) + 1), random.randint(1, 1 << random.randint(0, 9))
        match random.randrange(7):
            case 0:
                data = data[:place] + bytes([random.randrange(256)]) + data[place + 1 :]
            case 1:
                data = data[:place] + data[place + length :]
            case 2:
                data = data[:place] + data[place : place + length] + data[place:]
            case 3:
                data = data[:place] + random.choice(TOKENS) + data[place:]
            case 4:
                start = random.randrange(len(other) + 1)
                data = data[:place] + other[start : start + length] + data[place:]
            case 5:
                tags = data.split(b"<")
                one, two = random.randrange(len(tags)), random.randrange(len(tags))
                tags[one], tags[two] = tags[two], tags[one]
                data = b"<".join(tags)
            case _:
                tags = data.split(b">")
                del tags[random.randrange(len(tags))]
                data = b">".join(tags)
    return data


def read(data: bytes) -> None:
    """Give a document to every reader; raise if one answers what it must not."""
    field = base64.b64encode(data).decode()
    found = verify(field, trust=TRUST, request=REQUEST, now=NOW)
    assert isinstance(found, Rejected) or (isinstance(found, VerifiedAssertion) and found.name_id.value in {PERSON, EVIL, "two words"}), (
        found
    )
    assert isinstance(parse_provider(data, now=NOW), Rejected | ProviderDocument)
    query = f"SAMLRequest={deflate(data[:200])}&SigAlg=x&Signature=y"
    for arrived in (Posted(field), Redirected(query), Redirected(data[:300].decode("latin-1"))):
        assert isinstance(on_request(arrived, trust=TRUST, now=NOW), Rejected | LogoutRequest)
        assert isinstance(on_response(arrived, trust=TRUST, request=REQUEST, now=NOW), Rejected | LogoutResponse)


@pytest.mark.proves("GHSA-hwqm-qvj9-4jr2")
def test_mutated_messages_are_answered() -> None:
    """Some hundred mutations of the kit, encrypted ones included, are answered with a rejection or with whom the provider signed."""
    random, kept = Random(8), seeds()
    for _ in range(ROUNDS):
        read(mutated(random.choice(kept), random.choice(kept), random))


if SOAK:

    @pytest.mark.slow
    def test_no_crash_no_slowness_no_growth() -> None:
        """For CTSEC_SOAK_SECONDS of CPU no mutation raises, takes more than 50 ms of CPU to verify, or makes the process grow."""
        random, kept = Random(time.time_ns()), seeds()
        begun, size, count = time.process_time(), 0, 0
        while time.process_time() - begun < SECONDS:
            data = mutated(random.choice(kept), random.choice(kept), random)
            read(data)
            field = base64.b64encode(data).decode()
            took = min(_timed(lambda field=field: verify(field, trust=TRUST, request=REQUEST, now=NOW)) for _ in range(3))  # type: ignore[misc]
            assert took < SLOW, (took, data)
            count += 1
            if count == 2_000:
                size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        assert count > 2_000
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < size * 1.1


def _timed(work: Callable[[], object]) -> float:
    start = time.thread_time()
    work()
    return time.thread_time() - start
