"""The fuzz of SAML, as long as one wants: `PYTHONPATH=. python -P -m tests.saml_attacks.fuzzing [--seconds N] [--seed N] [--keep DIR]`.

A line each minute and one at the end say how many messages there were, what was raised, what the slowest took to verify in milliseconds of
CPU, and how the process grew. What raised, let somebody else in or was too slow is kept in the folder, a file each.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Final

from lxml import etree

from ctsec.jose.rejection import Rejected
from ctsec.sso.saml import LogoutRequest, LogoutResponse, Posted, ProviderDocument, Redirected, VerifiedAssertion, parse_provider, verify
from ctsec.sso.saml import verify_logout_request as on_request
from ctsec.sso.saml import verify_logout_response as on_response
from ctsec.sso.saml.apart import apart
from ctsec.sso.saml.wire import deflate
from ctsec.testing.saml import build, seal
from tests.saml_attacks.kit import FAMILIES, family
from tests.saml_attacks.stage import ASSERTION, NOW, PERSON, REQUEST, SIGNER, STYLES, TOLD, TRUST, text, tree
from tests.saml_attacks.structure import EVIL

SLOW: Final = 50.0  # milliseconds of CPU for one message
WARM: Final = 2_000  # messages until the process has what it keeps
_SUSPECT: Final = 10.0
_RESIGNED: Final = 5  # one message of so many is signed by the provider after it was changed
_TRIES: Final = 20  # most changes leave no XML that anybody could sign
PEOPLE: Final = frozenset({PERSON, EVIL, "two words"})
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


def read(data: bytes) -> bool:
    """Give a document to every reader; return whether somebody was let in; raise if one answers what it must not."""
    field = base64.b64encode(data).decode()
    found = verify(field, trust=TRUST, request=REQUEST, now=NOW)
    assert isinstance(found, Rejected) or (isinstance(found, VerifiedAssertion) and found.name_id.value in PEOPLE), found
    assert isinstance(parse_provider(data, now=NOW), Rejected | ProviderDocument)
    query = f"SAMLRequest={deflate(data[:200])}&SigAlg=x&Signature=y"
    for arrived in (Posted(field), Redirected(query), Redirected(data[:300].decode("latin-1"))):
        assert isinstance(on_request(arrived, trust=TRUST, now=NOW), Rejected | LogoutRequest)
        assert isinstance(on_response(arrived, trust=TRUST, request=REQUEST, now=NOW), Rejected | LogoutResponse)
    return isinstance(found, VerifiedAssertion)


def resigned(random: Random) -> bytes | None:
    """Return a message that was changed before the provider signed it, None if no message came of it.

    So what is read behind a signature is met. The name and the identifiers are left alone: who comes out is whom the provider named.
    """
    changed = mutated(text(build(TOLD)), text(build(TOLD)), random)
    try:
        root = tree(changed)
        if root.find(ASSERTION) is None or root.get("ID") is None or root.find(ASSERTION).get("ID") is None:
            return None
        return seal(root, key=SIGNER, style=random.choice(STYLES))
    except (etree.LxmlError, ValueError, LookupError):
        return None
    except Exception as error:  # the signer is ours as well, and refuses what it can not canonicalize
        if type(error).__name__ == "Unacceptable":
            return None
        raise


def readable(data: bytes) -> bool:
    """Give a document that the provider signed to the verifier; return whether somebody was let in, whoever it was that it named."""
    return isinstance(verify(base64.b64encode(data).decode(), trust=TRUST, request=REQUEST, now=NOW), VerifiedAssertion)


@dataclass
class Report:
    """What a fuzz has met so far."""

    keep: Path | None = None
    messages: int = 0
    signed: int = 0
    let_in: int = 0
    raised: int = 0
    slow: int = 0
    slowest: float = 0.0
    warm: int = 0
    size: int = 0
    seconds: float = 0.0
    kept: set[str] = field(default_factory=set[str])

    def line(self) -> str:
        """Return it as text."""
        rate = self.messages / max(self.seconds, 0.001)
        grown = self.size - self.warm if self.warm else 0
        return (
            f"{self.seconds:.0f} s of CPU, {self.messages:,} messages ({rate:.0f} a second, {self.signed:,} signed anew, "
            f"{self.let_in:,} let in), raised {self.raised}, slower than {SLOW:.0f} ms {self.slow}, slowest {self.slowest:.1f} ms, "
            f"{self.size / 1024:.1f} MiB, grown by {grown / 1024:.1f} MiB since message {WARM:,}"
        )

    def problems(self) -> list[str]:
        """Return what must not be."""
        grown = bool(self.warm) and self.size > self.warm * 1.1
        found = {"raised": self.raised > 0, "slow": self.slow > 0, "grown": grown, "too few messages": self.messages < WARM}
        return [name for name, there in found.items() if there]

    def take(self, data: bytes, reading: Callable[[bytes], bool]) -> None:
        """Read a message, and note what came of it."""
        self.messages += 1
        try:
            self.let_in += reading(data)
        except Exception as error:
            self.raised += 1
            self._put("raised", data, repr(error))
            return
        text = base64.b64encode(data).decode()
        took = _timed(text)
        if took > _SUSPECT:
            took = min(took, *(_timed(text) for _ in range(4)))  # what else the machine did is not the message's
        self.slowest = max(self.slowest, took)
        if took > SLOW:
            self.slow += 1
            self._put("slow", data, f"{took:.1f} ms")

    def _put(self, kind: str, data: bytes, what: str) -> None:
        name = f"{kind}-{hashlib.sha256(data).hexdigest()[:16]}"
        print(f"{name}: {what}", flush=True)
        if self.keep is not None and len(self.kept) < 100:
            self.kept.add(name)
            (self.keep / name).write_bytes(data)


def fuzz(*, seconds: float, seed: int, keep: Path | None = None, each_minute: Callable[[Report], Any] = lambda _: None) -> Report:
    """Change and read messages for so many seconds of CPU of this process."""
    random, kept, report = Random(seed), seeds(), Report(keep)
    begun = said = time.process_time()
    while (now := time.process_time()) - begun < seconds:
        again = _TRIES if random.randrange(_RESIGNED) == 0 else 0
        made = next((each for each in (apart(partial(resigned, random)) for _ in range(again)) if each is not None), None)
        report.signed += made is not None
        if made is None:
            report.take(mutated(random.choice(kept), random.choice(kept), random), read)
        else:
            report.take(made, readable)
        report.seconds = now - begun
        if report.messages == WARM:
            report.warm = _size()
        if now - said >= 60:
            said, report.size = now, _size()
            each_minute(report)
    report.seconds, report.size = time.process_time() - begun, _size()
    return report


def _timed(field: str) -> float:
    """Return the CPU of the process that one verification takes, in milliseconds: the verifier reads in a thread of its own."""
    start = time.process_time()
    verify(field, trust=TRUST, request=REQUEST, now=NOW)
    return (time.process_time() - start) * 1000


def _size() -> int:
    """Return what the process has in memory, in KiB."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 1024


def main() -> int:
    """Fuzz, and end with 1 if there was a problem."""
    parser = argparse.ArgumentParser(description="fuzz the readers of SAML")
    parser.add_argument("--seconds", type=float, default=3600, help="CPU seconds (3600)")
    parser.add_argument("--seed", type=int, default=time.time_ns(), help="of the mutations (another each time)")
    parser.add_argument("--keep", type=Path, help="a folder for messages that something was wrong with")
    chosen = parser.parse_args()
    print(f"seed {chosen.seed}", flush=True)
    report = fuzz(seconds=chosen.seconds, seed=chosen.seed, keep=chosen.keep, each_minute=lambda found: print(found.line(), flush=True))
    print("ended:", report.line(), ", ".join(report.problems()) or "no problem", flush=True)
    return 1 if report.problems() else 0


if __name__ == "__main__":
    sys.exit(main())
