# Generated from src/ctsec/security/_async_log_roots.py by tools/twin.py; edit that file.
"""Whether the sealed log still leads to a checkpoint that was kept elsewhere, out of its tiles alone (async source).

Rules that this module keeps:

- it is the log of logs that is asked: one root covers every organization's log and the deployment's own;
- a kept checkpoint is believed for its signature by the log's key, never for the place where it was kept;
- whether events still lead to their tiles is not asked: `ctsec audit verify` does that.
"""

from __future__ import annotations

from ctsec.audit._sync_tree import TreeReader
from ctsec.audit.sealing import LOG_OF_LOGS, Head
from ctsec.audit.signing import LogIdentity
from ctsec.audit.tree.checkpoint import SignedCheckpoint
from ctsec.errors import CorruptRecord
from ctsec.storage._sync_ports import Storage


class LogRoots:
    """Keeps the root of the home store's log beside something else, and compares it later."""

    __slots__ = ("_home", "_identity")

    def __init__(self, home: Storage, *, identity: LogIdentity) -> None:
        self._home = home
        self._identity = identity

    def note(self) -> str:
        """Return the note of the last signed checkpoint, to be kept; empty where nothing is signed."""
        with self._home.reading() as store:
            last = store.checkpoints.last(LOG_OF_LOGS)
        return "" if last is None else last.note.decode()

    def departure(self, kept: str) -> str:
        """Return why the log is not the one that the note `kept` was made of, empty if it is; a log may have grown since."""
        if not kept:
            return ""
        held = read_note(kept)
        if held is None or not self._identity.counts(held, log=LOG_OF_LOGS):
            return "the checkpoint that was kept is not signed by the log's key"
        with self._home.reading() as store:
            last = store.checkpoints.last(LOG_OF_LOGS)
            head = store.tree.head(LOG_OF_LOGS) or Head(log=LOG_OF_LOGS)
            said = None if last is None else self._identity.opened(last)
            if said is None:
                return "the last checkpoint of the log is missing, or not signed by its key"
            for each in (held.checkpoint, said):
                if each.size > head.size:
                    return f"the log of logs has {head.size} checkpoints, and had {each.size}"
                try:
                    frontier = TreeReader(store.tree, head=head).frontier(each.size)
                except CorruptRecord:
                    return "the log of logs lacks tiles"
                if frontier.root != each.root:
                    return f"the log of logs has another root at size {each.size}"
        return ""


def read_note(kept: str) -> SignedCheckpoint | None:
    """Return the checkpoint of a note, None if it is none."""
    try:
        return SignedCheckpoint.read(kept.encode())
    except ValueError:
        return None
