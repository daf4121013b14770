"""Checkpoints with the cosignatures of witnesses, in a file: others have seen the log, and would tell if it were another one.

Rules that this module keeps:

- a line is the note of a checkpoint with all cosignatures of it so far; any line that is none is an error, and so is a cosignature that
  does not verify: a file that was damaged must not pass for a shorter one;
- cosignatures are judged again each time that the file is read, by the witnesses that are configured by then;
- a witness is asked until it has cosigned a checkpoint, with a proof from the size that it saw, and once more if it says another size;
- a log that does not grow from what a witness saw is not shown to it: that is told, and by the witness too if it is the one who finds it.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from ctsec.audit.anchors.anchor import Held
from ctsec.audit.anchors.witness import Cosigned, Witnessed, WitnessPolicy
from ctsec.audit.anchors.witness_client import Conflict, Unproved, Witness, ask
from ctsec.audit.appended import AppendedLines
from ctsec.audit.streams.posting import SECONDS
from ctsec.audit.tree.checkpoint import SignedCheckpoint
from ctsec.audit.tree.note import Note, Signature
from ctsec.audit.tree.proofs import is_consistent
from ctsec.clock import Clock, SystemClock
from ctsec.errors import DeliveryFailed
from ctsec.transport.address import check_url
from ctsec.transport.fetch import Fetcher
from ctsec.transport.report import ConnectionReport, report_https
from ctsec.transport.tls import TRANSPORT, Transport

_LOG: Final = logging.getLogger("ctsec.anchors")
MAX_LINE: Final = 128 * 1024
# What alerts look for (`ctsec.audit.alerts.signals`).
SHORTER: Final = "the log of logs is shorter than what was witnessed"
OTHER: Final = "the log of logs is another one than what was witnessed"


class WitnessKeeper:
    """Has checkpoints cosigned by `witnesses`, `quorum` of which make one witnessed, and keeps them in the file `path`.

    All are asked at once; `seconds` is how long one may take. Raises ValueError as `WitnessPolicy` does.
    """

    __slots__ = ("_clock", "_fetcher", "_file", "_kept", "_policy", "_problems", "_told", "_transport", "_witnesses")

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        witnesses: tuple[Witness, ...],
        quorum: int,
        transport: Transport = TRANSPORT,
        seconds: float = SECONDS,
        clock: Clock | None = None,
    ) -> None:
        self._policy = WitnessPolicy(tuple(each.key for each in witnesses), quorum)
        self._witnesses = witnesses
        self._file = AppendedLines(path, longest=MAX_LINE, named="the file of the witnesses", failed=DeliveryFailed)
        self._fetcher = Fetcher(seconds=seconds, transport=transport)
        self._transport = transport
        self._clock = clock or SystemClock()
        # What this process knows of the file, which it need not read each minute; who asks a witness by mistake is told its size.
        self._kept: dict[str, SignedCheckpoint] | None = None
        self._told: dict[str, int] = {}
        self._problems: dict[str, str] = {}

    def needed(self, checkpoint: SignedCheckpoint) -> frozenset[int]:
        """Return the sizes that witnesses of whom a cosignature lacks saw last; raise DeliveryFailed if the file can not be read."""
        if self._kept is None:
            self._kept = {each.name: each.checkpoint for each in self._read().seen if each.checkpoint is not None}
        self._told, self._problems = {}, {}
        return frozenset(self._size(each) for each in self._lacking(checkpoint))

    def vouch(self, checkpoint: SignedCheckpoint, *, proofs: Mapping[int, tuple[bytes, ...]]) -> frozenset[int]:
        """Ask the witnesses that have one of these sizes, and append what they cosigned; return the sizes of those who have others.

        Raises DeliveryFailed if the file can not be written.
        """
        said = checkpoint.checkpoint
        late = [each for each in self._lacking(checkpoint) if self._size(each) > said.size]
        self._problems |= {each.key.name: SHORTER for each in late}
        asked = [each for each in self._lacking(checkpoint) if self._size(each) in proofs]
        if not asked:
            return frozenset()
        known = dict(self._told)

        def one(witness: Witness) -> Signature | None:
            return self._ask(witness, checkpoint, proof=proofs[self._size(witness)])

        with ThreadPoolExecutor(len(asked), thread_name_prefix="ctsec-witness") as threads:
            found = list(threads.map(one, asked))
        self._append(checkpoint, tuple(each for each in found if each is not None))
        return frozenset(size for name, size in self._told.items() if known.get(name) != size)

    def keep(self, checkpoint: SignedCheckpoint) -> None:
        """Return if a quorum has cosigned a checkpoint; raise DeliveryFailed if not, or if a witness saw another log."""
        lacking = [each.key.name for each in self._lacking(checkpoint)]
        # What is alarming comes first: a position keeps the beginning of it.
        told = [f"{self._problems.get(name, 'not asked')} ({name})" for name in lacking]
        told.sort(key=lambda text: not text.startswith((SHORTER, OTHER)))
        done = len(self._witnesses) - len(lacking)
        if done < self._policy.quorum or (told and told[0].startswith((SHORTER, OTHER))):
            raise DeliveryFailed(f"{'; '.join(told)}; {done} witnesses cosigned, {self._policy.quorum} are needed")
        for each in told:
            _LOG.warning("a witness did not cosign: %s", each)

    def held(self) -> Held | None:
        """Return the largest checkpoint that a quorum cosigned, or else that anybody did; raise DeliveryFailed for a damaged file."""
        found = self._read()
        seen = [each.checkpoint for each in found.seen if each.checkpoint is not None]
        largest = found.checkpoint or max(seen, key=lambda each: each.checkpoint.size, default=None)
        return None if largest is None else Held(checkpoint=largest, witnessed=found)

    def connections(self) -> tuple[ConnectionReport, ...]:
        """Connect to each witness, and return what is spoken."""
        return tuple(report_https("witness", check_url(each.url), transport=self._transport) for each in self._witnesses)

    def _lacking(self, checkpoint: SignedCheckpoint) -> list[Witness]:
        """Return the witnesses that did not cosign a checkpoint."""
        kept, text = self._kept or {}, checkpoint.note.text
        return [each for each in self._witnesses if each.key.name not in kept or kept[each.key.name].note.text != text]

    def _size(self, witness: Witness) -> int:
        """Return the size that a witness has, as far as this knows."""
        name, kept = witness.key.name, self._kept or {}
        return self._told.get(name, kept[name].checkpoint.size if name in kept else 0)

    def _ask(self, witness: Witness, checkpoint: SignedCheckpoint, *, proof: tuple[bytes, ...]) -> Signature | None:
        name, said, old = witness.key.name, checkpoint.checkpoint, self._size(witness)
        before = (self._kept or {}).get(name)
        if before is not None and before.checkpoint.size == old:
            root = before.checkpoint.root
            if not is_consistent(old, size=said.size, old_root=root, root=said.root, proof=proof):
                self._problems[name] = OTHER
                return None
        try:
            return ask(self._fetcher, witness, checkpoint, old=old, proof=proof, now=self._clock.now())
        except Unproved:
            self._problems[name] = OTHER
        except DeliveryFailed as error:
            self._problems[name] = str(error)
        except Conflict as other:
            self._problems[name] = "the witness has another size each time that it is asked"
            if other.size == old:
                self._problems[name] = OTHER if old == said.size else "the witness refuses the size that it says it has"
            elif name not in self._told or other.size > said.size:
                self._told[name] = other.size
                self._problems[name] = SHORTER if other.size > said.size else "the witness has another size"
        return None

    def _append(self, checkpoint: SignedCheckpoint, found: tuple[Signature, ...]) -> None:
        """Append a checkpoint with the cosignatures that were found, and those that it had before."""
        if not found:
            return
        keys, kept = self._policy.keys, {} if self._kept is None else self._kept
        lacking = {each.key.name for each in self._lacking(checkpoint)}
        before = [(key, kept[key.name].note.signatures) for key in keys if key.name not in lacking]
        had = [next(each for each in signatures if key.is_of(each)) for key, signatures in before]
        note = Note(checkpoint.note.text, (*checkpoint.note.signatures, *had, *found))
        self._file.append(json.dumps({"note": note.stored().decode()}, ensure_ascii=False).encode() + b"\n")
        cosigned = SignedCheckpoint(checkpoint.checkpoint, note)
        self._kept = kept | dict.fromkeys(self._policy.claimed(cosigned), cosigned)

    def _read(self) -> Witnessed:
        """Return what the file has, judged; raise DeliveryFailed for a line that is no checkpoint, or does not count."""
        last: dict[str, SignedCheckpoint] = {}
        largest: SignedCheckpoint | None = None
        for signed in self._lines():
            claimed, size = self._policy.claimed(signed), signed.checkpoint.size
            last |= {name: signed for name in claimed if name not in last or size >= last[name].checkpoint.size}
            if len(claimed) >= self._policy.quorum and (largest is None or size >= largest.checkpoint.size):
                largest = signed
        now = self._clock.now()
        try:
            times = {id(each): self._policy.judged(each, now=now) for each in (*last.values(), *([largest] if largest else []))}
        except ValueError as error:
            raise DeliveryFailed(f"the file of the witnesses was damaged or changed: {error}") from None
        by = tuple(times[id(largest)]) if largest is not None else ()
        seen = [(key.name, last.get(key.name)) for key in self._policy.keys]
        return Witnessed(
            quorum=self._policy.quorum,
            seen=tuple(
                Cosigned(name, each, times[id(each)][name]) if each is not None and name in times[id(each)] else Cosigned(name)
                for name, each in seen
            ),
            checkpoint=largest if len(by) >= self._policy.quorum else None,
            by=by if len(by) >= self._policy.quorum else (),
        )

    def _lines(self) -> Iterator[SignedCheckpoint]:
        for number, line in self._file.lines():
            try:
                said: Any = json.loads(line)
                found = SignedCheckpoint.read(str(said["note"]).encode())
            except (ValueError, KeyError, TypeError):
                raise DeliveryFailed(f"line {number} of the witnesses is no checkpoint: the file was damaged or changed") from None
            yield found
