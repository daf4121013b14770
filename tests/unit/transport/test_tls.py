"""Contexts: TLS 1.3 only, checked certificates, and a reason where it is less."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from ctsec.errors import ConfigurationError
from ctsec.transport import Location, Transport, UnsafeTransport, client_context, report_https, server_context
from ctsec.transport.report import place_of, reason_of, spoken
from tests.certificates import NAME, Authority, Pair
from tests.transport.peers import VERSIONS, listening, service

SUITES = {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A CA of this module's own."""
    return Authority.make(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def pair(authority: Authority) -> Pair:
    """A certificate for 127.0.0.1."""
    return authority.issue("peer")


def shake(server: ssl.SSLContext, client: ssl.SSLContext, *, name: str = "127.0.0.1") -> str:
    """Return what two contexts agree on over a pair of sockets, or the name of the error that the client, else the server, met."""
    here, there = socket.socketpair()
    wrong: list[str] = []

    def answer() -> None:
        try:
            with server.wrap_socket(there, server_side=True) as tls:
                tls.sendall(b"x")
        except OSError as error:
            wrong.append(type(error).__name__)
            there.close()

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        with client.wrap_socket(here, server_hostname=name) as tls:
            tls.recv(1)
            agreed = f"{tls.version()} {spoken(tls)[1]}"
    except OSError as error:
        agreed = type(error).__name__
    finally:
        thread.join(5)
        here.close()
    return agreed if not wrong or "Error" in agreed else wrong[0]


def test_context_of_a_client(authority: Authority) -> None:
    """A client's context is TLS 1.3 only and asks for a certificate with the right name."""
    for transport in (Transport(), Transport(ca_file=authority.file)):
        context = client_context(transport)
        assert (context.minimum_version, context.verify_mode) == (ssl.TLSVersion.TLSv1_3, ssl.CERT_REQUIRED)
        assert context.check_hostname
        assert context.keylog_filename is None
    assert client_context().minimum_version is ssl.TLSVersion.TLSv1_3


def test_keys_are_written_nowhere(tmp_path: Path) -> None:
    """SSLKEYLOGFILE, which makes other clients write their keys to a file, is not followed."""
    code = "from ctsec.transport import client_context; print(client_context().keylog_filename)"
    surroundings = {**os.environ, "SSLKEYLOGFILE": str(tmp_path / "keys")}
    done = subprocess.run([sys.executable, "-c", code], env=surroundings, capture_output=True, text=True, check=True)
    assert done.stdout == "None\n"
    assert not (tmp_path / "keys").exists()


@pytest.mark.proves("ASVS-12.1.1", "ASVS-12.1.2")
def test_versions_and_suites(authority: Authority, pair: Pair) -> None:
    """Client and listener agree on TLS 1.3 and a suite with forward secrecy and authenticated encryption; either refuses TLS 1.2."""
    client = client_context(Transport(ca_file=authority.file))
    server = server_context(certificate=pair.certificate, key=pair.key)
    version, _, cipher = shake(server, client).partition(" ")
    assert (version, cipher in SUITES) == ("TLSv1.3", True)
    old = ssl.create_default_context(cafile=authority.file)
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    assert "Error" in shake(server, old)
    assert "Error" in shake(listening(pair, "TLSv1.2"), client)
    assert shake(listening(pair, "TLSv1.2"), old).startswith("TLSv1.2")


@pytest.mark.proves("ASVS-12.3.2", "ASVS-12.3.4")
def test_certificates_are_checked(authority: Authority, pair: Pair, tmp_path: Path) -> None:
    """Another CA, another name, an expired certificate and a self-signed one are refused; a given CA file is the only one trusted."""
    client = client_context(Transport(ca_file=authority.file))
    assert shake(listening(pair, "TLSv1.3"), client, name=NAME).startswith("TLSv1.3")
    assert shake(listening(pair, "TLSv1.3"), client, name="other.example.test") == "SSLCertVerificationError"
    other = Authority.make(tmp_path)
    for wrong in (other.issue("same"), authority.issue("old", expired=True)):
        assert shake(listening(wrong, "TLSv1.3"), client) == "SSLCertVerificationError"
    assert client_context(Transport(ca_file=other.file)).cert_store_stats()["x509"] == 1
    assert shake(listening(pair, "TLSv1.3"), client_context()) == "SSLCertVerificationError"


@pytest.mark.proves("ASVS-12.1.3")
def test_client_certificates(authority: Authority, pair: Pair, tmp_path: Path) -> None:
    """A listener with a CA for clients lets in whoever holds a certificate of it, and nobody without, nor one of another CA."""
    server = server_context(certificate=pair.certificate, key=pair.key, client_ca_file=authority.file)
    mine, theirs = authority.issue("me", hosts=("me",)), Authority.make(tmp_path).issue("them", hosts=("me",))
    held = [
        Transport(ca_file=authority.file, certificate=mine.certificate, key=mine.key),
        Transport(ca_file=authority.file),
        Transport(ca_file=authority.file, certificate=theirs.certificate, key=theirs.key),
    ]
    outcomes = [shake(server, client_context(each)) for each in held]
    assert outcomes[0].startswith("TLSv1.3")
    assert ["Error" in outcome for outcome in outcomes[1:]] == [True, True]


def test_unsafe_transport_needs_a_reason(authority: Authority, pair: Pair) -> None:
    """TLS 1.2 is spoken with a reason of one line only, and certificates are checked all the same."""
    client = client_context(UnsafeTransport(reason="until March", ca_file=authority.file))
    assert shake(listening(pair, "TLSv1.2"), client).startswith("TLSv1.2")
    assert shake(listening(pair, "TLSv1.3"), client).startswith("TLSv1.3")
    assert shake(listening(pair, "TLSv1.2"), client, name="other.example.test") == "SSLCertVerificationError"
    for reason in ("", "  ", "a\nb", "x" * 201):
        with pytest.raises(ValueError, match="a reason of one line"):
            UnsafeTransport(reason=reason)


def test_half_a_pair_is_refused(authority: Authority, pair: Pair, tmp_path: Path) -> None:
    """A certificate without its key, unreadable files and keys with a password stop the start, without a prompt."""
    for build in (Transport, lambda **given: UnsafeTransport(reason="r", **given)):
        with pytest.raises(ValueError, match="together with its key"):
            build(certificate=pair.certificate)
        with pytest.raises(ValueError, match="together with its key"):
            build(key=pair.key)
    locked = tmp_path / "locked.key"
    private = serialization.load_pem_private_key(Path(pair.key).read_bytes(), password=None)
    closed = serialization.BestAvailableEncryption(b"word")
    locked.write_bytes(private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, closed))
    for wrong in ("/nowhere.pem", str(locked), pair.certificate):
        with pytest.raises(ConfigurationError, match="readable PEM files"):
            client_context(Transport(certificate=pair.certificate, key=wrong))
        with pytest.raises(ConfigurationError, match="readable PEM files"):
            server_context(certificate=pair.certificate, key=wrong)
    for name in ("/nowhere.pem", pair.key):
        with pytest.raises(ConfigurationError, match="readable PEM files"):
            client_context(Transport(ca_file=name))


