"""The page at `/`: plain HTML, one script and one style sheet of our own, and a policy that lets nothing else in."""

from __future__ import annotations

from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent
FILES: Final = {"style.css": "text/css", "page.js": "text/javascript"}
HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
        "form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def index() -> str:
    """Return the page."""
    return (FOLDER / "index.html").read_text("utf-8")


def file(name: str) -> tuple[str, str] | None:
    """Return the text and the media type of a file of the page, or None if there is none of that name."""
    return ((FOLDER / name).read_text("utf-8"), FILES[name]) if name in FILES else None
