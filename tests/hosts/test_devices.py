"""A person's own devices, over both hosts."""

from __future__ import annotations

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
