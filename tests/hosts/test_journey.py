"""The main journey over HTTP: sign up, verify, enrol, sign in with a code, backup codes, sign out."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.hosts.harness import PASSWORD, Browser, Host, named


@pytest.mark.proves("SEED-A1")
def test_sign_up_verify_and_sign_in(host: Host, browser: Browser) -> None:
    """A person signs up, can not sign in before confirming the address by mail, and then can; each step is an event."""
    browser.email = "ada@example.com"
    assert browser.auth("POST /sign-up", {"email": "ada@example.com", "password": PASSWORD, "name": "Ada"}).status == 202
    early = browser.auth("POST /sign-in", {"email": "ada@example.com", "password": PASSWORD})
    assert (early.status, early.json["reason"]) == (403, "email_not_verified")
    browser.ok("POST /verify-email", {"token": browser.mailed_token()})
    answer = browser.sign_in()
    assert (answer["status"], answer["aal"]) == ("signed_in", 1)
    who = browser.ok("GET /session")
    assert (who["user_id"], who["amr"], who["csrf_token"]) == (browser.id, ["pwd"], answer["csrf_token"])
    events = host.events()
    for name in ("user.signed_up", "user.email_verified", "user.signed_in"):
        assert [(event.subject_id, event.outcome) for event in named(events, name)] == [(browser.id, "success")]
    assert [event.reason for event in named(events, "user.sign_in_refused")] == ["email_not_verified"]


@pytest.mark.proves("SEED-A1")
def test_weak_passwords_are_refused_and_nothing_is_written(host: Host, browser: Browser) -> None:
    """A short and a common password are refused with their reason, and no account and no event come of it."""
    for password, reason in (("short", "password_too_short"), ("passwordpassword", "password_common")):
        reply = browser.auth("POST /sign-up", {"email": "ada@example.com", "password": password, "name": "Ada"})
        assert (reply.status, reply.json["reason"]) == (422, reason)
    assert host.mails("ada@example.com") == ()
    assert host.events() == ()


@pytest.mark.proves("SEED-A1")
def test_a_new_address_is_confirmed_by_its_mail(host: Host, browser: Browser) -> None:
    """The link that was mailed to the new address makes it the account's; the password is asked for, and both addresses are told."""
    browser.sign_up("ada@example.com")
    wrong = browser.auth("POST /email/change", {"email": "ada.b@example.com", "password": "not the password"})
    assert (wrong.status, wrong.json["reason"]) == (401, "invalid_credentials")
    assert browser.ok("POST /email/change", {"email": "ada.b@example.com", "password": PASSWORD}) == {"status": "accepted"}
    token = Browser(host, email="ada.b@example.com").mailed_token()
    assert Browser(host).ok("POST /email/confirm", {"token": token}) == {"status": "changed"}
    assert browser.auth("GET /session").status == 401
    assert Browser(host, email="ada.b@example.com").sign_in()["status"] == "signed_in"
    assert [mail.kind for mail in host.mails("ada@example.com")][-2:] == ["notice", "notice"]
    assert [event.subject_id for event in named(host.events(), "email.changed")] == [browser.id]


@pytest.mark.proves("SEED-M3", "SEED-M2")
def test_enrolment_counts_only_after_its_first_code(host: Host, browser: Browser) -> None:
    """A pending authenticator asks nothing of a sign-in; its first code turns it on, raises the session, and is an event."""
    browser.sign_up("ada@example.com")
    enrolment = browser.ok("POST /mfa/totp")
    assert enrolment["uri"].startswith("otpauth://totp/")
    assert enrolment["qr_svg"].startswith("<svg")
    assert Browser(host, email=browser.email).sign_in()["status"] == "signed_in"
    browser.totp = enrolment["manual_key"].replace(" ", "")
    wrong = browser.auth("POST /mfa/totp/confirm", {"code": "000000" if browser.code() != "000000" else "000001"})
    assert (wrong.status, wrong.json["reason"]) == (400, "invalid_code")
    assert browser.ok("GET /mfa") == {"enrolled": False, "backup_codes_left": 0, "passkeys": 0, "authenticators": 0}
    done = browser.ok("POST /mfa/totp/confirm", {"code": browser.code()})
    assert (len(done["codes"]), done["remaining"]) == (10, 10)
    assert done["codes"][0] in done["text"]
    assert browser.ok("GET /mfa") == {"enrolled": True, "backup_codes_left": 10, "passkeys": 0, "authenticators": 1}
    assert browser.ok("GET /session")["aal"] == 2
    assert Browser(host, email=browser.email).sign_in()["status"] == "mfa_required"
    events = host.events()
    assert [event.subject_id for event in named(events, "mfa.enrolled")] == [browser.id]
    assert [event.reason for event in named(events, "mfa.code_refused")] == ["invalid_code"]


