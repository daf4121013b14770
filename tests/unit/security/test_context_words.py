"""The words of the context that a password may not be made of: the page lists them, and every account has them without being asked."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ctsec.authn.argon2 import Argon2Parameters
from ctsec.outcome import Reason, Refusal
from ctsec.presets import in_memory
from ctsec.rbac.policy import Policy
from ctsec.security.parts import EmbeddedOptions
from ctsec.testing import RecordingMailer

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "passwords.md"
WORDS = re.findall(
    r"^\| (the person's address|the person's name|the product's name)[^|]*\| `([^`]+)` \|", PAGE.read_text("utf-8"), re.MULTILINE
)


@pytest.mark.proves("ASVS-6.1.2")
def test_the_page_lists_the_words_and_they_are_refused() -> None:
    """The page names address, name and product with an example each; each example is refused at sign-up, and for somebody else accepted."""
    assert [kind for kind, _ in WORDS] == ["the person's address", "the person's name", "the product's name"]
    options = EmbeddedOptions(password_hash=Argon2Parameters.for_tests(), worker=False)
    security = in_memory(policy=Policy.preset(), mailer=RecordingMailer(), issuer="Acme Observatory", options=options)
    with security.begin() as unit:
        for number, (kind, example) in enumerate(WORDS):
            refused = unit.accounts.sign_up(email="olga.lindqvist@acme.example", password=example, name="Olga Lindqvist")
            assert isinstance(refused, Refusal), kind
            assert refused.reason is Reason.PASSWORD_COMMON
            if kind != "the product's name":
                taken = unit.accounts.sign_up(email=f"someone{number}@else.example", password=example, name="Bo Ek")
                assert not isinstance(taken, Refusal), kind
