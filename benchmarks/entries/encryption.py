"""What sealing costs beside raw AES-GCM: managed blobs of both suites, streams, and other libraries on the same sizes.

Rules that this module keeps:

- the floor is `cryptography`'s AESGCM: an object that is kept, 12 random bytes, 32 bytes of associated data; nothing is joined or cut;
- a contestant seals and opens once for each call, under a key that is kept, in a context that was built before;
- the other libraries are each in a process of their own, in the environment of the peers, and are timed there in turn with the floor here;
- every process has malloc's thresholds of one that has run for a while: the floor is the one without page faults.
"""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from datetime import UTC, datetime

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from benchmarks.encryption_peers import PEERS, PIECE, once, settle
from benchmarks.measure import Contestant, Race, code
from benchmarks.peer_process import peer
from ctsec.encryption import Context, DataKey, StreamOpener, StreamSealer, Suite, open_blob, seal
from ctsec.ids import DekId, OrganizationId, new_id
from ctsec.secret import Secret

MODULE = "benchmarks.encryption_peers"
MIB = 1024 * 1024
STREAM = 16 * MIB
# size in bytes -> its name, and the targets of the default and the strict suite
SIZES = {64: ("64 B", 2.0, 4.8), 4096: ("4 KiB", 1.6, 3.3), MIB: ("1 MiB", 1.15, None)}
AES_SDK = "aws-encryption-sdk, cached, committing"


def entry(peers: str) -> Iterable[Race]:
    """Return the races; `peers` is the interpreter that finds the other libraries."""
    settle()
    for size in SIZES:
        with ExitStack() as running:
            yield _round_trip(
                size, [found for name in PEERS if (found := running.enter_context(peer(peers, MODULE, name, "round_trip", str(size))))]
            )
    with ExitStack() as running:
        sdk = {job: running.enter_context(peer(peers, MODULE, AES_SDK, job, str(STREAM))) for job in ("seal_stream", "open_stream")}
        yield from _streams(sdk["seal_stream"], sdk["open_stream"])


def _key(suite: Suite = Suite.DEFAULT) -> DataKey:
    # the benchmark runs longer than a key may seal by default
    most = 1 << (32 if suite is Suite.DEFAULT else 48)
    dek_id = new_id(DekId, now=datetime.now(UTC), random=os.urandom)
    return DataKey(dek_id, material=Secret(os.urandom(32)), suite=suite, max_messages=most)


def _context() -> Context:
    organization = new_id(OrganizationId, now=datetime.now(UTC), random=os.urandom)
    return Context(organization=organization, purpose="column", table="servers", row="42", field="password")


def _round_trip(size: int, peers: list[Contestant]) -> Race:
    label, default, strict = SIZES[size]
    names: dict[str, object] = {"m": os.urandom(size), "x": _context(), "u": os.urandom, "seal": seal, "open_blob": open_blob}
    names |= {"d": _key(), "s": _key(Suite.STRICT), "f": Fernet(Fernet.generate_key())}
    aead = AESGCM(os.urandom(32))
    names |= {"e": aead.encrypt, "o": aead.decrypt, "a": os.urandom(32)}
    ours = "open_blob(seal(m, key={0}, context=x, random=u), key={0}, context=x)"
    return Race(
        title=f"encrypt and decrypt {label}, with a context",
        floor=code("raw AESGCM", "n = u(12); o(n, e(n, m, a), a)", names),
        contestants=(
            code("managed blob, default suite", ours.format("d"), names, target=default),
            code("managed blob, strict suite", ours.format("s"), names, target=strict),
            code("Fernet, no context", "f.decrypt(f.encrypt(m))", names),
            *peers,
        ),
    )


def _streams(sealing: Contestant | None, opening: Contestant | None) -> Iterable[Race]:
    key, context, message = _key(), _context(), os.urandom(STREAM)
    sealer = StreamSealer(key=key, context=context, random=os.urandom)
    sealed = bytes(sealer.update(message) + sealer.finish())
    aead, nonce = AESGCM(os.urandom(32)), os.urandom(12)
    whole = aead.encrypt(nonce, message, None)

    def seal_in_pieces() -> None:
        sealer = StreamSealer(key=key, context=context, random=os.urandom)
        _pour(message, sealer.update, sealer.finish)

    def open_in_pieces() -> None:
        opener = StreamOpener(key=key, context=context)
        _pour(sealed, opener.update, opener.finish)

    figures = (
        f"16 MiB in pieces of 256 KiB; at most {_peak(seal_in_pieces)} and {_peak(open_in_pieces)} KiB of memory for sealing and opening"
    )
    for verb, floor, work, other in (
        ("seal", lambda: aead.encrypt(nonce, message, None), seal_in_pieces, sealing),
        ("open", lambda: aead.decrypt(nonce, whole, None), open_in_pieces, opening),
    ):
        yield Race(
            title=f"{verb} a stream of {figures}",
            floor=_one("raw AESGCM, all at once", floor),
            contestants=(_one(f"stream, {verb}", work, target=2.0), *([other] if other else [])),
            rounds=15,
        )


def _one(name: str, work: Callable[[], object], *, target: float | None = None) -> Contestant:
    return Contestant(name=name, slice=lambda: once(work), target=target)


def _pour(data: bytes, update: Callable[[memoryview], object], finish: Callable[[], object]) -> None:
    view = memoryview(data)
    for place in range(0, len(view), PIECE):
        update(view[place : place + PIECE])
    finish()


def _peak(work: Callable[[], object]) -> int:
    """Return the KiB that a call has at most, beside what was there before."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1] // 1024
    finally:
        tracemalloc.stop()
