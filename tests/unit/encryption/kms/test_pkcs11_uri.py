"""References of keys in PKCS#11 tokens."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ctsec.encryption.kms.pkcs11_uri import MAX_OBJECT, MAX_TOKEN, TokenKey

printable = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=32)


@given(token=printable.filter(lambda text: len(text.encode()) <= MAX_TOKEN), label=printable)
@example(token="a;b=c/d?pin-value=%41", label="x y")
def test_a_reference_names_one_key(token: str, label: str) -> None:
    """Any two labels are written as ASCII and read back as they were, whatever separators they hold."""
    key = TokenKey(token=token, label=label)
    assert str(key).isascii()
    assert TokenKey.parse(str(key)) == key


parts = st.lists(st.sampled_from(["pkcs11:", "token=", ";", "object=", "a", "%41", "%", " "]), max_size=7).map("".join)


@given(text=st.one_of(st.text(max_size=60), parts))
def test_a_key_has_one_reference(text: str) -> None:
    """What is accepted is what would be written: no second spelling of a key is read."""
    try:
        key = TokenKey.parse(text)
    except ValueError:
        return
    assert str(key) == text


@pytest.mark.parametrize(
    "ref",
    [
        "", "pkcs11:", "pkcs11:token=a", "pkcs11:object=b", "pkcs11:object=b;token=a", "pkcs11:token=;object=b", "pkcs11:token=a;object=",
        "PKCS11:token=a;object=b", "pkcs11:token=a;object=b;type=secret-key", "pkcs11:token=a;object=b?pin-value=1234",
        "pkcs11:token=a;object=%62",
        "pkcs11:token=a;object=%c3%a9", "pkcs11:token=a;object=%FF", "pkcs11:token=a;object=%0A", "pkcs11:token=a;object=b%20",
        "pkcs11:token=a;object=b\n", " pkcs11:token=a;object=b", f"pkcs11:token={'a' * 33};object=b", f"pkcs11:token=a;object={'b' * 129}",
        "pkcs11:token=a;object=b%00", "pkcs11:token=a%2;object=b",
    ],
)  # fmt: skip
def test_other_references_are_refused(ref: str) -> None:
    """A missing part, another order, another spelling, a PIN, a control character and over-long labels are no reference."""
    with pytest.raises(ValueError, match="expected"):
        TokenKey.parse(ref)


@pytest.mark.parametrize("text", ["", " a", "a ", "a\nb", "é" * 17, "a" * (MAX_TOKEN + 1)])
def test_labels_are_labels(text: str) -> None:
    """An empty, padded, unprintable or over-long label (counted in bytes) raises ValueError."""
    with pytest.raises(ValueError, match="label"):
        TokenKey(token=text, label="b")
    with pytest.raises(ValueError, match="label"):
        TokenKey(token="a", label=text * 8)
    assert TokenKey(token="a" * MAX_TOKEN, label="b" * MAX_OBJECT)
