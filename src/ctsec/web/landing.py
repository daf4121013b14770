"""Where a browser goes on that comes back from a provider: to a page of the host, which reads there what came of it.

Rules that this module keeps:

- a browser that navigates (its Accept names `text/html`) goes on, by 303, to the one address that the host has configured; every other
  client is answered as ever. Nothing in the request says where to: neither RelayState nor state is an address;
- what came of it is the answer that another client would have had, status and all. It is in no address, where a history, a log or a
  referrer would keep it, and where somebody else could put it: it is in a cookie of this host that scripts can not read, for minutes;
- it is read once, by a page of the site, and it proves nothing: what counts in it, a ticket, is proved by itself.
"""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final, cast

from ctsec.outcome import Refusal
from ctsec.web.http import WebRequest, WebResponse, parse_json
from ctsec.web.site import Site

LANDED_LIFE: Final = timedelta(minutes=5)
MAX_LANDED: Final = 1_536  # all cookies of a request together have four KiB
_SHOWN: Final = frozenset({None, "dry_run"})  # what a dry run shows is somebody's attributes, for the eyes of who began it
_STATUSES: Final = range(200, 600)


def landed(answer: WebResponse, request: WebRequest, *, site: Site, address: str) -> WebResponse:
    """Return the answer that leads a browser on to `address`, or the same one: for other clients, without an address, and for dry runs."""
    status = (answer.json or {}).get("status")
    if not address or status in _SHOWN or not navigates(request):
        return answer
    told = base64.urlsafe_b64encode(json.dumps({"status": answer.status, "answer": answer.json}).encode()).decode("ascii").rstrip("=")
    if len(told) > MAX_LANDED:
        return answer
    cookies = (*answer.cookies, site.set_landed_cookie(told, life=LANDED_LIFE))
    return replace(answer, status=303, json=None, media_type="", headers=(("location", address),), cookies=cookies)


def navigates(request: WebRequest) -> bool:
    """Tell whether a browser is about to show the answer to somebody."""
    return "text/html" in (request.header("accept") or "").lower()


def what_landed(request: WebRequest, *, site: Site) -> WebResponse:
    """Return what came of it, as another client would have been answered, and forget it; 204 if there is nothing."""
    found = _read(request.cookie(site.landed_cookie_name) or "")
    if found is None:
        return WebResponse(status=204)
    status, answer = found
    gone = (site.set_landed_cookie("", life=timedelta(0)),)
    if status < 400:
        return WebResponse(status=status, json=answer, cookies=gone)
    headers = (("www-authenticate", "Bearer"),) if status == 401 else ()
    return WebResponse(status=status, json=answer, media_type="application/problem+json", headers=headers, cookies=gone)


def _read(cookie: str) -> tuple[int, dict[str, Any]] | None:
    if not 0 < len(cookie) <= MAX_LANDED:
        return None
    try:
        told = parse_json(base64.urlsafe_b64decode(cookie + "=" * (-len(cookie) % 4)))
    except ValueError:
        return None
    status, answer = (None, None) if isinstance(told, Refusal) else (told.get("status"), told.get("answer"))
    if type(status) is not int or status not in _STATUSES or not isinstance(answer, dict):
        return None
    shown = cast("dict[str, Any]", answer)
    try:
        WebResponse(json=shown).payload()
    except ValueError:  # half a character can be written down, and not be sent
        return None
    return status, shown
