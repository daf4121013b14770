# Generated from tests/unit/sso/test_async_origins.py by tools/twin.py; edit that file.
"""Whether an account is nobody's but its provider's: one thing of its own is enough for no (async source of the twin)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from ctsec.ambient import Ambient
from ctsec.authn.record import Session
from ctsec.authn.ticket import Passage
from ctsec.directory.record import Membership, MembershipStatus, VerifiedDomain
from ctsec.ids import ConnectionId, OrganizationId, SessionId, UserId
from ctsec.sso._sync_origins import AccountOrigins, OriginParts
from ctsec.sso.record import LinkedBy, LinkedIdentity
from ctsec.testing import FixedClock
from ctsec.user import User, UserStatus

CLOCK = FixedClock()
NOW = CLOCK.now()
ANN, ACME, RIVAL = UserId("usr_ann"), OrganizationId("org_acme"), OrganizationId("org_rival")
HERE, THERE = ConnectionId("con_here"), ConnectionId("con_there")
PASSAGE = Passage(connection=HERE, organization=ACME, session=SessionId("ses_next"), ends_at=NOW + timedelta(hours=1))
USER = User(
    id=ANN, email="ann@acme.example", email_key="ann@acme.example", name="Ann", status=UserStatus.ACTIVE, email_verified_at=NOW,
    created_at=NOW,
)  # fmt: skip
MADE = LinkedIdentity(
    digest=b"1" * 32, connection_id=HERE, organization_id=ACME, user_id=ANN, issuer="i", subject="s", linked_by=LinkedBy.CREATED,
    linked_at=NOW,
)  # fmt: skip
FOUND = replace(MADE, digest=b"2" * 32, subject="t", linked_by=LinkedBy.ADDRESS)
LINKED = replace(FOUND, linked_by=LinkedBy.PERSON)
MEMBER = Membership(
    organization_id=ACME, user_id=ANN, role="member", status=MembershipStatus.ACTIVE, starts_at=None, expires_at=None, created_at=NOW
)
SESSION = Session(
    id=SessionId("ses_one"), user_id=ANN, secret_digest=b"", created_at=NOW, last_seen_at=NOW, idle_seconds=600,
    expires_at=NOW + timedelta(hours=1), aal=1, factors={}, organization_id=ACME, user_agent="", address="", connection_id=HERE,
)  # fmt: skip
ACMES = VerifiedDomain(name="acme.example", organization_id=ACME, proof="DNS", recorded_by="ops", recorded_at=NOW)


@dataclass(frozen=True, slots=True)
class Kept:
    """Records of one person, whatever they are."""

    found: Any

    def of_user(self, user_id: UserId) -> Any:
        """Return them all."""
        return self.found if user_id == ANN else ()

    def get(self, key: str) -> Any:
        """Return the one of a key."""
        return self.found if key in {ANN, "acme.example"} else None


BASE: dict[str, Any] = {"identities": (MADE,), "domains": ACMES, "memberships": (MEMBER,), "passwords": None, "sessions": (SESSION,)}
OVER = replace(SESSION, connection_id=None, revoked_at=NOW)
CASES: tuple[tuple[str, dict[str, Any], bool], ...] = (
    ("as it was made", {}, True),
    ("another name of it at the same provider", {"identities": (MADE, FOUND)}, True),
    ("before it is a member", {"memberships": ()}, True),
    ("a session of its own that is over", {"sessions": (OVER,)}, True),
    ("no identity", {"identities": ()}, False),
    ("found by its address", {"identities": (FOUND,)}, False),
    ("linked from inside", {"identities": (MADE, LINKED)}, False),
    ("made by another connection", {"identities": (replace(MADE, connection_id=THERE),)}, False),
    ("named by another connection too", {"identities": (MADE, replace(FOUND, connection_id=THERE))}, False),
    ("a domain of nobody", {"domains": None}, False),
    ("a domain of somebody else", {"domains": replace(ACMES, organization_id=RIVAL)}, False),
    ("a member elsewhere", {"memberships": (MEMBER, replace(MEMBER, organization_id=RIVAL))}, False),
    (
        "suspended elsewhere",
        {"memberships": (MEMBER, replace(MEMBER, organization_id=RIVAL, status=MembershipStatus.SUSPENDED))},
        False,
    ),
    ("a password", {"passwords": object()}, False),
    ("a session of its own", {"sessions": (SESSION, replace(SESSION, connection_id=None))}, False),
    ("a session through another connection", {"sessions": (replace(SESSION, connection_id=THERE),)}, False),
)


@pytest.mark.parametrize(("changed", "rests"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_one_thing_of_its_own_makes_an_account_somebodys(changed: dict[str, Any], rests: bool) -> None:
    """Only an account that this connection made, in a domain of its organization, and that has nothing else, rests on it."""
    kept: dict[str, Any] = {name: Kept(found) for name, found in {**BASE, **changed}.items()}
    parts = OriginParts(**kept)
    assert AccountOrigins(parts, ambient=Ambient(clock=CLOCK)).rests_on(USER, PASSAGE) is rests
