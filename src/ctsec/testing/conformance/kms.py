"""What the suite of key services needs beside the service: the key's owner, and callers in many threads (one colour only)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol

from ctsec.encryption._sync_ports import Kms
from ctsec.testing.conformance.expect import equal, holds

_THREADS: Final = 8
_ROUNDS: Final = 8


class KekOwner(Protocol):
    """What the owner of the key does with it at its service."""

    def disable(self) -> None:
        """Switch the key off."""
        ...

    def enable(self) -> None:
        """Switch the key on."""
        ...

    def schedule_deletion(self) -> None:
        """Let the key be deleted later."""
        ...

    def cancel_deletion(self) -> None:
        """Keep the key after all; it may be switched off then."""
        ...

    def delete(self) -> None:
        """Delete the key for good."""
        ...


class KmsThreadConformance:
    """One service, used by many threads at once; the fixture is `blocking_kms`."""

    def test_threads_share_one_service(self, blocking_kms: Kms) -> None:
        """Every thread gets its own data keys back, from its own contexts, whoever calls meanwhile."""

        def work(number: int) -> list[bytes]:
            keys: list[bytes] = []
            for turn in range(_ROUNDS):
                context = f"thread {number} turn {turn}".encode()
                plaintext, wrapped = blocking_kms.generate_data_key(context)
                moved = blocking_kms.rewrap(wrapped, context, context + b" moved")
                equal(blocking_kms.unwrap(wrapped, context).reveal(), plaintext.reveal())
                equal(blocking_kms.unwrap(moved, context + b" moved").reveal(), plaintext.reveal())
                keys.append(plaintext.reveal())
            return keys

        with ThreadPoolExecutor(_THREADS) as pool:
            made = [key for keys in pool.map(work, range(_THREADS)) for key in keys]
        equal(len(set(made)), _THREADS * _ROUNDS)
        holds(len(made) == _THREADS * _ROUNDS, "every thread finishes every turn")