@pytest.mark.proves("SEED-M1", "SEED-M3")
def test_several_apps_are_listed_named_and_removed(browser: Browser) -> None:
    """A second app is added beside the first, both are listed with their names, one is renamed, and the other one removed."""
    browser.sign_up("ada@example.com").enrol()
    kept = browser.totp
    browser.host.clock.advance(timedelta(milliseconds=1))
    browser.totp = browser.ok("POST /mfa/totp", {"name": "Tablet"})["manual_key"].replace(" ", "")
    assert browser.ok("POST /mfa/totp/confirm", {"code": browser.code()})["codes"] == []
    first, second = browser.ok("GET /mfa/totp")["authenticators"]
    assert [app["name"] for app in (first, second)] == ["authenticator app", "Tablet"]
    assert set(first) == {"id", "name", "created_at", "last_used_at"}
    assert browser.ok(f"PATCH /mfa/totp/{first['id']}", {"name": "Phone"})["name"] == "Phone"
    assert Browser(browser.host).sign_up("eve@example.com").auth(f"DELETE /mfa/totp/{first['id']}").status == 404
    browser.ok(f"DELETE /mfa/totp/{second['id']}")
    assert browser.ok("GET /mfa")["authenticators"] == 1
    browser.totp = kept
    browser.host.clock.advance(timedelta(seconds=30))
    browser.ok("POST /step-up", {"factor": "otp", "code": browser.code()})


@pytest.mark.proves("SEED-M5", "SEED-A2", "ASVS-6.5.1")
def test_password_then_code_then_access_and_the_code_once(host: Host, browser: Browser) -> None:
    """The password alone gives no session, password and code do, and the same code is refused a second time."""
    browser.sign_up("ada@example.com").enrol()
    host.clock.advance(timedelta(seconds=30))
    laptop, phone = Browser(host, email=browser.email, totp=browser.totp), Browser(host, email=browser.email)
    first, second = laptop.sign_in(), phone.sign_in()
    assert first["status"] == "mfa_required"
    assert sorted(first["factors"]) == ["backup", "otp"]
    assert laptop.cookie == ""
    assert laptop.call("GET", "/me").status == 401
    code = laptop.code()
    signed_in = laptop.ok("POST /sign-in/code", {"ticket": first["ticket"], "factor": "otp", "code": code})
    assert (signed_in["status"], signed_in["aal"]) == ("signed_in", 2)
    assert laptop.call("GET", "/me").json["id"] == browser.id
    again = phone.auth("POST /sign-in/code", {"ticket": second["ticket"], "factor": "otp", "code": code})
    assert (again.status, again.json["reason"]) == (400, "code_already_used")
    assert phone.cookie == ""
    events = host.events()
    assert [event.reason for event in named(events, "mfa.code_refused")] == ["code_already_used"]
    assert named(events, "user.signed_in")[-1].details()["details"] == {"aal": 2, "factors": ["pwd", "otp"], "new_device": True}


@pytest.mark.proves("SEED-M6")
def test_a_backup_code_signs_in_once(host: Host, browser: Browser) -> None:
    """A backup code completes one sign-in and no second one; what is left is counted and the redemption is an event."""
    browser.sign_up("ada@example.com").enrol()
    first, second = Browser(host, email=browser.email), Browser(host, email=browser.email)
    tickets = [first.sign_in()["ticket"], second.sign_in()["ticket"]]
    first.ok("POST /sign-in/code", {"ticket": tickets[0], "factor": "backup", "code": browser.backup[3].lower()})
    reply = second.auth("POST /sign-in/code", {"ticket": tickets[1], "factor": "backup", "code": browser.backup[3]})
    assert (reply.status, reply.json["reason"]) == (400, "code_already_used")
    assert first.ok("GET /mfa")["backup_codes_left"] == 9
    assert [event.details()["details"] for event in named(host.events(), "backup_code.redeemed")] == [{"slot": 3}]


