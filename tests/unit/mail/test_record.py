"""The outbox entry and the rule of its retries."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ctsec.errors import MailError
from ctsec.mail.message import Message
from ctsec.mail.record import LEASE, MAX_ATTEMPTS, delivered, leased, postponed
from ctsec.secret import SecretText
from ctsec.testing.conformance.samples import NOW, outbox_entry
from ctsec.testing.mail import AsyncRecordingMailer

ENTRY = outbox_entry(1)


def test_a_worker_takes_an_entry_for_two_minutes() -> None:
    """A lease counts the attempt, moves the due time and the version, and nothing else."""
    assert leased(ENTRY, now=NOW) == replace(ENTRY, attempts=1, due_at=NOW + LEASE, version=2)
    assert timedelta(minutes=2) == LEASE


def test_a_delivered_entry_keeps_no_text() -> None:
    """The row stays, its text goes."""
    entry = replace(leased(ENTRY, now=NOW), last_error="busy")
    assert delivered(entry, now=NOW) == replace(entry, delivered_at=NOW, payload=b"", last_error="", version=3)


def test_pauses_grow_from_half_a_minute_to_an_hour_and_end() -> None:
    """Twelve attempts with doubling pauses; after the last one the entry is given up, visibly, with its text."""
    entry, pauses = ENTRY, []
    while entry.failed_at is None:
        entry = postponed(leased(entry, now=NOW), now=NOW, error="busy")
        pauses.append(int((entry.due_at - NOW).total_seconds()))
    assert pauses == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600, 3600, 3600]
    assert entry.attempts == MAX_ATTEMPTS == 12
    assert (entry.failed_at, entry.payload, entry.last_error, entry.version) == (NOW, ENTRY.payload, "busy", 25)


def test_a_long_error_is_cut() -> None:
    """A mail server's answer takes at most 200 characters, and an entry that nobody leased waits half a minute."""
    entry = postponed(ENTRY, now=NOW, error="x" * 5000)
    assert (entry.last_error, entry.due_at, entry.failed_at) == ("x" * 200, NOW + timedelta(seconds=30), None)


async def test_a_mailer_that_is_down_raises_mail_error() -> None:
    """While it is down nothing is kept; the error may be tried again."""
    mailer = AsyncRecordingMailer()
    mailer.down = True
    made = Message(kind="notice", recipient="ann@example.com", subject="s", text=SecretText("t"))
    with pytest.raises(MailError) as failure:
        await mailer.send(made)
    assert failure.value.retryable
    assert mailer.sent == []
    mailer.down = False
    await mailer.send(made)
    assert mailer.to("ann@example.com") == (made,)
