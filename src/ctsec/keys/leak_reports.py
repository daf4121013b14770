"""Reports of leaked credentials: who may send them, and what they say.

Rules that this module keeps:

- a report is believed for its signature over the bytes of its body, never for where it comes from;
- a scanner that signs as GitHub's secret scanning does (ECDSA, P-256, SHA-256, DER in base64, the id of the key beside it) is a
  `SignedReporter`; any other shares a secret of at least 32 bytes and sends an HMAC-SHA-256, as an `HmacReporter`;
- the public keys are configured: nothing is fetched while a report waits;
- a report has at most 100 tokens of at most 3,500 characters, as a derived key may have; what is more, or another form, is refused as
  a whole;
- what the log is told of a token never repeats it: a place may be the very link that was found;
- a report names tokens. A plain hash of one is refused: the store holds nothing that it could be compared with.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias, cast
from urllib.parse import unquote

from ctsec.audit.event import Detail
from ctsec.jose.p256 import P256Key
from ctsec.keys.attenuation import DERIVED_SIZE
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.secret import Secret, SecretText

MAX_TOKENS: Final = 100
MAX_TOKEN: Final = DERIVED_SIZE
MAX_SIGNATURE: Final = 256
MINIMUM_SECRET: Final = 32
KEY_HEADER: Final = "github-public-key-identifier"
SIGNATURE_HEADER: Final = "github-public-key-signature"
REPORTER_HEADER: Final = "x-leak-reporter"
HMAC_HEADER: Final = "x-leak-signature"
_SECRET: Final = 24  # characters: more than 128 bits
Headers: TypeAlias = Callable[[str], str | None]

_REFUSED: Final = Refusal(
    Reason.INVALID_INPUT, f"expected a JSON array of 1 to {MAX_TOKENS} objects, each with a token of at most {MAX_TOKEN:,} characters"
)


@dataclass(frozen=True, slots=True)
class SignedReporter:
    """A scanner that signs with keys of its own: `public_keys` are PEM texts of P-256 keys by their ids. Raises ValueError for others."""

    name: str
    public_keys: Mapping[str, str]

    def __post_init__(self) -> None:
        _check_name(self.name)
        if not self.public_keys:
            raise ValueError("expected at least one public key")
        for pem in self.public_keys.values():
            P256Key(pem)

    def proves(self, body: bytes, headers: Headers) -> bool:
        """Say whether the headers hold this reporter's signature of `body`."""
        pem = self.public_keys.get(headers(KEY_HEADER) or "")
        return pem is not None and P256Key(pem).proves(headers(SIGNATURE_HEADER) or "", body)


@dataclass(frozen=True, slots=True)
class HmacReporter:
    """A scanner that shares a secret: the header `X-Leak-Reporter` has its name, `X-Leak-Signature` is `sha256=` and the HMAC in hex."""

    name: str
    secret: Secret = field(repr=False)

    def __post_init__(self) -> None:
        _check_name(self.name)
        if len(self.secret) < MINIMUM_SECRET:
            raise ValueError(f"expected a secret of at least {MINIMUM_SECRET} bytes")

    def proves(self, body: bytes, headers: Headers) -> bool:
        """Say whether the headers hold this reporter's HMAC of `body`."""
        given = (headers(HMAC_HEADER) or "")[:MAX_SIGNATURE]
        made = f"sha256={hmac.digest(self.secret.reveal(), body, 'sha256').hex()}"
        return headers(REPORTER_HEADER) == self.name and hmac.compare_digest(given.encode("utf-8", "surrogatepass"), made.encode("ascii"))


LeakReporter: TypeAlias = SignedReporter | HmacReporter


@dataclass(frozen=True, slots=True)
class LeakedToken:
    """A token as it was found, what its reporter calls its kind, and where it was found ("" if that is not said)."""

    token: SecretText
    kind: str
    url: str

    def told(self, *, reporter: str) -> Mapping[str, Detail]:
        """Return what the event of this report says of it: by whom, as what and where it was found, without the secret itself."""
        return {"reporter": reporter, "kind": None if self._repeated(self.kind) else self.kind, "url": self._place()}

    def _place(self) -> str | None:
        return None if not self.url or self._repeated(self.url) else self.url

    def _repeated(self, said: str) -> bool:
        """Say whether something holds the end of the token, where every credential has its secret, as it is or encoded for a URL."""
        end = self.token.reveal()[-_SECRET:]
        return end in said or end in unquote(said)


def reporter_of(reporters: tuple[LeakReporter, ...], *, body: bytes, headers: Headers) -> LeakReporter | None:
    """Return who signed a report, or None."""
    return next((each for each in reporters if each.proves(body, headers)), None)


def read_report(body: bytes) -> Outcome[tuple[LeakedToken, ...]]:
    """Return the tokens of a report in their order, or INVALID_INPUT."""
    load: Callable[[bytes], object] = json.loads
    try:
        told = load(body)
    except (ValueError, RecursionError):
        return _REFUSED
    entries = cast(list[object], told) if isinstance(told, list) else []
    if not 1 <= len(entries) <= MAX_TOKENS:
        return _REFUSED
    found: list[LeakedToken] = []
    for each in entries:
        entry = cast(dict[str, Any], each) if isinstance(each, dict) else {}
        token, kind, url = entry.get("token"), entry.get("type", ""), entry.get("url") or ""
        if not isinstance(token, str) or not 0 < len(token) <= MAX_TOKEN or not isinstance(kind, str) or not isinstance(url, str):
            return _REFUSED
        found.append(LeakedToken(SecretText(token), kind[:64], url[:512]))
    return tuple(found)


def _check_name(name: str) -> None:
    if not (name.isascii() and name.isprintable() and 1 <= len(name) <= 64) or " " in name:
        raise ValueError("expected a reporter's name of 1 to 64 ASCII characters without spaces")
