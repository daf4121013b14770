"""What the demonstration is made of says the truth: its checks fail when they should, and its authenticator repeats no code."""

from __future__ import annotations

import smtplib
import time
from collections.abc import Iterator
from email.message import EmailMessage

import httpx
import pyotp
import pytest

from examples.walkthrough.mailbox import Mailbox
from examples.walkthrough.people import Authenticator
from examples.walkthrough.transcript import Transcript, Unexpected, answered, eventually, require
from tests.examples.pages import ROOT, told_demo

SEED = pyotp.random_base32()


def response(status: int, **body: str) -> httpx.Response:
    """Return an answer as a server would give it."""
    return httpx.Response(status, json=body, request=httpx.Request("GET", "http://localhost/x"))


def test_answers_are_checked() -> None:
    """An answer with another status, or with another reason, ends the demonstration; the right one gives its body."""
    assert answered(response(403, reason="denied"), 403, reason="denied") == {"reason": "denied"}
    with pytest.raises(Unexpected, match="expected 200 from GET /x, got 403"):
        answered(response(403, reason="denied"), 200)
    with pytest.raises(Unexpected, match="expected the reason denied"):
        answered(response(403, reason="csrf"), 403, reason="denied")


def test_conditions_are_checked() -> None:
    """A condition that does not hold ends the demonstration, at once or when its time is over."""
    require(True, "nothing")
    with pytest.raises(Unexpected, match="expected a miracle"):
        require(False, "a miracle")
    with pytest.raises(Unexpected, match="expected a mail within 0 seconds"):
        eventually(lambda: None, what="a mail", seconds=0)


def test_transcript_keeps_what_is_stable(capsys: pytest.CaptureFixture[str]) -> None:
    """What differs on each run is printed, and its placeholder is kept."""
    transcript = Transcript()
    transcript.chapter("One")
    transcript.show("▀▄ 123456", instead="[the QR code]")
    assert transcript.text() == "1. One\n[the QR code]\n"
    assert "123456" in capsys.readouterr().out


def test_authenticator_repeats_no_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """The app shows the code of now, then the next step's, and waits before it would show one that is more than a step ahead."""
    slept: list[float] = []
    monkeypatch.setattr(time, "time", lambda: 3000.0)
    monkeypatch.setattr(time, "sleep", slept.append)
    app = Authenticator(pyotp.TOTP(SEED).provisioning_uri(name="olga@acme.example", issuer_name="Acme"))
    assert [app.code() for _ in range(3)] == [pyotp.TOTP(SEED).at(moment) for moment in (3000, 3030, 3060)]
    assert slept == [0.0, 0.0, 30.0]


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    """A mail server that keeps what it receives."""
    made = Mailbox()
    made.start()
    yield made
    made.stop()


def test_mailbox_is_a_mail_server(mailbox: Mailbox) -> None:
    """A mail that smtplib sends is kept, found once by its recipient and subject, and its token is read from the link."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "app@acme.example", "olga@acme.example", "Acme: confirm"
    mail.set_content("https://app.example.com/verify-email#token=a%2Bb\n" + "a long line " * 20)
    with smtplib.SMTP("127.0.0.1", mailbox.port) as server:
        server.send_message(mail)
    assert mailbox.take("olga@acme.example", about="confirm").token == "a+b"
    with pytest.raises(Unexpected, match="a mail about 'confirm'"):
        mailbox.take("olga@acme.example", about="confirm", seconds=0.1)


def test_readme_tells_stable_facts() -> None:
    """The transcript in the README holds no id, no token, no code and no port."""
    told = told_demo()
    assert "Everything went as expected." in told
    assert not any(mark in told for mark in ("usr_", "org_", "wsp_", "key_", "ct_live", "127.0.0.1", "▀", "█"))


def test_page_is_self_contained() -> None:
    """The example's page loads nothing from elsewhere."""
    for file in (ROOT / "examples" / "cloudthinker" / "page").iterdir():
        if file.suffix in {".html", ".css", ".js"}:
            assert "http" not in file.read_text("utf-8")
