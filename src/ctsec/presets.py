"""Ready-made bundles: `embedded` on a SQLite file beside a local key file, `from_url` on a database, and `in_memory` for tests.

Rules that this module keeps:

- a key file is created only together with the store: where there is data, a missing key file is an error that says what is lost;
- the tables of a file are made or brought up to date, those of a database elsewhere are its owner's to make and are looked at;
- the deployment's data key exists, and is of the key that was given, before the bundle is returned;
- both colours of a bundle on the same file share what the process remembers, and one worker thread.
"""

from __future__ import annotations

import os
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import URL

from ctsec.audit.retention.record import KEY_LABEL as RETENTION_LABEL
from ctsec.audit.signing import KEY_LABEL
from ctsec.authn.argon2_pool import Argon2Hasher, AsyncArgon2Hasher
from ctsec.encryption.ed25519 import Signer
from ctsec.encryption.kms.local import AsyncLocalKms, AsyncLocalSigner, LocalKms
from ctsec.encryption.sealing import SealingRing
from ctsec.errors import ConfigurationError, SchemaMismatch
from ctsec.keys.mac import PepperRing
from ctsec.preset_deployment import Deployment, Place
from ctsec.preset_peers import (
    allowances_of,
    async_allowances_of,
    async_anchors_of,
    async_breaches_of,
    async_feed_of,
    async_rates_of,
    async_receiver_of,
    async_services_of,
    async_streams_of,
    feed_of,
    named_stores,
    rates_of,
)
from ctsec.rbac.methods import MethodTable
from ctsec.secret import Secret
from ctsec.security import AsyncSecurity, Security
from ctsec.security.parts import EmbeddedOptions, Parts, Settings, new_memory
from ctsec.storage.blocking import AsyncBlockingErasureList, AsyncBlockingTable
from ctsec.storage.memory import AsyncMemoryRegionStorage, AsyncMemoryStorage, MemoryRegionStorage, MemoryStorage
from ctsec.storage.memory.erased import MemoryErasureList
from ctsec.storage.sql import Tables
from ctsec.storage.sql.engines import MAIN_SETTINGS, read_url
from ctsec.storage.sql.schema import create, upgrade
from ctsec.transport.tls import TRANSPORT, Transport

if TYPE_CHECKING:
    from ctsec.encryption.ports import Kms
    from ctsec.mail.ports import AsyncMailer, Mailer
    from ctsec.rbac.policy import Policy
    from ctsec.storage.sql import EngineSettings

PASSWORD_PEPPER = b"password-pepper/1"
API_KEY_PEPPER = b"api-key-pepper/1"
FIRST_PEPPER = "1"


def _peppers(label: bytes, files: tuple[LocalKms, ...]) -> dict[str, Secret]:
    """Return the peppers of key files, each under the reference of its file.

    Once there was one pepper, named 1: where records still say so, it is that of the last file.
    """
    return {**{file.ref: file.derive(label) for file in files}, FIRST_PEPPER: files[-1].derive(label)}


def parts_of(kms: LocalKms, *, policy: Policy, settings: Settings, options: EmbeddedOptions) -> Parts:
    """Return the colourless parts of a bundle whose peppers are derived from key files; raises as `LocalKms.load` does."""
    files = tuple(LocalKms.load(file) for file in options.pepper_files) or (kms,)
    return Parts(
        policy=policy,
        settings=settings,
        password_sealing=SealingRing(current=files[0].ref, keys=_peppers(PASSWORD_PEPPER, files)),
        key_peppers=PepperRing(current=files[0].ref, peppers=_peppers(API_KEY_PEPPER, files)),
        clock=options.clock,
        methods=_methods(policy, options.methods),
        memory=new_memory(
            options.clock,
            ask_every=options.ask_every if options.changes is not None else None,
            mirrored=policy if options.roles_in_memory else None,
            holding=options.data_keys.holding,
        ),
    )


def _methods(policy: Policy, given: MethodTable | str | None) -> MethodTable | None:
    """Return the table of methods; text is read against the policy, so that a mistake in it stops the start."""
    return MethodTable.from_matrix(policy.index, given) if isinstance(given, str) else given


