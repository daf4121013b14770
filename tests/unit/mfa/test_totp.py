"""The TOTP verifier against the RFCs' values, against pyotp, and against replay."""

from __future__ import annotations

import os
from base64 import b32encode
from datetime import UTC, datetime, timedelta, timezone

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.mfa import totp
from ctsec.mfa.totp import MAX_DRIFT, NO_STEP, Match, drift_of, generate_secret, matching_steps, step_at, verify
from ctsec.outcome import Reason, Refusal
from ctsec.secret import Secret

SECRET = Secret(b"12345678901234567890")
NOW = datetime(2026, 3, 1, 12, 0, 7, tzinfo=UTC)
SEEDS = st.binary(min_size=14, max_size=80)
TIMES = st.integers(min_value=90, max_value=60_000_000_000)


def code_of(step: int, secret: Secret = SECRET) -> str:
    return pyotp.TOTP(b32encode(secret.reveal()).decode()).generate_otp(step)


def reason(outcome: Match | Refusal) -> Reason:
    assert isinstance(outcome, Refusal)
    return outcome.reason


@pytest.mark.proves("NIST-3.1.4.1")
@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_values_of_rfc_6238_appendix_b(seconds: int, code: str) -> None:
    """The SHA-1 values of RFC 6238, appendix B (their last six digits) verify at their moment and prove its step."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    assert verify(code, secret=SECRET, now=moment, last_step=NO_STEP, window=0) == Match(seconds // 30)


@pytest.mark.parametrize(
    ("counter", "code"),
    list(enumerate(["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"])),
)
def test_values_of_rfc_4226_appendix_d(counter: int, code: str) -> None:
    """The HOTP values of RFC 4226, appendix D, are the codes of the steps with the same number."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=30 * counter)
    assert matching_steps(code, secret=SECRET, now=moment, window=0) == (counter,)


@given(seed=SEEDS, seconds=TIMES)
def test_pyotp_makes_the_codes_that_verify(seed: bytes, seconds: int) -> None:
    """For any secret and moment, the code that an independent implementation shows is accepted, and its step is among those matched."""
    secret, moment = Secret(seed), datetime.fromtimestamp(seconds, UTC)
    code = pyotp.TOTP(b32encode(seed).decode()).at(moment)
    outcome = verify(code, secret=secret, now=moment, last_step=NO_STEP)
    assert isinstance(outcome, Match)
    assert step_at(moment) in matching_steps(code, secret=secret, now=moment)


@pytest.mark.proves("ASVS-6.5.5", "NIST-3.1.4.1")
@pytest.mark.parametrize("window", [0, 1, 2])
@pytest.mark.parametrize("offset", [-3, -2, -1, 0, 1, 2, 3])
def test_the_window_is_exact(window: int, offset: int) -> None:
    """A code of a neighbouring step is accepted if and only if it lies within the window."""
    outcome = verify(code_of(step_at(NOW) + offset), secret=SECRET, now=NOW, last_step=NO_STEP, window=window)
    if abs(offset) <= window:
        assert outcome == Match(step_at(NOW) + offset)
    else:
        assert reason(outcome) is Reason.INVALID_CODE


@pytest.mark.proves("CVE-2021-43177", "CVE-2026-82470")
@given(first=st.integers(-1, 1), second=st.integers(-1, 1), later=st.integers(0, 59))
def test_an_accepted_code_is_never_accepted_again(first: int, second: int, later: int) -> None:
    """Once a step is proved, its code and those of earlier steps are refused as used for as long as the window holds them."""
    step = step_at(NOW) + first
    then = NOW + timedelta(seconds=later)
    outcome = verify(code_of(step_at(NOW) + second), secret=SECRET, now=then, last_step=step)
    if second <= first:
        assert reason(outcome) in {Reason.CODE_ALREADY_USED, Reason.INVALID_CODE}
    elif abs(step_at(NOW) + second - step_at(then)) <= 1:
        assert outcome == Match(step_at(NOW) + second)


