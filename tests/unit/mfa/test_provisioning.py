"""What an authenticator app is given."""

from __future__ import annotations

import builtins
import os
import xml.etree.ElementTree as ET
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.errors import ConfigurationError
from ctsec.mfa.provisioning import manual_key, otpauth_uri, qr_svg, qr_terminal
from ctsec.secret import Secret, SecretText

SECRET = Secret(bytes(range(20)))
LABELS = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=64).filter(lambda t: t == t.strip())


@given(issuer=LABELS.filter(lambda t: ":" not in t), account=LABELS, seed=st.binary(min_size=20, max_size=20))
def test_an_independent_reader_gets_back_what_went_in(issuer: str, account: str, seed: bytes) -> None:
    """Whatever the labels hold, pyotp reads issuer, account and a secret that makes the same codes."""
    uri = otpauth_uri(Secret(seed), issuer=issuer, account=account).reveal()
    read = pyotp.parse_uri(uri)
    assert isinstance(read, pyotp.TOTP)
    assert (read.issuer, read.name, read.byte_secret(), read.digits, read.interval) == (issuer, account, seed, 6, 30)


def test_the_uri_says_sha1_six_digits_thirty_seconds() -> None:
    """Issuer stands before the account and as a parameter, spaces are %20, slash and colon are escaped, and there are no other settings."""
    uri = otpauth_uri(SECRET, issuer="Acme / Co", account="a:b@example.com").reveal()
    parts = urlsplit(uri)
    assert uri.startswith("otpauth://totp/Acme%20%2F%20Co:a%3Ab%40example.com?")
    assert "+" not in uri
    assert parse_qs(parts.query) == {
        "secret": ["AAAQEAYEAUDAOCAJBIFQYDIOB4IBCEQT"],
        "issuer": ["Acme / Co"],
        "algorithm": ["SHA1"],
        "digits": ["6"],
        "period": ["30"],
    }


@pytest.mark.parametrize(
    ("issuer", "account"),
    [("", "a"), ("a", ""), ("x" * 65, "a"), ("a", "x" * 255), ("a:b", "c"), ("a\n", "b"), ("a", "b\0"), ("a", "\ud800")],
)
def test_labels_out_of_bounds_are_refused(issuer: str, account: str) -> None:
    """Empty and over-long labels, control characters, lone surrogates and a colon in the issuer raise ValueError."""
    with pytest.raises(ValueError, match="expected"):
        otpauth_uri(SECRET, issuer=issuer, account=account)


def test_the_manual_key_is_the_secret_in_groups_of_four() -> None:
    """The key to type is the unpadded base32 of the secret in groups of four."""
    shown = manual_key(SECRET).reveal()
    assert shown == "AAAQ EAYE AUDA OCAJ BIFQ YDIO B4IB CEQT"


def test_drawings_are_complete_and_hide_themselves() -> None:
    """The SVG is one well-formed element without scripts, the terminal drawing has lines, and neither shows anything in its repr."""
    uri = otpauth_uri(Secret(os.urandom(20)), issuer="Acme", account="a@example.com")
    svg, lines = qr_svg(uri), qr_terminal(uri)
    root = ET.fromstring(svg.reveal())
    assert root.tag.endswith("svg")
    assert {element.tag.rpartition("}")[2] for element in root.iter()} <= {"svg", "g", "path"}
    assert len(lines.reveal().splitlines()) > 15
    assert "svg" not in repr(svg)
    assert repr(lines) == "SecretText(<hidden>)"


def test_the_longest_labels_can_be_drawn() -> None:
    """An issuer of 64 and an account of 254 characters still make a QR code; a longer text is refused."""
    assert qr_svg(otpauth_uri(SECRET, issuer="é" * 64, account="a" * 254)).reveal()
    with pytest.raises(ValueError, match="2048"):
        qr_svg(SecretText("x" * 2049))


def test_without_segno_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing without the extra is a configuration error that names it."""
    real = builtins.__import__

    def absent(name: str, *args: object, **kwargs: object) -> object:
        if name == "segno":
            raise ImportError(name)
        return real(name, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(ConfigurationError, match="segno"):
        qr_svg(SecretText("otpauth://totp/x"))
