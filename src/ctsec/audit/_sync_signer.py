# Generated from src/ctsec/audit/_async_signer.py by tools/twin.py; edit that file.
"""Signing where a log stands (async source)."""

from __future__ import annotations

from datetime import datetime

from ctsec.audit._sync_ports import CheckpointRecords, LogSigner, TreeRecords
from ctsec.audit._sync_tree import TreeReader
from ctsec.audit.event import LogId
from ctsec.audit.sealing import CheckpointRecord, Head
from ctsec.audit.signing import LogIdentity
from ctsec.audit.tree.checkpoint import Checkpoint, SignedCheckpoint
from ctsec.audit.tree.frontier import Frontier
from ctsec.errors import LogInconsistent

_PAGE = 4096


class CheckpointMaker:
    """Makes checkpoints of logs, each only after the log was seen to be the one that was signed before, grown by what came since."""

    __slots__ = ("_identity", "_signer")

    def __init__(self, signer: LogSigner, *, identity: LogIdentity) -> None:
        self._signer = signer
        self._identity = identity

    def make(self, log: LogId, *, tree: TreeRecords, checkpoints: CheckpointRecords, now: datetime) -> CheckpointRecord | None:
        """Return a signed checkpoint of where a log stands, None if its last one says the same or there is nothing to sign.

        Raises LogInconsistent if the last checkpoint does not count, if the leaves since then do not lead from its root to the head, or
        if the tiles lead to another root.
        """
        last = checkpoints.last(log)
        head = tree.head(log)
        if head is None or (head.size == 0 and last is None):
            return None
        if not self._identity.has(log):
            raise LogInconsistent(f"no log has such a name: {log!r}, so it is not signed; what wrote events under it?")
        before = self._signed(last, head=head, tree=tree)
        edge = head.edge()
        if self._grown(before, head=head, tree=tree) != edge:
            raise LogInconsistent(f"the events of the log {log} since size {before.size} do not lead to its head; run `ctsec audit verify`")
        if TreeReader(tree, head=head).frontier(head.size) != edge:
            raise LogInconsistent(f"the tiles of the log {log} do not lead to its head; run `ctsec audit verify`")
        if last is not None and last.size == head.size:
            return None
        checkpoint = Checkpoint(origin=self._identity.origin(log), size=head.size, root=edge.root)
        signature = self._signer.sign(checkpoint.text().encode())
        signed = SignedCheckpoint.made(checkpoint, key=self._identity.verifier(log), signature=signature)
        return CheckpointRecord(log=log, size=head.size, root=edge.root, note=signed.stored(), signed_at=now)

    def _signed(self, last: CheckpointRecord | None, *, head: Head, tree: TreeRecords) -> Frontier:
        """Return the frontier that the last checkpoint covers, out of the tiles; its root is the signed one."""
        if last is None:
            return Frontier()
        said = self._identity.opened(last)
        if said is None:
            raise LogInconsistent(
                f"the last checkpoint of the log {head.log} is of another origin or key, or was changed; if the key or the name of the"
                " deployment was replaced, name the former key or give the name back"
            )
        if said.size > head.size:
            raise LogInconsistent(f"the log {head.log} has fewer events than were signed for; run `ctsec audit verify`")
        before = TreeReader(tree, head=head).frontier(said.size)
        if before.root != said.root:
            raise LogInconsistent(f"the log {head.log} is not the one that was signed at size {said.size}; run `ctsec audit verify`")
        return before

    def _grown(self, before: Frontier, *, head: Head, tree: TreeRecords) -> Frontier:
        """Return the frontier after the leaves that came since, as far as they are there."""
        grown = before
        while grown.size < head.size:
            leaves = tree.leaves(head.log, first=grown.size, end=min(grown.size + _PAGE, head.size))
            if not leaves:
                break
            grown = grown.extended(leaves)
        return grown
