"""What verifying one SAML response costs, in the three ways in which providers sign, beside other libraries on the same message.

Rules that this module keeps:

- the floor is another library, in a process of its own in an environment of its own; where it is not installed, the floor is the bare
  arithmetic: the RSA verification and the SHA-256 of what is signed;
- both are given the field of the form and end with the name and the attributes; settings and keys are kept;
- time is that of the whole process, since ctsec reads a message in a thread of its own, and of the programs that pysaml2 starts.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.measure import Contestant, Race, Slice
from benchmarks.peer_process import NOT_INSTALLED
from benchmarks.saml_peers import XMLSEC1, Told, slice_of

ROOT = Path(__file__).resolve().parents[2]
STYLES = ("assertion", "response", "both")
TARGETS = {"python3-saml": 0.25, "pysaml2": 0.02}
ROUNDS = {"python3-saml": 25, "pysaml2": 9}


@dataclass(frozen=True, slots=True)
class _Stage:
    """A message, what verifies it here, and what a peer is told of it."""

    ours: Slice
    bare: Contestant
    told: Told


def entry(peers: str) -> Iterable[Race]:
    """Return a race for each way of signing and each library; `peers` is the interpreter to ask if there is none for SAML."""
    return races(judges_python() or peers)


def races(judges: str) -> Iterator[Race]:
    """Yield the races against the libraries that an interpreter finds."""
    for style in STYLES:
        stage = _stage(style)
        for name, target in TARGETS.items():
            with _peer(judges, name, stage.told) as peer:
                ours = Contestant(name="ctsec", slice=stage.ours, target=target)
                title = f"verify one response, {style} signed"
                yield Race(title=title, floor=peer or stage.bare, contestants=(ours,), rounds=ROUNDS[name])


def judges_python() -> str | None:
    """Return the interpreter beside this one that `make bench` puts the other libraries of SAML into, None if it did not."""
    beside = Path(os.environ.get("CTSEC_SAML_PEERS", Path(sys.prefix) / "saml" / "bin" / "python"))
    return str(beside) if beside.exists() else None


def xmlsec1() -> str:
    """Return the program that pysaml2 starts; empty if there is none."""
    unpacked = Path("/opt/xmlsec1/usr/bin/xmlsec1")
    return str(unpacked) if unpacked.exists() else shutil.which("xmlsec1") or ""


def _stage(style: str) -> _Stage:
    import hashlib

    from ctsec.sso.saml import SentRequest, Trust, VerifiedAssertion, verify
    from ctsec.sso.saml.algorithms import RSA_SHA256
    from ctsec.testing.saml import SamlAnswer, SamlKey, Signed, answer

    pair, now = SamlKey.generate(), datetime.now(UTC)
    signer, key = pair.signer(), pair.trusted()
    sent = SentRequest(id="_request-1", sent_at=now)
    trust = Trust(
        connection="c", issuer="https://idp.example/saml", audience="https://sp.example/saml", acs_url="https://sp.example/acs", keys=(key,)
    )
    said = SamlAnswer(
        issuer=trust.issuer, audience=trust.audience, acs_url=trust.acs_url, now=now, request=sent.id, person="ann@acme.example",
        attributes={"email": ["ann@acme.example"], "groups": ["staff", "sales"]}, life=timedelta(hours=12),
    )  # fmt: skip
    field = answer(said, key=signer, style=Signed(style))
    found = verify(field, trust=trust, request=sent, now=now)
    if not isinstance(found, VerifiedAssertion):
        raise RuntimeError(f"expected the message to be accepted, and it was {found.reason}")  # noqa: TRY004 - no type is wrong
    message = os.urandom(2_000)
    signature = signer.sign(message)
    bare = Contestant(
        name="RSA and SHA-256 alone",
        slice=lambda: slice_of(lambda: (hashlib.sha256(message), key.verifies(message, signature, RSA_SHA256))),
    )
    told: Told = {
        "field": field,
        "issuer": trust.issuer,
        "audience": trust.audience,
        "acs_url": trust.acs_url,
        "certificates": [pair.certificate],
        "request": sent.id,
        "now": None,
        "key": "",
        "opener": "",
        "sha1": False,
    }
    return _Stage(lambda: slice_of(lambda: verify(field, trust=trust, request=sent, now=now)), bare, told)


@contextmanager
def _peer(python: str, name: str, told: Told) -> Iterator[Contestant | None]:
    """Run another library in a process for as long as it takes; None if it is not installed, which is printed."""
    command, environment = [python, "-P", "-m", "benchmarks.saml_peers", name], {**os.environ, "PYTHONPATH": str(ROOT), XMLSEC1: xmlsec1()}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment) as child:
        if child.stdin is None or child.stdout is None:
            raise RuntimeError("expected pipes to the process of a peer")
        asked, answers = child.stdin, child.stdout
        print(json.dumps(told), file=asked, flush=True)
        version = answers.readline().strip()

        def ask() -> float:
            print(file=asked, flush=True)
            return float(answers.readline())

        yield Contestant(name=f"{name} {version}", slice=ask) if version else None
        asked.close()
    if not version:
        why = "not installed" if child.returncode == NOT_INSTALLED else f"ended with {child.returncode}"
        print(f"{name}: {why} in {python}", file=sys.stderr, flush=True)
