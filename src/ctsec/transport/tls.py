"""TLS 1.3 and how it may be left.

Rules that this module keeps:

- a context speaks TLS 1.3 only, asks for a certificate and checks it and its name; only `UnsafeTransport` says otherwise, with a reason;
- with a CA file nothing but that file is trusted, and without one what the system trusts;
- the environment can not make a context write its keys to a file (SSLKEYLOGFILE is not read).
"""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ctsec.errors import ConfigurationError

# Where distributions keep the bundle, for clients that take a file only; OpenSSL's own choice goes first.
_BUNDLES: Final = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transport:
    """How a peer outside of this machine is reached: TLS 1.3, certificate and name checked.

    `ca_file` is a PEM file with the only CAs to trust (None: what the system trusts); `certificate` and `key` are PEM files with this
    side's chain and private key, for peers that ask for them. Connections to loopback may be plain unless `on_loopback` says that they are
    held to it too; Unix sockets always may. Raises ValueError for one of certificate and key without the other.
    """

    ca_file: str | None = None
    certificate: str | None = None
    key: str | None = None
    on_loopback: bool = False

    def __post_init__(self) -> None:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("expected a certificate together with its key")

    @property
    def minimum(self) -> ssl.TLSVersion:
        """The lowest version that is spoken."""
        return ssl.TLSVersion.TLSv1_3

    @property
    def may_be_plain(self) -> bool:
        """Whether the connection is left to what its address and its client say."""
        return False

    @property
    def excuse(self) -> str:
        """Why it may be less than TLS 1.3; empty where it may not."""
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsafeTransport(Transport):
    """For a network that can not do TLS 1.3: TLS 1.2 is spoken too, certificate and name still checked.

    `reason` is shown by `ctsec doctor`. With `plain` the connection is what its address and its client say, without TLS perhaps.
    """

    reason: str
    plain: bool = False

    def __post_init__(self) -> None:
        Transport.__post_init__(self)
        if not self.reason.strip() or not self.reason.isprintable() or len(self.reason) > 200:
            raise ValueError("expected a reason of one line, at most 200 characters")

    @property
    def minimum(self) -> ssl.TLSVersion:
        """The lowest version that is spoken."""
        return ssl.TLSVersion.TLSv1_2

    @property
    def may_be_plain(self) -> bool:
        """Whether the connection is left to what its address and its client say."""
        return self.plain

    @property
    def excuse(self) -> str:
        """Why it may be less than TLS 1.3."""
        return self.reason


TRANSPORT: Final = Transport()


def client_context(transport: Transport = TRANSPORT) -> ssl.SSLContext:
    """Return a context for a client; raise ConfigurationError if a file can not be read or this Python can not speak TLS 1.3."""
    context = _context(ssl.PROTOCOL_TLS_CLIENT, transport.minimum)
    try:
        if transport.ca_file is None:
            context.load_default_certs(ssl.Purpose.SERVER_AUTH)
        else:
            context.load_verify_locations(cafile=transport.ca_file)
        if transport.certificate is not None:
            # Without a password: OpenSSL would ask for one on the terminal.
            context.load_cert_chain(transport.certificate, transport.key, password=_no_password)
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"expected readable PEM files for TLS: CAs, chain, unencrypted key ({type(error).__name__})") from None
    return context


def server_context(*, certificate: str, key: str, client_ca_file: str | None = None) -> ssl.SSLContext:
    """Return a context for a listener: TLS 1.3 only; with `client_ca_file`, only for clients with a certificate of these CAs.

    Raises ConfigurationError if a file can not be read.
    """
    context = _context(ssl.PROTOCOL_TLS_SERVER, ssl.TLSVersion.TLSv1_3)
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
        if client_ca_file is not None:
            context.load_verify_locations(cafile=client_ca_file)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"expected readable PEM files for TLS: chain, unencrypted key, CAs ({type(error).__name__})") from None
    return context


def system_bundle() -> str | None:
    """Return the file of CAs that the system trusts, for clients that take a file only; None if none is found."""
    chosen = os.environ.get("SSL_CERT_FILE") or ssl.get_default_verify_paths().cafile
    return next((path for path in (chosen, *_BUNDLES) if path and Path(path).is_file()), None)


def _context(protocol: int, minimum: ssl.TLSVersion) -> ssl.SSLContext:
    if not ssl.HAS_TLSv1_3:
        raise ConfigurationError("expected a Python whose OpenSSL speaks TLS 1.3")
    context = ssl.SSLContext(protocol)
    context.minimum_version = minimum
    return context


def _no_password() -> str:
    raise ValueError("expected a key without a password")
