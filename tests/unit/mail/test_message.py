"""Messages: no header can be injected, and what is stored comes back."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.errors import CorruptRecord
from ctsec.mail.letter import one_line
from ctsec.mail.message import MAX_TEXT, Letters, Message
from ctsec.secret import SecretText
from ctsec.testing.mail import RecordingMailer

TOKEN = SecretText("tok-En_" + "x" * 36)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=200)
LETTERS = Letters(issuer="Acme", base_url="https://app.example.com/")


def message(*, recipient: str = "ann@example.com", subject: str = "hello", text: str = "body") -> Message:
    return Message(kind="notice", recipient=recipient, subject=subject, text=SecretText(text))


@pytest.mark.proves("ASVS-1.3.11")
@pytest.mark.parametrize("mark", ["\n", "\r", "\r\nBcc: eve@example.com", "\x00", "\x7f", "\t", "\x0b"])
def test_no_header_can_be_injected(mark: str) -> None:
    """A recipient or subject with a control character is refused when the message is built."""
    with pytest.raises(ValueError, match="without control characters"):
        message(subject=f"hello{mark}")
    with pytest.raises(ValueError, match="without control characters"):
        message(recipient=f"ann@example.com{mark}")


def test_the_longest_text() -> None:
    """A text has at most 16,384 characters."""
    assert message(text="x" * MAX_TEXT)
    with pytest.raises(ValueError, match="at most 16384"):
        message(text="x" * (MAX_TEXT + 1))


@given(TEXTS, TEXTS.map(one_line), st.none() | TEXTS.map(SecretText))
def test_what_is_stored_comes_back(text: str, subject: str, html: SecretText | None) -> None:
    """The stored form gives the same message back, with HTML and, as it was stored before there was any, without."""
    made = replace(message(text=text, subject=subject), html=html)
    assert Message.from_bytes(made.to_bytes()) == made


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[]",
        b'["a","b","c"]',
        b'["a","b","c","d","e","f"]',
        b"\xff",
        b'["a","b\\n","c","d"]',
        b"null",
        b'["a",1,"c","d"]',
        b'["a","b","c","d",1]',
    ],
)
def test_a_broken_stored_message_is_a_corrupt_record(data: bytes) -> None:
    """Whatever is not a stored message raises CorruptRecord, which does not repeat it."""
    with pytest.raises(CorruptRecord, match="does not decode"):
        Message.from_bytes(data)


def test_a_message_does_not_show_its_text() -> None:
    """The text may hold a token, so a log line of the message does not."""
    assert "body" not in repr(message())


@given(st.text(st.characters(codec=None), max_size=300))
def test_one_line_is_fit_for_a_subject(text: str) -> None:
    """What `one_line` returns is accepted as a subject, and has at most 120 characters."""
    line = one_line(text)
    assert len(line) <= 120
    assert message(subject=line)


@pytest.mark.proves("ASVS-14.2.1")
def test_links_are_made_of_the_base_address_and_carry_the_token_in_the_fragment() -> None:
    """The link leads to the configured host, and its token is in the fragment, which no server and no referrer sees."""
    for letter in (
        LETTERS.verification("ann@example.com", TOKEN),
        LETTERS.password_reset("ann@example.com", TOKEN),
        LETTERS.invitation("ann@example.com", TOKEN, organization="Org", inviter="Ann"),
    ):
        (link,) = [urlsplit(line) for line in letter.text.reveal().split("\n") if line.startswith("http")]
        assert (link.scheme, link.netloc, link.query) == ("https", "app.example.com", "")
        assert parse_qs(link.fragment) == {"token": [TOKEN.reveal()]}
        assert "//" not in link.path


@pytest.mark.proves("ASVS-1.3.11")
def test_names_of_strangers_stay_in_their_line() -> None:
    """An organization or a person whose name has line breaks adds no line to the text and no header."""
    evil = "Org\r\nBcc: eve@example.com\nhttps://evil.example"
    letter = LETTERS.invitation("ann@example.com", TOKEN, organization=evil, inviter=evil)
    assert len(letter.text.reveal().split("\n")) == len(
        LETTERS.invitation("a@b.example", TOKEN, organization="o", inviter="i").text.reveal().split("\n")
    )
    assert len(LETTERS.invitation("ann@example.com", TOKEN, organization="x" * 500, inviter="y" * 500).subject) <= 120


def test_letters_of_different_kinds_differ() -> None:
    """Each letter has a kind of its own, the issuer in its subject, and the recipient that was given."""
    letters = (
        LETTERS.verification("ann@example.com", TOKEN),
        LETTERS.already_registered("ann@example.com"),
        LETTERS.password_reset("ann@example.com", TOKEN),
        LETTERS.invitation("ann@example.com", TOKEN, organization="Org", inviter="Ann"),
        LETTERS.notice("ann@example.com", what="the password was changed"),
    )
    assert len({letter.kind for letter in letters}) == len(letters)
    assert all(letter.subject.startswith("Acme: ") and letter.recipient == "ann@example.com" for letter in letters)


def test_a_recording_mailer_keeps_what_it_is_given() -> None:
    """Messages are kept by recipient, oldest first."""
    mailer = RecordingMailer()
    first, other, second = message(subject="1"), message(recipient="bob@example.com"), message(subject="2")
    for each in (first, other, second):
        mailer.send(each)
    assert mailer.to("ann@example.com") == (first, second)
    assert mailer.sent == [first, other, second]
