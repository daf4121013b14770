"""What is secret is in no event, in no line of any log and in no refusal, in either host."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pytest

from ctsec.audit.event import DEPLOYMENT_LOG
from tests.hosts.harness import PASSWORD, Browser, Host, Reply, bearer

TYPED = "one password that is wrong"
NEW = "seven purple lanterns"


def everything_said(host: Host, organization: str) -> bytes:
    """Return the bodies of every event, and their sealed parts opened."""
    said = []
    for log in (DEPLOYMENT_LOG, organization):
        for event in host.events(log):
            opened: dict[str, str] = host.do(lambda unit, event=event: unit.audit.personal(event))  # type: ignore[misc]
            said.append(event.body + repr(opened).encode())
    return b"".join(said)


@pytest.mark.proves("ASVS-16.2.5", "CVE-2024-8365", "CVE-2026-46358")
def test_no_secret_is_in_an_event_a_log_or_a_refusal(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    """Passwords typed right and wrong, seeds, tokens of every kind and credentials in headers: none of them is written anywhere."""
    caplog.set_level(logging.DEBUG)
    refused: list[Reply] = []
    ada = Browser(host).sign_up("ada@example.com").enrol()
    organization = ada.found("Acme")
    refused.append(ada.auth("POST /sign-in", {"email": ada.email, "password": TYPED}))
    other = Browser(host, email=ada.email)
    host.clock.advance(timedelta(minutes=1))
    ticket = other.sign_in()["ticket"]
    refused.append(other.auth("POST /sign-in/code", {"ticket": ticket, "factor": "otp", "code": "000000"}))
    other.ok("POST /sign-in/code", {"ticket": ticket, "factor": "otp", "code": ada.code()})
    key = other.ok(f"POST /organizations/{organization}/api-keys", {"name": "robot"})["token"]
    refused += [bearer(host, f"{key[:-1]}x", "GET", "/me"), other.auth("POST /password/change", {"current": TYPED, "new": NEW})]
    kept = {"name": "db", "kind": "database", "access": "read_only", "services": None, "regions": None, "secret": "hush-hush-hush"}
    other.ok(f"POST /organizations/{organization}/credentials", kept)
    other.ok("POST /password/reset-request", {"email": ada.email})
    token = other.mailed_token()
    other.ok("POST /password/reset", {"token": token, "password": NEW})
    refused.append(other.auth("POST /password/reset", {"token": token, "password": NEW}))
    secrets: list[Any] = [PASSWORD, TYPED, NEW, ticket, key, token, "hush-hush-hush", ada.totp, ada.cookie, other.cookie]
    secrets += [*ada.backup, key.rpartition("_")[2]]
    said = everything_said(host, organization)
    assert all(reply.status >= 400 for reply in refused)
    for place, text in (("events", said), ("logs", caplog.text.encode()), ("refusals", b"".join(reply.body for reply in refused))):
        assert [each for each in secrets if each and str(each).encode() in text] == [], place
