"""Identity providers of SAML that others wrote, as processes of this machine: started on loopback, stopped by process id.

Each has what a scene needs (`tests.peers.saml_scene`): its entity id, its metadata, people whose password is their name, and service
providers that register by their metadata.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import quote

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from ctsec.clock import Clock, SystemClock
from ctsec.sso.saml import Form
from ctsec.testing.saml import SamlKey, Signed
from ctsec.testing.saml_client import SamlClient
from examples.walkthrough.transcript import eventually
from tests import programs
from tests.peers.running import PATIENCE, free_port
from tests.peers.visitor import Visitor

PEOPLE: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "alice": {"email": ("alice@acme.example",), "name": ("Alice Able",), "groups": ("staff", "engineers")},
    "bob": {"email": ("bob@acme.example",), "name": ("Bob <b> & Söhne",), "groups": ("staff",)},
    "carol": {"email": ("carol@acme.example",), "name": ("Carol Cole",), "groups": ("engineers",)},
}
SAMLP: Final = Path(__file__).resolve().parents[1] / "node" / "samlp.mjs"
SIMPLESAMLPHP: Final = Path(__file__).with_name("simplesamlphp")
_PERSISTENT: Final = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"


class SamlPeer(Protocol):
    """An identity provider that runs. `entity_id` is its name, `at` where it answers; its clock is `clock`."""

    port: int
    clock: Clock

    @property
    def at(self) -> str: ...
    @property
    def entity_id(self) -> str: ...
    @property
    def metadata_url(self) -> str: ...
    @property
    def leave_url(self) -> str: ...
    def register(self, metadata: bytes, *, style: Signed, encrypts: bool = False) -> None:
        """Register a service provider, or change what it gets: which style, and whether encrypted."""

    def visit(self, come: str | Form, *, person: str, visitor: Visitor | None = None) -> Form:
        """Sign in, in a browser that was never there unless one is given, and return the form that it sends to the service provider."""


@dataclass(slots=True)
class _Process:
    """What the peers have in common."""

    folder: Path
    port: int = field(default_factory=free_port)
    people: dict[str, dict[str, list[str]]] = field(
        default_factory=lambda: {name: {key: list(values) for key, values in claims.items()} for name, claims in PEOPLE.items()}
    )
    process: subprocess.Popen[str] | None = None

    @property
    def at(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def entity_id(self) -> str:
        """Its name."""
        return f"{self.at}/metadata"

    def visit(self, come: str | Form, *, person: str, visitor: Visitor | None = None) -> Form:
        """Sign in, in a browser that was never there unless one is given, and return the form that it sends to the service provider."""
        with nullcontext(visitor) if visitor is not None else Visitor(self.at) as browser:
            return browser.saml(come, fields={"username": person, "password": person})

    def stop(self) -> None:
        """End the process."""
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None

    def _make_keys(self) -> None:
        key = SamlKey.generate(name="idp.example")
        (self.folder / "idp.key").write_text(key.private, "ascii")
        (self.folder / "idp.crt").write_text(key.certificate, "ascii")


@dataclass(slots=True)
class Samlp(_Process):
    """npm's samlp; its clock stands where `clock` stood when it was last spoken to."""

    clock: Clock = field(default_factory=SystemClock)

    @property
    def metadata_url(self) -> str:
        """Where its metadata is."""
        return f"{self.at}/metadata"

    @property
    def leave_url(self) -> str:
        """Where somebody signs out of it, and of everything that it signed them in to."""
        return f"{self.at}/slo"

    def start(self) -> None:
        """Start the process and wait for its word."""
        self._make_keys()
        with (self.folder / "log").open("ab") as log:
            command = programs.node_command(SAMLP.read_text("utf-8"), str(self.port), str(self.folder))
            self.process = subprocess.Popen(
                command, cwd=programs.NODE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
            )
        assert self._answer() == {"ready": True}
        self.tell()

    def tell(self, **wish: object) -> list[str]:
        """Say a wish to the process, and what time it is and who there is; return the errors since the last time."""
        assert self.process is not None
        assert self.process.stdin is not None
        now = int(self.clock.now().timestamp() * 1000)
        people = {name: {"name": f"{name}-{self.port}", "format": _PERSISTENT, "claims": claims} for name, claims in self.people.items()}
        self.process.stdin.write(json.dumps({**wish, "now": now, "people": people}) + "\n")
        self.process.stdin.flush()
        errors: list[str] = self._answer()["errors"]
        return errors

    def register(self, metadata: bytes, *, style: Signed, encrypts: bool = False) -> None:
        """Register a service provider, or change what it gets."""
        told = SamlClient.from_metadata(metadata)
        client = {
            "entity": told.entity_id,
            "acs": told.acs_url,
            "slo": told.slo_url,
            "assertion": style in {Signed.ASSERTION, Signed.BOTH},
            "response": style in {Signed.RESPONSE, Signed.BOTH},
            **({"certificate": told.certificates[0]} if told.certificates else {}),
            **({"seal": told.encryption, "sealKey": _public_key(told.encryption)} if encrypts else {}),
        }
        self.tell(client=client)

    def visit(self, come: str | Form, *, person: str, visitor: Visitor | None = None) -> Form:
        """Sign in at the time that it is."""
        self.tell()
        return _Process.visit(self, come, person=person, visitor=visitor)

    def _answer(self) -> Any:
        assert self.process is not None
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, (self.folder / "log").read_text("utf-8", "replace")[-2000:]
        return json.loads(line)


