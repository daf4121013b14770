"""The page of commands says what the parser of the command line says."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from typing import Any, Final

from ctsec.cli.main import parser
from tests.examples.pages import ROOT

PAGE: Final = ROOT / "docs" / "reference" / "commands.md"


def leaves(of: argparse.ArgumentParser, path: str, help_text: str = "") -> Iterator[tuple[str, argparse.ArgumentParser, str]]:
    """Yield each command without further commands: its words, its parser, and its one line of help."""
    everything: Any = of
    deeper = [action for action in everything._actions if action.nargs == argparse.PARSER]
    if not deeper:
        yield path, of, help_text
    for action in deeper:
        helps = {each.dest: each.help for each in action._choices_actions}
        for name, below in action.choices.items():
            yield from leaves(below, f"{path} {name}", helps[name])


def said(path: str, of: argparse.ArgumentParser, help_text: str) -> str:
    """Return the row of a command: its words, its arguments, those that may be left out in brackets, and what it does."""
    usage = " ".join(of.format_usage().split()).removeprefix(f"usage: {path}").replace("[-h]", "").strip().replace("|", "\\|")
    return f"| `{path}` | {f'`{usage}`' if usage else '-'} | {help_text.replace('|', chr(92) + '|')} |"


def test_every_command_is_on_the_page_once() -> None:
    """Each command stands on the page with its arguments and its help, and nothing else does."""
    told = [line for line in PAGE.read_text("utf-8").splitlines() if re.match(r"\| `ctsec ", line)]
    assert sorted(told) == sorted(said(*each) for each in leaves(parser(), "ctsec"))
