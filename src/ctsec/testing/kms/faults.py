"""Failures on demand: which call fails, and how."""

from __future__ import annotations

import threading
from enum import StrEnum


class Fault(StrEnum):
    """What goes wrong with one call.

    The first three are answers of the service: throttled, an internal error, a body that is no JSON. Then answers that look right and are
    not: the id of another key (or of another source, when re-encrypting), a data key of 31 bytes, an answer without its fields, a
    ciphertext over 6144 bytes. Then the network: the connection is reset, or nothing comes until `Faults.release`.
    """

    THROTTLED = "throttled"
    INTERNAL_ERROR = "internal_error"
    GARBAGE = "garbage"
    WRONG_KEY_ID = "wrong_key_id"
    WRONG_SOURCE_KEY_ID = "wrong_source_key_id"
    WRONG_LENGTH = "wrong_length"
    EMPTY = "empty"
    HUGE_CIPHERTEXT = "huge_ciphertext"
    RESET = "reset"
    HANG = "hang"


class Faults:
    """The plan of failures of one stand-in; calls are counted from the moment a plan is made."""

    __slots__ = ("_always", "_lock", "_plan", "_released")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._plan: dict[int, Fault] = {}
        self._always: Fault | None = None
        self._released = threading.Event()

    def at(self, call: int, fault: Fault) -> None:
        """Let the `call`-th call from now fail, 1 being the next one; several plans add up. Raises ValueError below 1."""
        if call < 1:
            raise ValueError("expected the number of a call, from 1")
        with self._lock:
            self._released.clear()
            self._plan[call] = fault

    def always(self, fault: Fault) -> None:
        """Let every call fail from now on."""
        with self._lock:
            self._released.clear()
            self._always = fault

    def clear(self) -> None:
        """Forget every plan, and let go what hangs."""
        with self._lock:
            self._plan.clear()
            self._always = None
        self.release()

    def release(self) -> None:
        """Let the calls that hang go on; their connections are closed without an answer."""
        self._released.set()

    def take(self) -> Fault | None:
        """Return what goes wrong with the call that comes in now."""
        with self._lock:
            due = self._plan.pop(1, None)
            self._plan = {call - 1: fault for call, fault in self._plan.items()}
            return due or self._always

    def wait(self) -> None:
        """Wait until `release`; a minute at most, so that a forgotten one ends."""
        self._released.wait(60)
