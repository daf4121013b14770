"""How a command reaches a database that is not on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctsec.errors import ConfigurationError
from ctsec.transport.tls import Transport, UnsafeTransport

if TYPE_CHECKING:
    import argparse


def add_transport(command: argparse.ArgumentParser) -> None:
    """Add the arguments to a command that takes `--url`."""
    command.add_argument("--ca-file", help="the only CAs to trust, a PEM file, for a database elsewhere (what the system trusts)")
    command.add_argument("--unsafe-transport", metavar="REASON", help="connect as the URL says, without TLS 1.3, and say why")


def transport_of(chosen: argparse.Namespace) -> Transport:
    """Return what was chosen; raise ConfigurationError for a reason that is none."""
    if chosen.unsafe_transport is None:
        return Transport(ca_file=chosen.ca_file)
    try:
        return UnsafeTransport(reason=chosen.unsafe_transport, ca_file=chosen.ca_file, plain=True)
    except ValueError as error:
        raise ConfigurationError(str(error)) from None
