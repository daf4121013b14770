"""Key services over plain HTTPS: what is sent, what is believed, and what becomes of failures."""

from __future__ import annotations

import base64
import datetime as dt
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ctsec.encryption.kms import AzureKeyServices, CallBounds, GoogleKeyServices, VaultKeyServices
from ctsec.encryption.ports import Kms
from ctsec.errors import (
    ConfigurationError,
    CtsecError,
    DecryptionFailed,
    KeyDenied,
    KeyDisabled,
    KeyNotFound,
    KeyPendingDeletion,
    KmsThrottled,
    KmsUnavailable,
)
from ctsec.secret import SecretText
from tests.kms.fakes import TOKEN, AzureFake, GoogleFake, VaultFake
from tests.kms.providers import NAMES, Provider, provider


@pytest.fixture(params=NAMES)
def found(request: pytest.FixtureRequest) -> Iterator[Provider]:
    made = provider(request.param)
    yield made
    made.fake.close()


@pytest.fixture
def vault() -> Iterator[Provider]:
    made = provider("vault")
    yield made
    made.fake.close()


@pytest.fixture
def google() -> Iterator[Provider]:
    made = provider("google")
    yield made
    made.fake.close()


@pytest.fixture
def azure() -> Iterator[Provider]:
    made = provider("azure")
    yield made
    made.fake.close()


def verbs(kms: Kms) -> dict[str, Callable[[], object]]:
    """Return one call of each verb, on a data key that was wrapped before."""
    _, wrapped = kms.generate_data_key(b"c")
    return {
        "describe": kms.describe,
        "generate": lambda: kms.generate_data_key(b"c"),
        "unwrap": lambda: kms.unwrap(wrapped, b"c"),
        "rewrap": lambda: kms.rewrap(wrapped, b"c", b"d"),
    }


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (429, KmsThrottled), (403, KeyDenied), (404, KeyNotFound), (500, KmsUnavailable), (503, KmsUnavailable), (401, KmsUnavailable),
        (302, KmsUnavailable),
    ],
)  # fmt: skip
def test_statuses_have_their_class(found: Provider, status: int, kind: type[CtsecError]) -> None:
    """Each verb tells throttled, denied, gone and broken apart, tries again only what may pass, and follows no redirect."""
    names = {429: "RESOURCE_EXHAUSTED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND"}
    told = {"error": {"status": names.get(status, ""), "code": "x", "message": "s3cret"}, "errors": ["s3cret"]}
    for call in verbs(found.services.open(found.ref)).values():
        found.fake.change = lambda _status, _body: (status, told)
        before = len(found.fake.calls)
        with pytest.raises(kind) as caught:
            call()
        assert type(caught.value) is kind
        assert "s3cret" not in str(caught.value)
        assert len(found.fake.calls) - before == (3 if kind.retryable else 1)
        assert not any("elsewhere" in each for each in found.fake.calls)
        found.fake.change = lambda status, body: (status, body)


@pytest.mark.parametrize(
    "body", [b"<html>", b"[]", b"", b'"text"', b"{" * 20_000, b"{}", b" " * 70_000 + b"{}", b'{"data": 7, "key": [], "name": {}}']
)
def test_garbage_is_no_answer(found: Provider, body: bytes) -> None:
    """What is no JSON object, is too large, or lacks what it should have, is KmsUnavailable in each verb."""
    for call in verbs(found.services.open(found.ref)).values():
        found.fake.change = lambda _status, _body: (200, body)
        with pytest.raises(KmsUnavailable):
            call()
        found.fake.change = lambda status, body: (status, body)


def changed(answer: Any, old: str, new: str) -> Any:
    """Return an answer with a text replaced wherever it stands."""
    if isinstance(answer, dict):
        return {name: changed(value, old, new) for name, value in answer.items()}
    return answer.replace(old, new) if isinstance(answer, str) else answer


