"""A person's own devices, over both hosts."""

from __future__ import annotations

from datetime import timedelta

from ctsec.authn.device import DEVICE_LIFE
from tests.hosts.harness import PASSWORD, Browser, Host
from tests.hosts.test_throttle import ADA, device_of, knock


def test_devices_are_listed_and_revoked(host: Host, browser: Browser) -> None:
    """A person sees which device this is, makes another one a stranger, then all others, then this one, whose cookie goes."""
    browser.sign_up(ADA)
    first, here, _ = [device_of(knock(host, PASSWORD, user_agent=agent)) for agent in ("curl/8", "x", "y")]
    cookies = {"cookie": f"ctsec_session={browser.cookie}; ctsec_device={here}"}
    found = browser.ok("GET /devices", headers=cookies)["devices"]
    assert sorted((each["name"], each["current"]) for each in found) == [
        ("curl/8", False),
        ("test browser", False),
        ("x", True),
        ("y", False),
    ]
    assert {each["expires_at"] for each in found} == {(host.clock.now() + DEVICE_LIFE).isoformat()}
    other = f"DELETE /devices/{first.partition('.')[0]}"
    assert Browser(host).sign_up("eve@example.com").auth(other).status == 404
    assert [browser.auth(other, headers=cookies).status for _ in range(2)] == [204, 404]
    assert browser.ok("DELETE /devices", headers=cookies) == {"revoked": 2}
    gone = browser.auth(f"DELETE /devices/{here.partition('.')[0]}", headers=cookies)
    assert (gone.status, "ctsec_device=; Max-Age=0" in gone.headers["set-cookie"]) == (204, True)
    assert browser.ok("GET /devices", headers=cookies) == {"devices": []}


def test_trust_is_shown_and_ended(host: Host, browser: Browser) -> None:
    """A page that sends `trust` with the second step is asked for the password alone, until the trust is taken back."""
    browser.sign_up(ADA).enrol()
    host.clock.advance(timedelta(seconds=30))
    first = knock(host, PASSWORD).json
    assert first["trust_days"] == 30
    ticket = first["ticket"]
    device = device_of(browser.auth("POST /sign-in/code", {"ticket": ticket, "code": browser.code(), "trust": True}))
    found = {each["id"]: each["trusted_until"] for each in browser.ok("GET /devices")["devices"]}
    trusted = device.partition(".")[0]
    assert found[trusted] == (host.clock.now() + timedelta(days=30)).isoformat()
    assert list(found.values()).count(None) == len(found) - 1
    cookie = f"ctsec_device={device}"
    step = knock(host, PASSWORD, cookie=cookie)
    assert (step.json["status"], step.json["aal"]) == ("signed_in", 1)
    other = Browser(host)
    other.ok("POST /sign-in", {"email": ADA, "password": PASSWORD}, headers={"cookie": cookie})
    assert other.ok("GET /session")["amr"] == ["pwd", "trusted_device"]
    assert other.auth("POST /mfa/backup-codes").json["reason"] == "step_up_required"
    assert [browser.auth(f"DELETE /devices/{trusted}/trust").status for _ in range(2)] == [204, 404]
    assert knock(host, PASSWORD, cookie=cookie).json["status"] == "mfa_required"
