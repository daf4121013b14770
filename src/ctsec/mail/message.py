"""A message to a person, before it is put into the outbox, and the letters that ctsec writes.

Rules that this module keeps:

- subject and recipient hold no line breaks: nothing that a person typed can add a header;
- links are made by the configured base address only;
- a message often holds a token, so its stored form is sealed.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final
from urllib.parse import urlencode

from ctsec.errors import CorruptRecord
from ctsec.mail.letter import BREAKING, MAX_HTML, DefaultTemplate, Letter, LetterTemplate, Link, checked, one_line
from ctsec.mail.lifecycle_letters import samples
from ctsec.mail.owner_letters import owner_samples
from ctsec.secret import SecretText

MAX_TEXT: Final = 16_384
_SAMPLE: Final = datetime(2026, 1, 1, tzinfo=UTC)
NOBODY: Final = "nobody"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A mail: `kind` says what for (it is counted and shown), `text` may hold a secret, `html` says the same where it is read as HTML."""

    kind: str
    recipient: str
    subject: str
    text: SecretText
    html: SecretText | None = None

    def __post_init__(self) -> None:
        for part in (self.recipient, self.subject):
            if any(unicodedata.category(c) in BREAKING for c in part):
                raise ValueError("expected a recipient and a subject without control characters and line breaks")
        if len(self.text) > MAX_TEXT:
            raise ValueError(f"expected a text of at most {MAX_TEXT} characters")
        if self.html is not None and len(self.html) > MAX_HTML:
            raise ValueError(f"expected HTML of at most {MAX_HTML} characters")

    def to_bytes(self) -> bytes:
        """Return the form that is sealed and stored."""
        html = [self.html.reveal()] if self.html is not None else []
        return json.dumps([self.kind, self.recipient, self.subject, self.text.reveal(), *html]).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Message:
        """Return the message that `to_bytes` wrote; raise CorruptRecord for anything else."""
        try:
            kind, recipient, subject, text, *rest = json.loads(data)
            (html,) = (SecretText(each) for each in rest) if rest else (None,)
            return cls(kind=kind, recipient=recipient, subject=subject, text=SecretText(text), html=html)
        except (ValueError, TypeError, RecursionError):
            raise CorruptRecord("a stored message does not decode") from None


def to_nobody(message: Message) -> Message:
    """Return a message that goes the way of `message` through the outbox, and to nobody in the end.

    It is posted for an address that the mail is not for, so that an answer takes as long as for one that it is for (ASVS 6.3.8).
    """
    return replace(message, kind=NOBODY)


