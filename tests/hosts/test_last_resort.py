"""What nobody foresaw, in both hosts: a 500 that tells nothing, one line in the log, nothing half written, and the service goes on."""

from __future__ import annotations

import logging
import re
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from ctsec.web.route import Needs
from ctsec.web.table import ROUTES
from tests.hosts.harness import Browser, Host, named

SECRET = "s3cret-of-the-house"
MISTAKES = [
    RuntimeError(SECRET),
    KeyError(SECRET),
    RecursionError(SECRET),
    MemoryError(SECRET),
    OperationalError(f"SELECT {SECRET}", {"password": SECRET}, Exception(SECRET)),
]


@pytest.mark.proves("ASVS-16.5.1", "ASVS-16.5.4", "ASVS-16.3.4")
def test_a_mistake_is_answered_logged_once_and_survived(
    host: Host, browser: Browser, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever is raised, our routes and the host's guarded ones answer 500 with no word of it; the log has it once, under the request."""
    browser.sign_up("ada@example.com")
    for mistake in MISTAKES:

        def fail(*_: Any, mistake: Exception = mistake) -> Any:
            raise mistake

        with monkeypatch.context() as broken, caplog.at_level(logging.ERROR):
            broken.setattr(type(host.security.gate), "session", fail)  # type: ignore[attr-defined]
            for path in ("/me", "/auth/session"):
                caplog.clear()
                reply = browser.call("GET", path)
                assert (reply.status, reply.headers["content-type"]) == (500, "application/problem+json")
                assert reply.json == {"type": "urn:ctsec:internal", "title": "Internal Server Error", "status": 500, "reason": "internal"}
                (record,) = caplog.records
                assert (record.name, record.exc_info is not None and record.exc_info[1]) == ("ctsec.web", mistake)
                assert re.fullmatch(rf"answered 500 to request [0-9a-f]{{32}}: {type(mistake).__name__}", record.getMessage())
        assert browser.auth("GET /session").status == 200


@pytest.mark.proves("ASVS-16.5.4")
def test_a_mistake_after_a_write_leaves_nothing(host: Host, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that breaks after it has written takes everything back: no organization and no event, and the next attempt succeeds."""
    from ctsec.audit._async import AsyncAuditLog
    from ctsec.audit._sync import AuditLog

    browser.sign_up("ada@example.com")

    def fail(*_: Any, **__: Any) -> Any:
        raise RuntimeError(SECRET)

    with monkeypatch.context() as broken:
        for log in (AsyncAuditLog, AuditLog):
            broken.setattr(log, "note", fail)
        reply = browser.auth("POST /organizations", {"name": "Acme"})
        assert (reply.status, reply.json["reason"]) == (500, "internal")
    assert browser.ok("GET /organizations") == {"organizations": []}
    assert named(host.events(), "organization.created") == []
    assert browser.auth("POST /organizations", {"name": "Acme"}).status == 201


@pytest.mark.proves("ASVS-16.5.1")
def test_no_answer_tells_of_the_machine(browser: Browser) -> None:
    """No refusal of a guest names a module, a file, a line, a table or a version of what runs here."""
    for route in ROUTES:
        path = route.path.replace("{", "").replace("}", "")
        reply = browser.auth(f"{route.method} {path}", {"x": 1} if route.method != "GET" else None)
        if route.needs is Needs.NOTHING and reply.status in {200, 204}:
            continue
        assert 400 <= reply.status < 500, path
        for word in (b"Traceback", b'File "', b".py", b"ctsec.", b"ctsec_", b"SELECT", b"pydantic", b"http://", b"https://"):
            assert word not in reply.body, (path, word)
        assert not {"server", "x-powered-by"} & reply.headers.keys()