def test_answers_for_another_key_are_not_believed(found: Provider) -> None:
    """An answer that names another key than the asked one is KmsUnavailable, wherever the service names it at all."""
    kms = found.services.open(found.ref)
    calls = verbs(kms)
    names = {"vault": ["describe"], "google": ["describe", "generate", "rewrap"], "azure": ["describe", "generate", "unwrap", "rewrap"]}
    for old, new in (("key-0", "key-9"), ("kek/", "kex/")):
        found.fake.change = lambda status, body, old=old, new=new: (status, changed(body, old, new))  # type: ignore[misc]
        wrong = []
        for name, call in calls.items():
            try:
                call()
            except KmsUnavailable:
                wrong.append(name)
        if found.ref.find(old) > 0:
            assert wrong == names[found.name]


@pytest.mark.proves("ASVS-13.2.1")
def test_a_token_is_asked_for_each_attempt_and_shown_nowhere(found: Provider) -> None:
    """A renewed token is used at once; one that is refused, malformed or can not be had is KmsUnavailable and stands in no error."""
    tokens = ["expired-token", TOKEN]

    def token() -> SecretText:
        if not tokens:
            raise OSError("no s3cret")
        return SecretText(tokens.pop(0))

    made = provider(found.name, token=token)
    kms = made.services.open(made.ref)
    kms.describe()
    assert tokens == []
    for left in ([], ["expired-token"] * 3, ["line\r\nX-Break: 1"] * 3):
        tokens[:] = left
        with pytest.raises(KmsUnavailable) as caught:
            kms.describe()
        assert not any(word in str(caught.value) for word in ("s3cret", "expired-token", "X-Break"))
    made.fake.close()


def test_nobody_there_is_unavailable(found: Provider) -> None:
    """A refused connection is KmsUnavailable."""
    kms = found.services.open(found.ref)
    other = provider(found.name)
    kms = other.services.open(other.ref)
    other.fake.close()
    with pytest.raises(KmsUnavailable):
        kms.describe()


def test_silence_is_unavailable(found: Provider) -> None:
    """A service that accepts and says nothing is KmsUnavailable after its own time-out, which is not that of connecting."""
    bounds, left = CallBounds(connect=30, read=0.1, attempts=2, total=100), list[bytes]()

    def listen(listening: socket.socket) -> None:
        for _ in range(2):
            connection, _ = listening.accept()
            connection.settimeout(10)
            with connection, suppress(TimeoutError):
                while connection.recv(4096):
                    pass
                left.append(b"in time")

    with socket.create_server(("127.0.0.1", 0)) as silent:
        thread = threading.Thread(target=listen, args=(silent,))
        thread.start()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        services: dict[str, Any] = {
            "vault": lambda: VaultKeyServices(url, token=lambda: SecretText(TOKEN), bounds=bounds),
            "google": lambda: GoogleKeyServices(address=url, token=lambda: SecretText(TOKEN), bounds=bounds),
            "azure": lambda: AzureKeyServices(address=url, token=lambda: SecretText(TOKEN), bounds=bounds),
        }
        with pytest.raises(KmsUnavailable, match="TimeoutError"):
            services[found.name]().open(found.ref).describe()
        thread.join()
    assert left == [b"in time"] * 2