@pytest.mark.parametrize("version", VERSIONS)
def test_report_of_an_https_service(version: str, authority: Authority, pair: Pair) -> None:
    """A service is reported with its version and cipher, one of TLS 1.2 with the refusal, one that is not there without its address."""
    with service(listening(pair, version)) as running:
        place = Location(scheme="https", host="127.0.0.1", port=running.port)
        seen = report_https("kms", place, transport=Transport(ca_file=authority.file))
    gone = report_https("kms", place, transport=Transport(ca_file=authority.file))
    assert (seen.what, seen.address) == ("kms", f"https://127.0.0.1:{running.port}")
    assert (seen.protocol, bool(seen.problem)) == (("TLSv1.3", False) if version == "TLSv1.3" else ("", True))
    assert (gone.problem, gone.sound) == ("no connection (ConnectionRefusedError)", False)
    assert report_https("kms", Location(scheme="http", host="127.0.0.1", port=1)).sound


def test_places_and_reasons() -> None:
    """Only loopback and Unix sockets are near, and a reason holds no text of the peer but OpenSSL's words."""
    assert [place_of(peer) for peer in (("127.0.0.1", 1), ("::1", 1, 0, 0), "", b"\0name")] == ["loopback", "loopback", "socket", "socket"]
    assert [place_of(peer) for peer in (("10.0.0.1", 1), (), None, 7)] == ["elsewhere"] * 4
    assert reason_of(TimeoutError("s3cret")) == "no connection (TimeoutError)"
    assert reason_of(ssl.SSLError(1, "s3cret")) == "no TLS connection (SSLError)"
    assert spoken(object()) == ("", "")
