"""Anchors of the log of logs: its newest checkpoint, at most once a minute, and what they give back (async source).

Rules that this module keeps:

- only a checkpoint that the log's key signed is anchored, and each anchor on its own: one that fails is told and waits longer each time,
  and the others go on;
- the log of logs never gets shorter for an anchor: a smaller size than the one before is told and not anchored;
- a keeper that has others vouch gets the proofs that they need, and once more those of the sizes that they turned out to have;
- a log that stands still is told: events that wait for their index, or logs that nobody signs, for more than ten minutes;
- mails of checkpoints go by the same rules, further apart, and are posted in the transaction that says so;
- what the log is worth is computed from what the anchors give back, and never from their being configured.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._async_tree import AsyncTreeReader
from ctsec.audit.anchors._async_ports import AsyncKeeper, AsyncProvenKeeper
from ctsec.audit.anchors.anchor import EVERY, Anchor, AnchorStatus, Held
from ctsec.audit.event import LogId
from ctsec.audit.sealing import LOG_OF_LOGS
from ctsec.audit.streams.position import Position, problem_of
from ctsec.audit.tree.bundle import ProofBundle
from ctsec.audit.tree.checkpoint import SignedCheckpoint
from ctsec.errors import ConfigurationError, CtsecError, DeliveryFailed, LogInconsistent, LogStalled
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.security._async_checkpoint_mails import MAILED, NAME, AsyncCheckpointMails
from ctsec.security._async_logs import AsyncLogs
from ctsec.storage._async_ports import AsyncStorage
from ctsec.worker._async import AsyncJob

_LOG: Final = logging.getLogger("ctsec.anchors")
STALLED: Final = timedelta(minutes=10)
SHORTER: Final = "the log of logs is shorter than what was anchored; run `ctsec audit verify`"
OTHER: Final = "the log of logs is not the one that was witnessed; run `ctsec audit verify`"
JOB: Final = "anchors"


def _nothing(scopes: frozenset[str]) -> None:
    """Positions change nothing that a cache holds."""


class AsyncAnchors:
    """Anchors the log of logs of a deployment; `mails` takes its checkpoints to people."""

    __slots__ = ("_ambient", "_logs", "_mails", "_storage", "all")

    def __init__(
        self,
        storage: AsyncStorage,
        *,
        anchors: tuple[Anchor[AsyncKeeper], ...],
        logs: AsyncLogs,
        ambient: Ambient,
        mails: AsyncCheckpointMails | None = None,
    ) -> None:
        names = [*(each.name for each in anchors), *([NAME] if mails is not None else [])]
        if len(set(names)) != len(names):
            raise ConfigurationError(f"expected anchors with different names, none of them `{NAME}` beside mails of checkpoints")
        self._mails = mails
        self.all = anchors
        self._storage = storage
        self._logs = logs
        self._ambient = ambient

    def jobs(self) -> tuple[AsyncJob, ...]:
        """Return the job of the worker, where there is an anchor."""
        return (AsyncJob(name=JOB, every=EVERY, work=self.run_due),) if self.all or self._mails is not None else ()

    async def run_due(self) -> int:
        """Let each anchor keep the newest checkpoint, unless it has it; return how many took one.

        Raises LogInconsistent if the newest checkpoint does not count, and LogStalled after everything if the log stands still.
        """
        newest = await self._logs.checkpoint(LOG_OF_LOGS)
        if newest is not None and not self._logs.identity.counts(newest, log=LOG_OF_LOGS):
            raise LogInconsistent("the last checkpoint of the log of logs is not signed by its key; run `ctsec audit verify`")
        taken = 0 if newest is None else sum([await self._anchor(each, newest) for each in self.all])
        taken += newest is not None and await self._mail(newest)
        standing = await self._logs.status()
        if standing.oldest is not None and standing.oldest < self._ambient.now() - STALLED:
            raise LogStalled("events wait for their index for more than ten minutes: no anchor covers them")
        return taken

    async def status(self) -> tuple[AnchorStatus, ...]:
        """Return how far each anchor is."""
        newest = await self._logs.checkpoint(LOG_OF_LOGS)
        size = 0 if newest is None else newest.checkpoint.size
        found: list[AnchorStatus] = []
        names = {each.name: each.follower for each in self.all} | ({NAME: MAILED} if self._mails is not None else {})
        for name, follower in names.items():
            at = await self._position(follower)
            found.append(AnchorStatus(name=name, anchored=at.next, size=size, at=at.moved_at, failures=at.failures, problem=at.problem))
        return tuple(found)

    async def held(self) -> tuple[tuple[str, Held | None, str], ...]:
        """Ask each anchor what it holds: its name, the checkpoint of the largest size, and why there is none to be had."""
        found: list[tuple[str, Held | None, str]] = []
        for each in self.all:
            try:
                found.append((each.name, await each.keeper.held(), ""))
            except CtsecError as error:
                found.append((each.name, None, f"{error.code}: {error}"))
        if self._mails is not None:
            found.append((NAME, None, ""))
        return tuple(found)

    async def witnessed(self, log: LogId, *, size: int | None = None) -> Outcome[ProofBundle]:
        """Return the proof that the checkpoint of a log (the last one, or that of `size`) stands in what a quorum of witnesses cosigned.

        Its checkpoint has their cosignatures, and its entry is the note of the log's. Refused with NOT_FOUND until there is one. Raises
        LogInconsistent where the log of logs is not the one that was witnessed.
        """
        seen = [found.witnessed.checkpoint for _, found, _ in await self.held() if found is not None and found.witnessed is not None]
        largest = max((each for each in seen if each is not None), key=lambda each: each.checkpoint.size, default=None)
        async with self._storage.reading() as store:
            last = await store.checkpoints.last(log)
            found = (last,) if size is None else await store.checkpoints.page(log, after=size - 1, limit=1)
            chosen = next((each for each in found if each is not None and size in {None, each.size}), None)
            head = await store.tree.head(LOG_OF_LOGS)
            covered = largest is not None and chosen is not None and (chosen.number or 0) < largest.checkpoint.size
            if largest is None or chosen is None or chosen.number is None or head is None or not covered:
                return Refusal(Reason.NOT_FOUND, "no quorum of witnesses has cosigned what covers this checkpoint")
            if largest.checkpoint.size > head.size:
                raise LogInconsistent(OTHER)
            hashes = await AsyncTreeReader(store.tree, head=head).inclusion(chosen.number, size=largest.checkpoint.size)
        proof = ProofBundle(chosen.number, hashes, largest)
        if not any(proof.shows(chosen.note, public=key) for key in self._logs.identity.keys):
            raise LogInconsistent(OTHER)
        return proof

    async def _anchor(self, anchor: Anchor[AsyncKeeper], newest: SignedCheckpoint) -> bool:
        position, now, size = await self._position(anchor.follower), self._ambient.now(), newest.checkpoint.size
        if not position.is_due(now) or size == position.next or (size > position.next and _is_early(position, anchor.every, now=now)):
            return False
        problem = SHORTER if size < position.next else await self._keep(anchor, newest)
        after = position.failed(problem, now=now) if problem else position.moved(size, purged=0, now=now)
        async with self._storage.begin(after_commit=_nothing) as store:
            return await store.positions.put(after) and not problem

    async def _mail(self, newest: SignedCheckpoint) -> bool:
        if self._mails is None:
            return False
        position, now, size = await self._position(MAILED), self._ambient.now(), newest.checkpoint.size
        if not position.is_due(now) or size == position.next:
            return False
        if size > position.next:
            if _is_early(position, self._mails.mail.every, now=now):
                return False
            return await self._mails.post(newest, position=position)
        async with self._storage.begin(after_commit=_nothing) as store:
            await store.positions.put(position.failed(SHORTER, now=now))
        return False

    async def _keep(self, anchor: Anchor[AsyncKeeper], newest: SignedCheckpoint) -> str:
        try:
            if isinstance(anchor.keeper, AsyncProvenKeeper):
                await self._vouched(anchor.keeper, newest)
            await anchor.keeper.keep(newest)
        except Exception as error:  # noqa: BLE001 - a mistake in one anchor must not stop the others
            if not isinstance(error, CtsecError):
                _LOG.exception("the anchor %s failed", anchor.name)
            return problem_of(error)
        return ""

    async def _vouched(self, keeper: AsyncProvenKeeper, newest: SignedCheckpoint) -> None:
        """Let a keeper have a checkpoint vouched for, with a proof from each size that it needs; it is asked twice."""
        needed = await keeper.needed(newest)
        for _ in range(2):
            if not needed:
                break
            needed = await keeper.vouch(newest, proofs=await self._proofs(needed, newest.checkpoint.size))

    async def _proofs(self, sizes: frozenset[int], size: int) -> dict[int, tuple[bytes, ...]]:
        """Return proofs that the log of logs at `size` grew from each of these sizes, as far as there are some."""
        last = await self._logs.checkpoint(LOG_OF_LOGS) if max(sizes) > size else None
        if last is not None and last.checkpoint.size > size:
            raise DeliveryFailed("the log of logs grew meanwhile, and is shown again")
        found = {each: await self._logs.extend(each, log=LOG_OF_LOGS, size=size) for each in sizes if each <= size}
        return {each: extension[1] for each, extension in found.items() if extension is not None}

    async def _position(self, follower: str) -> Position:
        async with self._storage.reading() as store:
            found = await store.positions.get(follower, LOG_OF_LOGS)
        return found or Position(follower=follower, log=LOG_OF_LOGS)


def _is_early(position: Position, every: timedelta, *, now: datetime) -> bool:
    """Say whether an anchor took one less than `every` ago; half a minute does not count, for the job itself comes once a minute."""
    return position.moved_at is not None and now < position.moved_at + every - EVERY / 2
