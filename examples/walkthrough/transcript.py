"""What the demonstration says: only facts that are the same on every run and on both hosts."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx


class Unexpected(Exception):
    """The application answered otherwise than it should."""


class Transcript:
    """Prints and keeps what is said."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._chapters = 0

    def chapter(self, title: str) -> None:
        """Begin a chapter."""
        self._chapters += 1
        self.say(*([""] if self._lines else []), f"{self._chapters}. {title}")

    def say(self, *lines: str) -> None:
        """Print lines and keep them."""
        for line in lines:
            self._lines.append(line.rstrip())
            print(line.rstrip(), flush=True)

    def show(self, text: str, *, instead: str) -> None:
        """Print what differs on each run, and keep `instead` for the transcript."""
        print(text, flush=True)
        self._lines.append(instead)

    def text(self) -> str:
        """Return everything that was said."""
        return "\n".join(self._lines) + "\n"


def require(condition: bool, what: str) -> None:
    """Raise Unexpected unless the condition holds."""
    if not condition:
        raise Unexpected(f"expected {what}")


def answered(response: httpx.Response, status: int, *, reason: str | None = None) -> Any:
    """Return the JSON of a response (None if it has no body); raise Unexpected for another status or another reason."""
    asked = f"{response.request.method} {response.request.url.path}"
    require(response.status_code == status, f"{status} from {asked}, got {response.status_code}: {response.text[:300]}")
    body = response.json() if response.content else None
    if reason is not None:
        require(isinstance(body, dict) and body.get("reason") == reason, f"the reason {reason} from {asked}, got {response.text[:300]}")
    return body


def eventually(look: Callable[[], Any], *, what: str, seconds: float = 10.0, pause: float = 0.05) -> Any:
    """Return what `look` returns as soon as it is true; raise Unexpected after some seconds."""
    until = time.monotonic() + seconds
    while not (found := look()):
        require(time.monotonic() < until, f"{what} within {seconds:.0f} seconds")
        time.sleep(pause)
    return found
