"""The page of connections says what the code does: what connects, to where, how long it waits and how often it tries."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path
from typing import Final

import pytest

from ctsec.audit.streams.position import LONGEST, SHORTEST
from ctsec.audit.streams.posting import SECONDS as POST_SECONDS
from ctsec.audit.streams.s3 import ANSWER, CONNECT
from ctsec.encryption.kms.attempts import CallBounds
from ctsec.encryption.kms.blocking import KmsThreads
from ctsec.mail.record import MAX_ATTEMPTS
from ctsec.mail.smtp import TIMEOUT
from ctsec.sso.policy import SsoPolicy
from ctsec.storage.redis._sync import SECONDS_TO_ANSWER
from ctsec.storage.sql.engines import GUARD_SETTINGS, MAIN_SETTINGS, EngineSettings
from ctsec.transport.fetch import FETCH_SECONDS
from ctsec.transport.report import SECONDS
from tests.architecture.source import ROOT, Module, last_name, nodes, written
from tests.architecture.test_inventory import table

DNS_SECONDS: Final = SsoPolicy().dns_seconds
HEADING: Final = "How long, how often, how many"
PAGE: Final = ROOT / "docs" / "reference" / "connections.md"
CLIENTS: Final = {
    "SQLAlchemy": {"create_engine()", "create_async_engine()"},
    "redis-py": {"redis"},
    "dnspython": {"dns"},
    "boto3": {"boto3", "botocore"},
    "the standard library": {"socket", "http.client", "smtplib"},
}
# What could connect and is nowhere: as a module or package that is imported, or a function that is called.
OTHERS: Final = frozenset(
    {"urllib.request", "urllib3", "ftplib", "imaplib", "poplib", "telnetlib", "xmlrpc", "socketserver", "http.server", "httpx", "requests"}
    | {"aiohttp", "grpc", "psycopg", "pymysql", "asyncmy", "asyncpg", "websockets", "start_server()", "create_server()"}
)
NETWORK: Final = OTHERS.union(*CLIENTS.values())
SPEAKERS = r"""
import json, sys
seen = []
def heard(event, arguments):
    if event in ("socket.connect", "socket.sendto"):
        seen.append(str(arguments[1]))
    elif event == "socket.getaddrinfo":
        seen.append(str((arguments[0], arguments[1])))
sys.addaudithook(heard)
from tests.examples.preface import *
from tests.examples.preface import _mailbox
from ctsec.encryption import Context
from ctsec.secret import Secret
context = Context(organization=organization, purpose="note")
with security.begin() as unit:
    assert unit.secrets.open(unit.secrets.seal(b"a token", context=context), context=context) == b"a token"
security.jobs.send_mail()
security.connections()
security.close()
print(json.dumps({"mail": _mailbox.url, "seen": sorted(set(seen))}))
"""


def connecting(module: Module) -> Iterator[str]:
    """Yield what a module imports or calls of what can connect."""
    for node in nodes(module.tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Call):
            names = [f"{last_name(node.func)}()"]
        yield from (found for name in names for found in (name, name.split(".")[0]) if found in NETWORK)


@pytest.mark.proves("ASVS-13.1.1")
def test_what_connects_is_on_the_page() -> None:
    """Exactly the modules of the page import or call anything that makes connections, each by the client that the page names."""
    found = {".".join(module.parts): set(connecting(module)) for module in written() if module.parts[:1] != ("testing",)}
    told = table("What connects", PAGE)
    assert {name for name, used in found.items() if used} == set(told)
    assert {name: used - CLIENTS[told[name][0]] for name, used in found.items() if used and used - CLIENTS[told[name][0]]} == {}
    assert all(len(cells) == 3 and all(cells) for cells in told.values())


@pytest.mark.proves("ASVS-13.1.1", "ASVS-13.2.4")
def test_nothing_else_is_connected_to(tmp_path: Path) -> None:
    """A process in which people sign up, are invited, sign in and seal connects to its configured mail server and nowhere else."""
    ran = subprocess.run(
        [sys.executable, "-c", SPEAKERS],
        cwd=tmp_path,
        env={"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout.splitlines()[-1])
    (port,) = re.findall(r":(\d+)$", told["mail"])
    assert told["seen"]
    assert {place for place in told["seen"] if port not in place} == set()


@pytest.mark.proves("ASVS-13.1.3")
def test_waits_and_attempts_are_those_of_the_page() -> None:
    """The numbers of each peer on the page are the defaults of the code, in the order in which they stand there."""
    told = {name: [float(n) for n in re.findall(r"\d+(?:\.\d+)?", " ".join(cells[:4]))] for name, cells in table(HEADING, PAGE).items()}
    main, guard, bounds = MAIN_SETTINGS, GUARD_SETTINGS, CallBounds()

    def store(settings: EngineSettings) -> list[float]:
        return [settings.connect_timeout, settings.lock_timeout, settings.lock_timeout * 6, 1, settings.pool_size]

    assert told == {
        "database": [*store(main), main.max_overflow, main.pool_timeout],
        "guard store": [*store(guard), guard.pool_timeout],
        "redis": [SECONDS_TO_ANSWER, SECONDS_TO_ANSWER, 2],
        "key service": [*astuple(bounds)],
        "mail": [TIMEOUT, TIMEOUT, MAX_ATTEMPTS, 1],
        "identity provider": [FETCH_SECONDS, FETCH_SECONDS, 1],
        "resolver": [DNS_SECONDS, DNS_SECONDS, 2],
        "stream": [POST_SECONDS, POST_SECONDS, 1, SHORTEST.total_seconds(), LONGEST.total_seconds()],
        "witness": [POST_SECONDS, POST_SECONDS, 2, SHORTEST.total_seconds(), LONGEST.total_seconds()],
        "stream to S3": [CONNECT, ANSWER, 1, SHORTEST.total_seconds(), LONGEST.total_seconds()],
        "doctor": [SECONDS, SECONDS, 1, 1],
    }
    assert guard.max_overflow == 0
    threads = KmsThreads()
    text = PAGE.read_text("utf-8")
    assert f"in {threads._running} threads, behind which {threads._places - threads._running} calls may wait" in text