@pytest.mark.parametrize("first", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n"])
def test_an_answer_that_drips_ends_in_time(first: bytes) -> None:
    """A service that sends a byte whenever a time-out is near is left after the time of one attempt, while it still sends."""
    bounds, left = CallBounds(connect=0.2, read=0.2, attempts=1, total=1), list[bytes]()

    def listen(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(first)
            connection.settimeout(0.05)
            for _ in range(200):
                try:
                    left.append(connection.recv(4096))
                    return
                except TimeoutError:
                    with suppress(ConnectionError):
                        connection.sendall(b" ")

    with socket.create_server(("127.0.0.1", 0)) as dripping:
        thread = threading.Thread(target=listen, args=(dripping,))
        thread.start()
        url = f"http://127.0.0.1:{dripping.getsockname()[1]}"
        with pytest.raises(KmsUnavailable):
            VaultKeyServices(url, token=lambda: SecretText(TOKEN), bounds=bounds).open("vault:transit/kek").describe()
        thread.join()
    assert left == [b""]


def test_only_a_whole_answer_with_status_200_is_believed(found: Provider) -> None:
    """A right answer under another status, and one that goes on over 64 KiB, are KmsUnavailable in each verb."""
    for call in verbs(found.services.open(found.ref)).values():
        for change in (lambda _status, body: (302, body), lambda _status, body: (201, body), lambda _status, body: (200, padded(body))):
            found.fake.change = change
            with pytest.raises(KmsUnavailable):
                call()
        found.fake.change = lambda status, body: (status, body)


def padded(body: dict[str, Any]) -> bytes:
    """Return an answer with white space behind it, up to more than 64 KiB."""
    return json.dumps(body).encode() + b" " * 70_000


@pytest.mark.proves("ASVS-13.2.4")
@pytest.mark.parametrize(
    "ref",
    [
        "", "vault:", "vault:transit", "vault:transit/", "vault:/kek", "vault:../sys/kek", "vault:transit/..", "vault:transit/a?b",
        "vault:transit/a%2fb", "vault:transit/a\n", "vault:transit/kek ",
        "gcpkms:projects/a/locations/b/keyRings/c",
        "gcpkms:projects/a/locations/b/keyRings/c/cryptoKeys/d/x",
        "gcpkms:projects/a/locations/b/keyRings/c/cryptoKeys/d/cryptoKeyVersions/1",
        "gcpkms:projects/../locations/b/keyRings/c/cryptoKeys/d",
        "azure:a/kek/" + "0" * 32, "azure:acme-hsm/kek", "azure:acme-hsm/kek/" + "0" * 31, "azure:acme.evil/kek/" + "0" * 32,
        "azure:acme-hsm/../" + "0" * 32, "azure:acme@evil/kek/" + "0" * 32, "local:00", "https://acme-hsm.managedhsm.azure.net/keys/kek",
    ],
)  # fmt: skip
def test_other_references_are_refused(found: Provider, ref: str) -> None:
    """A reference that is not exactly one of the provider's, that climbs in the path or names another host, is ConfigurationError."""
    with pytest.raises(ConfigurationError, match="expected the reference"):
        found.services.open(ref)
    assert found.fake.calls == []


@pytest.mark.parametrize(
    "address", ["http://vault.example.com", "vault.example.com", "http://10.0.0.1:8200", "https://[::1", "https://a:x", ""]
)
def test_addresses_without_tls_are_refused(address: str) -> None:
    """Plain http stays on this machine; what is no address is refused too."""

    def token() -> SecretText:
        return SecretText(TOKEN)

    with pytest.raises(ConfigurationError, match="expected"):
        VaultKeyServices(address, token=token)
    with pytest.raises(ConfigurationError, match="expected"):
        GoogleKeyServices(address=address, token=token)
    with pytest.raises(ConfigurationError, match="expected"):
        AzureKeyServices(address=address or "http://x", token=token).open("azure:acme-hsm/kek/" + "0" * 32)


@pytest.mark.proves("ASVS-11.2.3", "ASVS-13.3.1")
@pytest.mark.parametrize(
    "settings", [{"derived": False}, {"exportable": True}, {"allow_plaintext_backup": True}, {"type": "rsa-4096"}, {"type": "aes128-gcm96"}]
)
def test_a_transit_key_that_ignores_contexts_or_leaves_is_refused(vault: Provider, settings: dict[str, Any]) -> None:
    """A key that is not derived, can be exported, or is of another type wraps nothing: its settings are read before its first use."""
    assert isinstance(vault.fake, VaultFake)
    kms = vault.services.open(vault.fake.create(**settings))
    with pytest.raises(ConfigurationError, match="derived"):
        kms.generate_data_key(b"c")
    assert [call.partition(" ")[0] for call in vault.fake.calls] == ["GET"]


def test_the_settings_of_a_transit_key_are_read_once(vault: Provider) -> None:
    """However often a key is opened, its settings are read before its first use only; those of another key are read too."""
    for _ in range(3):
        vault.services.open(vault.ref).generate_data_key(b"c")
    assert [call.partition(" ")[0] for call in vault.fake.calls] == ["GET", "POST", "POST", "POST"]
    vault.services.open(vault.fake.create()).generate_data_key(b"c")
    assert [call.partition(" ")[0] for call in vault.fake.calls[4:]] == ["GET", "POST"]


def test_transit_wraps_anew_inside_for_the_same_context(vault: Provider) -> None:
    """With one context the engine wraps anew itself; with another one the key is decrypted and encrypted again."""
    kms = vault.services.open(vault.ref)
    _, wrapped = kms.generate_data_key(b"c")
    vault.fake.calls.clear()
    kms.rewrap(wrapped, b"c", b"c")
    assert [call.split("/")[3] for call in vault.fake.calls] == ["rewrap"]
    kms.rewrap(wrapped, b"c", b"d")
    assert [call.split("/")[3] for call in vault.fake.calls] == ["rewrap", "decrypt", "encrypt"]


def test_a_retired_version_of_a_transit_key_is_disabled(vault: Provider) -> None:
    """A version below min_decryption_version is a definite no and no broken ciphertext; a key that is gone is KeyNotFound."""
    kms = vault.services.open(vault.ref)
    _, wrapped = kms.generate_data_key(b"c")
    vault.fake.state(vault.ref, "disabled")
    with pytest.raises(KeyDisabled):
        kms.unwrap(wrapped, b"c")
    vault.fake.state(vault.ref, "enabled")
    vault.fake.state(vault.ref, "deleted")
    for call in (lambda: kms.unwrap(wrapped, b"c"), kms.describe, lambda: kms.generate_data_key(b"c")):
        with pytest.raises(KeyNotFound):
            call()


def test_a_transit_ciphertext_has_one_spelling(vault: Provider) -> None:
    """The same bytes in another spelling of base64, and another prefix, are refused before anything is asked."""
    kms = vault.services.open(vault.ref)
    _, wrapped = kms.generate_data_key(b"c")
    vault.fake.calls.clear()
    raw = base64.b64encode(b"\x00" * 4).decode()
    assert raw.endswith("A==")
    for text in (
        b"vault:v1:" + raw.replace("A==", "B==").encode(),
        b"vault:v0:AAAA",
        b"vault:v1:",
        b"vault:v01:AAAA",
        b"transit:v1:AAAA",
        wrapped[9:],
    ):
        with pytest.raises(DecryptionFailed):
            kms.unwrap(text, b"c")
    assert vault.fake.calls == []


def test_check_sums_of_google_are_checked(google: Provider) -> None:
    """A ciphertext or plaintext that does not fit its sum, and an encryption that did not check ours, are KmsUnavailable."""
    assert isinstance(google.fake, GoogleFake)
    kms = google.services.open(google.ref)
    _, wrapped = kms.generate_data_key(b"c")
    for member, value, call in (
        ("ciphertextCrc32c", "1", lambda: kms.generate_data_key(b"c")),
        ("verifiedPlaintextCrc32c", False, lambda: kms.generate_data_key(b"c")),
        ("verifiedAdditionalAuthenticatedDataCrc32c", False, lambda: kms.generate_data_key(b"c")),
        ("plaintextCrc32c", "1", lambda: kms.unwrap(wrapped, b"c")),
    ):
        google.fake.change = lambda status, body, member=member, value=value: (status, body | {member: value})  # type: ignore[misc]
        with pytest.raises(KmsUnavailable):
            call()


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("DISABLED", KeyDisabled), ("DESTROY_SCHEDULED", KeyPendingDeletion), ("DESTROYED", KeyNotFound),
        ("PENDING_GENERATION", KmsUnavailable), ("IMPORT_FAILED", KeyDisabled), ("SOMETHING_NEW", KeyDisabled),
    ],
)  # fmt: skip
def test_states_of_google_are_told_apart(google: Provider, state: str, kind: type[CtsecError]) -> None:
    """Each state of a version is told the same by a description and by a use; an unknown one is a definite no."""
    kms = google.services.open(google.ref)
    _, wrapped = kms.generate_data_key(b"c")
    google.fake.settings[google.ref.partition(":")[2]]["state"] = state
    for call in (kms.describe, lambda: kms.unwrap(wrapped, b"c")):
        with pytest.raises(kind) as caught:
            call()
        assert type(caught.value) is kind


