"""What letters say to who runs an organization or a program of it, of what others or nobody did: alerts, domains, keys, break-glass."""

from __future__ import annotations

from datetime import datetime

from ctsec.mail.letter import one_line
from ctsec.mail.lifecycle_letters import Said


def alert_letter(*, rule: str, severity: str, reason: str, where: str, when: datetime) -> Said:
    """Tell who watches a log that a rule fired over it, and where to look; the letter names nobody."""
    at = f"{when:%Y-%m-%d %H:%M:%S} UTC"
    says = (f"The rule {rule} fired ({severity}): {reason}.", f"It was seen at {at}: {where}.", "Look at it, and acknowledge the alert.")
    values = {"rule": rule, "severity": severity, "reason": reason, "where": where, "when": at}
    return Said(kind="alert", subject=f"alert: {rule} ({severity})", says=says, values=values)


def domain_letter(*, domain: str, withdrawn: bool) -> Said:
    """Tell who runs an organization that the record which proves a domain is missing, or that the domain counts no more."""
    known, kind = one_line(domain), "domain_withdrawn" if withdrawn else "domain_missed"
    over = ("It does not count as verified any more.", "Claim and prove it again if it is yours.")
    wait = ("Put it back: the domain is withdrawn if the record stays away for two weeks.",)
    subject = f"{known} is not verified any more" if withdrawn else f"the TXT record of {known} is missing"
    says = (f"The TXT record that proves the domain {known} is not in the DNS.", *(over if withdrawn else wait))
    return Said(kind=kind, subject=subject, says=says, values={"domain": domain})


def glass_letter(*, who: str, until: datetime | None) -> Said:
    """Tell an owner that a break-glass code of the organization's sign-in was used, until when it counts; None: that it was refused."""
    at = f"{until:%Y-%m-%d %H:%M} UTC" if until else ""
    used = f"used a break-glass code, which opens the settings of single sign-on until {at}"
    what = used if until else "tried a break-glass code of your organization, which was refused"
    return Said(
        kind=f"break_glass_code_{'used' if until else 'refused'}",
        subject=f"a break-glass code was {'used' if until else 'refused'}",
        says=(f"{one_line(who)} {what}.", "If this is not expected, end the person's sessions, make new codes, and write to us."),
        values={"who": one_line(who), "until": at},
    )


def key_letter(*, name: str, ends: datetime) -> Said:
    """Tell who has to do with an API key that it ends soon."""
    at = f"{ends:%Y-%m-%d %H:%M} UTC"
    says = (f"The API key {one_line(name)} ends at {at}.", "Make a new key, put it where the old one is used, and revoke the old one.")
    return Said(kind="key_ending", subject="an API key ends soon", says=says, values={"ends": at})


def relaxed_letter(*, reason: str) -> Said:
    """Tell an owner that who runs the deployment let sessions of accounts into the organization again, and why."""
    what = "sign-in through your provider is not required any more"
    says = (f"We have changed this for your organization: {what}.", f"Reason: {reason}", "If you did not ask for it, write to us.")
    return Said(kind="requirement_relaxed", subject=what, says=says, values={"reason": reason})


def owner_samples(at: datetime) -> tuple[Said, ...]:
    """Return one of each, with nobody's data."""
    return (
        key_letter(name="a key", ends=at),
        *(glass_letter(who="somebody", until=until) for until in (at, None)),
        alert_letter(rule="a_rule", severity="high", reason="a reason", where="a log", when=at),
        relaxed_letter(reason="a reason"),
        *(domain_letter(domain="example.com", withdrawn=withdrawn) for withdrawn in (False, True)),
    )
