"""A name for a device, made from what it says of itself.

A user agent is a claim: whoever signs in writes it. The name helps a person to tell their own devices apart, and nothing is decided by it.
"""

from __future__ import annotations

from typing import Final

MAX_NAME: Final = 64
UNKNOWN: Final = "unknown device"
# The first that is found counts: browsers name those that they descend from, and phones the system that they look like.
_BROWSERS: Final = (
    ("Edge", ("Edg/", "EdgA/", "EdgiOS/")),
    ("Opera", ("OPR/",)),
    ("Samsung Internet", ("SamsungBrowser/",)),
    ("Firefox", ("Firefox/", "FxiOS/")),
    ("Chrome", ("Chrome/", "CriOS/")),
    ("Safari", ("Safari/",)),
)
_SYSTEMS: Final = (
    ("iPhone", ("iPhone",)),
    ("iPad", ("iPad",)),
    ("Android", ("Android",)),
    ("Windows", ("Windows NT",)),
    ("ChromeOS", ("CrOS",)),
    ("macOS", ("Macintosh",)),
    ("Linux", ("Linux",)),
)


def device_name(user_agent: str) -> str:
    """Return "browser on system" where both are known, else the user agent itself on one line, at most 64 characters."""
    browser, system = _first(_BROWSERS, user_agent), _first(_SYSTEMS, user_agent)
    if browser and system:
        return f"{browser} on {system}"
    line = " ".join("".join(c if c.isprintable() else " " for c in user_agent).split())
    return line[:MAX_NAME] or UNKNOWN


def _first(names: tuple[tuple[str, tuple[str, ...]], ...], text: str) -> str:
    return next((name for name, marks in names if any(mark in text for mark in marks)), "")