def test_a_key_of_google_says_where_it_is(google: Provider) -> None:
    """The description names location and project; a key for signatures is refused."""
    assert isinstance(google.fake, GoogleFake)
    described = google.services.open(google.ref).describe()
    assert (described.region, described.account) == ("europe-west3", "acme")
    with pytest.raises(ConfigurationError, match="ENCRYPT_DECRYPT"):
        google.services.open(google.fake.create(purpose="ASYMMETRIC_SIGN")).describe()


@pytest.mark.parametrize("settings", [{"kty": "RSA-HSM"}, {"kty": "RSA"}, {"key_ops": ["wrapKey"]}, {"key_ops": None}])
def test_keys_that_anybody_can_wrap_with_are_refused(azure: Provider, settings: dict[str, Any]) -> None:
    """An RSA key, with whose public half anybody could wrap, and one that can not unwrap are ConfigurationError."""
    assert isinstance(azure.fake, AzureFake)
    with pytest.raises(ConfigurationError, match="oct-HSM"):
        azure.services.open(azure.fake.create(**settings)).describe()


def test_a_disabled_key_of_azure(azure: Provider) -> None:
    """Disabled is told by a description and by each use; enabled again, what was wrapped opens."""
    kms = azure.services.open(azure.ref)
    calls = verbs(kms)
    azure.fake.state(azure.ref, "disabled")
    for call in calls.values():
        with pytest.raises(KeyDisabled):
            call()
    azure.fake.state(azure.ref, "enabled")
    assert calls["unwrap"]() is not None


