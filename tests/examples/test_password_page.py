"""The page about passwords says what the code and the command say."""

from __future__ import annotations

import re

import pytest

from ctsec.authn import foreign_bcrypt, foreign_kdf, foreign_sha_crypt
from ctsec.authn.argon2 import CEILING
from ctsec.authn.blocklist import built_in
from ctsec.authn.breaches import MAX_ANSWER
from ctsec.authn.password_policy import MAX_BYTES, MAXIMUM, MINIMUM, MINIMUM_WITH_MFA
from ctsec.authn.pepper import MAX_ENCODED
from ctsec.authn.strength import PasswordLevel, Weakness
from ctsec.cli.main import main
from tests.examples.pages import ROOT

PAGE = (ROOT / "docs" / "reference" / "passwords.md").read_text("utf-8")
TEXT = " ".join(PAGE.split())
HELP = re.compile(r"<!-- help: (.*?) -->\n```text\n(.*?)```\n", re.DOTALL)


@pytest.mark.parametrize(("command", "text"), HELP.findall(PAGE), ids=lambda value: value[:20])
def test_help_is_what_the_page_shows(command: str, text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Each help block of the page is what the command prints."""
    monkeypatch.setenv("COLUMNS", "100")
    with pytest.raises(SystemExit) as ended:
        main([*command.split(), "--help"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == text


def test_each_command_has_its_help_on_the_page() -> None:
    """The three commands are shown, in order."""
    assert [command for command, _ in HELP.findall(PAGE)] == ["passwords status", "passwords renew", "passwords calibrate"]


@pytest.mark.parametrize(
    "said",
    [
        f"{MINIMUM} code points",
        f"; {MINIMUM_WITH_MFA} for an account",
        f"{MAXIMUM:,} code points, {MAX_BYTES:,} bytes",
        f"at most {MAX_ENCODED} ASCII characters",
        f"at most {MAX_ANSWER // 1024} KiB",
        f"cost 4 to {foreign_bcrypt.MAX_COST}",
        f"no more than {foreign_bcrypt.MAX_BYTES} bytes",
        f"{foreign_kdf.MAX_ITERATIONS:,} iterations",
        f"{foreign_kdf.MAX_MEMORY >> 20} MiB, N r p up to 2^{foreign_kdf.MAX_OPERATIONS.bit_length() - 1}",
        f"1,000 to {foreign_sha_crypt.MAX_ROUNDS:,} rounds",
        f"SHA-crypt no more than {foreign_sha_crypt.MAX_BYTES} bytes",
        f"{CEILING.memory_kib >> 10} MiB, {CEILING.time_cost} passes, {CEILING.lanes} lanes",
        f"over {len(built_in()) // 10_000 * 10_000:,} entries",
    ],
)
def test_numbers_are_those_of_the_code(said: str) -> None:
    """Each limit on the page is the constant that the code holds to."""
    assert said in TEXT


@pytest.mark.proves("ASVS-6.2.11", "NIST-3.1.1.2")
def test_reasons_and_levels_are_those_of_the_code() -> None:
    """The page names every weakness, in order, and every level; it lists where the words of the context come from."""
    found = re.search(r"each with a sentence \(`advice`\): (.*?)\. Only", TEXT)
    assert found is not None
    assert re.findall(r"`(\w+)`", found[1]) == list(Weakness)
    assert "the level (" + ", ".join(f"`{level}`" for level in PasswordLevel) + ")" in TEXT
    assert all(f"| the {word} |" in TEXT for word in ("person's address", "person's name", "product's name (`issuer`)"))
