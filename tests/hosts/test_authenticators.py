"""Authenticators that we did not write: they read the QR code that a host shows, and their codes open the account."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from ctsec.mfa import qr_png
from ctsec.secret import SecretText
from tests import programs
from tests.hosts.harness import Browser, Host

Show = Callable[[str, datetime], str]
OTPLIB = """
import { generate } from "otplib";
const [secret, epoch] = process.argv.slice(-2);
console.log(await generate({ secret, epoch: Number(epoch) }));
"""


def oathtool(secret: str, now: datetime) -> str:
    """Return the code that Debian's oathtool shows."""
    return programs.run("oathtool", "--totp", "--base32", secret, f"--now={now:%Y-%m-%d %H:%M:%S} UTC").decode().strip()


def otplib(secret: str, now: datetime) -> str:
    """Return the code that npm's otplib shows."""
    return programs.node(OTPLIB, secret, str(int(now.timestamp())))


def scanned(image: bytes) -> str:
    """Return what zbar reads in a PNG image."""
    return programs.run("zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", "-", given=image).decode().removesuffix("\n")


@pytest.mark.program("oathtool", "otplib", "zbarimg", "rsvg-convert")
@pytest.mark.proves("SEED-M2", "SEED-A2")
@pytest.mark.parametrize("show", [oathtool, otplib])
def test_an_independent_authenticator_scans_and_opens(host: Host, browser: Browser, show: Show) -> None:
    """An authenticator that scans the page's code, or is typed the key, shows codes that confirm the enrolment and complete a sign-in."""
    browser.sign_up("ada+totp@example.com")
    enrolment = browser.ok("POST /mfa/totp")
    read = scanned(programs.run("rsvg-convert", given=enrolment["qr_svg"].encode()))
    assert read == enrolment["uri"] == scanned(qr_png(SecretText(read)).reveal())
    assert unquote(urlsplit(read).path) == "/Test:ada+totp@example.com"
    (secret,) = parse_qs(urlsplit(read).query)["secret"]
    assert secret == enrolment["manual_key"].replace(" ", "")
    assert len(base64.b32decode(secret)) == 20
    browser.ok("POST /mfa/totp/confirm", {"code": show(secret, host.clock.now())})
    host.clock.advance(timedelta(seconds=30))
    phone = Browser(host, email=browser.email)
    step = phone.sign_in()
    answer = phone.ok("POST /sign-in/code", {"ticket": step["ticket"], "factor": "otp", "code": show(secret, host.clock.now())})
    assert (answer["status"], answer["aal"]) == ("signed_in", 2)
