"""What listens to the port calls of a probed storage; see `ctsec.testing.faults`."""

from __future__ import annotations

from typing import Final, Protocol

from ctsec.errors import StoreError

WRITING: Final = frozenset(
    {
        "accept",
        "add",
        "add_hold",
        "advance",
        "advance_roles",
        "append",
        "append_new",
        "bump",
        "change",
        "change_membership",
        "claim",
        "clear",
        "consume",
        "customise",
        "end_expired",
        "end_of_user",
        "finish",
        "gain_owner",
        "issue",
        "lose_owner",
        "place",
        "put",
        "put_hold",
        "reminded",
        "remove",
        "remove_of_user",
        "repin",
        "replace",
        "revoke",
        "rotate",
        "start",
        "touch",
        "void",
    }
)


class Probe(Protocol):
    """Hears of every port call, named `<family>.<method>`, and of `begin`, `reading` and `commit`."""

    def before(self, call: str) -> None:
        """Hear of a call that is about to be made; what this raises, the caller gets in its place."""
        ...

    def after(self, call: str, result: object) -> None:
        """Hear of a call that returned."""
        ...


class FailAt:
    """Raises StoreError in place of the `nth` call (1 is the first); `calls` counts, so a run that made fewer calls went through."""

    __slots__ = ("calls", "failed", "nth")

    def __init__(self, nth: int) -> None:
        self.nth = nth
        self.calls = 0
        self.failed: str | None = None

    def before(self, call: str) -> None:
        """Count, and fail if it is the turn of this call."""
        self.calls += 1
        if self.calls == self.nth:
            self.failed = call
            raise StoreError(f"injected failure of call {self.nth}: {call}")

    def after(self, call: str, result: object) -> None:
        """Nothing to note."""


class Written:
    """Notes every call in `calls` and in `writes` those that wrote: named as writing, and not answered with False or 0."""

    __slots__ = ("calls", "writes")

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.writes: list[str] = []

    def before(self, call: str) -> None:
        """Note the call."""
        self.calls.append(call)

    def after(self, call: str, result: object) -> None:
        """Note the call if it wrote."""
        if call.rpartition(".")[2] in WRITING and (result is None or bool(result)):
            self.writes.append(call)
