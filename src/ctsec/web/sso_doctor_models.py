"""How a doctor's report and a dry run are shown."""

from __future__ import annotations

from ctsec.sso.doctor import DoctorReport
from ctsec.sso.trial import DryRun
from ctsec.web.sso_models import foreseen_view
from ctsec.web.views import View, moment


def report(found: DoctorReport) -> View:
    """Return a report."""
    return {
        "connection_id": found.connection,
        "sound": found.sound,
        "looked_at": moment(found.looked_at),
        "checks": [
            {"name": each.name.value, "verdict": each.verdict.value, "seen": each.seen, "advice": each.advice} for each in found.checks
        ],
    }


def dry_run(found: DryRun) -> View:
    """Return what a dry run came to; what was not reached is left out."""
    shown: View = {"status": "dry_run", "connection_id": found.connection, "passed": found.passed, "problem": found.problem or None}
    if found.claims is not None:
        shown["claims"] = dict(found.claims)
    if found.userinfo is not None:
        shown["userinfo"] = dict(found.userinfo)
    if found.identity is not None and found.arrival is not None:
        identity, arrival = found.identity, found.arrival
        shown |= {
            "issuer": identity.issuer,
            "subject": identity.subject,
            "email": identity.email,
            "email_verified": identity.email_verified,
            "own_address": arrival.own_address,
            "name": identity.name,
            "groups": None if identity.groups is None else list(identity.groups),
            "attributes": dict(identity.attributes),
            "account": arrival.account.value,
            "user_id": arrival.user,
            "second_factor": arrival.second_factor.value,
            **foreseen_view(arrival.foreseen),
        }
    return shown