@dataclass(frozen=True, slots=True)
class Letters:
    """The letters that ctsec writes; `issuer` is the product's name, `base_url` where its pages are, `template` how letters look.

    The paths of the pages are the host's; the token travels in the fragment, which browsers send to no server and no referrer. Raises
    ValueError for a template that loses the link of a letter, or whose HTML fetches something: when it is built, not when a person waits.
    """

    issuer: str
    base_url: str
    template: LetterTemplate = field(default_factory=DefaultTemplate)

    def __post_init__(self) -> None:
        if not isinstance(self.template, DefaultTemplate):
            self._samples()

    def verification(self, recipient: str, token: SecretText) -> Message:
        """Ask the owner of an address to confirm it."""
        return self._set(
            kind="email_verification",
            recipient=recipient,
            subject="confirm your e-mail address",
            says=("Please confirm your e-mail address:",),
            link=self._link("verify-email", token, label="Confirm the address"),
            closing=("If you did not sign up, ignore this mail.",),
        )

    def already_registered(self, recipient: str) -> Message:
        """Tell the owner of an address that somebody tried to sign up with it."""
        says = (
            "Somebody, perhaps you, tried to sign up with this address, which has an account already.",
            "You can sign in, or reset the password.",
        )
        return self._set(kind="already_registered", recipient=recipient, subject="you have an account already", says=says)

    def password_reset(self, recipient: str, token: SecretText) -> Message:
        """Send the link that sets a new password."""
        return self._set(
            kind="password_reset",
            recipient=recipient,
            subject="reset your password",
            says=("With this link you can set a new password:",),
            link=self._link("reset-password", token, label="Set a new password"),
            closing=("If you did not ask for it, ignore this mail.",),
        )

    def sign_in_link(self, recipient: str, token: SecretText) -> Message:
        """Send the link that signs in the browser that asked for it."""
        return self._set(
            kind="sign_in_link",
            recipient=recipient,
            subject="your link to sign in",
            says=("With this link you sign in, once and within ten minutes, in the browser in which you asked for it:",),
            link=self._link("sign-in-link", token, label="Sign in"),
            closing=("If you did not ask for it, ignore this mail: in another browser the link does nothing.",),
        )

    def email_change(self, recipient: str, token: SecretText) -> Message:
        """Send the link that makes `recipient` the address of an account, to that address."""
        return self._set(
            kind="email_change",
            recipient=recipient,
            subject="confirm your new e-mail address",
            says=("With this link the account gets this address:",),
            link=self._link("confirm-email-change", token, label="Use this address"),
            closing=("If you did not ask for it, ignore this mail: nothing changes.",),
        )

    def invitation(self, recipient: str, token: SecretText, *, organization: str, inviter: str) -> Message:
        """Invite a person to an organization."""
        return self._set(
            kind="invitation",
            recipient=recipient,
            subject=f"invitation to {organization}",
            says=(f"{one_line(inviter)} invites you to {one_line(organization)}:",),
            link=self._link("accept-invitation", token, label="Accept the invitation"),
            values={"organization": organization, "inviter": inviter},
        )

    def alarm(self, recipient: str, *, what: str, reason: str) -> Message:
        """Tell an owner that somebody took rights in an emergency, and the reason that was given."""
        says = (f"{one_line(what)}.", "", "The reason given:", reason, "", "If this is not expected, end it and write to us.")
        values = {"what": what, "reason": reason}
        return self._set(kind="alarm", recipient=recipient, subject="somebody broke the glass", says=says, values=values)

    def rotation_due(self, recipient: str, *, name: str) -> Message:
        """Tell an owner that a stored credential is to be rotated."""
        says = (f"The credential {one_line(name)} is due for rotation.", "Make a new secret where it is issued, and store that one.")
        return self._set(
            kind="rotation_due", recipient=recipient, subject="a credential is due for rotation", says=says, values={"name": name}
        )

    def disabled(self, recipient: str, *, what: str, way: str, failures: int) -> Message:
        """Tell a person that guesses have closed a way in, for devices that were not used before, and how it is opened again."""
        says = (
            f"Somebody guessed {failures} times at {what}, and was wrong each time.",
            "Devices that you have used before still sign in. For all others this way in is closed until you open it again:",
            f"use {way}, and set it anew.",
        )
        values = {"what": what, "way": way, "failures": str(failures)}
        return self._set(kind="disabled", recipient=recipient, subject=f"{what} was guessed at", says=says, values=values)

    def sign_in(self, recipient: str, *, finished: bool, when: datetime, device: str, address: str, place: str) -> Message:
        """Tell a person of a sign-in from a device that was not used before, or of one that waits for its second factor."""
        did = "signed in to your account" if finished else "gave the right password of your account, and no second factor yet,"
        ended = ", end all other sessions and revoke the device"
        wrong = f"change your password{ended if finished else ': somebody knows it'}"
        values = {"when": f"{when:%Y-%m-%d %H:%M} UTC", "device": one_line(device), "address": one_line(address), "place": place}
        says = (
            f"Somebody, perhaps you, {did} from a device that was not used before:",
            "",
            f"When: {values['when']}",
            f"Device, by its own account: {values['device']}",
            f"Place: {values['place']}",
            "",
            f"If it was you, there is nothing to do. If it was not you, {wrong}.",
        )
        kind, subject = ("new_device", "a sign-in from a new device") if finished else ("unfinished_sign_in", "your password was used")
        return self._set(kind=kind, recipient=recipient, subject=subject, says=says, values=values)

    @property
    def recovery(self) -> RecoveryLetters:
        """The letters about resets of second factors."""
        return RecoveryLetters(self._set, self._link)

    def notice(self, recipient: str, *, what: str) -> Message:
        """Tell a person that something about the account's security changed."""
        says = (f"This happened on your account: {what}.", "If it was not you, reset your password and write to us.")
        return self._set(kind="notice", recipient=recipient, subject=what, says=says, values={"what": what})

    def _set(
        self,
        *,
        kind: str,
        recipient: str,
        subject: str,
        says: tuple[str, ...],
        link: Link | None = None,
        closing: tuple[str, ...] = (),
        values: dict[str, str] | None = None,
    ) -> Message:
        """Have the template set a letter; what people typed is cut to one line each, but for a reason."""
        given = {name: value if name == "reason" else one_line(value) for name, value in (values or {}).items()}
        letter = Letter(
            kind=kind,
            recipient=recipient,
            subject=one_line(f"{self.issuer}: {subject}"),
            paragraphs=says,
            link=link,
            closing=closing,
            values=MappingProxyType(given),
        )
        made = checked(self.template.render(letter), letter=letter)
        return Message(kind=kind, recipient=recipient, subject=one_line(made.subject), text=made.text, html=made.html)

    def _link(self, page: str, token: SecretText, *, label: str) -> Link:
        address = f"{self.base_url.rstrip('/')}/{page}#{urlencode({'token': token.reveal()})}"
        return Link(label=label, url=SecretText(address))

    def _samples(self) -> tuple[Message, ...]:
        """Set one letter of each kind, with nobody's data."""
        whom, token = "somebody@example.com", SecretText("sample")
        return (
            self.verification(whom, token),
            self.already_registered(whom),
            self.password_reset(whom, token),
            self.sign_in_link(whom, token),
            self.email_change(whom, token),
            self.invitation(whom, token, organization="an organization", inviter="somebody"),
            self.alarm(whom, what="something happened", reason="a reason"),
            self.rotation_due(whom, name="a credential"),
            *(self.recovery.set(recipient=whom, **said) for said in (*owner_samples(_SAMPLE), *samples(_SAMPLE))),
            self.disabled(whom, what="your password", way="a reset link", failures=100),
            *(self.sign_in(whom, finished=done, when=_SAMPLE, device="a device", address="192.0.2.7", place="") for done in (True, False)),
            self.recovery.requested(whom, token, who="somebody", due=_SAMPLE),
            self.recovery.done(whom, until=_SAMPLE),
            self.recovery.held(whom, why="it is too early"),
            self.notice(whom, what="something changed"),
        )


