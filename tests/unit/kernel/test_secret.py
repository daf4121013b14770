"""Secrets hide themselves wherever a value may leak."""

from __future__ import annotations

import copy
import logging
import pickle
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.secret import Secret, SecretText

VALUE = "correct horse battery staple"
BOTH = [Secret(VALUE.encode()), SecretText(VALUE)]


@pytest.mark.proves("ASVS-13.3.1", "CHANGELOG-django-allauth-0-63-4")
@pytest.mark.parametrize("secret", BOTH)
def test_no_way_of_showing_it_shows_it(secret: Secret | SecretText, caplog: pytest.LogCaptureFixture) -> None:
    """repr, str, format, containers, logs and tracebacks say that something is hidden, and not what."""
    logging.getLogger("test").warning("got %s %r", secret, [secret])
    try:
        raise ValueError(secret)
    except ValueError:
        trace = traceback.format_exc()
    shown = [
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret:>40}",
        f"{secret!r}",
        repr({"a": (secret,)}),
        caplog.text,
        trace,
    ]
    for each in shown:
        assert VALUE not in each
        assert "<hidden>" in each


@pytest.mark.proves("ASVS-13.3.1")
@pytest.mark.parametrize("secret", BOTH)
def test_it_is_not_copied_pickled_or_hashed(secret: Secret | SecretText) -> None:
    """What would carry the value elsewhere is refused."""
    for refused in (pickle.dumps, copy.copy, copy.deepcopy, hash):
        with pytest.raises(TypeError):
            refused(secret)
    with pytest.raises(AttributeError):
        secret.other = 1  # type: ignore[union-attr]


def test_reveal_is_the_one_way_out() -> None:
    """reveal() returns the very value; the length may be known."""
    assert Secret(VALUE.encode()).reveal() == VALUE.encode()
    assert SecretText(VALUE).reveal() == VALUE
    assert [len(each) for each in BOTH] == [len(VALUE)] * 2


def test_bytes_are_kept_as_they_were() -> None:
    """A buffer that its owner overwrites later does not change the secret."""
    buffer = bytearray(b"abc")
    secret = Secret(buffer)  # type: ignore[arg-type]
    buffer[0] = 0
    assert secret.reveal() == b"abc"


@given(st.binary(), st.binary())
def test_secrets_are_equal_if_their_bytes_are(one: bytes, other: bytes) -> None:
    """Comparison is by value, and only with a secret of the same kind."""
    assert (Secret(one) == Secret(other)) == (one == other)
    assert Secret(one) != one
    assert Secret(one) != SecretText(one.decode("latin-1"))


@given(st.text(st.characters(codec=None)), st.text(st.characters(codec=None)))
def test_texts_are_equal_if_their_characters_are(one: str, other: str) -> None:
    """Comparison of any two texts, also with lone surrogates, is by value and never a crash."""
    assert (SecretText(one) == SecretText(other)) == (one == other)
    assert SecretText(one) != one
