"""A credential that everybody knows opens no connection to another machine: databases, Redis, mail, key services."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pytest

from ctsec.encryption.kms import AzureKeyServices, CallBounds, GoogleKeyServices, VaultKeyServices
from ctsec.errors import ConfigurationError, KmsUnavailable
from ctsec.mail.smtp import SmtpMailer
from ctsec.secret import SecretText
from ctsec.storage.redis import AsyncRedisFeed, RedisFeed
from ctsec.storage.sql import AsyncSqlStorage, SqlStorage
from ctsec.transport import Transport, UnsafeTransport

PLAIN: Final = UnsafeTransport(reason="a laboratory", plain=True)
# Each takes user, password, host and transport, and does what a start of an application does.
PEERS: Final[dict[str, Callable[[str, str, str, Transport], object]]] = {
    "postgresql": lambda user, word, host, how: SqlStorage.from_url(f"postgresql://{user}:{word}@{host}/x", transport=how),
    "mariadb": lambda user, word, host, how: SqlStorage.from_url(f"mariadb://{user}:{word}@{host}/x", transport=how),
    "mariadb async": lambda user, word, host, how: AsyncSqlStorage.from_url(f"mariadb://{user}:{word}@{host}/x", transport=how),
    "redis": lambda user, word, host, how: RedisFeed.from_url(f"rediss://{user}:{word}@{host}/0", transport=how),
    "redis async": lambda user, word, host, how: AsyncRedisFeed.from_url(f"rediss://{user}:{word}@{host}/0", transport=how),
    "mail": lambda user, word, host, how: SmtpMailer(f"smtps://{user}:{word}@{host}", sender="a@b.example", transport=how),
}


@pytest.mark.proves("ASVS-13.2.3")
@pytest.mark.parametrize("peer", sorted(PEERS))
@pytest.mark.parametrize(("user", "word"), [("app", "changeme"), ("root", "root"), ("acme", "ACME"), ("app", "Password")])
def test_defaults_are_refused_elsewhere(peer: str, user: str, word: str) -> None:
    """A known password, or one that is the user's name, stops the start for a host elsewhere, and the error does not repeat it."""
    with pytest.raises(ConfigurationError, match="a default that everybody knows") as caught:
        PEERS[peer](user, word, "peer.example.test", Transport())
    assert word.lower() not in str(caught.value).lower()


@pytest.mark.parametrize("peer", sorted(PEERS))
def test_what_is_no_default_or_stays_here_is_taken(peer: str) -> None:
    """Another password, none at all, a default on loopback, and one that an `UnsafeTransport` lets be plain, stop nothing."""
    for word, host, how in (
        ("changeme2", "peer.example.test", Transport()),
        ("", "peer.example.test", Transport()),
        ("changeme", "127.0.0.1", Transport()),
        ("changeme", "peer.example.test", PLAIN),
    ):
        PEERS[peer]("app", word, host, how)


@pytest.mark.proves("ASVS-13.2.3", "ASVS-13.2.1")
@pytest.mark.parametrize("word", ["root", "Root", "dev-root-token"])
def test_a_development_token_is_sent_nowhere(word: str) -> None:
    """A key service elsewhere is not asked with a token that everybody knows; one on loopback is, with whatever it is given."""

    def token() -> SecretText:
        return SecretText(word)

    hsm = "azure:acme-hsm/kek/" + "0" * 32
    for kms in (
        VaultKeyServices("https://peer.example.test", token=token).open("vault:transit/acme"),
        GoogleKeyServices(token=token).open("gcpkms:projects/a/locations/b/keyRings/c/cryptoKeys/d"),
        AzureKeyServices(token=token).open(hsm),
    ):
        with pytest.raises(ConfigurationError, match="a default that everybody knows"):
            kms.describe()
    with pytest.raises(KmsUnavailable):
        VaultKeyServices("http://127.0.0.1:1", token=token, bounds=CallBounds(attempts=1)).open("vault:transit/acme").describe()
