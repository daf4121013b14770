"""Checkpoints by mail: who gets them, how often, and how one is read out of a mail that somebody kept.

Rules that this module keeps:

- a mail holds the note line by line; readers of mail put empty lines between, add words around it, and end lines in their own way, and the
  note is found all the same;
- what is found is only read: whether it counts is for whoever has the key of the log.
"""

from __future__ import annotations

import email
import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from email.policy import default
from typing import Final

from ctsec.audit.tree.checkpoint import SignedCheckpoint

LEAST: Final = timedelta(hours=1)
MAX_MAIL: Final = 1 << 20
_MOST: Final = 20
_SIGNED: Final = "\u2014 "


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointMail:
    """Who is mailed the newest checkpoint of the log of logs, `every` hour or longer, where the log has grown. Raises ValueError."""

    recipients: tuple[str, ...]
    every: timedelta = timedelta(days=1)

    def __post_init__(self) -> None:
        if not 1 <= len(set(self.recipients)) == len(self.recipients) <= _MOST:
            raise ValueError(f"expected 1 to {_MOST} different addresses for checkpoints")
        if any("@" not in each or any(unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} for c in each) for each in self.recipients):
            raise ValueError("expected mail addresses for checkpoints")
        if self.every < LEAST:
            raise ValueError("expected an hour or more between the mails of checkpoints")


def note_lines(signed: SignedCheckpoint) -> tuple[str, ...]:
    """Return the lines of a note, without the empty one."""
    return tuple(line for line in signed.stored().decode().split("\n") if line)


def checkpoint_in(data: bytes) -> SignedCheckpoint:
    """Return the checkpoint in a note, in a text around one, or in a mail (RFC 5322) with one; raise ValueError where there is none."""
    try:
        return SignedCheckpoint.read(data)
    except ValueError:
        pass
    for text in (data.decode("utf-8", "replace"), _body(data)):
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        for at, line in enumerate(lines):
            if at >= 3 and line.startswith(_SIGNED) and not lines[at - 1].startswith(_SIGNED):
                return SignedCheckpoint.read("\n".join((*lines[at - 3 : at], "", *_signatures(lines[at:]), "")).encode())
    raise ValueError("expected a checkpoint: origin, size and root, a line each, and signatures")


def _signatures(lines: list[str]) -> list[str]:
    """Return the lines up to the first that is no signature."""
    end = next((at for at, line in enumerate(lines) if not line.startswith(_SIGNED)), len(lines))
    return lines[:end]


def _body(data: bytes) -> str:
    """Return the plain text of a mail; empty where it has none that can be read."""
    found = email.message_from_bytes(data, _class=EmailMessage, policy=default).get_body(("plain",))
    try:
        return "" if found is None else str(found.get_content())
    except (LookupError, ValueError, KeyError):
        return ""
