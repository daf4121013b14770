"""Answers of single sign-on that several operations give."""

from __future__ import annotations

from ctsec.outcome import Outcome, Refusal
from ctsec.security.sso_redirect import SignInRedirect
from ctsec.sso.oidc.authorization import PENDING_LIFE
from ctsec.web.http import WebResponse
from ctsec.web.site import Site
from ctsec.web.views import moment


def sent(redirect: Outcome[SignInRedirect], *, site: Site) -> WebResponse | Refusal:
    """Return where the browser goes, with the half that it keeps until it is back."""
    if isinstance(redirect, Refusal):
        return redirect
    body: dict[str, object] = {"url": redirect.url, "expires_at": moment(redirect.expires_at)}
    if redirect.form is not None:
        body["form"] = dict(redirect.form)
    if redirect.relay:
        kept = site.set_saml_cookie(redirect.browser.reveal(), relay=redirect.relay, life=PENDING_LIFE)
        return WebResponse(json=body, cookies=(kept,))
    return WebResponse(json=body, cookies=(site.set_sso_cookie(redirect.browser.reveal(), life=PENDING_LIFE),))
