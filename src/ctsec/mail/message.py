"""A message to a person, before it is put into the outbox.

Rules that this module keeps:

- subject and recipient hold no line breaks: nothing that a person typed can add a header;
- the text is plain; links are made by the configured base address only;
- a message often holds a token, so its stored form is sealed.
"""

from __future__ import annotations

import json
import unicodedata
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from ctsec.errors import CorruptRecord
from ctsec.secret import SecretText

MAX_TEXT: Final = 16_384
# Control characters, lone surrogates, and the line and paragraph separators that a mail header can not hold.
_BREAKING: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A plain-text mail: `kind` says what for (it is counted and shown), `text` may hold a secret."""

    kind: str
    recipient: str
    subject: str
    text: SecretText

    def __post_init__(self) -> None:
        for part in (self.recipient, self.subject):
            if any(unicodedata.category(c) in _BREAKING for c in part):
                raise ValueError("expected a recipient and a subject without control characters and line breaks")
        if len(self.text) > MAX_TEXT:
            raise ValueError(f"expected a text of at most {MAX_TEXT} characters")

    def to_bytes(self) -> bytes:
        """Return the form that is sealed and stored."""
        return json.dumps([self.kind, self.recipient, self.subject, self.text.reveal()]).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Message:
        """Return the message that `to_bytes` wrote; raise CorruptRecord for anything else."""
        try:
            kind, recipient, subject, text = json.loads(data)
            return cls(kind=kind, recipient=recipient, subject=subject, text=SecretText(text))
        except (ValueError, TypeError, RecursionError):
            raise CorruptRecord("a stored message does not decode") from None


def one_line(text: str) -> str:
    """Return `text` for a subject: control characters and line breaks become spaces, at most 120 characters."""
    return "".join(" " if unicodedata.category(c) in _BREAKING else c for c in text)[:120]


@dataclass(frozen=True, slots=True)
class Letters:
    """The letters that ctsec writes; `issuer` is the product's name, `base_url` where its pages are.

    The paths of the pages are the host's; the token travels in the fragment, which browsers send to no server and no referrer.
    """

    issuer: str
    base_url: str

    def _letter(self, *, kind: str, recipient: str, subject: str, lines: tuple[str, ...]) -> Message:
        return Message(kind=kind, recipient=recipient, subject=one_line(f"{self.issuer}: {subject}"), text=SecretText("\n".join(lines)))

    def _link(self, page: str, token: SecretText) -> str:
        return f"{self.base_url.rstrip('/')}/{page}#{urlencode({'token': token.reveal()})}"

    def verification(self, recipient: str, token: SecretText) -> Message:
        """Ask the owner of an address to confirm it."""
        lines = (
            "Please confirm your e-mail address:",
            "",
            self._link("verify-email", token),
            "",
            "If you did not sign up, ignore this mail.",
        )
        return self._letter(kind="email_verification", recipient=recipient, subject="confirm your e-mail address", lines=lines)

    def already_registered(self, recipient: str) -> Message:
        """Tell the owner of an address that somebody tried to sign up with it."""
        lines = (
            "Somebody, perhaps you, tried to sign up with this address, which has an account already.",
            "You can sign in, or reset the password.",
        )
        return self._letter(kind="already_registered", recipient=recipient, subject="you have an account already", lines=lines)

    def password_reset(self, recipient: str, token: SecretText) -> Message:
        """Send the link that sets a new password."""
        lines = (
            "With this link you can set a new password:",
            "",
            self._link("reset-password", token),
            "",
            "If you did not ask for it, ignore this mail.",
        )
        return self._letter(kind="password_reset", recipient=recipient, subject="reset your password", lines=lines)

    def invitation(self, recipient: str, token: SecretText, *, organization: str, inviter: str) -> Message:
        """Invite a person to an organization."""
        lines = (f"{one_line(inviter)} invites you to {one_line(organization)}:", "", self._link("accept-invitation", token))
        return self._letter(kind="invitation", recipient=recipient, subject=f"invitation to {organization}", lines=lines)

    def alarm(self, recipient: str, *, what: str, reason: str) -> Message:
        """Tell an owner that somebody took rights in an emergency, and the reason that was given."""
        lines = (f"{one_line(what)}.", "", "The reason given:", reason, "", "If this is not expected, end it and write to us.")
        return self._letter(kind="alarm", recipient=recipient, subject="somebody broke the glass", lines=lines)

    def rotation_due(self, recipient: str, *, name: str) -> Message:
        """Tell an owner that a stored credential is to be rotated."""
        lines = (f"The credential {one_line(name)} is due for rotation.", "Make a new secret where it is issued, and store that one.")
        return self._letter(kind="rotation_due", recipient=recipient, subject="a credential is due for rotation", lines=lines)

    def disabled(self, recipient: str, *, what: str, way: str, failures: int) -> Message:
        """Tell a person that guesses have closed a way in, for devices that were not used before, and how it is opened again."""
        lines = (
            f"Somebody guessed {failures} times at {what}, and was wrong each time.",
            "Devices that you have used before still sign in. For all others this way in is closed until you open it again:",
            f"use {way}, and set it anew.",
        )
        return self._letter(kind="disabled", recipient=recipient, subject=f"{what} was guessed at", lines=lines)

    def notice(self, recipient: str, *, what: str) -> Message:
        """Tell a person that something about the account's security changed."""
        lines = (f"This happened on your account: {what}.", "If it was not you, reset your password and write to us.")
        return self._letter(kind="notice", recipient=recipient, subject=what, lines=lines)
