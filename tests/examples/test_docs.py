"""The documentation's Python blocks run, and print what they say."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import fresh
from tests.examples.pages import ROOT, blocks, pages, promised

PREFACE = "from tests.examples.preface import *\n"
EXPECTED = {
    "docs/how-to/back-up-and-restore.md",
    "docs/how-to/connect-apps.md",
    "docs/how-to/encrypt-columns.md",
    "docs/how-to/explain-a-refusal.md",
    "docs/how-to/give-a-role-for-a-time.md",
    "docs/how-to/guard-a-route.md",
    "docs/how-to/help-people-back-in.md",
    "docs/how-to/join-your-session.md",
    "docs/how-to/keep-credentials.md",
    "docs/how-to/know-devices.md",
    "docs/how-to/let-customers-bring-their-key.md",
    "docs/how-to/keep-data-in-a-region.md",
    "docs/how-to/let-organizations-make-roles.md",
    "docs/how-to/limit-guessing.md",
    "docs/how-to/list-what-somebody-may-see.md",
    "docs/how-to/move-existing-accounts-in.md",
    "docs/how-to/prove-your-policy.md",
    "docs/how-to/replace-a-pepper.md",
    "docs/how-to/require-more-than-a-role.md",
    "docs/how-to/require-tls.md",
    "docs/how-to/rotate-a-key.md",
    "docs/how-to/rotate-data-keys.md",
    "docs/how-to/use-a-key-service.md",
    "docs/tutorial/first-host.md",
}


def test_pages_are_found() -> None:
    """The pages that teach with code are among those that the tests run."""
    assert {str(page.relative_to(ROOT)) for page in pages()} >= EXPECTED


# What the pages begin with takes seconds: the six pages of providers, which only draft a connection, share it.
TOGETHER = tuple(page for page in pages() if page.stem.startswith("connect-") and page.stem != "connect-apps")
RUNS = (TOGETHER, *((page,) for page in pages() if page not in TOGETHER))


@pytest.mark.parametrize("run_of", RUNS, ids=lambda run_of: run_of[0].stem)
def test_page_runs(run_of: tuple[Path, ...], tmp_path: Path) -> None:
    """The blocks of a page run in order in one namespace, and what a comment behind a print says is printed, in that order."""
    code = "\n".join(block for page in run_of for block in blocks(page))
    beginning = PREFACE if run_of[0].parent.name == "how-to" else ""
    script = tmp_path / "page.py"
    script.write_text(beginning + code, "utf-8")
    ran = fresh.script("page.py", folder=tmp_path, strict=True)
    assert ran.returncode == 0, ran.stderr
    printed = iter(ran.stdout.splitlines())
    assert [line for line in promised(code) if line not in printed] == [], ran.stdout