@pytest.mark.proves("SEED-M4", "NIST-4.2.3")
def test_each_backup_code_that_is_used_is_told_and_few_ask_for_new_ones(host: Host, browser: Browser) -> None:
    """The mail says how many are left, and from three on to make new ones; a refused code tells nothing."""
    browser.sign_up("ada@example.com").enrol()
    for code in (browser.backup[0], *browser.backup):
        other = Browser(host, email=browser.email)
        other.auth("POST /sign-in/code", {"ticket": other.sign_in()["ticket"], "factor": "backup", "code": code})
        host.clock.advance(timedelta(minutes=20))
    host.mails(browser.email)
    told = [mail.subject for mail in host.mails(browser.email) if "backup code was used" in mail.subject]
    assert [("make new ones" in each, each.partition(", and ")[2].partition(":")[0]) for each in told] == [
        *[(False, f"{left} backup codes are left") for left in (9, 8, 7, 6, 5, 4)],
        (True, "3 backup codes are left"),
        (True, "2 backup codes are left"),
        (True, "one backup code is left"),
        (True, "no backup code is left"),
    ]


@pytest.mark.proves("SEED-M4")
def test_new_backup_codes_come_as_a_file_and_void_the_old(host: Host, browser: Browser) -> None:
    """With Accept: text/plain the new set is a file to keep, and a code of the old set opens nothing."""
    browser.sign_up("ada@example.com").enrol()
    reply = browser.auth("POST /mfa/backup-codes", headers={"accept": "text/plain"})
    assert reply.headers["content-disposition"] == 'attachment; filename="backup-codes.txt"'
    assert reply.headers["content-type"] == "text/plain; charset=utf-8"
    assert browser.backup[0] not in reply.body.decode()
    other = Browser(host, email=browser.email)
    refused = other.auth("POST /sign-in/code", {"ticket": other.sign_in()["ticket"], "factor": "backup", "code": browser.backup[0]})
    assert (refused.status, refused.json["reason"]) == (400, "invalid_code")
    assert len(named(host.events(), "backup_codes.generated")) == 1


def test_step_up_replaces_the_token_and_opens_the_fresh_route(host: Host, browser: Browser) -> None:
    """A route that asks for a fresh factor is refused with RFC 9470's header until a step up, which ends the old session token."""
    browser.sign_up("ada@example.com").enrol()
    workspace = browser.workspace(browser.found("Acme"))
    assert browser.call("GET", f"/workspaces/{workspace}/strong").status == 200
    host.clock.advance(timedelta(minutes=6))
    stale = browser.call("GET", f"/workspaces/{workspace}/fresh")
    assert (stale.status, stale.json["reason"]) == (403, "step_up_required")
    assert stale.headers["www-authenticate"] == 'Bearer error="insufficient_user_authentication", max_age="300"'
    old = Browser(host, cookie=browser.cookie, csrf=browser.csrf)
    browser.ok("POST /step-up", {"factor": "otp", "code": browser.code()})
    assert browser.call("GET", f"/workspaces/{workspace}/fresh").status == 200
    assert old.call("GET", "/me").status == 401
    assert len(named(host.events(browser.ok("GET /session")["organization_id"]), "user.stepped_up")) == 1


def test_one_factor_is_not_two(host: Host, browser: Browser) -> None:
    """A session of a password alone is refused where a second factor is asked for."""
    browser.sign_up("ada@example.com")
    workspace = browser.workspace(browser.found("Acme"))
    assert browser.call("GET", f"/workspaces/{workspace}/strong").json["reason"] == "step_up_required"


def test_sign_out_ends_the_session_at_once(host: Host, browser: Browser) -> None:
    """After signing out the cookie is cleared and the token, kept by a thief, opens nothing."""
    browser.sign_up("ada@example.com")
    thief = Browser(host, cookie=browser.cookie)
    reply = browser.auth("POST /sign-out")
    assert reply.status == 204
    assert "Max-Age=0" in reply.headers["set-cookie"]
    assert thief.call("GET", "/me").status == 401
    assert len(named(host.events(), "session.revoked")) == 1


