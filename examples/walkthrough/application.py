"""A host application as a process of its own, on a port of loopback."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
from pathlib import Path

import httpx

from ctsec.transport import Reach, Transport, client_context
from examples.walkthrough.transcript import Unexpected, eventually

ROOT = Path(__file__).resolve().parents[2]
SERVERS = {"fastapi": "FastAPI, served by uvicorn", "flask": "Flask, served by werkzeug"}
COMMANDS = {
    "fastapi": ("uvicorn", "examples.cloudthinker_fastapi.app:app"),
    "flask": ("flask", "--app", "examples.cloudthinker_flask.app", "run"),
}


class Application:
    """A web application, started and stopped: `command` is a module of Python with its arguments, `--port` is added.

    `url` is where it answers, if not plain on loopback, and `trusted` the file of its certificate.
    """

    def __init__(
        self, *command: str, folder: Path, port: int, settings: dict[str, str], url: str | None = None, trusted: str | None = None
    ) -> None:
        self.url = url or f"http://127.0.0.1:{port}"
        self._trusted = _only(trusted) if trusted else ssl.create_default_context()
        self._folder = folder
        self._log = folder / "server.log"
        self._command = [sys.executable, "-P", "-m", *command, "--port", str(port)]
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process and wait until it answers."""
        path = os.pathsep.join(filter(None, [str(ROOT), str(self._folder), os.environ.get("PYTHONPATH", "")]))
        surroundings = {**os.environ, "PYTHONPATH": path, **self._settings}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, cwd=self._folder, env=surroundings, stdout=log, stderr=subprocess.STDOUT)
        eventually(self._answers, what="the application to answer", seconds=30)

    def wait(self) -> int:
        """Wait until the process ends by itself, and return its exit status."""
        return self._process.wait() if self._process else 0

    def stop(self) -> None:
        """End the process."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(10)

    def last_words(self) -> str:
        """Return the end of what the process wrote."""
        return self._log.read_text("utf-8", "replace")[-4000:] if self._log.exists() else ""

    def _answers(self) -> bool:
        if self._process is not None and self._process.poll() is not None:
            raise Unexpected(f"expected the application to run; it ended with status {self._process.returncode}")
        try:
            return httpx.get(f"{self.url}/", timeout=2, verify=self._trusted).status_code < 500
        except httpx.TransportError:
            return False


def _only(certificate: str) -> ssl.SSLContext:
    """Return a context that trusts one certificate, whatever name it is for: the listener is our own child."""
    context = client_context(Transport(ca_file=certificate))
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.check_hostname = False
    return context


def example(
    host: str,
    *,
    folder: Path,
    port: int,
    mail: str,
    pair: tuple[Path, Path] | None = None,
    reach: Reach = Reach.PUBLIC,
    kms: str | None = None,
) -> Application:
    """Return one of the two examples, with its data in `folder`; with a certificate and its key as `pair` it speaks TLS 1.3 only.

    `reach` is how far connections to identity providers may lead, `kms` where the stand-in for AWS KMS listens, if there is one.
    """
    url = f"http://127.0.0.1:{port}" if pair is None else f"https://localhost:{port}"
    settings = {
        "CLOUDTHINKER_DATABASE": str(folder / "cloudthinker.db"),
        "CLOUDTHINKER_BASE_URL": url,
        "CLOUDTHINKER_MAIL": mail,
        "CLOUDTHINKER_REACH": reach.value,
    }
    if kms is not None:
        settings |= {"CLOUDTHINKER_KMS": kms, "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret"}
    if pair is None:
        return Application(*COMMANDS[host], folder=folder, port=port, settings=settings)
    certificate, key = (str(path.absolute()) for path in pair)
    command = ("examples.walkthrough.listener", host, "--certificate", certificate, "--key", key)
    return Application(*command, folder=folder, port=port, settings=settings, url=url, trusted=certificate)
