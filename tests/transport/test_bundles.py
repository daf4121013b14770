"""Embedded bundles hold their mail server and Redis to TLS 1.3, and tell what they speak, in both colours."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctsec.errors import ConfigurationError
from ctsec.mail.smtp import SmtpMailer
from ctsec.presets import async_embedded, async_in_memory, in_memory, sync_embedded
from ctsec.rbac import Policy
from ctsec.security import EmbeddedOptions
from ctsec.security.parts import Settings
from ctsec.transport import Transport, UnsafeTransport

FAR = "redis://cache.example.test/0"


@pytest.mark.proves("ASVS-12.3.1")
def test_plain_peers_elsewhere_stop_the_start(tmp_path: Path) -> None:
    """A bundle with a plain Redis or mail server elsewhere does not start, unless the options of that one peer let it."""
    lab = UnsafeTransport(reason="a lab", plain=True)
    for options in (EmbeddedOptions(changes=FAR), EmbeddedOptions(changes=FAR, mail_transport=lab)):
        with pytest.raises(ConfigurationError, match="rediss"):
            in_memory(policy=Policy.preset(), options=options)
    in_memory(policy=Policy.preset(), options=EmbeddedOptions(changes=FAR, changes_transport=lab)).close()
    for options in (EmbeddedOptions(worker=False), EmbeddedOptions(worker=False, changes_transport=lab)):
        with pytest.raises(ConfigurationError, match="plain smtp"):
            sync_embedded(str(tmp_path / "a.db"), policy=Policy.preset(), issuer="Acme", mail="smtp://mail.example.test", options=options)
    allowed = EmbeddedOptions(worker=False, mail_transport=lab)
    sync_embedded(str(tmp_path / "a.db"), policy=Policy.preset(), issuer="Acme", mail="smtp://mail.example.test", options=allowed).close()


async def test_async_bundles_tell_too(tmp_path: Path) -> None:
    """The async colour reports its stores and its change feed; a bundle in memory has nothing to tell."""
    lab = UnsafeTransport(reason="a lab", plain=True)
    options = EmbeddedOptions(worker=False, changes="redis://127.0.0.1:1/0", changes_transport=lab)
    bundle = async_embedded(str(tmp_path / "b.db"), policy=Policy.preset(), issuer="Acme", mail=None, options=options)
    told = await bundle.connections()
    assert [(each.what, each.sound) for each in told] == [("database", True), ("guard store", True), ("changes", False)]
    assert told[2].problem == "no connection (ConnectionRefusedError)"
    await bundle.aclose()
    empty = await async_in_memory(policy=Policy.preset())
    assert await empty.connections() == ()
    await empty.aclose()


@pytest.mark.parametrize("address", ["http://app.example.test", "http://10.0.0.1", "http://localhost.example.test"])
def test_pages_are_https_but_on_loopback(address: str) -> None:
    """The address of a host's pages is https, or plain on this machine."""
    with pytest.raises(ValueError, match="https base_url"):
        Settings(issuer="Acme", base_url=address)
    for near in ("http://localhost:8000", "http://127.0.0.2", "http://[::1]:8000", "https://app.example.test"):
        assert Settings(issuer="Acme", base_url=near).base_url == near


def test_transports_are_values() -> None:
    """Two transports with the same words are equal, an unsafe one is never equal to a safe one, and neither shows a secret."""
    assert Transport() == Transport()
    assert Transport() != UnsafeTransport(reason="x")
    assert "s3cret" not in repr(SmtpMailer("smtps://someone:s3cret@mail.example.test", sender="a@b.example"))
