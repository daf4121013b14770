"""Which passwords may be set."""

from __future__ import annotations

import string
import sys
import unicodedata
from types import FrameType, SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.authn import password_policy
from ctsec.authn.blocklist import _ROWS, Blocklist, built_in, common_passwords, is_pattern
from ctsec.authn.password_policy import check_password, normalise
from ctsec.outcome import Outcome, Reason, Refusal

CONTEXT = ("alice.smith@example.com", "Alice Smith", "Acme Cloud")
UNUSUAL = "vJ quilt barnacle"  # 17 characters
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)


def reason(outcome: Outcome[bytes]) -> Reason | None:
    return outcome.reason if isinstance(outcome, Refusal) else None


@pytest.mark.proves("ASVS-6.2.1", "NIST-3.1.1.2(1)")
def test_the_shortest_password() -> None:
    """14 code points are too short and 15 are enough; with an enforced second factor 7 are and 8 are not; the refusal names the number."""
    assert reason(check_password(UNUSUAL[:14])) is Reason.PASSWORD_TOO_SHORT
    assert check_password(UNUSUAL[:15]) == UNUSUAL[:15].encode()
    assert reason(check_password(UNUSUAL[:7], mfa_enforced=True)) is Reason.PASSWORD_TOO_SHORT
    assert check_password(UNUSUAL[:8], mfa_enforced=True) == UNUSUAL[:8].encode()
    short = check_password("")
    assert isinstance(short, Refusal)
    assert "15" in short.detail


@pytest.mark.proves("NIST-3.1.1.2(4)")
def test_each_code_point_counts_as_one_after_nfc() -> None:
    """15 characters beyond the basic plane are long enough and 14 are not; a letter with its combining accent counts once."""
    emoji = "".join(chr(0x1F600 + 7 * n % 71) for n in range(15))
    assert check_password(emoji) == emoji.encode()
    assert reason(check_password(emoji[:14])) is Reason.PASSWORD_TOO_SHORT
    accented = unicodedata.normalize("NFD", "éàüôñ" + "îçåæøëïûÿ")
    assert len(accented) > 20
    assert reason(check_password(accented)) is Reason.PASSWORD_TOO_SHORT


@pytest.mark.proves("ASVS-6.2.9", "NIST-3.1.1.2(2)")
def test_the_longest_password() -> None:
    """64, 256 and 1024 code points are accepted, also of four bytes each; 1025 and more than 4096 bytes are too long."""
    for length in (64, 256, 1024):
        assert reason(check_password((UNUSUAL * 70)[:length] if length > 64 else (UNUSUAL + string.ascii_letters)[:length])) is None
    assert reason(check_password("".join(chr(0x1F300 + n % 500) for n in range(1024)))) is None
    assert reason(check_password((UNUSUAL * 70)[:1025])) is Reason.PASSWORD_TOO_LONG
    assert reason(normalise("é" * 2048)) is Reason.PASSWORD_TOO_LONG
    assert reason(normalise("x" * 4097)) is Reason.PASSWORD_TOO_LONG


class Counted(str):
    """A text that counts how often anything but its length is asked of it."""

    __slots__ = ("looks",)

    def encode(self, *rest: Any) -> bytes:
        """Count."""
        self.looks = getattr(self, "looks", 0) + 1
        return super().encode(*rest)


def test_a_mebibyte_is_refused_without_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """A password of a MiB is refused by its length alone: it is neither encoded nor normalised, nor compared with anything."""
    forbidden = SimpleNamespace(normalize=lambda *_: pytest.fail("normalised"))
    monkeypatch.setattr("ctsec.authn.password_policy.unicodedata", forbidden)
    monkeypatch.setattr(password_policy, "built_in", lambda: pytest.fail("compared"))
    huge = Counted("\u0301" * 1_048_576)
    assert reason(check_password(huge)) is Reason.PASSWORD_TOO_LONG
    assert reason(normalise(huge)) is Reason.PASSWORD_TOO_LONG
    assert not hasattr(huge, "looks")
    monkeypatch.undo()
    within = Counted("\u0301" * 4000)
    assert reason(normalise(within)) is Reason.PASSWORD_TOO_LONG
    assert within.looks == 1


