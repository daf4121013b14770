"""What letters about the certificates of a connection that speaks SAML say."""

from __future__ import annotations

from datetime import datetime

from ctsec.mail.letter import one_line
from ctsec.mail.lifecycle_letters import Said


def saml_letter(*, connection: str, what: str, until: datetime | None) -> Said:
    """Tell an owner that a provider's metadata has changed (`waiting`, `trusted`), or that its certificates end (`ending`), or ours."""
    name, when = one_line(connection), f"{until:%Y-%m-%d}" if until is not None else ""
    subject, says = {
        "waiting": (
            f"the provider of {name} announces other certificates or addresses",
            (
                "The metadata of the provider says something else than the connection believes.",
                "Look at the difference and trust it, or not.",
            ),
        ),
        "trusted": (
            f"{name} believes other certificates now",
            (
                "The provider announced other certificates in its metadata, and the connection takes them from there.",
                "Nothing is to be done.",
            ),
        ),
        "ending": (
            f"the certificates of {name} end soon",
            (f"The last certificate that the connection believes ends on {when}.", "Ask the provider for its next one, and trust it here."),
        ),
        "own_ending": (
            f"our own certificate for {name} ends soon",
            (
                f"The certificate of the key with which we sign for this connection ends on {when}.",
                "Announce the next key, have the provider take our metadata, and then activate it.",
            ),
        ),
    }[what]
    return Said(kind=f"saml_{what}", subject=subject, says=says, values={"connection": name, "until": when})
