# Generated from src/ctsec/encryption/kms/_async_services.py by tools/twin.py; edit that file.
"""Key services by reference: several providers behind one, and local keys (async source)."""

from __future__ import annotations

from collections.abc import Mapping

from ctsec.encryption._sync_ports import KeyServices, Kms
from ctsec.encryption.kms.local import LocalKms
from ctsec.errors import ConfigurationError, KeyNotFound
from ctsec.transport import ConnectionReport, ReportsConnections


class CompositeKeyServices:
    """Several providers: each is asked for the references that begin with its scheme (`local`, `arn`, `pkcs11`) and a colon.

    Raises ValueError without any provider and for a scheme that is no word.
    """

    __slots__ = ("_services",)

    def __init__(self, services: Mapping[str, KeyServices]) -> None:
        if not services or not all(scheme.isascii() and scheme.isalnum() for scheme in services):
            raise ValueError("expected at least one provider, each under the scheme of its references, such as arn")
        self._services = dict(services)

    def open(self, ref: str) -> Kms:
        """Return the service with the key of a stored reference; raise ConfigurationError if no provider here has its scheme."""
        services = self._services.get(ref.partition(":")[0])
        if services is None:
            known = ", ".join(f"{scheme}:" for scheme in sorted(self._services))
            raise ConfigurationError(f"expected the reference of a key that begins with {known}; to use others, configure their provider")
        return services.open(ref)

    def connections(self) -> tuple[ConnectionReport, ...]:
        """Return what the connections of the providers speak, of those that can tell."""
        found: list[ConnectionReport] = []
        for services in self._services.values():
            if isinstance(services, ReportsConnections):
                found += services.connections()
        return tuple(found)


class LocalKeyServices:
    """The local keys of a deployment, the current one and earlier ones; raises ValueError without any."""

    __slots__ = ("_keys",)

    def __init__(self, *keys: LocalKms) -> None:
        if not keys:
            raise ValueError("expected at least one local key")
        self._keys = {key.ref: key for key in keys}

    def open(self, ref: str) -> Kms:
        """Return the key; raise KeyNotFound for a local key that is not loaded, ConfigurationError for another kind of reference."""
        if not ref.startswith("local:"):
            raise ConfigurationError("expected the reference of a local key (local:); to use others, configure their provider")
        found = self._keys.get(ref)
        if found is None:
            raise KeyNotFound("a local key that wrapped data keys is not loaded; load its file beside the current one")
        return found
