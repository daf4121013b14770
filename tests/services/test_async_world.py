"""The world that the other service tests live in works (async source of the twin)."""

from __future__ import annotations

from ctsec.audit.event import EventName
from tests.services._async_world import AsyncWorld


async def test_a_whole_story() -> None:
    """People sign up, found, invite and join, and the log of the organization tells it after the worker has run."""
    async with AsyncWorld.open() as world:
        ann = await world.person("ann@acme.example")
        device = await world.enrol(ann)
        assert len(device.backup) == 10
        acme = await world.organization(ann)
        prod = await world.workspace(acme.id)
        bob = await world.member(acme.id, "bob@acme.example", workspace=prod.id, wrole="operator")
        assert await world.may(bob, "agents:run", acme.id, prod.id)
        assert not await world.may(bob, "operations:approve", acme.id, prod.id)
        await world.drain()
        assert {event.name for event in await world.events(acme.id)} == {
            EventName.ORGANIZATION_CREATED,
            EventName.WORKSPACE_CREATED,
            EventName.INVITATION_CREATED,
            EventName.INVITATION_ACCEPTED,
        }