def test_sessions_are_listed_and_ended_one_by_one(host: Host, browser: Browser) -> None:
    """A person sees all own sessions, ends another one, and can not end a stranger's."""
    browser.sign_up("ada@example.com")
    phone = Browser(host, email=browser.email)
    phone.sign_in()
    stranger = Browser(host).sign_up("eve@example.com")
    listed = browser.ok("GET /sessions")["sessions"]
    assert [each["current"] for each in listed].count(True) == 1
    other = next(each["id"] for each in listed if not each["current"])
    assert stranger.auth(f"DELETE /sessions/{other}").status == 404
    assert phone.call("GET", "/me").status == 200
    assert browser.auth(f"DELETE /sessions/{other}").status == 204
    assert phone.call("GET", "/me").status == 401
    assert browser.ok("POST /sign-out-everywhere") == {"ended": 1}


@pytest.mark.proves("SEED-A1")
def test_reset_by_mail_once_and_every_session_ends(host: Host, browser: Browser) -> None:
    """A mailed token sets a new password once, signs nobody in, and ends every session."""
    browser.sign_up("ada@example.com")
    guest = Browser(host, email=browser.email)
    guest.ok("POST /password/reset-request", {"email": browser.email})
    token = guest.mailed_token()
    changed = {"token": token, "password": "another long and quiet river"}
    assert guest.auth("POST /password/reset", changed).status == 204
    again = guest.auth("POST /password/reset", changed)
    assert (again.status, again.json["reason"]) == (400, "invalid_token")
    assert browser.call("GET", "/me").status == 401
    assert guest.auth("POST /sign-in", {"email": browser.email, "password": PASSWORD}).json["reason"] == "invalid_credentials"
    assert guest.ok("POST /sign-in", {"email": browser.email, "password": "another long and quiet river"})["status"] == "signed_in"
    assert len(named(host.events(), "password.reset")) == 1


@pytest.mark.proves("SEED-A1")
def test_password_change_asks_for_the_current_one(host: Host, browser: Browser) -> None:
    """A new password takes the current one; other sessions end and this one stays."""
    browser.sign_up("ada@example.com")
    phone = Browser(host, email=browser.email)
    phone.sign_in()
    wrong = browser.auth("POST /password/change", {"current": "not the right one", "new": "another long and quiet river"})
    assert wrong.status == 401
    assert browser.auth("POST /password/change", {"current": PASSWORD, "new": "another long and quiet river"}).status == 200
    assert browser.call("GET", "/me").status == 200
    assert phone.call("GET", "/me").status == 401
    assert len(named(host.events(), "password.changed")) == 1


@pytest.mark.proves("CVE-2026-23511", "CVE-2022-39307")
def test_known_and_unknown_addresses_get_the_same_answer(host: Host, browser: Browser) -> None:
    """Sign-up, reset and sign-in answer an address with an account and one without byte by byte the same."""
    Browser(host).sign_up("ada@example.com")
    for line, body in (
        ("POST /sign-up", {"password": PASSWORD, "name": "A"}),
        ("POST /password/reset-request", {}),
        ("POST /verification", {}),
        ("POST /sign-in", {"password": "wrong wrong wrong wrong"}),
    ):
        known = browser.auth(line, {"email": "ada@example.com", **body})
        unknown = browser.auth(line, {"email": "nobody@example.com", **body})
        assert (known.status, known.body) == (unknown.status, unknown.body)


def test_throttled_sign_in_says_when_to_come_back(host: Host, browser: Browser) -> None:
    """After five wrong passwords the next attempt is 429 with Retry-After, and the right one works after the wait."""
    browser.sign_up("ada@example.com")
    guest = Browser(host, email=browser.email)
    for _ in range(5):
        assert guest.auth("POST /sign-in", {"email": browser.email, "password": "wrong wrong wrong"}).status == 401
    reply = guest.auth("POST /sign-in", {"email": browser.email, "password": PASSWORD})
    assert (reply.status, reply.json["reason"]) == (429, "throttled")
    assert int(reply.headers["retry-after"]) == reply.json["retry_after"] == 32
    host.clock.advance(timedelta(seconds=32))
    assert guest.sign_in()["status"] == "signed_in"
