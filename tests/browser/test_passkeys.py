"""A real browser and its virtual authenticator, on the page of the example: a passkey is made and signs in."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import flask
import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.virtual_authenticator import Protocol, Transport, VirtualAuthenticatorOptions
from selenium.webdriver.support.wait import WebDriverWait
from werkzeug.serving import make_server

import ctsec.flask
from ctsec.audit.event import DEPLOYMENT_LOG
from ctsec.audit.query import AuditQuery
from ctsec.authn.argon2 import Argon2Parameters
from ctsec.outcome import Refusal
from ctsec.presets import in_memory
from ctsec.rbac import Policy
from ctsec.security import EmbeddedOptions, Security
from ctsec.testing import RecordingMailer
from tests.browser.chromium import PATIENCE, add_page, chromium
from tests.services.probing import token_in

PASSWORD = "a long and quiet river"
ANN = "ann@acme.example"

OLDER = "PublicKeyCredential.isConditionalMediationAvailable = async () => false;"
LURE = """
    const publicKey = { challenge: new Uint8Array(32), rpId: arguments[0] };
    navigator.credentials.get({ publicKey }).then(() => arguments[1]("signed"), (error) => arguments[1](error.name));
"""


@dataclass(frozen=True, slots=True)
class Site:
    """The application at an address of this machine."""

    security: Security
    url: str


@contextmanager
def serving() -> Iterator[Site]:
    """Serve the example's page over ctsec's routes, with one person who has confirmed the address."""
    app = flask.Flask(__name__, static_folder=None)
    server = make_server("localhost", 0, app, threaded=True)
    url, mailer = f"http://localhost:{server.server_port}", RecordingMailer()
    options = EmbeddedOptions(base_url=url, password_hash=Argon2Parameters.for_tests())
    security = in_memory(policy=Policy.preset(), mailer=mailer, options=options)
    app.register_blueprint(ctsec.flask.Guard(security).blueprint(), url_prefix="/auth")
    add_page(app, "/")
    with security.begin() as unit:
        unit.accounts.sign_up(email=ANN, password=PASSWORD, name="Ann")
    while security.jobs.send_mail():
        pass
    with security.begin() as unit:
        unit.accounts.verify_email(token=token_in(mailer.to(ANN)[-1]))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield Site(security, url)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        security.close()


class Person:
    """Somebody before the page."""

    def __init__(self, driver: Chrome, site: Site) -> None:
        self.driver = driver
        self.site = site

    def opens(self) -> None:
        """Open the page anew, as a person without a session."""
        self.driver.delete_all_cookies()
        self.driver.get(self.site.url)

    def takes_an_older_browser(self) -> None:
        """Have pages see a browser that offers no passkeys by itself, from now on."""
        self.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": OLDER})

    def submits(self, form: str, **fields: str) -> None:
        """Fill a form of the page and press its button."""
        found = self.driver.find_element(By.CSS_SELECTOR, form)
        for name, value in fields.items():
            found.find_element(By.NAME, name).send_keys(value)
        found.find_element(By.TAG_NAME, "button").click()

    def reads(self, text: str) -> str:
        """Wait until the answer on the page has a text, and return it all."""
        element = self.driver.find_element(By.ID, "answer")
        return str(WebDriverWait(self.driver, PATIENCE).until(lambda _: text in (now := element.text) and now))

    def is_lured(self) -> object:
        """Have a page at another name of this machine ask for the passkeys of the site, and return the name of the browser's error."""
        self.driver.get(self.site.url.replace("localhost", "127.0.0.1"))
        return self.driver.execute_async_script(LURE, "localhost")


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Person]:
    with serving() as site, chromium(tmp_path / "profile") as driver:
        driver.add_virtual_authenticator(asking_nobody())
        yield Person(driver, site)


def asking_nobody() -> VirtualAuthenticatorOptions:
    """Return an authenticator that holds passkeys, and whose person always agrees and is always verified."""
    return VirtualAuthenticatorOptions(
        protocol=Protocol.CTAP2,
        transport=Transport.INTERNAL,
        has_resident_key=True,
        has_user_verification=True,
        is_user_verified=True,
        is_user_consenting=True,
    )


@pytest.mark.slow
@pytest.mark.server("chromium")
@pytest.mark.proves("NIST-2.2.2")
def test_a_browser_makes_a_passkey_and_signs_in_with_it(person: Person) -> None:
    """A passkey is added after a password, signs in where the page only offers it (conditional), when asked for, and as a second step."""
    person.opens()
    person.submits('form[data-post="sign-in"]', email=ANN, password=PASSWORD)
    person.reads('"aal": 1')
    person.submits('form[data-passkey="add"]', name="This browser")
    assert '"name": "This browser"' in person.reads('"codes"')
    person.opens()
    assert '"aal": 2' in person.reads('"status": "signed_in"')
    person.takes_an_older_browser()
    person.opens()
    person.submits('form[data-passkey="sign-in"]')
    assert '"aal": 2' in person.reads('"status": "signed_in"')
    person.opens()
    person.submits('form[data-post="sign-in"]', email=ANN, password=PASSWORD)
    assert '"passkey"' in person.reads('"mfa_required"')
    person.submits('form[data-passkey="sign-in"]')
    assert '"aal": 2' in person.reads('"status": "signed_in"')
    assert person.is_lured() == "SecurityError"
    with person.site.security.begin() as unit:
        found = unit.audit.search(AuditQuery(log=DEPLOYMENT_LOG), limit=100)
    assert not isinstance(found, Refusal)
    ways = [each.details()["details"] for each in found.pending if each.name == "user.signed_in"]
    assert [sorted(way["factors"]) for way in ways] == [["pwd"], ["passkey"], ["passkey"], ["passkey", "pwd"]]
