"""The page of extras says what pyproject.toml says."""

from __future__ import annotations

import re
import tomllib

from tests.examples.pages import ROOT


def test_every_extra_is_on_the_page_with_what_it_brings() -> None:
    """Each extra stands on the page once, with the names of its packages in their order."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    named = {extra: ", ".join(re.split(r"[\[>=<]", package)[0] for package in packages) or "-" for extra, packages in extras.items()}
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \|", (ROOT / "docs" / "reference" / "extras.md").read_text("utf-8"), re.MULTILINE)
    assert len(rows) == len(named)
    assert dict(rows) == named
