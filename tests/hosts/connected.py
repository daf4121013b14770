"""Connecting the app that every host of the tests knows."""

from __future__ import annotations

from typing import Any, cast

from ctsec.testing.apps import AppSimulator
from tests.hosts.harness import Browser, Host


def begin(browser: Browser, organization: str, **body: object) -> str:
    """Begin to connect the app, and return where the browser is sent."""
    url: str = browser.ok(f"POST /organizations/{organization}/apps", {"provider": "files", **body})["url"]
    return url


def connect(browser: Browser, files: AppSimulator, organization: str, **body: object) -> Any:
    """Connect the app, and return the connection as it is shown."""
    return browser.ok(f"GET /apps/files/callback?{files.visit(begin(browser, organization, **body))}")


def simulator(host: Host) -> AppSimulator:
    """Return the app that every host of the tests can connect."""
    return cast(AppSimulator, cast(Any, host).security.parts.settings.apps.fetcher)
