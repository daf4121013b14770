"""What the gate remembers is found under what it was read for, whatever the ids look like."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ctsec.authn.argon2 import Argon2Parameters
from ctsec.directory.record import Membership, MembershipStatus, Workspace, WorkspaceStatus
from ctsec.ids import OrganizationId, UserId, WorkspaceId
from ctsec.presets import in_memory
from ctsec.principal import Credential, CredentialKind, Principal, PrincipalKind
from ctsec.rbac import Ask
from ctsec.rbac.preset import POLICY
from ctsec.security import Security
from ctsec.security.parts import EmbeddedOptions
from ctsec.testing import FixedClock

# Ids that somebody could put together of others: short words with every separator that a composed key might use.
SEPARATORS = ("/", ":", "|", ",", ".", "\0", "")
WORDS = st.sampled_from(("a", "b", "session", "home", "standing"))
HOSTILE = st.builds(lambda words, separator: separator.join(words), st.lists(WORDS, min_size=1, max_size=3), st.sampled_from(SEPARATORS))
SOME = st.lists(HOSTILE, min_size=2, max_size=3, unique=True)
ROLES = st.sampled_from(("owner", "admin", "member", "viewer", None))


def bundle() -> Security:
    """Return a bundle in memory that keeps what it reads for as long as its clock stands."""
    return in_memory(policy=POLICY, options=EmbeddedOptions(password_hash=Argon2Parameters.for_tests(), clock=FixedClock()))


def person(user: str) -> Principal:
    """Return a person as a session would prove it."""
    return Principal(id=user, kind=PrincipalKind.USER, credential=Credential(kind=CredentialKind.SESSION, id=""))


def settle(security: Security, roles: dict[tuple[str, str], str | None], homes: dict[str, str]) -> None:
    """Write memberships and workspaces, whatever their ids."""
    now = security.parts.clock.now()
    with security.begin() as unit:
        store: Any = unit._store
        for (organization, user), role in roles.items():
            if role is not None:
                place: Any = {"organization_id": OrganizationId(organization), "user_id": UserId(user)}
                state: Any = {"role": role, "status": MembershipStatus.ACTIVE, "starts_at": None, "expires_at": None, "created_at": now}
                store.memberships.add(Membership(**place, **state))
        for workspace, home in homes.items():
            named: Any = {"id": WorkspaceId(workspace), "organization_id": OrganizationId(home), "name": "Main", "region": "eu"}
            store.workspaces.add(Workspace(**named, status=WorkspaceStatus.ACTIVE, created_at=now))


@pytest.mark.proves("CVE-2026-48096", "CVE-2026-33729", "CVE-2026-34972")
@settings(max_examples=60, deadline=None)
@given(organizations=SOME, people=SOME, places=SOME, data=st.data())
@example(organizations=["a", "a/b"], people=["b/c", "c"], places=["a/b", "a/b/c"], data=None)
def test_what_is_remembered_is_what_was_read(organizations: list[str], people: list[str], places: list[str], data: Any) -> None:
    """Law 19: for ids that hold any separator, or look like each other's parts, the remembered answer is the store's, at each asking."""
    drawn = iter(("owner", None, "viewer", "admin"))
    roles = {(o, p): data.draw(ROLES) if data is not None else next(drawn) for o in organizations for p in people}
    homes = {place: organizations[number % len(organizations)] for number, place in enumerate(places)}
    security = bundle()
    settle(security, roles, homes)
    asked = [(o, p, w) for o, p in roles for w in (None, *places, *organizations, *people, f"{o}/{p}")]
    with security.begin() as unit:
        stored = [
            unit.roles.access(person(p), OrganizationId(o), workspace=WorkspaceId(w) if w is not None else None).permissions
            for o, p, w in asked
        ]
        for p in people:
            asks = [Ask("dashboards:view", OrganizationId(o), WorkspaceId(w) if w is not None else None) for o, who, w in asked if who == p]
            one_by_one = [
                unit.roles.check(person(p), each.permission, organization=each.organization, workspace=each.workspace) for each in asks
            ]
            assert list(unit.roles.check_many(person(p), asks)) == one_by_one
    for _ in range(2):
        for (o, p, w), expected in zip(asked, stored, strict=True):
            place = WorkspaceId(w) if w is not None else None
            assert security.gate.access(person(p), OrganizationId(o), workspace=place).permissions == expected
            assert place is None or security.gate.organization_of(place) == homes.get(place)
    assert len(security.parts.memory.records) == len(roles) + len(homes)
