"""The example's listener speaks TLS 1.3 and nothing less when it is given a certificate."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from ctsec.transport import Transport, client_context
from examples.walkthrough.mailbox import free_port
from examples.walkthrough.transcript import eventually
from tests import fresh
from tests.certificates import Authority
from tests.examples.pages import ROOT

DEMO = str(ROOT / "examples" / "demo.py")


@pytest.mark.slow
@pytest.mark.proves("SEED-E1", "ASVS-12.1.1")
@pytest.mark.parametrize("host", ["fastapi", "flask"])
def test_listener_refuses_tls12(host: str, tmp_path: Path) -> None:
    """With --certificate and --key the page is served over TLS 1.3; a client that speaks TLS 1.2, or no TLS, gets nothing."""
    authority = Authority.make(tmp_path)
    pair = authority.issue("listener", hosts=("localhost",))
    port = free_port()
    command = [sys.executable, DEMO, "--host", host, "--serve", "--port", str(port), "--certificate", pair.certificate, "--key", pair.key]
    folder = tmp_path / "run"
    folder.mkdir()
    with (folder / "log").open("wb") as log:
        running = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, env=dict(os.environ))
    try:
        eventually(lambda: b"Ctrl-C" in (folder / "log").read_bytes(), what="the demonstration to say where it is", seconds=40)
        assert f"https://localhost:{port}/" in (folder / "log").read_text("utf-8")
        with httpx.Client(verify=client_context(Transport(ca_file=authority.file))) as client:
            assert client.get(f"https://localhost:{port}/").status_code == 200
        with socket.create_connection(("localhost", port), timeout=5) as plain:
            tls = client_context(Transport(ca_file=authority.file)).wrap_socket(plain, server_hostname="localhost")
            assert tls.version() == "TLSv1.3"
            tls.close()
        old = ssl.create_default_context(cafile=authority.file)
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        with socket.create_connection(("localhost", port), timeout=5) as plain, pytest.raises(ssl.SSLError):
            old.wrap_socket(plain, server_hostname="localhost")
        with pytest.raises(httpx.TransportError):
            httpx.get(f"http://localhost:{port}/", timeout=5)
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait(20)


def test_half_a_pair_is_refused(tmp_path: Path) -> None:
    """A certificate without its key, or without --serve, is a mistake that is told before anything starts."""
    for words in (("--serve", "--certificate", "a.pem"), ("--serve", "--key", "a.pem"), ("--certificate", "a.pem", "--key", "a.pem")):
        ran = fresh.script(DEMO, *words, folder=tmp_path)
        assert ran.returncode == 2
        assert "go together" in ran.stderr
