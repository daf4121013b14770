"""The use of API keys over HTTP: rates, usage, and reports of leaks, in both hosts."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from hmac import digest

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ctsec.jose.p256 import P256Key
from ctsec.keys import AsyncLeaks, Leaks
from ctsec.keys.leak_reports import HmacReporter, LeakReporter, SignedReporter
from ctsec.secret import Secret
from tests.hosts.harness import Browser, Host, Reply, bearer, named

SIGNING = ec.generate_private_key(ec.SECP256R1())
SECRET = b"a secret of the scanner, 32 bytes"
PEM = SIGNING.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
REPORTERS: tuple[LeakReporter, ...] = (SignedReporter("github", {"key-1": PEM}), HmacReporter("scanner", Secret(SECRET)))


@pytest.fixture
def owner(host: Host) -> Browser:
    """The owner of an organization, signed in."""
    return Browser(host).sign_up("owner@example.com", "Olga Owner")


@contextmanager
def reporters(host: Host, known: tuple[LeakReporter, ...]) -> Iterator[None]:
    """Let the host's deployment know these scanners."""
    parts = host.security.parts  # type: ignore[attr-defined]
    before = parts.settings
    object.__setattr__(parts, "settings", replace(before, leak_reporters=known))
    try:
        yield
    finally:
        object.__setattr__(parts, "settings", before)


def report(host: Host, body: bytes, **headers: str) -> Reply:
    """Send a report."""
    sent = [("content-type", "application/json"), *((name.replace("_", "-"), value) for name, value in headers.items())]
    return host.send("POST", "/auth/api-keys/leaks", headers=sent, body=body)


def signed(body: bytes) -> dict[str, str]:
    """Return the headers of a report that the known key signed."""
    signature = b64encode(SIGNING.sign(body, ec.ECDSA(SHA256()))).decode()
    return {"github_public_key_identifier": "key-1", "github_public_key_signature": signature}


@pytest.mark.proves("SEED-K2")
def test_a_key_that_asks_too_often_is_429_and_never_401(host: Host, owner: Browser) -> None:
    """After its requests a key gets 429 with Retry-After and its rate, on the host's routes and on ours; a wrong key stays 401."""
    organization = owner.found("Acme")
    made = owner.ok(f"POST /organizations/{organization}/api-keys", {"name": "robot", "rate": 2})
    assert made["rate"] == 2
    first = bearer(host, made["token"], "GET", "/auth/organizations")
    assert (first.status, first.headers["ratelimit-policy"], first.headers["ratelimit"]) == (200, '"key";q=2;w=60', '"key";r=1;t=30')
    assert bearer(host, made["token"], "GET", "/me").status == 200
    for path in ("/me", "/auth/organizations"):
        late = bearer(host, made["token"], "GET", path)
        assert (late.status, late.json["reason"], late.json["retry_after"]) == (429, "throttled", 30)
        assert late.headers["retry-after"] == "30"
        assert (late.headers["ratelimit-policy"], late.headers["ratelimit"]) == ('"key";q=2;w=60', '"key";r=0;t=60')
        assert "www-authenticate" not in late.headers
    assert bearer(host, made["token"][:-1], "GET", "/me").status == 401
    host.clock.advance(timedelta(seconds=30))
    assert bearer(host, made["token"], "GET", "/me").status == 200


@pytest.mark.proves("SEED-K5")
def test_the_use_of_a_key_is_shown_and_found_in_the_log(host: Host, owner: Browser) -> None:
    """The owner sees days and the last use; the search of the log finds the uses by name and by key; a guest finds nothing."""
    organization = owner.found("Acme")
    keys = f"/organizations/{organization}/api-keys"
    made = owner.ok(f"POST {keys}", {"name": "robot"})
    for _ in range(3):
        bearer(host, made["token"], "GET", "/me")
    host.clock.advance(timedelta(minutes=2))
    host.mails("nobody@example.com")
    usage = owner.ok(f"GET {keys}/{made['id']}/usage")
    assert [(each["used"], each["refused"]) for each in usage["days"]] == [(3, 0)]
    assert usage["last_used_at"] is not None
    assert owner.ok(f"GET {keys}")["api_keys"][0]["last_used_at"] == usage["last_used_at"]
    host.events(organization)
    found = owner.ok(f"GET /organizations/{organization}/audit?name=api_key.used&target={made['id']}")["events"]
    assert [(each["details"]["count"], each["actor"]["id"], each["outcome"]) for each in found] == [(3, owner.id, "success")]
    guest = Browser(host).sign_up("guest@example.com")
    owner.invite(organization, guest)
    assert guest.auth(f"GET {keys}/{made['id']}/usage").status == 404


