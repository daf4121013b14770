"""The constructors of ready-made bundles (async source); `ctsec.presets` makes what they return, which is always the bundle itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Self, cast

from ctsec.rbac.policy import Policy
from ctsec.security.parts import EmbeddedOptions
from ctsec.transport.tls import TRANSPORT, Transport

if TYPE_CHECKING:
    from sqlalchemy import URL

    from ctsec.encryption.ports import Kms
    from ctsec.mail.ports import Mailer
    from ctsec.storage.sql import EngineSettings


def _policy_of(policy: Policy | None, permissions: Iterable[str], matrix: str, organization_scope: Iterable[str]) -> Policy:
    if (policy is None) != bool(matrix):
        raise ValueError("expected either permissions with their matrix, or a policy")
    return policy or Policy.from_matrix(permissions, matrix, organization_scope=organization_scope)


class AsyncReady:
    """What `AsyncSecurity` is made by, ready to use."""

    __slots__ = ()

    @classmethod
    def embedded(
        cls,
        path: str,
        *,
        issuer: str,
        permissions: Iterable[str] = (),
        matrix: str = "",
        policy: Policy | None = None,
        mail: str | Mailer | None = None,
        organization_scope: Iterable[str] = (),
        options: EmbeddedOptions | None = None,
    ) -> Self:
        """Return a bundle on a SQLite file beside a local key file, with a worker thread; see `ctsec.presets` for what it makes.

        `permissions` is the host's StrEnum and `matrix` its roles as text (`ctsec.rbac.Policy.from_matrix`), or `policy` is a ready one,
        such as `Policy.preset()`; `mail` is an smtp URL, or a `ctsec.mail.ports.Mailer`, which may block. Raises ValueError unless
        exactly one of matrix and policy is given.
        """
        from ctsec.presets import async_embedded

        chosen = _policy_of(policy, permissions, matrix, organization_scope)
        made = async_embedded(path, policy=chosen, issuer=issuer, mail=mail, options=options or EmbeddedOptions())
        return cast("Self", made)

    @classmethod
    def from_url(
        cls,
        url: str | URL,
        *,
        key_file: str,
        issuer: str,
        permissions: Iterable[str] = (),
        matrix: str = "",
        policy: Policy | None = None,
        mail: str | Mailer | None = None,
        organization_scope: Iterable[str] = (),
        options: EmbeddedOptions | None = None,
        kms: Kms | None = None,
        transport: Transport = TRANSPORT,
        engine: EngineSettings | None = None,
    ) -> Self:
        """Return a bundle on a database whose tables are there (`ctsec db upgrade`): PostgreSQL, MariaDB, MySQL or SQLite.

        `key_file` was made with `ctsec key create`: peppers and the keys of the audit log come from it, and data keys are wrapped under
        it, or under `kms` where one is given (`ctsec.encryption.kms`). Who was erased is kept in `<key_file>-erased`, if
        `EmbeddedOptions.erased` says nothing else. A server elsewhere is reached over `transport`; `engine` is its pool of connections.
        The rest is as in `embedded`. In both colours this blocks, since it asks the database and `kms`: in an application with an event
        loop, make the bundle when the module is loaded, before the loop runs.

        Raises SchemaMismatch for tables that are missing or of another version, KeyNotFound where the key file is missing or is not the
        one of this store, ConfigurationError for everything else that has to be set right.
        """
        from ctsec.presets import async_from_url

        chosen = _policy_of(policy, permissions, matrix, organization_scope)
        given = options or EmbeddedOptions()
        made = async_from_url(
            url, key_file=key_file, policy=chosen, issuer=issuer, mail=mail, options=given, kms=kms, transport=transport, engine=engine
        )
        return cast("Self", made)
