"""Files that a person gets of what the logs say of her."""

from __future__ import annotations

from ctsec.audit.export import verify_export
from ctsec.audit.tree import VerifierKey
from tests.audit.exported import VERIFIER
from tests.hosts.apps import STAFF
from tests.hosts.harness import Browser

SAM = {"x-staff": f"{STAFF} sam"}


def file_of(browser: Browser, route: str, keys: list[str]) -> tuple[bytes, int]:
    """Return a file after both verifiers took it, and how many of its events are masked."""
    reply = browser.auth(route, headers=SAM if "/operator/" in route else {})
    assert (reply.status, reply.headers["content-type"]) == (200, "application/jsonl")
    lines = reply.body.splitlines(keepends=True)
    report = verify_export(lines, keys=[VerifierKey.read(key) for key in keys])
    assert (report.problem, report.signed) == ("", True)
    told = VERIFIER.verify(lines, [VERIFIER.read_key(key) for key in keys])
    assert f"{report.events} events" in told
    assert ("masked" in told) is (report.masked > 0)
    return reply.body, report.masked