def test_a_code_shared_by_two_steps_burns_both(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where two steps of the window have one code, the later is returned, and after the first was used the code is refused."""
    step = step_at(NOW)
    monkeypatch.setattr(totp, "_steps", lambda *_: [step - 1, step + 1])
    assert verify("123456", secret=SECRET, now=NOW, last_step=NO_STEP) == Match(step + 1)
    assert reason(verify("123456", secret=SECRET, now=NOW, last_step=step - 1)) is Reason.CODE_ALREADY_USED


def test_every_step_is_computed_and_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first step of the window matching spares no comparison of the others: the work does not depend on the code."""
    compared: list[bytes] = []

    def spy(expected: bytes, given: bytes) -> bool:
        compared.append(expected)
        return expected == given

    monkeypatch.setattr(totp, "compare_digest", spy)
    for code in (code_of(step_at(NOW) - 2), code_of(step_at(NOW)), "000000"):
        compared.clear()
        verify(code, secret=SECRET, now=NOW, last_step=NO_STEP, window=2)
        assert [f"{int.from_bytes(c):06}" for c in compared] == [code_of(step_at(NOW) + o) for o in range(-2, 3)]


def test_spaces_do_not_make_a_used_code_new() -> None:
    """Spaces around and inside a code are removed before anything else, so they do not get past the replay check."""
    code, step = code_of(step_at(NOW)), step_at(NOW)
    for shown in (f"{code[:3]} {code[3:]}", f"  {code}  ", " ".join(code)):
        assert verify(shown, secret=SECRET, now=NOW, last_step=NO_STEP) == Match(step)
        assert reason(verify(shown, secret=SECRET, now=NOW, last_step=step)) is Reason.CODE_ALREADY_USED


@pytest.mark.parametrize("change", ["wide", "short", "long", "tab", "sign", "empty", "superscript", "newline", "no-break space", "huge"])
def test_what_is_not_six_ascii_digits_is_refused(change: str) -> None:
    """Full-width digits, other lengths, signs, other white space and over-long text are refused, however right the digits are."""
    code = code_of(step_at(NOW))
    text = {
        "wide": code.translate({ord("0") + n: 0xFF10 + n for n in range(10)}),
        "short": code[:5],
        "long": code + "0",
        "tab": code[:3] + "\t" + code[3:],
        "sign": "+" + code[1:],
        "empty": "",
        "superscript": code[:5] + "²",
        "newline": code + "\n",
        "no-break space": code[:3] + "\u00a0" + code[3:],
        "huge": code + " " * 1_048_576,
    }[change]
    assert reason(verify(text, secret=SECRET, now=NOW, last_step=NO_STEP)) is Reason.INVALID_CODE


def test_the_limit_of_the_input_is_64_characters() -> None:
    """64 characters of code and spaces are read, 65 are refused before the spaces are removed."""
    code = code_of(step_at(NOW))
    assert isinstance(verify(code.rjust(64), secret=SECRET, now=NOW, last_step=NO_STEP), Match)
    assert isinstance(verify(code.rjust(65), secret=SECRET, now=NOW, last_step=NO_STEP), Refusal)


@given(offset=st.integers(-8, 8), drift=st.integers(-MAX_DRIFT, MAX_DRIFT), window=st.integers(0, 2))
def test_a_drift_widens_the_window_on_its_side(offset: int, drift: int, window: int) -> None:
    """A code is taken where the window reaches without the drift, and as many steps further as the drift says, on that side only."""
    now = step_at(NOW)
    answer = verify(code_of(now + offset), secret=SECRET, now=NOW, last_step=NO_STEP, window=window, drift=drift)
    taken = -window + min(drift, 0) <= offset <= window + max(drift, 0)
    assert answer == Match(now + offset) if taken else isinstance(answer, Refusal)


def test_a_drift_is_bounded() -> None:
    """What is remembered is what was off, two steps at most: a clock that runs away further is not followed."""
    now = step_at(NOW)
    assert [drift_of(now + off, now=NOW) for off in (-9, -2, -1, 0, 1, 2, 9)] == [-2, -2, -1, 0, 1, 2, 2]
    for drift in (-3, 3):
        with pytest.raises(ValueError, match="drift"):
            verify("123456", secret=SECRET, now=NOW, last_step=NO_STEP, drift=drift)


def test_a_clock_before_1970_is_no_error() -> None:
    """Before and around 1970 negative steps match nothing and raise nothing; step 0 is a step like others."""
    assert step_at(datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)) == -1
    assert reason(verify("123456", secret=SECRET, now=datetime(1900, 1, 1, tzinfo=UTC), last_step=NO_STEP)) is Reason.INVALID_CODE
    assert verify("755224", secret=SECRET, now=datetime(1970, 1, 1, tzinfo=UTC), last_step=NO_STEP) == Match(0)
    negative = code_of((1 << 64) - 1)
    assert reason(verify(negative, secret=SECRET, now=datetime(1970, 1, 1, tzinfo=UTC), last_step=NO_STEP)) is Reason.INVALID_CODE


def test_a_clock_that_went_back_lets_nothing_used_in() -> None:
    """After the clock went back, codes of its present are refused as used until it has passed the last accepted step."""
    past = NOW - timedelta(hours=1)
    assert reason(verify(code_of(step_at(past)), secret=SECRET, now=past, last_step=step_at(NOW))) is Reason.CODE_ALREADY_USED


def test_the_zone_of_now_does_not_matter_but_must_be_known() -> None:
    """The same instant in another zone is the same step; a naive datetime is refused."""
    assert step_at(NOW.astimezone(timezone(timedelta(hours=9)))) == step_at(NOW)
    with pytest.raises(ValueError, match="aware"):
        step_at(NOW.replace(tzinfo=None))


def test_misuse_is_refused() -> None:
    """A window over two steps or under zero, an empty secret and a broken source of randomness raise ValueError."""
    for window in (-1, 3):
        with pytest.raises(ValueError, match="window"):
            verify("123456", secret=SECRET, now=NOW, last_step=NO_STEP, window=window)
    with pytest.raises(ValueError, match="secret"):
        verify("123456", secret=Secret(b""), now=NOW, last_step=NO_STEP)
    with pytest.raises(ValueError, match="20 bytes"):
        generate_secret(random=lambda n: b"short")


@pytest.mark.proves("CVE-2024-8796", "NIST-3.1.4.1")
def test_a_secret_has_160_bits_of_the_given_source() -> None:
    """A fresh secret is exactly the 20 bytes of the source of randomness, and two from the system's source differ."""
    assert generate_secret(random=lambda n: bytes(range(n))).reveal() == bytes(range(20))
    assert generate_secret(random=os.urandom) != generate_secret(random=os.urandom)