@dataclass(frozen=True, slots=True)
class RecoveryLetters:
    """The letters about resets of second factors; `set` and `link` are those of all letters."""

    set: Callable[..., Message]
    link: Callable[..., Link]

    def requested(self, recipient: str, token: SecretText, *, who: str, due: datetime) -> Message:
        """Tell a person that somebody asked for a reset of the second factors, with the link that cancels it."""
        when = f"{due:%Y-%m-%d %H:%M} UTC"
        return self.set(
            kind="mfa_reset_requested",
            recipient=recipient,
            subject="your second factors are to be reset",
            says=(f"{one_line(who)} has asked for a reset of your second factors, not before {when}.", "With this link you cancel it:"),
            link=self.link("cancel-recovery", token, label="Cancel the reset"),
            closing=("If you asked for it, there is nothing to do. Your password stays as it is; you will need it.",),
            values={"who": who, "due": when},
        )

    def done(self, recipient: str, *, until: datetime) -> Message:
        """Tell a person that the second factors were reset, and what that means."""
        when, subject = f"{until:%Y-%m-%d %H:%M} UTC", "your second factors were reset"
        says = (
            "Your second factors were reset, and you were signed out everywhere.",
            "Sign in with your password, and set up a second factor again.",
            f"Until {when} the password can not be reset by mail.",
            "If you did not ask for this, change your password now and write to us.",
        )
        return self.set(kind="mfa_reset", recipient=recipient, subject=subject, says=says, values={"until": when})

    def held(self, recipient: str, *, why: str) -> Message:
        """Tell a person who asked for a link that nothing is reset by mail at present."""
        says = (
            "A link to reset your password was asked for. It was not sent:",
            f"{one_line(why)}.",
            "If it was not you, ignore this mail; write to us if you did not ask for a reset of your second factors.",
        )
        subject, values = "your password can not be reset by mail now", {"why": why}
        return self.set(kind="reset_held", recipient=recipient, subject=subject, says=says, values=values)
