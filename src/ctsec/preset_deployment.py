"""What the ready-made bundles on a database have in common: the sync bundle with its worker thread, and the async one beside it.

Both colours share what the process remembers, and the worker thread is that of the sync one.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sqlalchemy import URL

from ctsec.audit.erasure.file import FileErasureList
from ctsec.audit.retention.record import KEY_LABEL as RETENTION_LABEL
from ctsec.audit.signing import KEY_LABEL
from ctsec.authn.argon2_pool import Argon2Hasher, AsyncArgon2Hasher
from ctsec.encryption.ed25519 import Signer
from ctsec.encryption.kms.blocking import AsyncBlockingKms, KmsThreads
from ctsec.encryption.kms.local import AsyncLocalKms, AsyncLocalSigner, LocalKms
from ctsec.errors import ConfigurationError, StoreError
from ctsec.mail.smtp import SmtpMailer
from ctsec.preset_peers import (
    allowances_of,
    async_allowances_of,
    async_anchors_of,
    async_breaches_of,
    async_feed_of,
    async_rates_of,
    async_receiver_of,
    async_region_stores_of,
    async_services_of,
    async_streams_of,
    feed_of,
    rates_of,
    region_stores_of,
)
from ctsec.security import AsyncSecurity, Security
from ctsec.security.parts import EmbeddedOptions, Parts
from ctsec.storage.backup.folder import FolderBackups
from ctsec.storage.blocking import AsyncBlockingBackups, AsyncBlockingErasureList, AsyncBlockingTable
from ctsec.storage.sql import AsyncSqlStorage, EngineSettings, SqlStorage, Tables
from ctsec.storage.sql.engines import MAIN_SETTINGS, shown
from ctsec.transport.tls import TRANSPORT, Transport
from ctsec.worker.thread import WorkerThread

if TYPE_CHECKING:
    from ctsec.encryption.ports import AsyncKms, Kms
    from ctsec.mail.ports import Mailer


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the store is and how it is reached: the URL of the database, its tables, its transport, and the pool of connections."""

    url: URL
    tables: Tables
    transport: Transport = TRANSPORT
    engine: EngineSettings = MAIN_SETTINGS


class Deployment:
    """The sync bundle on a database with its worker thread, and what the async one is made of.

    `file` is the local key file: the peppers and the keys of the log are derived from it, and without `kms` it wraps the data keys.
    """

    __slots__ = ("_backups", "_erased", "_file", "_kms", "_options", "_parts", "_place", "_thread", "security")

    def __init__(
        self,
        place: Place,
        *,
        file: LocalKms,
        kms: Kms | None,
        parts: Parts,
        erased: str,
        mail: str | Mailer | None,
        options: EmbeddedOptions,
    ) -> None:
        self._place, self._file, self._kms, self._parts, self._options = place, file, kms, parts, options
        storage = SqlStorage.from_url(place.url, tables=place.tables, transport=place.transport, settings=place.engine)
        self._backups = _backups_of(place, options)
        self._erased = FileErasureList(erased)
        self._thread: WorkerThread | None = None
        self.security = Security(
            storage=storage,
            kms=kms or file,
            slow_hash=Argon2Hasher(options.password_hash),
            parts=parts,
            random=os.urandom,
            mailer=_mailer_of(mail, options),
            key_services=options.key_services,
            wake=self._wake,
            rest=self._rest,
            feed=feed_of(storage, options),
            allowances=allowances_of(options),
            rates=rates_of(options),
            breaches=options.breaches,
            region_stores=region_stores_of(options, place.tables),
            sealed_tables=options.sealed_tables,
            log_signer=Signer(file.derive(KEY_LABEL)),
            backups=self._backups,
            erased=self._erased,
            alert_receiver=options.alert_receiver,
            retention_signer=Signer(file.derive(RETENTION_LABEL)),
            streams=options.streams,
            anchors=options.anchors,
        )
        self._prepare(storage)
        if options.worker:
            self._thread = WorkerThread(self.security.worker(f"{os.uname().nodename}:{os.getpid()}"))

    def _prepare(self, storage: SqlStorage) -> None:
        """Look at the store, and make what it needs; where that fails, say which store it is, without account and password."""
        try:
            self.security.prepare()
        except BaseException as error:
            if isinstance(error, StoreError):
                error.add_note(f"the store is {shown(self._place.url)}; `ctsec db check` says more")
            storage.close()
            raise

    def for_event_loop(self) -> AsyncSecurity:
        """Return the async bundle on the same store; where it can not be made, the sync one is closed."""
        try:
            return self._async_bundle()
        except BaseException:
            self.security.close()
            raise

    def _async_bundle(self) -> AsyncSecurity:
        place, options, file = self._place, self._options, self._file
        storage = AsyncSqlStorage.from_url(place.url, tables=place.tables, transport=place.transport, settings=place.engine)
        made = AsyncSecurity(
            storage=storage,
            kms=self._async_kms(),
            slow_hash=AsyncArgon2Hasher(options.password_hash),
            parts=self._parts,
            random=os.urandom,
            key_services=async_services_of(options),
            wake=self._wake,
            rest=self._leave,
            feed=async_feed_of(storage, options),
            allowances=async_allowances_of(options),
            rates=async_rates_of(options),
            breaches=async_breaches_of(options),
            region_stores=async_region_stores_of(options, place.tables),
            sealed_tables=tuple(map(AsyncBlockingTable, options.sealed_tables)),
            log_signer=AsyncLocalSigner(Signer(file.derive(KEY_LABEL))),
            backups=AsyncBlockingBackups(self._backups) if self._backups is not None else None,
            erased=AsyncBlockingErasureList(self._erased),
            alert_receiver=async_receiver_of(options),
            retention_signer=AsyncLocalSigner(Signer(file.derive(RETENTION_LABEL))),
            streams=async_streams_of(options),
            anchors=async_anchors_of(options),
        )
        made.blocking = self.security
        return made

    def _async_kms(self) -> AsyncKms:
        return AsyncLocalKms(self._file) if self._kms is None else AsyncBlockingKms(self._kms, threads=KmsThreads())

    def _wake(self) -> None:
        """Let the worker thread look at what is due; where no worker runs in this process, nothing happens."""
        if self._thread is not None:
            self._thread.wake()

    def _leave(self) -> None:
        """End the worker thread after its present run, without waiting for it: an event loop may be what calls."""
        if self._thread is not None:
            self._thread.stop(timeout=0)

    def _rest(self) -> None:
        if self._thread is not None:
            self._thread.stop()


def _backups_of(place: Place, options: EmbeddedOptions) -> FolderBackups | None:
    if options.backups is None:
        return None
    return FolderBackups(options.backups, url=place.url, tables=place.tables, transport=place.transport)


def _mailer_of(mail: str | Mailer | None, options: EmbeddedOptions) -> Mailer | None:
    """Return the mailer for an smtp URL, the host's own, or None: then mail waits in the outbox, visible."""
    if mail is None:
        return None
    if not isinstance(mail, str):
        if iscoroutinefunction(mail.send):  # nobody would await it, and the mail would pass for sent
            raise ConfigurationError("expected a mailer whose send blocks: mail is sent by the worker, which is a thread, in both colours")
        return mail
    sender = options.mail_from or f"no-reply@{urlsplit(options.base_url).hostname}"
    return SmtpMailer(mail, sender=sender, transport=options.mail_transport)
