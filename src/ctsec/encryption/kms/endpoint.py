"""Addresses of key services: https, or http for a stand-in on loopback."""

from __future__ import annotations

from ctsec.errors import ConfigurationError
from ctsec.transport.address import check_url


def safe_endpoint(endpoint: str) -> str:
    """Return the address of a service; raise ConfigurationError unless it is https, or http on loopback."""
    try:
        check_url(endpoint)
    except ValueError as error:
        raise ConfigurationError(f"the address of a key service is refused; {error}") from None
    return endpoint
