"""The ports of `ctsec.mail`, in both colours."""

from __future__ import annotations

from ctsec.mail._async_ports import (
    AsyncMailer,
    AsyncOutboxRecords,
)
from ctsec.mail._sync_ports import (
    Mailer,
    OutboxRecords,
)

__all__ = [
    "AsyncMailer",
    "AsyncOutboxRecords",
    "Mailer",
    "OutboxRecords",
]
