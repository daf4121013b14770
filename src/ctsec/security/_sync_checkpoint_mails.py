# Generated from src/ctsec/security/_async_checkpoint_mails.py by tools/twin.py; edit that file.
"""Checkpoints to named addresses through the outbox, as one transaction with how far that is (async source)."""

from __future__ import annotations

from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit.anchors.anchor import FOLLOWER
from ctsec.audit.anchors.mailed import CheckpointMail, note_lines
from ctsec.audit.streams.position import Position
from ctsec.audit.tree.checkpoint import SignedCheckpoint
from ctsec.encryption._sync import KeyRing
from ctsec.mail._sync import Outbox
from ctsec.mail.checkpoint_letter import checkpoint_letter
from ctsec.mail.message import Letters
from ctsec.storage._sync_ports import AfterCommit, Storage

NAME: Final = "mail"
MAILED: Final = f"{FOLLOWER}{NAME}"


class CheckpointMails:
    """Posts the newest checkpoint to whom `mail` names; who keeps the mail can bring it to a verification."""

    __slots__ = ("_ambient", "_committed", "_letters", "_ring", "_storage", "mail")

    def __init__(
        self,
        storage: Storage,
        *,
        mail: CheckpointMail,
        ring: KeyRing,
        letters: Letters,
        committed: AfterCommit,
        ambient: Ambient,
    ) -> None:
        self.mail = mail
        self._storage = storage
        self._ring = ring
        self._letters = letters
        self._committed = committed
        self._ambient = ambient

    def post(self, newest: SignedCheckpoint, *, position: Position) -> bool:
        """Post a checkpoint and move the position, or neither: of two workers one does. Say whether it was this one."""
        said, now = newest.checkpoint, self._ambient.now()
        letter = checkpoint_letter(deployment=said.origin.split("/", 1)[0], size=said.size, lines=note_lines(newest))
        with self._storage.begin(after_commit=self._committed) as store:
            if not store.positions.put(position.moved(said.size, purged=0, now=now)):
                return False
            outbox = Outbox(store.outbox, sealer=self._ring, ambient=self._ambient)
            for recipient in self.mail.recipients:
                outbox.post(self._letters.recovery.set(recipient=recipient, **letter))
        return True
