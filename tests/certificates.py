"""Certificates for the tests: an authority of their own, and what it issues, as PEM files."""

from __future__ import annotations

import ipaddress
import os
import pwd
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NAME: Final = "db.example.test"
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its key."""

    certificate: str
    key: str


@dataclass(frozen=True, slots=True)
class Authority:
    """A CA that is in no system's bundle; its certificate is `file`."""

    folder: Path
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def make(cls, folder: Path, name: str = "ca") -> Authority:
        """Make one, with its PEM file in `folder`."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"tests {name}")])
        made = _builder(subject, subject, key, expired=False)
        made = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        made = made.add_extension(x509.KeyUsage(False, False, False, False, False, True, True, False, False), critical=True)
        authority = cls(folder, key, made.sign(key, hashes.SHA256()))
        (folder / f"{name}.pem").write_bytes(authority.certificate.public_bytes(serialization.Encoding.PEM))
        return authority

    @property
    def file(self) -> str:
        """The path of its certificate."""
        return str(next(self.folder.glob(f"{self.certificate.subject.rfc4514_string().rpartition(' ')[2]}.pem")))

    def issue(self, name: str, *, hosts: tuple[str, ...] = ("127.0.0.1", NAME), expired: bool = False) -> Pair:
        """Issue a certificate for servers at `hosts`, or for a client; `name` is that of its files."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        made = _builder(subject, self.certificate.subject, key, expired=expired)
        made = made.add_extension(x509.SubjectAlternativeName([_general(host) for host in hosts]), critical=False)
        uses = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        made = made.add_extension(x509.ExtendedKeyUsage(uses), critical=False)
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        signed = made.add_extension(identifier, critical=False).sign(self.key, hashes.SHA256())
        pair = Pair(str(self.folder / f"{name}.crt"), str(self.folder / f"{name}.key"))
        Path(pair.certificate).write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        Path(pair.key).touch(mode=0o600)
        Path(pair.key).write_bytes(private)
        return pair


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, *, expired: bool) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    made = made.serial_number(x509.random_serial_number())
    made = made.not_valid_before(now - 2 * _DAY).not_valid_after(now - _DAY if expired else now + _DAY)
    return made.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)


def _general(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def with_tls(kind: str, command: list[str], *, folder: Path, maximum: str, account: pwd.struct_passwd | None) -> list[str]:
    """Return the command of a server that speaks TLS too (Redis: only), after making its certificate."""
    place = folder / "tls"
    place.mkdir(mode=0o755)
    authority = Authority.make(place)
    pair = authority.issue("server")
    authority.issue("client", hosts=("client",))
    for path in (pair.key, pair.certificate):
        if account is not None:
            os.chown(path, account.pw_uid, account.pw_gid)
    if kind == "postgresql":
        names = {
            "ssl": "on",
            "ssl_cert_file": pair.certificate,
            "ssl_key_file": pair.key,
            "ssl_ca_file": authority.file,
            "ssl_max_protocol_version": maximum,
        }
        return command + [part for name, value in names.items() for part in ("-c", f"{name}={value}")]
    if kind == "mariadb":
        return [*command, f"--ssl-cert={pair.certificate}", f"--ssl-key={pair.key}", f"--tls-version={maximum}"]
    *others, _, port = command
    files = ["--tls-cert-file", pair.certificate, "--tls-key-file", pair.key, "--tls-ca-cert-file", authority.file]
    return [*others, "--port", "0", "--tls-port", port, *files, "--tls-auth-clients", "yes", "--tls-protocols", maximum]
