"""What a person needs to enrol an authenticator app: the otpauth URI, its QR code and the key to type.

Rules that this module keeps:

- the URI says SHA1, 6 digits and 30 seconds and nothing else; the issuer stands both before the account and as a parameter;
- every reserved character is percent-encoded (a space as %20: some apps show a plus sign);
- whatever holds the secret is returned as `SecretText`, the drawings included.
"""

from __future__ import annotations

from base64 import b32encode
from io import BytesIO, StringIO
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from ctsec.errors import ConfigurationError
from ctsec.mfa.labels import parse_account, parse_issuer
from ctsec.secret import Secret, SecretText

if TYPE_CHECKING:
    from segno import QRCode

MAX_URI: Final = 2048


def _base32(secret: Secret) -> str:
    return b32encode(secret.reveal()).decode().rstrip("=")


def otpauth_uri(secret: Secret, *, issuer: str, account: str) -> SecretText:
    """Return the otpauth URI of a TOTP secret; raise ValueError for a label that `ctsec.mfa.labels` refuses."""
    provider, person = quote(parse_issuer(issuer), safe=""), quote(parse_account(account), safe="")
    return SecretText(f"otpauth://totp/{provider}:{person}?secret={_base32(secret)}&issuer={provider}&algorithm=SHA1&digits=6&period=30")


def manual_key(secret: Secret) -> SecretText:
    """Return the secret in base32, in groups of four, for a person who types it."""
    text = _base32(secret)
    return SecretText(" ".join(text[i : i + 4] for i in range(0, len(text), 4)))


def _draw(uri: SecretText) -> QRCode:
    text = uri.reveal()
    if len(text) > MAX_URI:
        raise ValueError(f"expected a URI of at most {MAX_URI} characters")
    try:
        import segno
    except ImportError:
        raise ConfigurationError("drawing a QR code needs segno; install ctsec with the extra of your host") from None
    return segno.make(text, error="m" if len(text) <= 512 else "l", micro=False)


def qr_svg(uri: SecretText) -> SecretText:
    """Return the URI as a QR code, an SVG element that can stand in an HTML page; raise ConfigurationError without segno."""
    out = BytesIO()
    _draw(uri).save(out, kind="svg", scale=5, border=4, xmldecl=False, light="#fff", svgclass=None, lineclass=None, nl=False)
    return SecretText(out.getvalue().decode())


def qr_png(uri: SecretText) -> Secret:
    """Return the URI as a QR code in the bytes of a PNG image; raise ConfigurationError without segno."""
    out = BytesIO()
    _draw(uri).save(out, kind="png", scale=5, border=4)
    return Secret(out.getvalue())


def qr_terminal(uri: SecretText) -> SecretText:
    """Return the URI as a QR code in lines of half blocks, for a terminal; raise ConfigurationError without segno."""
    out = StringIO()
    _draw(uri).terminal(out, border=2, compact=True)
    return SecretText(out.getvalue())
