"""The key services over plain HTTPS are held to TLS 1.3, and tell the doctor what their own client speaks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

import pytest

from ctsec.encryption.kms import (
    AsyncBlockingKeyServices,
    AsyncCompositeKeyServices,
    AzureKeyServices,
    CallBounds,
    CompositeKeyServices,
    GoogleKeyServices,
    VaultKeyServices,
)
from ctsec.encryption.ports import Kms
from ctsec.errors import ConfigurationError, KmsUnavailable
from ctsec.secret import SecretText
from ctsec.transport import ConnectionReport, ReportsConnections, Transport, UnsafeTransport
from tests.certificates import NAME, Authority, Pair
from tests.transport.peers import listening, service

REFS: Final = {
    "vault": "vault:transit/acme",
    "gcpkms": "gcpkms:projects/acme/locations/europe-west3/keyRings/ring/cryptoKeys/kek",
    "azure": "azure:Acme-HSM/kek/" + "0" * 32,
}
WHAT: Final = {"vault": "vault", "gcpkms": "google cloud kms", "azure": "azure acme-hsm"}
BOUNDS: Final = CallBounds(connect=5.0, read=5.0, attempts=1, total=20.0)


class Services(Protocol):
    """What the three have in common."""

    def open(self, ref: str) -> Kms: ...
    def connections(self) -> tuple[ConnectionReport, ...]: ...


def token() -> SecretText:
    """Return the token of every call."""
    return SecretText("s3cret-word")


def made(scheme: str, address: str, transport: Transport) -> Services:
    """Return the services of a scheme at an address."""
    makers: dict[str, Callable[[], Services]] = {
        "vault": lambda: VaultKeyServices(address, token=token, bounds=BOUNDS, transport=transport),
        "gcpkms": lambda: GoogleKeyServices(address=address, token=token, bounds=BOUNDS, transport=transport),
        "azure": lambda: AzureKeyServices(address=address, token=token, bounds=BOUNDS, transport=transport),
    }
    return makers[scheme]()


@pytest.fixture(params=sorted(REFS))
def scheme(request: pytest.FixtureRequest) -> str:
    """One of the three."""
    return str(request.param)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A CA of this module's own."""
    return Authority.make(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def pair(authority: Authority) -> Pair:
    """The service's certificate, for 127.0.0.1."""
    return authority.issue("kms")


def told(services: Services, scheme: str) -> ConnectionReport:
    """Open a key, and return the one report of the services, which is the key's own and that of the async colour too."""
    kms = services.open(REFS[scheme])
    assert isinstance(kms, ReportsConnections)
    (found,) = CompositeKeyServices({scheme: services}).connections()
    threads = AsyncBlockingKeyServices(services)
    assert asyncio.run(AsyncCompositeKeyServices({scheme: threads}).connections()) == (found,)
    assert [(each.protocol, each.problem) for each in kms.connections()] == [(found.protocol, found.problem)]
    assert [each.what.lower() for each in kms.connections()] == [found.what]
    return found


@pytest.mark.proves("SEED-E1", "ASVS-12.1.1", "ASVS-12.3.1")
def test_tls12_is_refused_and_tls13_is_told(scheme: str, authority: Authority, pair: Pair) -> None:
    """A service that speaks at most TLS 1.2 is spoken to by no call, and the report says so; one with TLS 1.3 is told with its cipher."""
    held = Transport(ca_file=authority.file)
    with service(listening(pair, "TLSv1.2")) as old:
        services = made(scheme, f"https://127.0.0.1:{old.port}", held)
        with pytest.raises(KmsUnavailable):
            services.open(REFS[scheme]).describe()
        found = told(services, scheme)
    assert (found.what, found.address) == (WHAT[scheme], f"https://127.0.0.1:{old.port}")
    assert (found.protocol, found.problem[:17], found.sound) == ("", "no TLS connection", False)
    assert set(old.versions) == {"refused"}
    assert old.answered == 0
    with service(listening(pair, "TLSv1.3")) as new:
        found = told(made(scheme, f"https://127.0.0.1:{new.port}", held), scheme)
    assert (found.protocol, found.cipher[:4], found.problem, found.sound) == ("TLSv1.3", "TLS_", "", True)
    assert new.answered == 0  # a report sends nothing, no token either


def test_unsafe_transport_is_told_with_its_reason(scheme: str, authority: Authority, pair: Pair) -> None:
    """TLS 1.2 is spoken where an `UnsafeTransport` says so, and the report names the version and the reason."""
    lenient = UnsafeTransport(reason="until March", ca_file=authority.file)
    with service(listening(pair, "TLSv1.2")) as old:
        found = told(made(scheme, f"https://127.0.0.1:{old.port}", lenient), scheme)
    assert (found.protocol, found.problem, found.excuse, found.local) == ("TLSv1.2", "", "until March", True)


@pytest.mark.proves("ASVS-12.3.2", "ASVS-12.3.4")
def test_certificates_are_checked_whatever_the_transport(scheme: str, authority: Authority, tmp_path: Path) -> None:
    """An expired certificate, another name and an unknown CA are refused by calls and told, with an `UnsafeTransport` too."""
    other = Authority.make(tmp_path)
    cases = [
        (authority.issue("expired", expired=True), authority.file),
        (authority.issue("elsewhere", hosts=(NAME,)), authority.file),
        (authority.issue("unknown"), other.file),
        (authority.issue("nobody"), None),
    ]
    for wrong, trusted in cases:
        with service(listening(wrong, "TLSv1.3")) as running:
            for transport in (Transport(ca_file=trusted), UnsafeTransport(reason="a lab", ca_file=trusted, plain=True)):
                services = made(scheme, f"https://127.0.0.1:{running.port}", transport)
                with pytest.raises(KmsUnavailable):
                    services.open(REFS[scheme]).describe()
                assert told(services, scheme).problem.startswith("the certificate is not accepted")
        assert running.answered == 0


@pytest.mark.proves("ASVS-12.3.5")
def test_a_service_sees_the_certificate_of_this_side(scheme: str, authority: Authority, pair: Pair) -> None:
    """A service that asks for a certificate answers calls with the one of the transport."""
    mine = authority.issue("me", hosts=("client",))
    with service(listening(pair, "TLSv1.3", clients=authority.file)) as running:
        shown = Transport(ca_file=authority.file, certificate=mine.certificate, key=mine.key)
        for transport in (Transport(ca_file=authority.file), shown):
            with pytest.raises(KmsUnavailable):  # with the certificate, what it answers is about another key
                made(scheme, f"https://127.0.0.1:{running.port}", transport).open(REFS[scheme]).describe()
    assert running.answered == 1


@pytest.mark.proves("ASVS-12.3.1")
def test_plain_http_is_for_loopback_unless_it_is_held_too(scheme: str) -> None:
    """Plain http is told as such on loopback, refused there by a transport that holds it too, and refused elsewhere by each transport."""
    found = told(made(scheme, "http://127.0.0.1:1", Transport()), scheme)
    assert (found.protocol, found.local, found.sound) == ("", True, True)
    for address, transport in (
        ("http://127.0.0.1:1", Transport(on_loopback=True)),
        ("http://kms.example.test", Transport()),
        ("http://kms.example.test", UnsafeTransport(reason="a lab", plain=True)),
    ):
        with pytest.raises(ConfigurationError, match="expected https"):
            made(scheme, address, transport).open(REFS[scheme])


def test_each_hsm_is_told_once() -> None:
    """Azure's services tell of each HSM that a key was opened of, whatever its spelling, and of none before."""
    azure = AzureKeyServices(token=token, address="http://127.0.0.1:1")
    assert azure.connections() == ()
    for name in ("Two-HSM", "one-hsm", "two-hsm"):
        azure.open(f"azure:{name}/kek/" + "0" * 32)
    assert [each.what for each in azure.connections()] == ["azure one-hsm", "azure two-hsm"]
