"""A real browser, and the page of the examples for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which
from typing import Final

import flask
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

from examples.cloudthinker import page

PATIENCE: Final = 60  # seconds, for a busy machine; nothing is waited for that is there
_FLAGS: Final = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
)  # fmt: skip


@contextmanager
def chromium(profile: Path, *more: str) -> Iterator[Chrome]:
    """A browser of its own, with more flags."""
    options = ChromeOptions()
    options.binary_location = str(which("chromium"))
    for flag in (*_FLAGS, f"--user-data-dir={profile}", *more):
        options.add_argument(flag)
    driver = Chrome(options=options, service=Service(executable_path=str(which("chromedriver"))))
    try:
        driver.set_script_timeout(PATIENCE)
        yield driver
    finally:
        driver.quit()


def add_page(app: flask.Flask, *paths: str) -> None:
    """Add the page of the examples at these paths, with its files, and nothing of the example behind it."""
    for path in paths:
        app.add_url_rule(path, path, _index)
    app.add_url_rule("/page/<name>", "file", _file)
    app.add_url_rule("/v1/workspaces", "workspaces", lambda: {"workspaces": []})


def _index(**_: str) -> flask.Response:
    return flask.Response(page.index(), mimetype="text/html", headers=page.HEADERS)


def _file(name: str) -> flask.Response:
    found = page.file(name)
    assert found is not None
    return flask.Response(found[0], mimetype=found[1], headers=page.HEADERS)
