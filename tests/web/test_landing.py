"""What a browser brings to the page where it has landed: told as it was, or nothing."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from ctsec.sso.policy import SsoPolicy
from ctsec.web.http import WebRequest, WebResponse
from ctsec.web.landing import MAX_LANDED, landed, navigates, what_landed
from ctsec.web.site import Site

SITE = Site("https://app.example")
ADDRESS = "https://app.example/welcome"
HTML = (("accept", "text/html,*/*;q=0.8"),)


def asked(cookie: str) -> WebRequest:
    """Return the request of a page in a browser that keeps something."""
    return WebRequest(method="GET", path="/sso/landed", headers=(("cookie", f"{SITE.landed_cookie_name}={cookie}"),))


def written(value: Any) -> str:
    """Return a cookie with a value."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.mark.parametrize("status", [200, 401, 429])
def test_what_came_of_it_is_told_as_it_was(status: int) -> None:
    """Status and answer are those that another client would have had; the address that a browser goes on to has nothing of them."""
    answer = WebResponse(status=status, json={"status": "mfa_required", "ticket": "t" * 43, "name": "Zoë"}, cookies=("a=b",))
    sent = landed(answer, WebRequest(method="POST", path="/", headers=HTML), site=SITE, address=ADDRESS)
    assert (sent.status, sent.headers, sent.json, sent.cookies[0]) == (303, (("location", ADDRESS),), None, "a=b")
    told = what_landed(asked(sent.cookies[1].partition(";")[0].partition("=")[2]), site=SITE)
    assert (told.status, told.json) == (status, answer.json)
    assert told.media_type == ("application/json" if status == 200 else "application/problem+json")


def test_who_does_not_navigate_is_answered() -> None:
    """Without text/html, without an address, for a dry run and for what no cookie holds the answer is the same one."""
    answer, wants = WebResponse(json={"status": "signed_in"}), WebRequest(method="GET", path="/", headers=HTML)
    for header in ((), (("accept", "*/*"),), (("accept", "application/json"),)):
        request = WebRequest(method="GET", path="/", headers=header)
        assert not navigates(request)
        assert landed(answer, request, site=SITE, address=ADDRESS) is answer
    assert landed(answer, wants, site=SITE, address="") is answer
    for other in ({"status": "dry_run", "email": "a"}, {"passed": True}, {"status": "x" * MAX_LANDED}):
        shown = WebResponse(json=other)
        assert landed(shown, wants, site=SITE, address=ADDRESS) is shown


STRANGE: tuple[Any, ...] = (None, [], "x", {"a": "\ud800"}, {"a": float("nan")})
NOT_OURS = (
    *("", "!", "e30", "W10", "x" * (MAX_LANDED + 1), written({"status": "200", "answer": {}}), written({"status": True, "answer": {}})),
    *(written({"status": each, "answer": {}}) for each in (0, 199, 600, 1e9)),
    *(written({"status": 200, "answer": each}) for each in STRANGE),
    base64.urlsafe_b64encode(b"[" * 1_000).decode(),
)


@pytest.mark.parametrize("cookie", NOT_OURS, ids=range(len(NOT_OURS)))
def test_what_nobody_wrote_is_nothing(cookie: str) -> None:
    """A cookie that is no cookie of ours is as none: neither an error nor an answer."""
    told = what_landed(asked(cookie), site=SITE)
    assert told.wire("GET")[0] == 204
    assert told.payload() == b""


def test_the_page_is_a_path_of_the_site() -> None:
    """Another site, a query, a fragment and a line are no path; a path is below the base address."""
    for path in ("welcome", "//evil.example", "/\\evil.example", "/a?b", "/a#b", "/a b", "/a\r\nb", "https://evil.example"):
        with pytest.raises(ValueError, match="expected a path"):
            SsoPolicy(after_sign_in=path)
        with pytest.raises(ValueError, match="expected a path"):
            SsoPolicy(after_sign_out=path)
    assert SsoPolicy(after_sign_in="/welcome").landing("https://app.example/") == ADDRESS
