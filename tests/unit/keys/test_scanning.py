"""Leaked keys are found by scanners, and no mangled text of a key is ever looked up."""

from __future__ import annotations

import base64
import os
import re
import tomllib
from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ctsec.cli import main
from ctsec.ids import KeyId, new_id
from ctsec.keys.scanning import FORMS, SCANNER_PATTERN
from ctsec.keys.token import mint, parse
from ctsec.outcome import Refusal
from ctsec.web.credentials import presented
from ctsec.web.http import WebRequest
from ctsec.web.site import Site

NOW = datetime(2026, 3, 1, tzinfo=UTC)
TOKEN = mint(new_id(KeyId, now=NOW, random=os.urandom), random=os.urandom).reveal()
SITE = Site.of("http://localhost:8000")
MANGLED = {
    "truncated": [TOKEN[:length] for length in range(len(TOKEN))],
    "cut in front": [TOKEN[length:] for length in range(1, len(TOKEN))],
    "doubled": [TOKEN * 2, f"{TOKEN}_{TOKEN}", TOKEN + TOKEN[-6:]],
    "another case": [TOKEN.upper(), TOKEN.lower(), TOKEN.swapcase(), TOKEN.title()],
    "another prefix": [prefix + TOKEN[2:] for prefix in ("sk", "ghp", "c", "ctt", "CT", "")],
    "encoded again": [
        base64.b64encode(TOKEN.encode()).decode(),
        TOKEN.encode().hex(),
        quote(TOKEN.replace("_", "%5F")),
        TOKEN.replace("_", "-"),
        f'"{TOKEN}"',
        f"{TOKEN}=",
        "".join(chr(ord(letter) + 0xFEE0) for letter in TOKEN),
        TOKEN + "\u200b",
        TOKEN + "\0",
    ],
}


@pytest.mark.proves("SEED-K7")
@pytest.mark.parametrize("prefixed", ["", "key=", "Authorization: Bearer ", 'token = "', "https://x.example/?k="])
def test_scanners_find_a_key_wherever_it_stands(prefixed: str) -> None:
    """The published expression finds exactly the key in text around it, and the files of the scanners hold that expression."""
    found = re.findall(SCANNER_PATTERN, f"{prefixed}{TOKEN}\n{TOKEN[:-1]} sk{TOKEN[2:]} {TOKEN}x")
    assert found == [TOKEN]
    rules = tomllib.loads(FORMS["gitleaks"]())["rules"]
    assert [each["regex"] for each in rules] == [SCANNER_PATTERN]
    assert all(word in TOKEN for each in rules for word in each["keywords"])
    assert f"key: '{SCANNER_PATTERN}'" in FORMS["trufflehog"]()


def test_the_command_prints_what_the_repository_publishes(capsys: pytest.CaptureFixture[str]) -> None:
    """`ctsec key patterns` prints each file as it lies in the documentation, byte for byte."""
    from tests.architecture.source import ROOT

    for form, name in (("gitleaks", "ctsec-gitleaks.toml"), ("trufflehog", "ctsec-trufflehog.yaml")):
        assert main(["key", "patterns", form]) == 0
        assert capsys.readouterr().out == (ROOT / "docs" / "reference" / "scanning" / name).read_text("utf-8")
    assert main(["key", "patterns", "regex"]) == 0
    assert capsys.readouterr().out == f"{SCANNER_PATTERN}\n"


@pytest.mark.parametrize("how", MANGLED)
def test_no_mangled_key_is_one(how: str) -> None:
    """Every truncated, doubled, re-encoded or otherwise changed text of a key is refused by form and checksum alone."""
    assert [text for text in MANGLED[how] if not isinstance(parse(text), Refusal)] == []


@given(text=st.one_of(st.text(max_size=300), st.text(alphabet="ct_live0123456789abcXYZ ,;=", max_size=120)), scheme=st.text(max_size=12))
@example(text=TOKEN, scheme="bearer ")
@example(text=f"{TOKEN} {TOKEN}", scheme="Bearer")
@example(text=f"{TOKEN},", scheme="Bearer")
def test_the_bearer_parser_takes_a_token_as_it_stands_or_refuses(text: str, scheme: str) -> None:
    """Whatever stands in the header, it is refused, or is one scheme, one space and one token without spaces, unchanged."""
    found = presented(WebRequest(method="GET", path="/", headers=(("authorization", f"{scheme} {text}"),)), site=SITE)
    if not isinstance(found, Refusal):
        line = f"{scheme} {text}"
        assert line.partition(" ")[0].lower() in {"bearer", "session"}
        assert found.token.reveal() == line.partition(" ")[2]
        assert found.token.reveal().isascii()
        assert " " not in found.token.reveal()
