"""Chapters of one person: an account, a second factor, and each way of signing in with it."""

from __future__ import annotations

import io
from typing import Any

import pyotp
import segno

from examples.walkthrough.people import Person, Scene
from examples.walkthrough.transcript import answered, require


def accounts(scene: Scene) -> None:
    """Sign everybody up and confirm their addresses by mail."""
    say = scene.transcript.say
    scene.transcript.chapter("Accounts: sign up, confirm the address by mail")
    olga = scene.cast.olga
    answered(olga.post("/auth/sign-up", {"email": olga.email, "password": "password123", "name": "Olga"}), 422, reason="password_too_short")
    say("Olga signs up with password123: refused (password_too_short)")
    for person in scene.cast.everybody:
        person.sign_up()
    say(f"{', '.join(person.name for person in scene.cast.everybody)} sign up: accepted")
    answered(_password(olga), 403, reason="email_not_verified")
    say("Olga signs in before she confirmed her address: refused (email_not_verified)")
    token = olga.verify(scene.mailbox)
    say("Olga's mail arrives by SMTP; the token of its link confirms her address")
    answered(olga.post("/auth/verify-email", {"token": token}), 400, reason="code_already_used")
    say("the same token again: refused (code_already_used)")
    for person in scene.cast.everybody[1:]:
        person.verify(scene.mailbox)
    say("the others confirm theirs")


def second_factor(scene: Scene) -> None:
    """Sign in with a password only, and enrol an authenticator app."""
    say = scene.transcript.say
    scene.transcript.chapter("Second factor: enrol an authenticator app")
    olga = scene.cast.olga
    wrong = olga.post("/auth/sign-in", {"email": olga.email, "password": "not the password of Olga"})
    answered(wrong, 401, reason="invalid_credentials")
    say("Olga signs in with a wrong password: refused (invalid_credentials)")
    require(olga.present_password()["status"] == "signed_in", "a session, since no second factor is enrolled")
    say(f"Olga signs in with her password: signed in, assurance level {_level(olga)}")
    uri = olga.enrol()
    scene.transcript.show(_terminal_qr(uri), instead="[the QR code]")
    say(f"she scans it with an app and confirms its first code: enrolled, {len(olga.backup_codes)} backup codes shown once")
    say(f"her session is now at assurance level {_level(olga)}")
    parsed = pyotp.parse_uri(uri)
    say(f"the QR code says: issuer {parsed.issuer}, account {parsed.name}")


def two_steps(scene: Scene) -> None:
    """Sign in with password and code, and with a backup code; neither works twice."""
    say = scene.transcript.say
    scene.transcript.chapter("Sign in in two steps; a code works once")
    olga = scene.cast.olga
    code = _sign_in_with_app(olga)
    say(f"Olga signs out, and in again: password, then code: signed in, assurance level {_level(olga)}")
    olga.sign_out()
    again = olga.present_code(olga.present_password()["ticket"], factor="otp", code=code)
    answered(again, 400, reason="code_already_used")
    say("she signs out; the same code again: refused (code_already_used)")
    backup = olga.backup_codes[0]
    answered(olga.present_code(olga.present_password()["ticket"], factor="backup", code=backup), 200)
    say(f"one of her backup codes instead: signed in, {_left(olga)} backup codes left")
    olga.sign_out()
    again = olga.present_code(olga.present_password()["ticket"], factor="backup", code=backup)
    answered(again, 400, reason="code_already_used")
    say("she signs out; the same backup code again: refused (code_already_used)")
    answered(olga.get("/v1/workspaces"), 401)
    say("without a session the API answers 401")
    answered(olga.present_code(olga.present_password()["ticket"], factor="backup", code=olga.backup_codes[1]), 200)
    say(f"another backup code: signed in, {_left(olga)} left")


def the_others(scene: Scene) -> None:
    """Sign the others in; who administers an organization has a second factor."""
    scene.transcript.chapter("The others sign in")
    for person in scene.cast.everybody[1:]:
        person.present_password()
    for person in (scene.cast.adam, scene.cast.grace):
        person.enrol()
    scene.transcript.say("Adam and Grace with a second factor, Ed, Oscar and Vera with a password")


def _password(person: Person) -> Any:
    return person.post("/auth/sign-in", {"email": person.email, "password": person.password})


def _sign_in_with_app(person: Person) -> str:
    person.sign_out()
    first = person.present_password()
    require(first["status"] == "mfa_required", "that the password alone signs nobody in")
    code = person.next_code()
    answered(person.present_code(first["ticket"], factor="otp", code=code), 200)
    return code


def _level(person: Person) -> int:
    return int(answered(person.get("/auth/session"), 200)["aal"])


def _left(person: Person) -> int:
    return int(answered(person.get("/auth/mfa"), 200)["backup_codes_left"])


def _terminal_qr(uri: str) -> str:
    drawn = io.StringIO()
    segno.make(uri, error="m").terminal(out=drawn, compact=True, border=1)
    return drawn.getvalue()
