# Generated from src/ctsec/security/_async_region_events.py by tools/twin.py; edit that file.
"""What events of a region say of persons: sealed under the person's key, and that under the deployment's data key of the region
(async source).

Rules that this module keeps:

- whoever is erased is erased here too: the inner key is the person's;
- without the region's key nothing of it is read, also where every key of the home store is there;
- the outer key is the deployment's own of that region, never a customer's: one that is switched off must not stop the log, and one that
  a move destroys must not make its past unreadable.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol

from ctsec.audit._sync_subjects import PersonalParts
from ctsec.audit.event import Event
from ctsec.audit.record import StoredEvent, store_form
from ctsec.audit.schema import EventCatalogue
from ctsec.encryption._sync import KeyRing
from ctsec.encryption.context import DEPLOYMENT, Context
from ctsec.encryption.data_key import NoDataKey
from ctsec.encryption.holding import keys_of
from ctsec.storage._sync_ports import AfterCommit, Storage

_PURPOSE: Final = "audit"


class OpensParts(Protocol):
    """Opens the personal parts of the events of one store."""

    def open(self, event: StoredEvent) -> Mapping[str, str]:
        """Return the personal fields of an event, without those of persons who were erased."""
        ...

    def opened(self, sealed: bytes, *, event_id: str, log: str) -> Mapping[str, str]:
        """Do what `open` does, with the part as its column has it."""
        ...


class RegionEvents:
    """Makes the rows of events of regions; see `ctsec.residency.ports.RegionalEvents`."""

    __slots__ = ("_catalogue", "_committed", "_home", "_personal", "_ring")

    def __init__(
        self,
        home: Storage,
        *,
        personal: PersonalParts,
        ring: KeyRing,
        catalogue: EventCatalogue,
        committed: AfterCommit,
    ) -> None:
        self._home = home
        self._personal = personal
        self._ring = ring
        self._catalogue = catalogue
        self._committed = committed

    def written(self, event: Event) -> StoredEvent:
        """Return the row of an event that says its region; raise ValueError for what its schema does not declare."""
        told = self._catalogue.applied(event)
        inner = self._personal.seal(told) if told.personal else b""
        if not inner:
            return store_form(told, personal=b"")
        context = regional_context(told.region, event_id=told.id, log=told.log)
        return store_form(told, personal=self.sealed(inner, context=context, region=told.region))

    def sealed(self, plaintext: bytes, *, context: Context, region: str) -> bytes:
        """Return the blob of something of the deployment's under its data key of a region, which is made if it is not there yet."""
        try:
            return self._ring.seal(plaintext, context=context, region=region)
        except NoDataKey:
            self._make_key(region)
        return self._ring.seal(plaintext, context=context, region=region)

    def parts(self, region: str) -> RegionalParts:
        """Return what opens the personal parts of a region's events."""
        return RegionalParts(region, personal=self._personal, ring=self._ring)

    def _make_key(self, region: str) -> None:
        """Make the deployment's data key of a region and commit it: the event that waits for it may be rolled back."""
        made = self._ring.make_dek(DEPLOYMENT, region=region)
        with self._home.begin(after_commit=self._committed) as store:
            # Two processes may make a first key at once: the newest seals, and both open.
            if store.deks.active(DEPLOYMENT, region) is None:
                store.deks.add(made)
                store.epochs.bump(keys_of(DEPLOYMENT))


class RegionalParts:
    """The personal parts of the events of one region."""

    __slots__ = ("_personal", "_region", "_ring")

    def __init__(self, region: str, *, personal: PersonalParts, ring: KeyRing) -> None:
        self._region = region
        self._personal = personal
        self._ring = ring

    def open(self, event: StoredEvent) -> Mapping[str, str]:
        """Return the personal fields of an event, without those of persons who were erased; raise as a key ring and a part do."""
        return self.opened(event.personal, event_id=event.id, log=event.log)

    def opened(self, sealed: bytes, *, event_id: str, log: str) -> Mapping[str, str]:
        """Do what `open` does, with the part as its column has it."""
        if not sealed:
            return {}
        inner = self._ring.open(sealed, context=regional_context(self._region, event_id=event_id, log=log))
        return self._personal.opened(inner, event_id=event_id, log=log)


def regional_context(region: str, *, event_id: str, log: str) -> Context:
    """Return what the personal part of an event of a region is bound to: the region too, so that a row carried elsewhere opens nowhere."""
    return Context(organization=None, table="region_audit_event", row=event_id, field="personal", purpose=f"{_PURPOSE}/{region}:{log}")
