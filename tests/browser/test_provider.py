"""A real browser on the page of the example, at the pages of npm's oidc-provider, and back: signed in, and signed out at both."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import flask
import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait
from werkzeug.serving import make_server

import ctsec.flask
from ctsec.rbac import Policy
from ctsec.transport.reach import Reach
from examples.cloudthinker.configuration import single_sign_on
from tests.browser.chromium import PATIENCE, add_page, chromium
from tests.certificates import Authority
from tests.hosts.harness import FlaskHost
from tests.peers.running import OidcProvider
from tests.peers.scene import connect, register

ALICE = "alice@acme.example"


@contextmanager
def serving(folder: Path) -> Iterator[FlaskHost]:
    """Serve the page of the example over ctsec's routes, by https."""
    app = flask.Flask(__name__, static_folder=None)
    pair = Authority.make(folder).issue("site", hosts=("localhost",))
    server = make_server("localhost", 0, app, threaded=True, ssl_context=(pair.certificate, pair.key))
    url = f"https://localhost:{server.server_port}"
    host = FlaskHost(Policy.preset(), base_url=url, single_sign_on=single_sign_on(Reach.LOOPBACK))
    host.clock.set(datetime.now(UTC))
    app.register_blueprint(ctsec.flask.Guard(host.security).blueprint(), url_prefix="/auth")
    add_page(app, "/", "/sso/<connection_id>")
    host.serve(app)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield host
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        host.close()


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[OidcProvider]:
    """The running oidc-provider."""
    folder = tmp_path / "provider"
    folder.mkdir()
    made = OidcProvider(folder)
    made.start()
    try:
        yield made
    finally:
        made.stop()


class Person:
    """Somebody before the browser."""

    def __init__(self, driver: Chrome) -> None:
        self.driver = driver

    def submits(self, form: str, **fields: str) -> None:
        """Wait for a form, fill it in and press its button."""
        found = WebDriverWait(self.driver, PATIENCE).until(lambda driver: driver.find_element(By.CSS_SELECTOR, form))
        for name, value in fields.items():
            element = found.find_element(By.NAME, name)
            element.clear()
            element.send_keys(value)
        found.find_element(By.CSS_SELECTOR, "button").click()

    def agrees(self) -> None:
        """Wait for the page that asks whether to sign out, and say yes."""
        WebDriverWait(self.driver, PATIENCE).until(lambda driver: driver.find_element(By.CSS_SELECTOR, "[name=logout][value=yes]")).click()

    def is_at(self, start: str) -> None:
        """Wait until an address begins so."""
        WebDriverWait(self.driver, PATIENCE).until(lambda driver: driver.current_url.startswith(start))

    def reads(self, text: str) -> str:
        """Wait until the answer on the page has a text, and return it all."""

        def there(driver: Chrome) -> str | bool:
            found = driver.find_element(By.ID, "answer").text
            return text in found and found

        return str(WebDriverWait(self.driver, PATIENCE).until(there))

    def cookies(self, of: str) -> dict[str, Any]:
        """Return the flags of each cookie of a host, by name."""
        told = self.driver.execute_cdp_cmd("Network.getAllCookies", {})["cookies"]
        flags = ("secure", "httpOnly", "sameSite", "path")
        return {each["name"]: tuple(each.get(flag) for flag in flags) for each in told if each["domain"] == of}


@pytest.mark.slow
@pytest.mark.server("chromium")
@pytest.mark.program("oidc-provider")
@pytest.mark.host("flask")
@pytest.mark.proves("SEED-A3")
def test_a_browser_signs_in_through_the_provider(provider: OidcProvider, tmp_path: Path) -> None:
    """From the page to the provider's sign-in and consent and back, each cookie locked to its host; signing out ends it there as well."""
    locked = (True, True, "Lax", "/")
    nowhere = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"
    with serving(tmp_path) as host, chromium(tmp_path / "profile", "--ignore-certificate-errors", nowhere) as driver:
        person, home = Person(driver), f"{host.base_url}/"
        provider.clock = host.clock
        acme = connect(host, provider)
        register(acme, provider, post_logout_redirect_uris=[home])
        driver.get(home)
        person.submits("form[data-provider]", email=ALICE)
        person.is_at(provider.issuer)
        assert person.cookies("localhost") == {"__Host-ctsec_sso": locked}
        person.submits("form", login="alice", password="any")
        person.submits("form:not(:has([name=login]))")
        person.is_at(home)
        answer = person.reads('"signed_in"')
        assert acme.organization in answer
        assert driver.current_url == home
        assert person.cookies("localhost") == {"__Host-ctsec_session": locked}
        person.submits('form[data-post="sign-out"]')
        person.is_at(provider.issuer)
        assert person.cookies("localhost") == {}
        person.agrees()
        person.is_at(home)
        person.submits("form[data-provider]", email=ALICE)
        person.is_at(provider.issuer)
        assert WebDriverWait(driver, PATIENCE).until(lambda found: found.find_element(By.NAME, "password"))