@pytest.mark.proves("SEED-K7")
def test_a_signed_report_revokes_and_an_unsigned_one_does_nothing(host: Host, owner: Browser) -> None:
    """Signed as GitHub signs, or with a shared secret, a report revokes what is ours and says which; without, or changed, it is 401."""
    organization = owner.found("Acme")
    keys = f"/organizations/{organization}/api-keys"
    tokens = [owner.ok(f"POST {keys}", {"name": f"robot {number}"})["token"] for number in range(2)]
    strange = tokens[0][:10] + "x" + tokens[0][11:]
    first, second = (
        json.dumps([{"token": each, "type": "ctsec", "url": "https://x.example"} for each in (one, strange)]).encode() for one in tokens
    )
    assert report(host, first, **signed(first)).status == 404
    with reporters(host, REPORTERS):
        shared = {"x_leak_reporter": "scanner", "x_leak_signature": f"sha256={digest(SECRET, second, 'sha256').hex()}"}
        other = {**signed(first), "github_public_key_identifier": "key-2"}
        for headers in ({}, signed(second), other, shared, {**shared, "x_leak_reporter": "github"}):
            assert report(host, first, **headers).status == 401
        assert [bearer(host, token, "GET", "/me").status for token in tokens] == [200, 200]
        for body, headers in ((first, signed(first)), (second, shared)):
            told = report(host, body, **headers)
            assert (told.status, [each["label"] for each in told.json]) == (200, ["true_positive", "false_positive"])
        assert [bearer(host, token, "GET", "/me").status for token in tokens] == [401, 401]
        for wrong in (b"", b"{}", b"[]", b"[1]", b'[{"token": 1}]', json.dumps([{"token": "x"}] * 101).encode(), b"[" * 60_000):
            assert report(host, wrong, **signed(wrong)).status == 422, wrong[:20]
    assert len(named(host.events(organization), "api_key.leak_reported")) == 2
    assert any("was found in public" in mail.text.reveal() for mail in host.mails("owner@example.com"))


def test_what_can_not_be_judged_now_has_no_label(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer names it, so that its reporter may send it again, and says neither that it is ours nor that it is not."""

    async def open_still(*_: object, **__: object) -> None: ...

    monkeypatch.setattr(AsyncLeaks, "_judge", open_still)
    monkeypatch.setattr(Leaks, "_judge", lambda *_, **__: None)
    body = json.dumps([{"token": "x", "type": "ctsec"}]).encode()
    with reporters(host, REPORTERS):
        told = report(host, body, **signed(body))
    assert (told.status, [sorted(each) for each in told.json]) == (200, [["token_hash", "token_type"]])


def test_the_published_example_of_a_signature_is_verified() -> None:
    """The example in GitHub's documentation of its scheme is good for its bytes, and for no others."""
    lines = (
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE9MJJHnMfn2+H4xL4YaPDA4RpJqUq",
        "kCmRCBnYERxZanmcpzQSXs1X/AljlKkbJ8qpVIW4clayyef9gWhFbNHWAA==",
    )
    key = P256Key("\n".join(("-----BEGIN PUBLIC KEY-----", *lines, "-----END PUBLIC KEY-----")))
    signature = "MEUCIQDKZokqnCjrRtw0tni+2Ltvl/uiMJ1EGumEsp1BsNr32AIgQY1YXD2nlj+XNfGK4rBfkMJ1JDOQcYXxa2sY8FNkrKc="
    body = b'[{"token":"some_token","type":"some_type","url":"some_url"}]'
    assert key.proves(signature, body)
    assert not key.proves(signature, body + b" ")
    assert not key.proves(signature[:-4] + "AAAA", body)
    for text in ("", "x", "A" * 400, "é"):
        assert not key.proves(text, body)
    with pytest.raises(ValueError, match=r"PEM|curve|key"):
        P256Key("rubbish")
