"""How messages travel in fields and addresses: base64, and DEFLATE in the redirect binding (SAML Bindings, 3.4 and 3.5).

Rules that this module keeps:

- the size is judged before anything is decoded, and inflating ends at the limit, however much there would be;
- base64 is that of RFC 4648, 4, with padding, in its one spelling; a form may wrap it in lines, a signature in white space;
- a deflated message is one raw DEFLATE stream with nothing behind it, and only where the binding says that it is deflated.
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from typing import Final

from ctsec.jose.rejection import Unacceptable, refuse_if
from ctsec.sso.saml.reason import SamlReason
from ctsec.sso.saml.xml import MAX_MESSAGE

MAX_FIELD: Final = MAX_MESSAGE * 4 // 3 + MAX_MESSAGE // 16
_LINES: Final = re.compile(r"\r?\n")


def decode_base64(text: str) -> bytes:
    """Return the bytes of base64 without spaces; raise Unacceptable unless it is their one spelling."""
    try:
        data = binascii.a2b_base64(text.encode("ascii"), strict_mode=True)
    except (UnicodeEncodeError, binascii.Error):
        raise Unacceptable(SamlReason.BAD_BASE64) from None
    # Only in the last group can bits be left over.
    last = data[len(data) - (len(data) % 3 or 3) :] if data else b""
    refuse_if(not text.endswith(base64.b64encode(last).decode("ascii")), SamlReason.BAD_BASE64)
    return data


def decode_wrapped(text: str) -> bytes:
    """Return the bytes of base64 as XML carries it: with white space anywhere (XML Schema Part 2, 3.2.16)."""
    refuse_if(not text.isascii(), SamlReason.BAD_BASE64)  # what else XML lets through of blanks is none of these
    return decode_base64("".join(text.split()))


def decode_field(field: str) -> bytes:
    """Return the message in a field of a form (SAML Bindings, 3.5.4)."""
    refuse_if(len(field) > MAX_FIELD, SamlReason.TOO_LARGE)
    return decode_base64(_LINES.sub("", field) if "\n" in field else field)


def encode_field(data: bytes) -> str:
    """Return a message as a field of a form."""
    return base64.b64encode(data).decode("ascii")


def inflate(text: str) -> bytes:
    """Return the message in a value of an address (SAML Bindings, 3.4.4.1)."""
    refuse_if(len(text) > MAX_FIELD, SamlReason.TOO_LARGE)
    packed = decode_base64(text)
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        data = stream.decompress(packed, MAX_MESSAGE + 1)
    except zlib.error:
        raise Unacceptable(SamlReason.BAD_DEFLATE) from None
    refuse_if(len(data) > MAX_MESSAGE, SamlReason.TOO_LARGE)
    refuse_if(not stream.eof or stream.unused_data, SamlReason.BAD_DEFLATE)
    return data


def deflate(data: bytes) -> str:
    """Return a message as a value of an address, before it is escaped."""
    stream = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return base64.b64encode(stream.compress(data) + stream.flush()).decode("ascii")