@pytest.mark.proves("ASVS-6.2.5", "NIST-3.1.1.2(5)")
@given(alphabet=st.sampled_from([string.ascii_lowercase, string.digits, string.punctuation, "αβγδεζηθικλμ", " ab"]), data=st.data())
def test_there_are_no_composition_rules(alphabet: str, data: st.DataObject) -> None:
    """A password of one kind of characters is refused only if it is common or a pattern, never for the kinds that it lacks."""
    text = data.draw(st.text(alphabet, min_size=15, max_size=80))
    outcome = check_password(text)
    if isinstance(outcome, Refusal):
        assert outcome.reason is Reason.PASSWORD_COMMON
        assert is_pattern(text) or text in built_in()
    else:
        assert outcome == text.encode()


@pytest.mark.proves("ASVS-6.2.8", "NIST-3.1.1.2")
@given(text=TEXTS)
def test_normalisation_is_nfc_and_nothing_else(text: str) -> None:
    """The bytes are the NFC of the text in UTF-8: nothing is trimmed, folded or cut, and composed and decomposed input are equal."""
    assert normalise(text) == unicodedata.normalize("NFC", text).encode()
    assert normalise(unicodedata.normalize("NFD", text)) == normalise(text)


@pytest.mark.proves("NIST-3.1.1.2(3)")
def test_all_printing_ascii_and_spaces_count() -> None:
    """Each of the 95 printing characters is accepted and kept, the space at either end too."""
    for start in range(0x20, 0x7F):
        text = chr(start) + "quilt of barnacles" + chr(start)
        assert check_password(text) == text.encode()


@pytest.mark.proves("ASVS-6.2.8")
def test_what_nfc_keeps_apart_stays_apart() -> None:
    """Case, surrounding spaces, NUL and compatibility forms make different passwords."""
    forms = ["correct", "Correct", " correct", "correct ", "correct\0", "correct\0x", "ﬁ", "fi", "①", "1"]
    assert len({bytes(outcome) for form in forms if not isinstance(outcome := normalise(form), Refusal)}) == len(forms)


def test_lone_surrogates_are_refused() -> None:
    """Text that has no UTF-8 form is refused with a reason, not an error."""
    assert reason(normalise("a" * 20 + "\ud800")) is Reason.INVALID_INPUT
    assert reason(check_password("a" * 20 + "\udfff")) is Reason.INVALID_INPUT


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "correcthorsebatterystaple",
        "CorrectHorseBatteryStaple",
        "thequickbrownfoxjumpsoverthelazydog",
        "passwordpassword123",
        "administrator2026!",
        "aaaaaaaaaaaaaaa",
        "abcabcabcabcabcab",
        "Passw0rdPassw0rd",
        "1234567890123456",
        "098765432109876",
        "abcdefghijklmnop",
        "ponmlkjihgfedcba",
        "qwertyuiopasdfgh",
        "1qaz2wsx3edc4rfv",
        "QWERTYUIOPASDFGHJKL",
        "αβγδεζηθικλμνξο",
    ],
)
@pytest.mark.proves("NIST-3.1.1.2", "NIST-3.1.1.1")
def test_what_everybody_tries_is_refused_with_its_reason(password: str) -> None:
    """Known phrases, words with usual endings, repetitions, runs and walks on the keyboard are refused at 15 characters and more."""
    assert len(password) >= 15
    outcome = check_password(password)
    assert isinstance(outcome, Refusal)
    assert outcome.reason is Reason.PASSWORD_COMMON
    assert "unrelated words" in outcome.detail
    assert password not in outcome.detail


@pytest.mark.proves("ASVS-6.2.4", "NIST-3.1.1.2")
def test_the_built_in_list_still_bites_at_the_minimum_lengths() -> None:
    """Over 10,000 of its entries have 15 characters or more, and each of them is refused; it takes less than 10 MB."""
    long = {text.casefold() for text in common_passwords() if len(text) >= 15}
    assert len(long) > 10_000
    assert all(reason(check_password(text)) is Reason.PASSWORD_COMMON for text in long)
    assert len(built_in().to_bytes()) < 10_000_000