def settings_of(issuer: str, options: EmbeddedOptions) -> Settings:
    """Return the settings that the options of an embedded bundle stand for."""
    shared = {each.name: getattr(options, each.name) for each in fields(Settings) if each.name != "issuer"}
    return Settings(issuer=issuer, **shared)


def _passing_kms() -> LocalKms:
    """Return a key that ends with the process: for tests, whose data does too."""
    return LocalKms(os.urandom(16), key=Secret(os.urandom(32)))


def in_memory(*, policy: Policy, issuer: str = "Test", mailer: Mailer | None = None, options: EmbeddedOptions | None = None) -> Security:
    """Return a bundle that keeps everything in memory, for tests; no worker runs, call `worker(...).run_due()`."""
    chosen = options or EmbeddedOptions()
    kms = _passing_kms()
    storage = MemoryStorage()
    security = Security(
        storage=storage,
        kms=kms,
        slow_hash=Argon2Hasher(chosen.password_hash),
        parts=parts_of(kms, policy=policy, settings=settings_of(issuer, chosen), options=chosen),
        random=os.urandom,
        mailer=mailer,
        key_services=chosen.key_services,
        feed=feed_of(storage, chosen),
        allowances=allowances_of(chosen),
        rates=rates_of(chosen),
        breaches=chosen.breaches,
        region_stores={name: MemoryRegionStorage(region=region, store=name) for name, region in named_stores(chosen)},
        sealed_tables=chosen.sealed_tables,
        log_signer=Signer(kms.derive(KEY_LABEL)),
        retention_signer=Signer(kms.derive(RETENTION_LABEL)),
        streams=chosen.streams,
        anchors=chosen.anchors,
        erased=MemoryErasureList(),
        alert_receiver=chosen.alert_receiver,
    )
    security.prepare()
    return security


async def async_in_memory(
    *, policy: Policy, issuer: str = "Test", mailer: AsyncMailer | None = None, options: EmbeddedOptions | None = None
) -> AsyncSecurity:
    """Return the async bundle that keeps everything in memory, for tests."""
    chosen = options or EmbeddedOptions()
    kms = _passing_kms()
    storage = AsyncMemoryStorage()
    security = AsyncSecurity(
        storage=storage,
        kms=AsyncLocalKms(kms),
        slow_hash=AsyncArgon2Hasher(chosen.password_hash),
        parts=parts_of(kms, policy=policy, settings=settings_of(issuer, chosen), options=chosen),
        random=os.urandom,
        mailer=mailer,
        key_services=async_services_of(chosen),
        feed=async_feed_of(storage, chosen),
        allowances=async_allowances_of(chosen),
        rates=async_rates_of(chosen),
        breaches=async_breaches_of(chosen),
        region_stores={name: AsyncMemoryRegionStorage(region=region, store=name) for name, region in named_stores(chosen)},
        sealed_tables=tuple(map(AsyncBlockingTable, chosen.sealed_tables)),
        log_signer=AsyncLocalSigner(Signer(kms.derive(KEY_LABEL))),
        retention_signer=AsyncLocalSigner(Signer(kms.derive(RETENTION_LABEL))),
        streams=async_streams_of(chosen),
        anchors=async_anchors_of(chosen),
        erased=AsyncBlockingErasureList(MemoryErasureList()),
        alert_receiver=async_receiver_of(chosen),
    )
    await security.prepare()
    return security


def sync_embedded(path: str, *, policy: Policy, issuer: str, mail: str | Mailer | None, options: EmbeddedOptions) -> Security:
    """Return the bundle on a SQLite file beside its key file; `Security.embedded` is the way in.

    Raises KeyNotFound, which says what is lost, where there is a store without its key file, SchemaMismatch for a store of a newer
    version, StoreReadOnly and StoreBusy for a file that can not be written, ConfigurationError for everything that has to be set right.
    """
    return _embedded(path, policy=policy, issuer=issuer, mail=mail, options=options).security


