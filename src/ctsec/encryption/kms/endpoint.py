"""Addresses of key services: https, or http for a stand-in on loopback."""

from __future__ import annotations

from urllib.parse import urlsplit

from ctsec.errors import ConfigurationError
from ctsec.network import parse_address


def safe_endpoint(endpoint: str) -> str:
    """Return the address of a service; raise ConfigurationError unless it is https, or http on a loopback address in figures."""
    try:
        parts = urlsplit(endpoint)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ConfigurationError("expected the address of a key service, such as https://kms.example.com") from None
    address = parse_address(host)
    loopback = address is not None and address.is_loopback
    if not host or port == 0 or not (parts.scheme == "https" or (parts.scheme == "http" and loopback)):
        raise ConfigurationError("expected an https address of a key service; http is for a stand-in on loopback (127.0.0.1) only")
    return endpoint
