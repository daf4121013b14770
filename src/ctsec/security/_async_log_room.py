"""Everything of a bundle about its logs as a whole (async source): sealed, purged, erased from, watched, sent on, anchored."""

from __future__ import annotations

from dataclasses import dataclass

from ctsec.ambient import Ambient
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
from ctsec.security._async_alerts import AsyncAlertJobs
from ctsec.security._async_anchors import AsyncAnchors
from ctsec.security._async_checkpoint_mails import MAILED, AsyncCheckpointMails
from ctsec.security._async_erasures import AsyncErasureJobs
from ctsec.security._async_logs import AsyncLogs
from ctsec.security._async_retention_jobs import AsyncRetentionJobs
from ctsec.security._async_streams import AsyncStreams
from ctsec.security.parts import Parts
from ctsec.storage._async_ports import AfterCommit, AsyncStorage


@dataclass(frozen=True, slots=True)
class AsyncLogPeers:
    """What a host gives for its logs: who signs checkpoints and purges, who was erased, and who is told of alerts, events, checkpoints."""

    signer: AsyncLogSigner | None
    purging: AsyncLogSigner | None
    erased: AsyncErasureList | None
    receiver: AsyncAlertReceiver | None
    streams: tuple[Stream[AsyncReceiver], ...]
    anchors: tuple[Anchor[AsyncKeeper], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AsyncLogRoom:
    """The logs, and what works on them."""

    logs: AsyncLogs
    retention: AsyncRetentionJobs
    erasures: AsyncErasureJobs
    alerts: AsyncAlertJobs
    streams: AsyncStreams
    anchors: AsyncAnchors

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
        mail = settings.checkpoint_mail
        mails = (
            None
            if mail is None
            else AsyncCheckpointMails(storage, mail=mail, ring=ring, letters=parts.letters, committed=committed, ambient=ambient)
        )
        logs = AsyncLogs(storage, signer=peers.signer, identity=identity, ambient=ambient, personal=personal)
        return cls(
            logs=logs,
            retention=AsyncRetentionJobs(
                storage, logs=logs, signer=peers.purging, policy=settings.retention, ambient=ambient, streams=peers.streams
            ),
            erasures=AsyncErasureJobs(
                storage, subjects=subjects, ring=ring, logs=logs, erased=peers.erased, committed=committed, ambient=ambient
            ),
            alerts=AsyncAlertJobs(
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
            streams=AsyncStreams(storage, streams=peers.streams, identity=identity, ring=ring, subjects=subjects, ambient=ambient),
            anchors=AsyncAnchors(storage, anchors=peers.anchors, logs=logs, ambient=ambient, mails=mails),
        )
