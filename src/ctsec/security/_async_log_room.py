"""Everything of a bundle about its logs as a whole (async source): sealed, purged, erased from, watched, sent on, anchored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ctsec.ambient import Ambient
from ctsec.audit._async import AsyncAsideLog
from ctsec.audit._async_ports import AsyncLogSigner
from ctsec.audit._async_subjects import AsyncPersonalParts
from ctsec.audit.alerts._async_ports import AsyncAlertReceiver
from ctsec.audit.anchors._async_ports import AsyncKeeper
from ctsec.audit.anchors.anchor import Anchor
from ctsec.audit.erasure._async_ports import AsyncErasureList
from ctsec.audit.streams._async_ports import AsyncReceiver
from ctsec.audit.streams.stream import Stream
from ctsec.encryption._async import AsyncKeyRing
from ctsec.encryption._async_subject_keys import AsyncSubjectKeys
from ctsec.residency._async_ports import AsyncRegionStorage
from ctsec.security._async_alert_reading import AsyncAlertReading
from ctsec.security._async_alerts import AsyncAlertJobs
from ctsec.security._async_anchors import AsyncAnchors
from ctsec.security._async_checkpoint_mails import MAILED, AsyncCheckpointMails
from ctsec.security._async_erasures import AsyncErasureJobs
from ctsec.security._async_exports import AsyncExports
from ctsec.security._async_log_reading import AsyncLogReading
from ctsec.security._async_logs import AsyncLogs
from ctsec.security._async_named_store import AsyncNamedStorage
from ctsec.security._async_region_events import AsyncRegionEvents
from ctsec.security._async_region_logs import AsyncRegionLog, AsyncRegionLogs, part_of
from ctsec.security._async_retention_jobs import AsyncRetentionJobs
from ctsec.security._async_sealed_logs import AsyncSealedLogs
from ctsec.security._async_streams import AsyncStreams
from ctsec.security.parts import Parts
from ctsec.storage._async_ports import AfterCommit, AsyncStorage


@dataclass(frozen=True, slots=True)
class AsyncLogPeers:
    """What a host gives for its logs: who signs checkpoints and purges, who was erased, who is told of alerts, events and checkpoints, and
    the stores of regions by name.
    """

    signer: AsyncLogSigner | None
    purging: AsyncLogSigner | None
    erased: AsyncErasureList | None
    receiver: AsyncAlertReceiver | None
    streams: tuple[Stream[AsyncReceiver], ...]
    anchors: tuple[Anchor[AsyncKeeper], ...]
    regions: Mapping[str, AsyncRegionStorage]

    @property
    def followers(self) -> tuple[str, ...]:
        """What follows the logs, by the names of its positions."""
        return (*(each.name for each in self.streams), *(each.follower for each in self.anchors))


@dataclass(frozen=True, slots=True, kw_only=True)
class AsyncLogRoom:
    """The logs, and what works on them; `events` gives events of regions their form."""

    logs: AsyncLogs
    retention: AsyncRetentionJobs
    erasures: AsyncErasureJobs
    alerts: AsyncAlertJobs
    streams: AsyncStreams
    anchors: AsyncAnchors
    events: AsyncRegionEvents
    reading: AsyncLogReading

    @classmethod
    def made(
        cls,
        storage: AsyncStorage,
        *,
        ring: AsyncKeyRing,
        subjects: AsyncSubjectKeys,
        parts: Parts,
        ambient: Ambient,
        committed: AfterCommit,
        peers: AsyncLogPeers,
    ) -> AsyncLogRoom:
        """Make all of it over a storage."""
        settings = parts.settings
        public, other = (None if each is None else each.public for each in (peers.signer, peers.purging))
        identity = settings.log_identity(public, retention=other)
        personal = AsyncPersonalParts(ring, subjects=subjects)
        mails = _mails(storage, ring=ring, parts=parts, committed=committed, ambient=ambient)
        events = AsyncRegionEvents(storage, personal=personal, ring=ring, catalogue=parts.catalogue, committed=committed)
        regions = _regions(storage, events=events, personal=personal, parts=parts, peers=peers, ambient=ambient)
        logs = AsyncLogs(storage, signer=peers.signer, identity=identity, ambient=ambient, personal=personal, regions=regions)
        return cls(
            logs=logs,
            events=events,
            reading=AsyncLogReading(storage, logs=logs, personal=personal),
            retention=AsyncRetentionJobs(
                storage, logs=logs, signer=peers.purging, policy=settings.retention, ambient=ambient, streams=peers.streams
            ),
            erasures=AsyncErasureJobs(
                storage, subjects=subjects, ring=ring, logs=logs, erased=peers.erased, committed=committed, ambient=ambient
            ),
            alerts=AsyncAlertJobs(
                storage,
                reading=AsyncAlertReading(
                    storage, personal=personal, events=events, ring=ring, regions=regions, policy=settings.alerts, ambient=ambient
                ),
                ring=ring,
                logs=logs,
                parts=parts,
                receiver=peers.receiver,
                followers=(*peers.followers, *([MAILED] if mails is not None else [])),
                committed=committed,
                ambient=ambient,
            ),
            streams=AsyncStreams(storage, streams=peers.streams, logs=logs, ring=ring, subjects=subjects, ambient=ambient),
            anchors=AsyncAnchors(storage, anchors=peers.anchors, logs=logs, ambient=ambient, mails=mails),
        )


def _mails(
    storage: AsyncStorage, *, ring: AsyncKeyRing, parts: Parts, committed: AfterCommit, ambient: Ambient
) -> AsyncCheckpointMails | None:
    mail = parts.settings.checkpoint_mail
    if mail is None:
        return None
    return AsyncCheckpointMails(storage, mail=mail, ring=ring, letters=parts.letters, committed=committed, ambient=ambient)


def _regions(
    home: AsyncStorage, *, events: AsyncRegionEvents, personal: AsyncPersonalParts, parts: Parts, peers: AsyncLogPeers, ambient: Ambient
) -> AsyncRegionLogs:
    """Return the logs of the stores of regions, of replicas too: one that is promoted has logs from then on."""
    settings, signer = parts.settings, peers.signer
    regions: Mapping[str, tuple[str, str]] = settings.regions.stores if settings.regions is not None else {}
    public, other = (None if each is None else each.public for each in (signer, peers.purging))
    aside = AsyncAsideLog(home.guard.events, personal=personal)
    made: dict[str, AsyncRegionLog] = {}
    for name, opened in peers.regions.items():
        region, _ = regions.get(name, (name, ""))
        storage = AsyncNamedStorage(opened, region=region, store=name)
        identity = settings.log_identity(public, retention=other, region=part_of(name))
        opens = events.parts(region)
        exports = AsyncExports(storage, aside=aside, personal=opens, signer=signer, identity=identity, ambient=ambient, store=name)
        logs = AsyncSealedLogs(storage, signer=signer, identity=identity, ambient=ambient, exports=exports, region=region)
        made[name] = AsyncRegionLog(region, logs, storage, opens)
    return AsyncRegionLogs(home, ambient=ambient, stores=made, left=settings.regions.left if settings.regions is not None else ())
