# Generated from src/ctsec/residency/_async_content.py by tools/twin.py; edit that file.
"""The content of one workspace, in the store of its region (async source).

Rules that this module keeps:

- nothing is written before the store has said, under a lock, that the workspace is at home there;
- nothing is sealed or opened under a data key of another region than the workspace's;
- an event that is recorded here is about this workspace and says its region; it commits with the content, or not at all.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import TypeAlias, Unpack

from ctsec.ambient import Ambient
from ctsec.audit.event import Event, Telling, build
from ctsec.encryption.context import Context
from ctsec.errors import ResidencyError
from ctsec.residency._sync_ports import RegionalEvents, RegionalKeys, RegionStore
from ctsec.residency.judging import check_write
from ctsec.residency.record import Content, Position, RegionalPlace, Residence, ResidenceState, content_context, parse_place

# What tells of a violation in the host's session, where nobody else is around a call.
Watch: TypeAlias = Callable[[], AbstractContextManager[None]]


class RegionalContent:
    """What ctsec keeps for a workspace in its region: sealed under the organization's data key of that region.

    `place` says where this is. With `watch` the transaction is the host's, who may end it, or a savepoint, and go on: the workspace is
    held anew for each write, and each is watched for what is to be told of. Every call raises a ResidencyError where pin, store and key
    do not agree; WorkspaceMoving, which may be tried again, while the workspace is on its way.
    """

    __slots__ = ("_ambient", "_events", "_held", "_keys", "_store", "_watch", "place")

    def __init__(
        self,
        store: RegionStore,
        *,
        place: RegionalPlace,
        keys: RegionalKeys,
        events: RegionalEvents,
        ambient: Ambient,
        watch: Watch | None = None,
    ) -> None:
        self._store = store
        self._events = events
        self._keys = keys
        self._ambient = ambient
        self._held = False
        self._watch = watch
        self.place = place

    def get(self, kind: str, key: str) -> bytes | None:
        """Return a piece of content, None if there is none."""
        parse_place(kind, key)
        found = self._store.content.get(self.place.workspace, kind, key)
        if found is None:
            return None
        return self._keys.open(found.sealed, context=self._context(kind, key), region=self.place.region)

    def put(self, kind: str, key: str, plaintext: bytes) -> None:
        """Write a piece of content, over the one with the same kind (1 to 64 bytes) and key (1 to 256)."""
        parse_place(kind, key)
        self.hold()
        sealed = self._keys.seal(plaintext, context=self._context(kind, key), region=self.place.region)
        self._store.content.put(
            Content(
                workspace_id=self.place.workspace,
                kind=kind,
                key=key,
                organization_id=self.place.organization,
                sealed=sealed,
                changed_at=self._ambient.now(),
            )
        )

    def remove(self, kind: str, key: str) -> bool:
        """Delete a piece of content; False if there was none."""
        parse_place(kind, key)
        self.hold()
        return self._store.content.remove(self.place.workspace, kind, key)

    def list(self, *, after: tuple[str, str] = ("", ""), limit: int = 100) -> tuple[tuple[str, str], ...]:
        """Return the kinds and keys behind (kind, key), in that order."""
        here = self.place.workspace
        found = self._store.content.page(after=Position(here, *after), limit=limit, workspace_id=here)
        return tuple((each.kind, each.key) for each in found)

    def note(self, name: str, **told: Unpack[Telling]) -> None:
        """Write an event of this request about this workspace, in this transaction; organization and workspace need not be told.

        Raises what `record` does.
        """
        named: Telling = {"organization": self.place.organization, "workspace": self.place.workspace, **told}
        self.record(build(name, ambient=self._ambient, **named))

    def record(self, event: Event) -> None:
        """Write `event` into the organization's log in this store, in this transaction.

        Raises ResidencyError for an event of another organization or workspace, or of a stranger, and ValueError for what its schema does
        not declare.
        """
        place = self.place
        with self._watched():
            if (event.organization, event.workspace) != (place.organization, place.workspace):
                raise ResidencyError(
                    f"expected an event of workspace {place.workspace}, which is open here; record others where they belong"
                )
        self.hold()
        self._store.inbox.append(self._events.written(replace(event, region=place.region)))

    def hold(self) -> None:
        """Keep the workspace where it is until this transaction ends: call it before rows of the host's own are written beside ours."""
        if self._held:
            return
        with self._watched():
            held = self._store.residences.hold(self.place.workspace)
            check_write(held, organization=self.place.organization)
            if held is None:
                first = Residence(workspace_id=self.place.workspace, organization_id=self.place.organization, state=ResidenceState.HOME)
                if not self._store.residences.change(None, first):
                    check_write(self._store.residences.hold(self.place.workspace), organization=self.place.organization)
        self._held = self._watch is None

    def _watched(self) -> AbstractContextManager[None]:
        return nullcontext() if self._watch is None else self._watch()

    def _context(self, kind: str, key: str) -> Context:
        place = self.place
        return content_context(place.region, organization=place.organization, workspace=place.workspace, kind=kind, key=key)
