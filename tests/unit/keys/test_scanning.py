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

from ctsec.authn.device import mint_device_token
from ctsec.authn.session_token import mint_session_token
from ctsec.cli import main
from ctsec.guard.proof import mint_token
from ctsec.ids import DeviceId, KeyId, Random, ScimTokenId, SessionId, WorkspaceId, new_id
from ctsec.keys.attenuation import derive
from ctsec.keys.scanning import FORMS, KINDS, SCANNER_PATTERN
from ctsec.keys.token import mint, parse
from ctsec.mail.message import Letters, Message
from ctsec.outcome import Refusal
from ctsec.secret import SecretText
from ctsec.sso.scim.token import mint_scim_token
from ctsec.web.credentials import presented
from ctsec.web.http import WebRequest
from ctsec.web.site import Site

NOW = datetime(2026, 3, 1, tzinfo=UTC)
# The second ends with a hyphen or an underscore: there is no boundary behind it.
DRAWN: tuple[Random, ...] = (os.urandom, lambda size: b"\xff" * size, bytes)


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


def letters() -> tuple[Message, ...]:
    """Return letters with a link each."""
    made, whom = Letters("Example", "https://app.example"), "ann@acme.example"
    tokens = [mint_token(random=draw)[0] for draw in DRAWN]
    links = (made.verification, made.password_reset, made.sign_in_link, made.email_change)
    return (
        *(letter(whom, token) for letter in links for token in tokens),
        *(made.invitation(whom, token, organization="Acme", inviter="Ann") for token in tokens),
        *(made.recovery.requested(whom, token, who="Ann", due=NOW) for token in tokens),
    )


def linked(text: str) -> str:
    """Return the page and the token of the link in a letter."""
    return next(word.rpartition("/")[2] for word in text.split() if word.startswith("https://"))


# A text of each kind, as it is minted; links as they stand in a mail.
SAMPLES: dict[str, list[str]] = {
    "ctsec-api-key": [TOKEN, mint(new_id(KeyId, now=NOW, random=os.urandom), random=os.urandom, environment="stage2").reveal()],
    "ctsec-derived-api-key": [
        (once := derive(SecretText(TOKEN), expires_at=NOW)).reveal(),
        derive(once, expires_at=NOW, scopes=frozenset({"agents:run"}), workspace=new_id(WorkspaceId, now=NOW, random=os.urandom)).reveal(),
    ],
    "ctsec-scim-token": [mint_scim_token(new_id(ScimTokenId, now=NOW, random=os.urandom), random=draw)[0].reveal() for draw in DRAWN],
    "ctsec-session": [mint_session_token(new_id(SessionId, now=NOW, random=os.urandom), random=draw)[0].reveal() for draw in DRAWN],
    "ctsec-device": [mint_device_token(new_id(DeviceId, now=NOW, random=os.urandom), random=draw)[0].reveal() for draw in DRAWN],
    "ctsec-mailed-link": [linked(each.text.reveal()) for each in letters()],
}


@pytest.mark.proves("SEED-K7")
@pytest.mark.parametrize("prefixed", ["", "key=", "Authorization: Bearer ", 'token = "', "https://x.example/?k=", "/"])
def test_scanners_find_a_credential_wherever_it_stands(prefixed: str) -> None:
    """Of every kind the published expression finds exactly the text, no other kind's does, and the scanners' files hold it."""
    rules = {each["id"]: each for each in tomllib.loads(FORMS["gitleaks"]())["rules"]}
    assert [each.rule for each in KINDS] == list(rules) == list(SAMPLES)
    for kind in KINDS:
        assert (rules[kind.rule]["regex"], rules[kind.rule]["keywords"]) == (kind.pattern, [kind.keyword])
        assert f"key: '{kind.pattern}'" in FORMS["trufflehog"]()
        assert all(int(count) < 1_000 for count in re.findall(r"\{(\d+)", kind.pattern)), "Go's RE2 counts to a thousand"
        for text in SAMPLES[kind.rule]:
            others = "" if kind.rule == "ctsec-mailed-link" else f"sk_{text}"
            around = f'{prefixed}{text}"\n{text[:-1]} {others}'
            assert {each.rule: found for each in KINDS if (found := re.findall(each.pattern, around))} == {kind.rule: [text]}
            assert kind.keyword in text
    assert re.findall(SCANNER_PATTERN, f"{TOKEN}x") == []


def test_the_command_prints_what_the_repository_publishes(capsys: pytest.CaptureFixture[str]) -> None:
    """`ctsec key patterns` prints each file as it lies in the documentation, byte for byte."""
    from tests.architecture.source import ROOT

    for form, name in (("gitleaks", "ctsec-gitleaks.toml"), ("trufflehog", "ctsec-trufflehog.yaml")):
        assert main(["key", "patterns", form]) == 0
        assert capsys.readouterr().out == (ROOT / "docs" / "reference" / "scanning" / name).read_text("utf-8")
    assert main(["key", "patterns", "regex"]) == 0
    assert capsys.readouterr().out.splitlines() == [each.pattern for each in KINDS]


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
