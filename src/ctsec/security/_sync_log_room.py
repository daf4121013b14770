# Generated from src/ctsec/security/_async_log_room.py by tools/twin.py; edit that file.
"""Everything of a bundle about its logs as a whole (async source): sealed, purged, erased from, watched, sent on, anchored."""

from __future__ import annotations

from dataclasses import dataclass

from ctsec.ambient import Ambient
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
from ctsec.security._sync_alerts import AlertJobs
from ctsec.security._sync_anchors import Anchors
from ctsec.security._sync_checkpoint_mails import MAILED, CheckpointMails
from ctsec.security._sync_erasures import ErasureJobs
from ctsec.security._sync_logs import Logs
from ctsec.security._sync_retention_jobs import RetentionJobs
from ctsec.security._sync_streams import Streams
from ctsec.security.parts import Parts
from ctsec.storage._sync_ports import AfterCommit, Storage


@dataclass(frozen=True, slots=True)
class LogPeers:
    """What a host gives for its logs: who signs checkpoints and purges, who was erased, and who is told of alerts, events, checkpoints."""

    signer: LogSigner | None
    purging: LogSigner | None
    erased: ErasureList | None
    receiver: AlertReceiver | None
    streams: tuple[Stream[Receiver], ...]
    anchors: tuple[Anchor[Keeper], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRoom:
    """The logs, and what works on them."""

    logs: Logs
    retention: RetentionJobs
    erasures: ErasureJobs
    alerts: AlertJobs
    streams: Streams
    anchors: Anchors

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
        mail = settings.checkpoint_mail
        mails = (
            None
            if mail is None
            else CheckpointMails(storage, mail=mail, ring=ring, letters=parts.letters, committed=committed, ambient=ambient)
        )
        logs = Logs(storage, signer=peers.signer, identity=identity, ambient=ambient, personal=personal)
        return cls(
            logs=logs,
            retention=RetentionJobs(
                storage, logs=logs, signer=peers.purging, policy=settings.retention, ambient=ambient, streams=peers.streams
            ),
            erasures=ErasureJobs(
                storage, subjects=subjects, ring=ring, logs=logs, erased=peers.erased, committed=committed, ambient=ambient
            ),
            alerts=AlertJobs(
                storage,
                personal=personal,
                ring=ring,
                logs=logs,
                parts=parts,
                receiver=peers.receiver,
                followers=(
                    *(each.name for each in peers.streams),
                    *(each.follower for each in peers.anchors),
                    *([MAILED] if mails is not None else []),
                ),
                committed=committed,
                ambient=ambient,
            ),
            streams=Streams(storage, streams=peers.streams, identity=identity, ring=ring, subjects=subjects, ambient=ambient),
            anchors=Anchors(storage, anchors=peers.anchors, logs=logs, ambient=ambient, mails=mails),
        )
