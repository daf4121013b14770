"""Credentials that everybody knows are no credentials, for a peer that is not on this machine.

Rules that this module keeps:

- a password that images, examples and vendors come with, or that is its own user name, in whatever case, is refused; none at all is not,
  since certificates and sockets sign in without one;
- the error repeats nothing of it.
"""

from __future__ import annotations

from typing import Final

from ctsec.errors import ConfigurationError

_KNOWN: Final = frozenset(
    {"000000", "1234", "12345", "123456", "12345678", "123456789", "admin", "administrator", "changeit", "changeme", "ctsec", "default"}
    | {"dev", "dev-root-token", "example", "foobared", "guest", "letmein", "mariadb", "mysecretpassword", "mysql", "pass", "passw0rd"}
    | {"password", "password1", "postgres", "postgresql", "qwerty", "redis", "root", "sa", "secret", "test", "toor", "user", "vault"}
)


def refuse_default(secret: str, *, user: str = "") -> None:
    """Raise ConfigurationError if a password or token is one that everybody knows, or the name of its user."""
    folded = secret.casefold()
    if folded and (folded in _KNOWN or folded == user.casefold()):
        raise ConfigurationError("expected a credential of its own for a peer elsewhere; this one is a default that everybody knows")
