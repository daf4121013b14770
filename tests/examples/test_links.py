"""The pages lead to pages that are there."""

from __future__ import annotations

import re

from tests.examples.pages import ROOT


def test_links_between_pages_lead_somewhere() -> None:
    """Each relative link of the README and of the documentation names a file that is there, and a heading of it where it names one."""
    broken: list[str] = []
    for page in (ROOT / "README.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").rglob("*.md"))):
        for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
            place, _, heading = target.partition("#")
            if "://" in target or target.startswith("mailto:"):
                continue
            file = (page.parent / place).resolve() if place else page
            if not file.exists() or (heading and heading not in headings(file.read_text("utf-8"))):
                broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert broken == []


def headings(text: str) -> set[str]:
    """Return what the headings of a page are linked by: lower case, no signs, hyphens for spaces."""
    found = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).strip().replace(" ", "-") for each in found}
