"""Mailers that keep what they are given, in both colours."""

from __future__ import annotations

from ctsec.testing._async_mail import AsyncRecordingMailer
from ctsec.testing._sync_mail import RecordingMailer

__all__ = ["AsyncRecordingMailer", "RecordingMailer"]
