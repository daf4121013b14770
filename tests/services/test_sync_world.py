# Generated from tests/services/test_async_world.py by tools/twin.py; edit that file.
"""The world that the other service tests live in works (async source of the twin)."""

from __future__ import annotations

from ctsec.audit.event import EventName
from tests.services._sync_world import World


def test_a_whole_story() -> None:
    """People sign up, found, invite and join, and the log of the organization tells it after the worker has run."""
    with World.open() as world:
        ann = world.person("ann@acme.example")
        device = world.enrol(ann)
        assert len(device.backup) == 10
        acme = world.organization(ann)
        prod = world.workspace(acme.id)
        bob = world.member(acme.id, "bob@acme.example", workspace=prod.id, wrole="operator")
        assert world.may(bob, "agents:run", acme.id, prod.id)
        assert not world.may(bob, "operations:approve", acme.id, prod.id)
        world.drain()
        assert {event.name for event in world.events(acme.id)} == {
            EventName.ORGANIZATION_CREATED,
            EventName.WORKSPACE_CREATED,
            EventName.INVITATION_CREATED,
            EventName.INVITATION_ACCEPTED,
        }
