"""What the ticket between the steps of a sign-in tells of the first one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ctsec.guard.attempts import Attempts, Charge
from ctsec.guard.counters import password_counter
from ctsec.guard.proof import Proof
from ctsec.ids import ConnectionId, OrganizationId, SessionId
from ctsec.principal import Factor
from ctsec.user import User

# The claim that holds when a first step was taken, by what it was taken with.
MOMENT: Final = {Factor.PASSWORD: "password_at", Factor.LINK: "link_at", Factor.SSO: "sso_at"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """The connection that a sign-in came through, and the organization that it is good in.

    `session` is the id that its session gets, under which is kept what it rests on; `ends_at` is when that session ends at the latest.
    """

    connection: ConnectionId
    organization: OrganizationId
    session: SessionId
    ends_at: datetime

    def as_claims(self) -> dict[str, str]:
        """Return what a ticket tells of it."""
        told = {"connection": self.connection, "organization": self.organization}
        return {**told, "session": self.session, "ends_at": self.ends_at.isoformat()}


def passage_in(ticket: Proof) -> Passage | None:
    """Return the connection that the first step came through, None if it was taken with something of the account's own."""
    if "connection" not in ticket.claims:
        return None
    told = ticket.claims
    return Passage(
        connection=ConnectionId(told["connection"]),
        organization=OrganizationId(told["organization"]),
        session=SessionId(told["session"]),
        ends_at=datetime.fromisoformat(told["ends_at"]),
    )


def set_at_in(ticket: Proof) -> str:
    """Return when the password was set that the first step proved, or that its link counts beside; empty for neither."""
    return ticket.claims.get("set_at", "")


def as_claims(charge: Charge) -> dict[str, str]:
    """Return what a ticket tells of the charge of the first step."""
    return {"counter": charge.records[0].key, "block": charge.block or ""} if charge.records else {}


def begun_with(ticket: Proof) -> Mapping[str, datetime]:
    """Return what the first step proved, and when."""
    return {factor.value: datetime.fromisoformat(ticket.claims[name]) for factor, name in MOMENT.items() if name in ticket.claims}


def charge_in(ticket: Proof, user: User) -> Charge:
    """Return the charge of the first step, as the ticket tells it; one from before there were known devices tells none."""
    if MOMENT[Factor.LINK] in ticket.claims or MOMENT[Factor.SSO] in ticket.claims:
        return Charge()
    counter = ticket.claims.get("counter") or password_counter(user.id)
    return Charge((Attempts(key=counter),), ticket.claims.get("block") or None)
