"""What letters about coming and going say: of an absence, an end that is near, a consent that grows old, no owner."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypedDict

from ctsec.mail.letter import one_line


class Said(TypedDict):
    """What a letter is for and says, before it is set for somebody."""

    kind: str
    subject: str
    says: tuple[str, ...]
    values: dict[str, str]


def absence_letter(*, organization: str, days: int) -> Said:
    """Tell a member that they were not seen for some days, and that their access ends if that goes on."""
    name = one_line(organization)
    says = (f"You were not seen in {name} for {days} days.", "Your access ends if that goes on. Sign in once to keep it.")
    values = {"organization": name, "days": str(days)}
    return Said(kind="absence", subject=f"you have not used {name} for a while", says=says, values=values)


def ending_letter(*, organization: str, at: datetime) -> Said:
    """Tell a member when the membership ends."""
    name, when = one_line(organization), f"{at:%Y-%m-%d %H:%M} UTC"
    says = (f"Your membership of {name} ends at {when}.", "Ask an administrator there if you still need it.")
    values = {"organization": name, "when": when}
    return Said(kind="membership_ending", subject=f"your access to {name} ends soon", says=says, values=values)


def ownerless_letter(*, organization: str) -> Said:
    """Tell who is left that an organization has no owner any more."""
    name = one_line(organization)
    says = (f"The last owner of {name} has left.", "Write to us: we appoint another one with you.")
    return Said(kind="ownerless", subject=f"{name} has no owner", says=says, values={"organization": name})


def appointed_letter(*, organization: str) -> Said:
    """Tell somebody that they are the owner of an organization now."""
    name = one_line(organization)
    says = (f"We made you an owner of {name}, which had none.", "If you did not expect this, write to us at once.")
    return Said(kind="owner_appointed", subject=f"you are an owner of {name}", says=says, values={"organization": name})


def credentials_letter(*, organization: str, names: Sequence[str], more: int = 0) -> Said:
    """Tell who is left which credentials ended because somebody who left had seen them."""
    name, told = one_line(organization), ", ".join(one_line(each) for each in names) + (f" and {more} more" if more else "")
    says = (
        f"Somebody who left {name} had seen secrets of: {told}.",
        "Those secrets end. Rotate the API keys and make new credentials for SCIM, and what uses them goes on.",
    )
    return Said(kind="credentials_ended", subject=f"credentials of {name} ended", says=says, values={"organization": name, "names": told})


def app_letter(*, app: str, organization: str, own: bool, by: datetime) -> Said:
    """Tell a person (`own`), or who manages an organization's connections, when the consent to an app is too old."""
    name, where, at = one_line(app), one_line(organization), f"{by:%Y-%m-%d %H:%M} UTC"
    whose = f"You connected the app {name} in {where}." if own else f"The app {name} is connected for {where}."
    asks = f"The organization asks for another consent by {at}: from then on the connection gives no access."
    says = (whose, asks, "Connect the app again.")
    return Said(kind="consent_due", subject=f"connect {name} again", says=says, values={"app": name, "organization": where, "by": at})


def samples(at: datetime) -> tuple[Said, ...]:
    """Return one of each kind, with nobody's data."""
    name = "an organization"
    return (
        absence_letter(organization=name, days=90),
        ending_letter(organization=name, at=at),
        ownerless_letter(organization=name),
        appointed_letter(organization=name),
        credentials_letter(organization=name, names=("Deployer",)),
        app_letter(app="an app", organization=name, own=True, by=at),
    )
