"""A host application over each store: in memory, and on each database that this machine has."""

from __future__ import annotations

import os
from typing import Any

from ctsec.authn.argon2_pool import Argon2Hasher, AsyncArgon2Hasher
from ctsec.encryption.kms.local import AsyncLocalKms, LocalKms
from ctsec.presets import parts_of, settings_of
from ctsec.rbac.policy import Policy
from ctsec.secret import Secret
from ctsec.security import AsyncSecurity, Security
from ctsec.storage.sql import AsyncSqlStorage, SqlStorage
from tests.hosts.apps import fastapi_app, flask_app
from tests.hosts.harness import HOSTS, FastapiHost, FlaskHost, Host, options, shared_app
from tests.servers import Database


def host_over(kind: str, database: Database | None) -> Host:
    """Return a host of a framework whose bundle keeps everything in a database, whose tables are there, or in memory without one."""
    host = HOSTS[kind](Policy.preset(), shared=True)
    if database is None:
        return host
    kms, chosen = LocalKms(os.urandom(16), key=Secret(os.urandom(32))), options(host.clock)
    over: dict[str, Any] = {
        "parts": parts_of(kms, policy=Policy.preset(), settings=settings_of("Test", chosen), options=chosen),
        "random": os.urandom,
    }
    if isinstance(host, FastapiHost):
        hasher = AsyncArgon2Hasher(chosen.password_hash)
        storage = AsyncSqlStorage.from_url(database.async_url)
        host.runner.run(host.security.aclose())
        host.security = AsyncSecurity(storage=storage, kms=AsyncLocalKms(kms), slow_hash=hasher, mailer=host.mailer, **over)
        host.runner.run(host.security.prepare())
        host.serve(shared_app(fastapi_app, host.security))
        host.worker = host.security.worker("test")
    elif isinstance(host, FlaskHost):
        host.security.close()
        host.security = Security(
            storage=SqlStorage.from_url(database.sync_url),
            kms=kms,
            slow_hash=Argon2Hasher(chosen.password_hash),
            mailer=host.mailer,
            **over,
        )
        host.security.prepare()
        host.serve(shared_app(flask_app, host.security))
        host.worker = host.security.worker("test")
    return host