@dataclass(slots=True)
class SimpleSamlPhp(_Process):
    """Debian's simplesamlphp under PHP's own server; its clock is the machine's."""

    clock: Clock = field(default_factory=SystemClock)

    @property
    def metadata_url(self) -> str:
        """Where its metadata is."""
        return f"{self.at}/saml2/idp/metadata.php"

    @property
    def leave_url(self) -> str:
        """Where somebody signs out of it, and of everything that it signed them in to."""
        return f"{self.at}/saml2/idp/SingleLogoutService.php?ReturnTo={quote(self.at)}"

    def start(self) -> None:
        """Start the process, and wait until it answers."""
        self._make_keys()
        for name in ("clients", "data", "tmp"):
            (self.folder / name).mkdir(exist_ok=True)
        (self.folder / "people.json").write_text(json.dumps(self.people), "utf-8")
        around = {
            "PATH": os.environ["PATH"],
            "SIMPLESAMLPHP_CONFIG_DIR": str(SIMPLESAMLPHP / "config"),
            "CTSEC_PEER_FOLDER": str(self.folder),
            "CTSEC_PEER_PORT": str(self.port),
        }
        place, pages = f"127.0.0.1:{self.port}", str(programs.SIMPLESAMLPHP)
        command = [shutil.which("php") or "php", "-d", f"session.save_path={self.folder / 'data'}", "-S", place, "-t", pages]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=self.folder, env=around, stdin=subprocess.DEVNULL, stdout=log, stderr=log, text=True
            )
        eventually(self._answers, what="simplesamlphp to answer", seconds=PATIENCE)

    def register(self, metadata: bytes, *, style: Signed, encrypts: bool = False) -> None:
        """Register a service provider by its metadata, which the software reads itself, or change what it gets."""
        wanted = {
            "saml20.sign.assertion": style in {Signed.ASSERTION, Signed.BOTH},
            "saml20.sign.response": style in {Signed.RESPONSE, Signed.BOTH},
            "assertion.encryption": encrypts,
        }
        name = self.folder / "clients" / SamlClient.from_metadata(metadata).entity_id.encode().hex()
        name.with_suffix(".json").write_text(json.dumps(wanted), "utf-8")
        name.with_suffix(".xml").write_bytes(metadata)

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.folder / "log").read_text("utf-8", "replace")[-2000:]
        try:
            return httpx.get(self.metadata_url, timeout=PATIENCE).status_code == 200
        except httpx.TransportError:
            return False


def _public_key(certificate: str) -> str:
    key = x509.load_pem_x509_certificate(certificate.encode("ascii")).public_key()
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode("ascii")
