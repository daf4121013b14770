"""Exports of a log: what one is of, and its record; `ctsec.security._async_export_file` writes the file (async source).

Rules that this module keeps:

- that somebody exports, what and how much, is recorded before the first byte leaves;
- a file that leaves nothing out begins at the minimum index of a log whose beginning was pruned;
- an export ends where the last checkpoint does, so all of it can be verified; what is newer waits for the next one.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from ctsec.ambient import Ambient, Request
from ctsec.audit._async import AsyncAsideLog
from ctsec.audit._async_ports import AsyncLogSigner, AsyncSealedStore
from ctsec.audit.event import DEPLOYMENT_LOG, EventName, LogId, Target, build
from ctsec.audit.export import jsonl
from ctsec.audit.export.request import ExportFormat, ExportRequest
from ctsec.audit.query import AuditQuery
from ctsec.audit.retention._async_prune import minimum_index
from ctsec.audit.sealing import LOG_OF_LOGS, Head
from ctsec.audit.signing import LogIdentity
from ctsec.ids import OrganizationId, UserId
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import Principal
from ctsec.security._async_export_file import AsyncExport
from ctsec.security._async_region_events import AsyncOpensParts
from ctsec.storage._async_sealed_ports import AsyncSealedStorage

_LOGS: Final = 1000


class AsyncExports:
    """Begins exports of the logs of one store, that of a region by its name in `store`, each recorded through `aside`.

    Without `personal` those parts can not be asked for.
    """

    __slots__ = ("_ambient", "_aside", "_identity", "_personal", "_signer", "_storage", "_store")

    def __init__(
        self,
        storage: AsyncSealedStorage,
        *,
        aside: AsyncAsideLog | None,
        personal: AsyncOpensParts | None,
        signer: AsyncLogSigner | None,
        identity: LogIdentity,
        ambient: Ambient,
        store: str = "",
    ) -> None:
        self._storage, self._personal, self._signer, self._store = storage, personal, signer, store
        self._identity, self._ambient = identity, ambient
        self._aside = aside

    async def begin(self, wanted: ExportRequest, *, actor: Principal, request: Request | None, why: str) -> Outcome[AsyncExport]:
        """Return the export, after it was recorded; refused where there is nothing that it could be of."""
        log = wanted.query.log
        if wanted.personal and self._personal is None:
            raise ValueError("expected a bundle whose keys open personal parts")
        if log == LOG_OF_LOGS:
            return Refusal(Reason.INVALID_INPUT, "expected a log with events; the log of logs has checkpoints")
        async with self._storage.reading() as store:
            last = await store.checkpoints.last(log)
            tree = await store.tree.head(log)
            if last is None and wanted.format is ExportFormat.JSONL:
                return Refusal(Reason.NOT_FOUND, "this log has no checkpoint yet, and without one nothing can be verified")
            size = last.size if last is not None else tree.size if tree is not None else 0
            end = size if wanted.end is None else min(wanted.end, size)
            first = min(wanted.first, end)
            minimum = await minimum_index(log, records=store.log, identity=self._identity, size=size)
            if wanted.format is ExportFormat.JSONL and not wanted.filters:
                # Nothing in a range without a filter may be left out, and of what was pruned there are no leaves to tell.
                if first < end <= minimum:
                    return Refusal(Reason.NOT_FOUND, f"the beginning of this log was pruned; ask for events from index {minimum} on")
                first = max(first, min(minimum, end))
            expected = await store.log.matching(wanted.query, first=first, end=end)
        now = self._ambient.now()
        head = jsonl.ExportHead(
            log=log,
            origin=self._identity.origin(log),
            first=first,
            end=end,
            size=size,
            filters=wanted.filters,
            personal=wanted.personal,
            created_at=now,
            note=b"" if last is None else last.note,
        )
        await self._record(wanted, head=head, expected=expected, actor=actor, request=request or Request(), why=why)
        return AsyncExport(
            wanted,
            head=head,
            tree=tree or Head(log=log),
            minimum=minimum,
            expected=expected,
            storage=self._storage,
            personal=self._personal,
            signer=self._signer,
            identity=self._identity,
            ambient=self._ambient,
        )

    async def about(self, person: UserId, *, logs: Sequence[LogId] | None = None) -> tuple[tuple[LogId, int], ...]:
        """Return those of `logs` (None: all that there are) whose last checkpoint covers events of a person, and how many of them."""
        found: list[tuple[LogId, int]] = []
        async with self._storage.reading() as store:
            for log in logs if logs is not None else await _names(store):
                last = await store.checkpoints.last(log)
                count = 0 if last is None else await store.log.matching(AuditQuery(log=log, person=person), first=0, end=last.size)
                if count:
                    found.append((log, count))
        return tuple(found)

    async def _record(
        self, wanted: ExportRequest, *, head: jsonl.ExportHead, expected: int, actor: Principal, request: Request, why: str
    ) -> None:
        if self._aside is None:
            return
        organization = None if wanted.query.log == DEPLOYMENT_LOG else OrganizationId(wanted.query.log)
        # What was typed into a filter is anything: an address, an id of somebody else's.
        typed = {"asked": json.dumps(wanted.filters, sort_keys=True)} if wanted.filters else {}
        await self._aside.record_aside(
            build(
                EventName.AUDIT_EXPORTED,
                ambient=Ambient(clock=self._ambient.clock, random=self._ambient.random, request=request),
                actor=actor,
                targets=(Target("organization", organization) if organization else Target("log", DEPLOYMENT_LOG),),
                organization=organization,
                # A file that is made for a person is an event of theirs; one who is not in this log stays a word that somebody typed.
                subject=wanted.query.person if wanted.masked and expected else None,
                details={
                    **({"masked": True} if wanted.masked else {}),
                    **({"region": self._store} if self._store else {}),
                    "format": wanted.format.value,
                    "events": expected,
                    "first": head.first,
                    "end": head.end,
                    "filters": tuple(sorted(wanted.filters)),
                    "personal": wanted.personal,
                },
                personal={**typed, **({"why": why} if why else {})},
            )
        )


async def _names(store: AsyncSealedStore) -> list[LogId]:
    found: list[LogId] = []
    while page := await store.tree.heads(after=found[-1] if found else "", limit=_LOGS):
        found += [head.log for head in page]
    return [log for log in found if log != LOG_OF_LOGS]
