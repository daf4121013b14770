"""Letters about coming and going: of an absence, of an end that is near, and of an organization without an owner."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from ctsec.mail.letter import one_line

if TYPE_CHECKING:
    from ctsec.mail.message import Letters, Message


def absence_letter(letters: Letters, recipient: str, *, organization: str, days: int) -> Message:
    """Tell a member that they were not seen for some days, and that their access ends if that goes on."""
    name = one_line(organization)
    return letters.recovery.set(
        kind="absence",
        recipient=recipient,
        subject=f"you have not used {name} for a while",
        says=(f"You were not seen in {name} for {days} days.", "Your access ends if that goes on. Sign in once to keep it."),
        values={"organization": name, "days": str(days)},
    )


def ending_letter(letters: Letters, recipient: str, *, organization: str, at: datetime) -> Message:
    """Tell a member when the membership ends."""
    name, when = one_line(organization), f"{at:%Y-%m-%d %H:%M} UTC"
    return letters.recovery.set(
        kind="membership_ending",
        recipient=recipient,
        subject=f"your access to {name} ends soon",
        says=(f"Your membership of {name} ends at {when}.", "Ask an administrator there if you still need it."),
        values={"organization": name, "when": when},
    )


def ownerless_letter(letters: Letters, recipient: str, *, organization: str, appointed: bool) -> Message:
    """Tell who is left that an organization has no owner any more, or somebody that they are its owner now."""
    name = one_line(organization)
    lost = (f"The last owner of {name} was removed by its identity provider.", "Write to us: we appoint another one with you.")
    gained = (f"We made you an owner of {name}, which had none.", "If you did not expect this, write to us at once.")
    return letters.recovery.set(
        kind="owner_appointed" if appointed else "ownerless",
        recipient=recipient,
        subject=f"you are an owner of {name}" if appointed else f"{name} has no owner",
        says=gained if appointed else lost,
        values={"organization": name},
    )


def samples(letters: Letters, whom: str, at: datetime) -> tuple[Message, ...]:
    """Set one letter of each kind, with nobody's data."""
    name = "an organization"
    return (
        absence_letter(letters, whom, organization=name, days=90),
        ending_letter(letters, whom, organization=name, at=at),
        *(ownerless_letter(letters, whom, organization=name, appointed=each) for each in (False, True)),
    )