def async_embedded(path: str, *, policy: Policy, issuer: str, mail: str | Mailer | None, options: EmbeddedOptions) -> AsyncSecurity:
    """Return the async bundle on the same files; its worker thread is that of the sync one."""
    return _embedded(path, policy=policy, issuer=issuer, mail=mail, options=options).for_event_loop()


def sync_from_url(
    url: str | URL,
    *,
    key_file: str,
    policy: Policy,
    issuer: str,
    mail: str | Mailer | None,
    options: EmbeddedOptions,
    kms: Kms | None = None,
    transport: Transport = TRANSPORT,
    engine: EngineSettings | None = None,
) -> Security:
    """Return the bundle on a database whose tables are there; `Security.from_url` is the way in, and says what it raises."""
    place = _place(url, transport, engine)
    return _on(place, key_file=key_file, policy=policy, issuer=issuer, mail=mail, options=options, kms=kms).security


def async_from_url(
    url: str | URL,
    *,
    key_file: str,
    policy: Policy,
    issuer: str,
    mail: str | Mailer | None,
    options: EmbeddedOptions,
    kms: Kms | None = None,
    transport: Transport = TRANSPORT,
    engine: EngineSettings | None = None,
) -> AsyncSecurity:
    """Return the async bundle on the same database; its worker thread is that of the sync one."""
    place = _place(url, transport, engine)
    return _on(place, key_file=key_file, policy=policy, issuer=issuer, mail=mail, options=options, kms=kms).for_event_loop()


def _place(url: str | URL, transport: Transport, engine: EngineSettings | None) -> Place:
    return Place(url=read_url(url), tables=Tables(), transport=transport, engine=engine or MAIN_SETTINGS)


def _on(
    place: Place, *, key_file: str, policy: Policy, issuer: str, mail: str | Mailer | None, options: EmbeddedOptions, kms: Kms | None
) -> Deployment:
    if options.key_file is not None:
        raise ConfigurationError("expected the key file once: as key_file of from_url, and not in EmbeddedOptions")
    file = LocalKms.load(key_file)
    parts = parts_of(file, policy=policy, settings=settings_of(issuer, options), options=options)
    erased = options.erased or f"{key_file}-erased"
    return Deployment(place, file=file, kms=kms, parts=parts, erased=erased, mail=mail, options=options)


def _embedded(path: str, *, policy: Policy, issuer: str, mail: str | Mailer | None, options: EmbeddedOptions) -> Deployment:
    """Return the deployment in files: the key file is made with a new store, and the tables are made or brought up to date."""
    if "://" in path:
        raise ConfigurationError("expected the path of a SQLite file; a bundle on the database of a URL is made by from_url")
    database = Path(path)
    file = _open_key_file(database, options)
    place = Place(url=URL.create("sqlite", database=str(database)), tables=Tables())
    for each in (database, database.with_name(f"{database.name}-guard")):
        _make_private(each)
    _bring_up_to_date(place.url, place.tables)
    parts = parts_of(file, policy=policy, settings=settings_of(issuer, options), options=options)
    erased = options.erased or f"{database}-erased"
    return Deployment(place, file=file, kms=None, parts=parts, erased=erased, mail=mail, options=options)


def _make_private(file: Path) -> None:
    """Make a new database file readable by its owner only, whatever the umask; SQLite gives its side files the same mode."""
    if file.parent.is_dir() and not file.exists():
        os.close(os.open(file, os.O_CREAT | os.O_WRONLY, 0o600))


def _bring_up_to_date(url: URL, tables: Tables) -> None:
    """Make the tables of a new store, or migrate those of an older version; raise SchemaMismatch for a newer one."""
    try:
        create(url, tables=tables)
    except SchemaMismatch:
        upgrade(url, tables=tables)


def _open_key_file(database: Path, options: EmbeddedOptions) -> LocalKms:
    """Load the key file; create it only if there is no store yet, so that a lost key file is noticed before anything is written."""
    path = Path(options.key_file) if options.key_file else database.with_name(f"{database.name}-key")
    if not path.exists() and not (database.exists() and database.stat().st_size):
        return LocalKms.create(path)
    return LocalKms.load(path)
