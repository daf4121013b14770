"""Who changes how an organization's log is kept and watched, which every such service asks in one place (async source of the twin)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ctsec.audit.event import DEPLOYMENT_LOG
from ctsec.audit.retention import RetentionPlan
from ctsec.ids import OrganizationId
from ctsec.outcome import Reason
from ctsec.principal import SESSIONS, CredentialKind, Principal
from tests.services._async_world import AsyncWorld
from tests.services.probing import reason

ANN, BOB = "ann@acme.example", "bob@acme.example"


@pytest.fixture
async def world() -> AsyncGenerator[AsyncWorld, None]:
    async with AsyncWorld.open() as made:
        yield made


def changes(world: AsyncWorld) -> dict[str, dict[str, Any]]:
    """Return one call of each kind of change."""
    return {
        "retention.set_plan": {"plan": RetentionPlan(days=7 * 365)},
        "retention.place_hold": {"matter": "case 7"},
        "alerts.mute": {"rule": "owner_added", "until": world.clock.now() + timedelta(days=1), "why": "a change of owners"},
    }


def through(person: Principal, kind: CredentialKind, organization: OrganizationId) -> Principal:
    """Return the person with a credential of another kind, and the same proofs."""
    return replace(person, credential=replace(person.credential, kind=kind), organization=organization)


async def test_a_session_of_either_kind_and_nothing_else(world: AsyncWorld) -> None:
    """An owner changes it with a fresh second factor, signed in here or through the organization's provider; refusals are events."""
    ann = await world.person(ANN)
    ours, theirs = (await world.organization(ann)).id, (await world.organization(ann, "Other")).id
    bob = await world.member(ours, BOB)
    sure = world.sure(ann)
    for method, given in changes(world).items():
        for kind in SESSIONS:
            assert reason(await world.call(method, through(sure, kind, ours), organization=ours, **given)) is None, (method, kind)
        refused = {
            Reason.NOT_AUTHENTICATED: through(sure, CredentialKind.API_KEY, ours),
            Reason.STEP_UP_REQUIRED: replace(sure, credential=replace(sure.credential, factors={})),
            Reason.NOT_FOUND: through(sure, CredentialKind.SSO_SESSION, theirs),
            Reason.DENIED: world.sure(bob),
        }
        for why, principal in refused.items():
            assert reason(await world.call(method, principal, organization=ours, **given)) is why, (method, why)
    assert len(await world.events(ours, "access.denied")) == 3 * len(changes(world))
    assert len(await world.events(DEPLOYMENT_LOG, "access.denied")) == len(changes(world))
