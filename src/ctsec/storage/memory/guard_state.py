"""What the guard store of the memory storage holds: every change applies at once, under one short lock, for all transactions."""

from __future__ import annotations

import threading

from ctsec.audit.record import StoredEvent
from ctsec.connections.record import StoredTokens
from ctsec.encryption.subject_key import SubjectKey
from ctsec.guard.allowance import Allowance
from ctsec.guard.attempts import Attempts
from ctsec.guard.proof import Proof, Purpose
from ctsec.ids import AppId, DekId


class GuardState:
    """The rows of the guard store; whoever reads or writes holds `lock`."""

    __slots__ = ("allowances", "app_tokens", "attempts", "events", "lock", "proofs", "seals", "steps", "subjects")

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.proofs: dict[tuple[Purpose, bytes], Proof] = {}
        self.steps: dict[str, int] = {}
        self.attempts: dict[str, Attempts] = {}
        self.allowances: dict[str, Allowance] = {}
        self.seals: dict[str, int] = {}
        self.events: dict[str, StoredEvent] = {}
        self.subjects: dict[DekId, SubjectKey] = {}
        self.app_tokens: dict[AppId, StoredTokens] = {}
