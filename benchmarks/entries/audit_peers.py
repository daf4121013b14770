"""What the sealed log costs beside other libraries' logs: signledger (a chain of hashes in SQLite) and pymerkle (a Merkle tree).

Rules that this module keeps:

- the other library is the floor, in a process that has it; one that is not installed is printed, and its races are left out;
- ours is verified as a whole: bodies, columns, tiles, head, and the signatures of checkpoints; theirs without signatures, which they would
  have for every event;
- appends are transactions of their own, durable ones (`synchronous=FULL`), in wall time; ours is placed and signed later, by the sequencer.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from benchmarks.entries import audit
from benchmarks.log_peers import EACH, PEERS, all_write
from benchmarks.measure import Contestant, Race, code
from benchmarks.peer_process import peer
from ctsec.ambient import Ambient
from ctsec.audit.assurance import Assurance
from ctsec.audit.canonical import leaf_hash
from ctsec.audit.event import LogId
from ctsec.audit.record import StoredEvent
from ctsec.audit.signing import LogIdentity
from ctsec.audit.tree.frontier import Frontier
from ctsec.audit.tree.proofs import is_included
from ctsec.encryption.ed25519 import Signer
from ctsec.secret import Secret
from ctsec.security._sync_logs import Logs
from ctsec.storage.sql import SqlStorage, schema

EVENTS: Final = 20_000
LEAVES: Final = 100_000
WRITERS: Final = (1, 8)
_BATCH: Final = 1000
_FASTER: Final = 20  # times signledger's verification


def entry(peers: str, *, events: int = EVENTS, leaves: int = LEAVES) -> Iterable[Race]:
    """Return the races, over logs of so many events, and trees of so many leaves."""
    with ExitStack() as stack:
        folder, missing = Path(stack.enter_context(TemporaryDirectory())), set[str]()

        def theirs(name: str, job: str, number: int, writers: int = 1) -> Contestant | None:
            if name in missing:
                return None
            found = stack.enter_context(peer(peers, "benchmarks.log_peers", name, job, str(number), str(writers)))
            if found is None:
                missing.add(name)
            return found

        if floor := theirs("signledger", "verify", events):
            yield _verification(folder, floor, events=events)
        for writers in WRITERS:
            for name in PEERS:
                if floor := theirs(name, "append", 0, writers):
                    yield _appends(folder, floor, writers=writers)
        for job, title in _JOBS.items():
            if floor := theirs("pymerkle", job, leaves):
                yield Race(title=title.format(leaves), floor=floor, contestants=(_of_tree(job, leaves),))


def _verification(folder: Path, floor: Contestant, *, events: int) -> Race:
    url = f"sqlite:///{folder}/verified.db"
    schema.create(url)
    storage, signer = SqlStorage.from_url(url), Signer(Secret(bytes(32)))
    identity = LogIdentity(deployment="acme.example", region="default", keys=(signer.public,))
    logs = Logs(storage, signer=signer, identity=identity, ambient=Ambient())
    log = LogId(audit.ORGANIZATION)
    for first in range(0, events, _BATCH):
        with storage.sequencing() as store:
            for each in audit._stored(min(_BATCH, events - first)):
                store.inbox.append(each)
    logs.flush()

    def verify() -> float:
        begun = time.thread_time()
        (report,) = logs.verify(log=log).logs
        spent = time.thread_time() - begun
        if report.assurance is not Assurance.SIGNED or report.signed != events:
            raise RuntimeError(f"expected {events} events to hold, got {report}")
        return spent / events

    return Race(
        title=f"Verifying a log of {events:,} events in SQLite",
        floor=floor,
        contestants=(Contestant(name="bodies, columns, tiles, root, signatures", slice=verify, target=1 / _FASTER),),
        rate_unit="ev/s",
        rounds=3,
    )


def _appends(folder: Path, floor: Contestant, *, writers: int) -> Race:
    url = f"sqlite:///{folder}/appended-{writers}-{floor.name.split()[0]}.db"
    schema.create(url)
    engine, storage = create_engine(url, pool_size=writers, connect_args={"timeout": 60}), SqlStorage.from_url(url)

    def append(made: Iterator[StoredEvent]) -> None:
        with Session(engine) as session:
            storage.join(session, after_commit=lambda _: None).inbox.append(next(made))
            session.commit()

    def write() -> float:
        made = iter(audit._stored(writers * EACH))
        return all_write(lambda _: append(made), writers, EACH)

    append(iter(audit._stored(1)))  # the first of a process reads the version of the tables too
    return Race(
        title=f"Appending an event in a transaction, SQLite, {writers} {'writer' if writers == 1 else 'writers'}",
        floor=floor,
        contestants=(Contestant(name="a session with an event", slice=write),),
        rate_unit="ev/s",
        rounds=5,
    )


_JOBS: Final = {
    "make": "Making a proof of inclusion in a tree of {:,} leaves",
    "verify": "Verifying a proof of inclusion in a tree of {:,} leaves",
    "grow": "Appending a leaf to a tree of {:,} in memory",
}


def _of_tree(job: str, leaves: int) -> Contestant:
    held = audit._Held(leaves)
    index, frontier = leaves // 3, Frontier().extended(held.leaves)
    names: dict[str, object] = {
        "inclusion": held.reader.inclusion, "is_included": is_included, "leaf": held.leaves[index], "index": index, "size": leaves,
        "root": held.root, "proof": held.reader.inclusion(index, size=leaves), "frontier": frontier, "leaf_hash": leaf_hash,
    }  # fmt: skip
    statements = {
        "make": ("tiles at hand", "inclusion(index, size=size)"),
        "verify": ("ours", "is_included(leaf, index=index, size=size, root=root, proof=proof)"),
        "grow": ("leaf and frontier", "frontier.extended((leaf_hash(b'x'),))"),
    }
    name, statement = statements[job]
    return code(name, statement, names)
