"""The one page of single logout: a form that the browser posts to a provider by itself.

Rules that this module keeps:

- address and fields are escaped where they are written;
- the page runs one script, named by its digest, and loads nothing; without scripts it has a button.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Final

from ctsec.web.http import WebResponse

_SCRIPT: Final = "document.forms[0].submit()"
_DIGEST: Final = "ePniVEkSivX/c7XWBGafqh8tSpiRrKiqYeqbG7N1TOE="  # SHA-256 of the script; a test compares
_POLICY: Final = f"default-src 'none'; script-src 'sha256-{_DIGEST}'; base-uri 'none'; frame-ancestors 'none'"


def form_page(url: str, fields: Mapping[str, str]) -> WebResponse:
    """Return the page that posts fields to an address."""
    hidden = "".join(f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in fields.items())
    form = f'<form method="post" action="{escape(url)}">{hidden}<button type="submit">Continue</button></form>'
    page = f'<!doctype html><html lang="en"><title>Signing out</title><body>{form}<script>{_SCRIPT}</script></body></html>'
    return WebResponse(text=page, media_type="text/html; charset=utf-8", headers=(("content-security-policy", _POLICY),))
