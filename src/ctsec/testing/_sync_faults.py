# Generated from src/ctsec/testing/_async_faults.py by tools/twin.py; edit that file.
"""A storage whose every port call is told to a probe first (async source)."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, cast

from ctsec.guard._sync_ports import GuardStore
from ctsec.storage._sync_ports import AfterCommit, Storage, Store
from ctsec.testing.probes import Probe


class _ProbedRecords:
    """One record family: every method is told to the probe, then made."""

    __slots__ = ("_family", "_probe", "_records")

    def __init__(self, records: object, *, family: str, probe: Probe) -> None:
        self._records = records
        self._family = family
        self._probe = probe

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._records, name)
        call_name = f"{self._family}.{name}"

        def call(*positional: Any, **named: Any) -> Any:
            self._probe.before(call_name)
            result = method(*positional, **named)
            self._probe.after(call_name, result)
            return result

        return call


class _ProbedStore:
    """A store or a guard store: every record family is probed, `wrote` is passed on."""

    def __init__(self, store: object, *, prefix: str, probe: Probe) -> None:
        self._store = store
        self._prefix = prefix
        self._probe = probe

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._store, name)
        if name == "wrote":
            return value
        made = self.__dict__[name] = _ProbedRecords(value, family=f"{self._prefix}{name}", probe=self._probe)
        return made


class ProbedStorage:
    """An Storage around another one that tells `probe` of every call, guard store included (`guard.proofs.consume`).

    With `FailAt(n)` it fails at the n-th call; with `Written()` it notes what wrote.
    """

    __slots__ = ("_probe", "_storage")

    def __init__(self, storage: Storage, *, probe: Probe) -> None:
        self._storage = storage
        self._probe = probe

    @property
    def guard(self) -> GuardStore:
        """The guard store, probed."""
        return cast(GuardStore, _ProbedStore(self._storage.guard, prefix="guard.", probe=self._probe))

    @contextmanager
    def begin(self, *, after_commit: AfterCommit) -> Generator[Store, None, None]:
        """Open a transaction; `begin` and `commit` are calls too."""
        self._probe.before("begin")
        with self._storage.begin(after_commit=after_commit) as store:
            yield cast(Store, _ProbedStore(store, prefix="", probe=self._probe))
            self._probe.before("commit")

    @contextmanager
    def reading(self) -> Generator[Store, None, None]:
        """Open a short read; `reading` is a call too."""
        self._probe.before("reading")
        with self._storage.reading() as store:
            yield cast(Store, _ProbedStore(store, prefix="", probe=self._probe))

    @contextmanager
    def sequencing(self) -> Generator[Store, None, None]:
        """Open a transaction of the sequencer; `sequencing` and `commit` are calls too."""
        self._probe.before("sequencing")
        with self._storage.sequencing() as store:
            yield cast(Store, _ProbedStore(store, prefix="", probe=self._probe))
            self._probe.before("commit")

    @contextmanager
    def erasing(
        self, until: Mapping[str, datetime], *, now: datetime, after_commit: AfterCommit
    ) -> Generator[tuple[Store, Mapping[str, int]], None, None]:
        """Open the transaction of an erasure; `erasing` and `commit` are calls too."""
        self._probe.before("erasing")
        with self._storage.erasing(until, now=now, after_commit=after_commit) as (store, counts):
            yield cast(Store, _ProbedStore(store, prefix="", probe=self._probe)), counts
            self._probe.before("commit")

    def join(self, session: object, *, after_commit: AfterCommit) -> Store:
        """Ride in the host's session."""
        store = self._storage.join(session, after_commit=after_commit)
        return cast(Store, _ProbedStore(store, prefix="", probe=self._probe))

    def close(self) -> None:
        """Close the storage behind."""
        self._storage.close()