@pytest.mark.proves("ASVS-6.2.11")
@pytest.mark.parametrize(
    "password",
    [
        "alice.smith@example.com",
        "AliceSmith1234567",
        "acmealicesmith99",
        "Acme-Cloud-2026!!",
        "smith.alice.acme",
        "12345alicesmith!",
        "ALICEALICEALICE1",
    ],
)
def test_words_of_the_context_are_refused(password: str) -> None:
    """The e-mail, names, the product, and any joining of them with each other, digits and signs are refused as a whole."""
    assert reason(check_password(password, context=CONTEXT)) is Reason.PASSWORD_COMMON


@pytest.mark.proves("NIST-3.1.1.2")
def test_parts_of_a_password_are_never_judged() -> None:
    """A long phrase may contain a common password, the own name or the product, among other words."""
    for phrase in (
        "alice.smith.12345.x",
        "my password is a barnacle",
        "alice quilts barnacles",
        "acme cloud of barnacles",
        "qwerty quilt barnacle",
    ):
        assert reason(check_password(phrase, context=CONTEXT)) is None


@given(text=TEXTS, words=st.lists(st.text(max_size=40), max_size=40))
def test_any_text_and_context_are_answered(text: str, words: list[str]) -> None:
    """No password and no context raise an error."""
    assert isinstance(check_password(text, context=words), bytes | Refusal)


LONG = ["\u0301x", "ab c", "alice", "qwertyuiop", "q", "1qaz2wsx", "smith.alice-"]


def steps(text: str) -> int:
    """Return how many lines and calls of Python it takes to judge a text."""
    count = 0

    def lines(frame: FrameType, event: str, arg: object) -> Any:
        nonlocal count
        count += 1
        return lines

    before = sys.gettrace()
    sys.settrace(lines)
    try:
        check_password(text, context=CONTEXT)
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("unit", LONG)
def test_work_grows_no_faster_than_the_length(unit: str) -> None:
    """Twice the length takes at most about twice the steps, up to the longest password: there is nothing quadratic to be found."""
    check_password(UNUSUAL)  # the list is made before anything is counted
    half, whole = ((unit * 1024)[: size - 1] + "~" for size in (512, 1024))
    assert steps(whole) <= 2.2 * steps(half) + 200


def test_counting_steps_would_show_quadratic_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """The count sees work that is quadratic in the length."""

    def slow(folded: str, context: object) -> bool:
        return any(a == b == "" for a in folded for b in folded)

    monkeypatch.setattr(password_policy, "is_context", slow)
    half, whole = (("ab c" * 1024)[: size - 1] + "~" for size in (512, 1024))
    assert steps(whole) > 2.2 * steps(half) + 200


def test_another_list_can_stand_in() -> None:
    """The host's own list is asked instead of the built-in one."""
    assert reason(check_password(UNUSUAL, blocked=Blocklist([UNUSUAL.upper()]))) is Reason.PASSWORD_COMMON
    assert reason(check_password("correct horse battery staple", blocked=frozenset())) is None


@given(words=st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), max_size=30), other=st.text("xyz", max_size=5))
def test_a_list_survives_its_bytes(words: list[str], other: str) -> None:
    """A list read back from its bytes has the same entries; entries are found in any case, others are not."""
    made = Blocklist(words)
    read = Blocklist.from_bytes(made.to_bytes())
    assert len(read) == len(made) == len(made.to_bytes()) // 8
    assert all(word in read and word.casefold() in read for word in words)
    assert (other in read) is (other in {word.casefold() for word in words})
    assert 7 not in read


@pytest.mark.parametrize("data", [b"x", b"\0" * 15, b"\0" * 16, bytes(7) + b"\2" + bytes(7) + b"\1"])
def test_bytes_that_are_no_list_are_refused(data: bytes) -> None:
    """A cut, unsorted or doubled list raises ValueError: a search in it would miss entries."""
    with pytest.raises(ValueError, match="block list"):
        Blocklist.from_bytes(data)


@given(st.sampled_from(_ROWS), st.integers(0, 40), st.integers(1, 128), st.booleans())
def test_every_walk_along_a_row_is_a_pattern(row: str, start: int, length: int, back: bool) -> None:
    """Wherever a walk begins on a row, however often it goes round, in both directions: it is found, a single key too."""
    walk = (row * 30)[start % len(row) :][:length]
    assert is_pattern(walk[::-1] if back else walk)
    assert not is_pattern(walk[:60] + "é") or len(walk) < 2
