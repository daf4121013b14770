# Generated from src/ctsec/security/_async_log_room.py by tools/twin.py; edit that file.
"""Everything of a bundle about its logs as a whole (async source): sealed, purged, erased from, watched, sent on, anchored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ctsec.ambient import Ambient
from ctsec.audit._sync import AsideLog
from ctsec.audit._sync_ports import LogSigner
from ctsec.audit._sync_subjects import PersonalParts
from ctsec.audit.alerts._sync_ports import AlertReceiver
from ctsec.audit.anchors._sync_ports import Keeper
from ctsec.audit.anchors.anchor import Anchor
from ctsec.audit.erasure._sync_ports import ErasureList
from ctsec.audit.streams._sync_ports import Receiver
from ctsec.audit.streams.stream import Stream
from ctsec.encryption._sync import KeyRing
from ctsec.encryption._sync_subject_keys import SubjectKeys
from ctsec.residency._sync_ports import RegionStorage
from ctsec.security._sync_alert_reading import AlertReading
from ctsec.security._sync_alerts import AlertJobs
from ctsec.security._sync_anchors import Anchors
from ctsec.security._sync_checkpoint_mails import MAILED, CheckpointMails
from ctsec.security._sync_erasures import ErasureJobs
from ctsec.security._sync_exports import Exports
from ctsec.security._sync_log_reading import LogReading
from ctsec.security._sync_logs import Logs
from ctsec.security._sync_named_store import NamedStorage
from ctsec.security._sync_region_events import RegionEvents
from ctsec.security._sync_region_logs import RegionLog, RegionLogs, part_of
from ctsec.security._sync_retention_jobs import RetentionJobs
from ctsec.security._sync_sealed_logs import SealedLogs
from ctsec.security._sync_streams import Streams
from ctsec.security.parts import Parts
from ctsec.storage._sync_ports import AfterCommit, Storage


@dataclass(frozen=True, slots=True)
class LogPeers:
    """What a host gives for its logs: who signs checkpoints and purges, who was erased, who is told of alerts, events and checkpoints, and
    the stores of regions by name.
    """

    signer: LogSigner | None
    purging: LogSigner | None
    erased: ErasureList | None
    receiver: AlertReceiver | None
    streams: tuple[Stream[Receiver], ...]
    anchors: tuple[Anchor[Keeper], ...]
    regions: Mapping[str, RegionStorage]

    @property
    def followers(self) -> tuple[str, ...]:
        """What follows the logs, by the names of its positions."""
        return (*(each.name for each in self.streams), *(each.follower for each in self.anchors))


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRoom:
    """The logs, and what works on them; `events` gives events of regions their form."""

    logs: Logs
    retention: RetentionJobs
    erasures: ErasureJobs
    alerts: AlertJobs
    streams: Streams
    anchors: Anchors
    events: RegionEvents
    reading: LogReading

    @classmethod
    def made(
        cls,
        storage: Storage,
        *,
        ring: KeyRing,
        subjects: SubjectKeys,
        parts: Parts,
        ambient: Ambient,
        committed: AfterCommit,
        peers: LogPeers,
    ) -> LogRoom:
        """Make all of it over a storage."""
        settings = parts.settings
        public, other = (None if each is None else each.public for each in (peers.signer, peers.purging))
        identity = settings.log_identity(public, retention=other)
        personal = PersonalParts(ring, subjects=subjects)
        mails = _mails(storage, ring=ring, parts=parts, committed=committed, ambient=ambient)
        events = RegionEvents(storage, personal=personal, ring=ring, catalogue=parts.catalogue, committed=committed)
        regions = _regions(storage, events=events, personal=personal, parts=parts, peers=peers, ambient=ambient)
        logs = Logs(storage, signer=peers.signer, identity=identity, ambient=ambient, personal=personal, regions=regions)
        return cls(
            logs=logs,
            events=events,
            reading=LogReading(storage, logs=logs, personal=personal),
            retention=RetentionJobs(
                storage, logs=logs, signer=peers.purging, policy=settings.retention, ambient=ambient, streams=peers.streams
            ),
            erasures=ErasureJobs(
                storage, subjects=subjects, ring=ring, logs=logs, erased=peers.erased, committed=committed, ambient=ambient
            ),
            alerts=AlertJobs(
                storage,
                reading=AlertReading(
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
            streams=Streams(storage, streams=peers.streams, logs=logs, ring=ring, subjects=subjects, ambient=ambient),
            anchors=Anchors(storage, anchors=peers.anchors, logs=logs, ambient=ambient, mails=mails),
        )


def _mails(storage: Storage, *, ring: KeyRing, parts: Parts, committed: AfterCommit, ambient: Ambient) -> CheckpointMails | None:
    mail = parts.settings.checkpoint_mail
    if mail is None:
        return None
    return CheckpointMails(storage, mail=mail, ring=ring, letters=parts.letters, committed=committed, ambient=ambient)


def _regions(
    home: Storage, *, events: RegionEvents, personal: PersonalParts, parts: Parts, peers: LogPeers, ambient: Ambient
) -> RegionLogs:
    """Return the logs of the stores of regions, of replicas too: one that is promoted has logs from then on."""
    settings, signer = parts.settings, peers.signer
    regions: Mapping[str, tuple[str, str]] = settings.regions.stores if settings.regions is not None else {}
    public, other = (None if each is None else each.public for each in (signer, peers.purging))
    aside = AsideLog(home.guard.events, personal=personal)
    made: dict[str, RegionLog] = {}
    for name, opened in peers.regions.items():
        region, _ = regions.get(name, (name, ""))
        storage = NamedStorage(opened, region=region, store=name)
        identity = settings.log_identity(public, retention=other, region=part_of(name))
        opens = events.parts(region)
        exports = Exports(storage, aside=aside, personal=opens, signer=signer, identity=identity, ambient=ambient, store=name)
        logs = SealedLogs(storage, signer=signer, identity=identity, ambient=ambient, exports=exports, region=region)
        made[name] = RegionLog(region, logs, storage, opens)
    return RegionLogs(home, ambient=ambient, stores=made, left=settings.regions.left if settings.regions is not None else ())
