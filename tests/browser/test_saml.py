"""A real browser that comes back from a provider of SAML on another site: which cookies it brings, and that it is signed in."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any

import flask
import pytest
from selenium.webdriver.support.wait import WebDriverWait
from werkzeug.serving import make_server

import ctsec.flask
from ctsec.rbac import Policy
from ctsec.sso.policy import SsoPolicy
from ctsec.testing.saml import answer
from ctsec.transport.reach import Reach
from tests.browser.chromium import PATIENCE, chromium
from tests.certificates import Authority
from tests.hosts.harness import Browser, FlaskHost
from tests.hosts.saml import PROVIDER, Trip, found


@contextmanager
def served(app: flask.Flask, name: str, pair: Any) -> Iterator[str]:
    """Serve an application over a name of this machine, and return its address."""
    server = make_server(name, 0, app, threaded=True, ssl_context=pair)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"{'https' if pair else 'http'}://{name}:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("secure", [True, False])
def test_the_cookie_of_the_request_comes_back_from_another_site_and_the_sessions_does_not(tmp_path: Path, secure: bool) -> None:
    """Twice in one browser, over https and on plain loopback: the form of 127.0.0.1 brings the cookie of the request to localhost alone.

    The browser goes on to the site's page, which reads there, once, that somebody is signed in.
    """
    issued = Authority.make(tmp_path).issue("site", hosts=("localhost",)) if secure else None
    pair = (issued.certificate, issued.key) if issued is not None else None
    site, provider, brought, page = flask.Flask("site"), flask.Flask("provider"), list[set[str]](), list[str]()
    for path in ("/", "/welcome"):
        site.add_url_rule(path, f"page {path}", lambda: "<!doctype html><title>site</title>")
    provider.add_url_rule("/sso", "sso", lambda: page[-1])

    @site.before_request
    def note() -> None:
        if flask.request.path.endswith("/saml/acs"):
            brought.append(set(flask.request.cookies))

    with served(site, "localhost", pair) as url, served(provider, "127.0.0.1", None) as there:
        host = FlaskHost(Policy.preset(), base_url=url, single_sign_on=SsoPolicy(reach=Reach.LOOPBACK, after_sign_in="/welcome"))
        host.clock.set(datetime.now(UTC))
        site.register_blueprint(ctsec.flask.Guard(host.security).blueprint(), url_prefix="/auth")
        host.serve(site)
        firm = found(host, sso_redirect=f"{there}/sso")
        with chromium(tmp_path / "profile", "--ignore-certificate-errors") as driver:
            for _ in range(2):
                driver.get(f"{url}/")
                begun = driver.execute_async_script(
                    "const [path, done] = arguments, headers = {'Content-Type': 'application/json'};"
                    "fetch(path, {method: 'POST', headers, body: '{}'}).then(answer => answer.json()).then(done);",
                    f"/auth/sso/{firm.connection}/begin",
                )
                trip = Trip(firm, Browser(host)).read(begun)
                fields = {
                    "SAMLResponse": answer(trip.told("ann-1", email="ann@acme.example"), key=PROVIDER.signer()),
                    "RelayState": trip.relay,
                }
                inputs = "".join(f'<input type="hidden" name="{name}" value="{escape(value)}">' for name, value in fields.items())
                form = f'<form method="post" action="{firm.saml["acs_url"]}">{inputs}</form>'
                page.append(f"<!doctype html>{form}<script>document.forms[0].submit()</script>")
                driver.get(begun["url"])
                WebDriverWait(driver, PATIENCE).until(lambda driver: driver.current_url == f"{url}/welcome")
                landed = "const [done] = arguments; fetch('/auth/sso/landed').then(answer => answer.text()).then(done);"
                assert json.loads(driver.execute_async_script(landed))["status"] == "signed_in"
                assert driver.execute_async_script(landed) == ""
            kept = {each["name"]: each for each in driver.get_cookies()}
        host.close()
    prefix = "__Host-" if secure else ""
    assert [{name[:-17] for name in names} for names in brought] == [{f"{prefix}ctsec_saml"}] * 2
    assert kept.keys() == {f"{prefix}ctsec_session"}
    assert kept[f"{prefix}ctsec_session"]["sameSite"] == "Lax"
