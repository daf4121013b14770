"""Identity providers that others wrote, as processes of this machine: started on loopback, spoken to, stopped by process id."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx

from ctsec.clock import Clock
from ctsec.testing import FixedClock
from examples.walkthrough.transcript import eventually
from tests import programs
from tests.peers.visitor import Visitor

NANO_SCOPES: Final = ("openid", "profile", "email", "groups", "offline_access")
PATIENCE: Final = 60.0
PEOPLE: Final[Mapping[str, Mapping[str, object]]] = {
    "alice": {"email": "alice@acme.example", "email_verified": True, "name": "Alice Able", "groups": ["staff", "engineers"]},
    "bob": {"email": "bob@acme.example", "email_verified": True, "name": "Bob Baker", "groups": []},
    "carol": {"email": "carol@acme.example", "email_verified": True, "name": "Carol Cole", "groups": ["engineers"]},
    "mallory": {"email": "alice@acme.example", "email_verified": False, "name": "Alice Able", "groups": ["engineers"]},
}
SCRIPT: Final = Path(__file__).resolve().parents[1] / "node" / "oidc-provider.mjs"


def _people() -> dict[str, dict[str, object]]:
    return {name: dict(claims) for name, claims in PEOPLE.items()}


def free_port() -> int:
    """Return a port of loopback that nobody listens on, below those that connections are given: it is left for a moment by a restart."""
    for _ in range(100):
        port = 20_000 + secrets.randbelow(12_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("expected a free port from 20,000 to 32,000")


@dataclass(slots=True)
class OidcProvider:
    """npm's oidc-provider, which is certified by the OpenID Foundation; what it knows outlasts its process, in `folder`.

    Its clock stands where `clock` stood when it was last spoken to; `asked` counts the paths that it was asked for, and `heard` what it
    tells itself: its events of refresh tokens and grants.
    """

    folder: Path
    clock: Clock = field(default_factory=FixedClock)
    port: int = field(default_factory=free_port)
    asked: Counter[str] = field(default_factory=Counter[str])
    heard: Counter[str] = field(default_factory=Counter[str])
    people: dict[str, dict[str, object]] = field(default_factory=_people)
    _process: subprocess.Popen[str] | None = None

    @property
    def issuer(self) -> str:
        """Its name, and where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def start(self, *, claims_in: str = "userinfo") -> None:
        """Start the process and wait for its word; `claims_in` the `token` or `userinfo` is where the claims of scopes are."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                programs.node_command(SCRIPT.read_text("utf-8"), str(self.port), str(self.folder), claims_in),
                cwd=programs.NODE,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self._answer() == {"ready": True}
        self.tell()

    def stop(self) -> None:
        """End the process, stopped as it may be."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def restart(self, *, new_keys: bool = False, claims_in: str = "userinfo") -> None:
        """Start it again on the same port, with the keys that it had, or with others."""
        self.stop()
        if new_keys:
            (self.folder / "keys.json").unlink()
        self.start(claims_in=claims_in)

    def tell(self, **wish: object) -> dict[str, Any]:
        """Say a wish to the process, and what time it is and who there is, and take what it answers."""
        now = int(self.clock.now().timestamp() * 1000)
        say = self._running().stdin
        assert say is not None
        say.write(json.dumps({**wish, "now": now, "people": self.people}) + "\n")
        say.flush()
        told: dict[str, Any] = self._answer()
        self.asked.update(told["asked"])
        self.heard.update(told["heard"])
        return told

    def register(self, client: Mapping[str, object]) -> None:
        """Register a client (the members of OpenID Connect Dynamic Client Registration 1.0, 2)."""
        self.tell(client=client)

    def count(self, path: str) -> int:
        """Return how often it was asked for a path."""
        self.tell()
        return self.asked[path]

    def freeze(self) -> None:
        """Have the process stand still: whoever connects is not answered."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Have it go on."""
        self._signal(signal.SIGCONT)

    def visit(self, url: str, *, person: str) -> str:
        """Sign in and agree to everything, in a browser that was never there, and return where that ends."""
        self.tell()
        with Visitor(self.issuer) as visitor:
            return visitor.sign_in(url, person=person)

    def kept(self, model: str) -> dict[str, dict[str, object]]:
        """Return what it has stored of a kind, by id."""
        return dict(self.tell(kept=model)["kept"])

    def _signal(self, number: signal.Signals) -> None:
        os.kill(self._running().pid, number)

    def _running(self) -> subprocess.Popen[str]:
        assert self._process is not None
        return self._process

    def _answer(self) -> Any:
        said = self._running().stdout
        assert said is not None
        line = said.readline()
        assert line, (self.folder / "log").read_text("utf-8", "replace")[-2000:]
        return json.loads(line)


@dataclass(slots=True)
class NanoIdp:
    """PyPI's nanoidp, under its profile of OAuth 2.1; its clock is the machine's."""

    folder: Path
    port: int = field(default_factory=free_port)
    people: dict[str, dict[str, object]] = field(default_factory=_people)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def issuer(self) -> str:
        """Its name, and where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start the process, and wait until it answers; the password of people is their name."""
        users = {name: {"password": name, "email": each["email"], "groups": each["groups"]} for name, each in self.people.items()}
        settings = {
            "config_version": 1,
            "server": {"host": "127.0.0.1", "port": self.port},
            "oauth": {"issuer": self.issuer, "audience": "nobody", "clients": [], "scopes_supported": list(NANO_SCOPES)},
        }
        (self.folder / "settings.yaml").write_text(json.dumps(settings), "utf-8")  # JSON is YAML
        (self.folder / "users.yaml").write_text(json.dumps({"config_version": 1, "users": users}), "utf-8")
        command = [sys.executable, "-m", "nanoidp", "--config", str(self.folder), "--profile", "oauth21"]
        around = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, cwd=self.folder, env=around, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        eventually(self._answers, what="nanoidp to answer", seconds=PATIENCE)

    def stop(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def register(self, client: Mapping[str, object]) -> None:
        """Register a client."""
        answer = httpx.post(f"{self.issuer}/api/runtime/clients", json=client, timeout=PATIENCE)
        assert answer.status_code < 300, answer.text

    def visit(self, url: str, *, person: str) -> str:
        """Sign in, in a browser that was never there, and return where that ends."""
        with Visitor(self.issuer) as visitor:
            return visitor.sign_in(url, person=person)

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self.folder / "log").read_text("utf-8", "replace")[-2000:]
        try:
            return httpx.get(f"{self.issuer}/api/health", timeout=PATIENCE).status_code == 200
        except httpx.TransportError:
            return False