def test_the_context_is_not_sent_to_azure(azure: Provider) -> None:
    """The HSM wraps a key of its own use, not the data key: what it unwraps opens nothing without the context."""
    kms = azure.services.open(azure.ref)
    plaintext, wrapped = kms.generate_data_key(b"c")
    assert len(wrapped) == 101
    seen: list[Any] = []
    azure.fake.change = lambda status, body: (status, seen.append(body) or body)  # type: ignore[func-returns-value]
    kms.unwrap(wrapped, b"c")
    inner = base64.urlsafe_b64decode(seen[0]["value"] + "=")
    assert len(inner) == 32
    assert inner != plaintext.reveal()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 and its key, in one file."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    now = dt.datetime.now(dt.UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))])
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    built = built.not_valid_before(now - dt.timedelta(hours=1)).not_valid_after(now + dt.timedelta(hours=1))
    signed = built.add_extension(address, critical=False).sign(key, hashes.SHA256())
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    path.write_bytes(signed.public_bytes(serialization.Encoding.PEM) + pem)
    return path


def over_tls(authority: Path, *, newest: ssl.TLSVersion) -> type[BaseException] | None:
    """Describe a key of a server that speaks TLS up to a version; return the class of the error, if any."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(authority)
    server.maximum_version = newest
    answer = b'{"data": {"name": "kek", "type": "aes256-gcm96", "derived": true, "exportable": false, "allow_plaintext_backup": false}}'
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            plain, _ = listening.accept()
            try:
                with server.wrap_socket(plain, server_side=True) as secured:
                    secured.recv(4096)
                    secured.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(answer) + answer)
            except OSError:
                plain.close()

        thread = threading.Thread(target=serve)
        thread.start()
        url = f"https://127.0.0.1:{listening.getsockname()[1]}"
        services = VaultKeyServices(url, token=lambda: SecretText(TOKEN), bounds=CallBounds(attempts=1))
        try:
            services.open("vault:transit/kek").describe()
        except CtsecError as error:
            return type(error)
        finally:
            thread.join()
    return None


def test_tls_is_checked(authority: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that the machine trusts is believed over TLS 1.3; an unknown authority and an older TLS are KmsUnavailable."""
    assert over_tls(authority, newest=ssl.TLSVersion.TLSv1_3) is KmsUnavailable
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    assert over_tls(authority, newest=ssl.TLSVersion.TLSv1_3) is None
    assert over_tls(authority, newest=ssl.TLSVersion.TLSv1_2) is KmsUnavailable
