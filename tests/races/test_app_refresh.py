"""A refresh of a connected app that is killed, at a statement or while the provider is asked: nothing is lost and not told."""

from __future__ import annotations

import os
from collections.abc import Generator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from ctsec.connections import AppHealth
from ctsec.connections.refresh import LEASE
from ctsec.storage.sql import schema
from ctsec.testing import FixedClock
from ctsec.testing.apps import AppSimulator
from tests.races.app_refresh import listening, token_of, world_at
from tests.servers import available_databases, fresh_database
from tests.services._sync_world import World
from tests.victim import Victim

SOAK = bool(os.environ.get("CTSEC_SOAK"))
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Scene:
    """A deployment whose organization has connected the app, and processes that ask for its token."""

    world: World
    simulator: AppSimulator
    victim: Victim
    at: tuple[str, str, str, str]
    ann: Any
    organization: str

    def connect(self) -> str:
        """Connect the app for the organization."""
        begun: Any = self.world.security.apps.begin(self.ann, "files", organization=self.ann_organization, own=False)
        query = parse_qsl(self.simulator.visit(begun.url))
        made: Any = self.world.security.apps.complete(self.ann, "files", parameters=query)
        return str(made.id)

    @property
    def ann_organization(self) -> Any:
        """The organization as an id."""
        return self.organization

    def run(self, work: str, app: str, *, last: int = 0) -> tuple[int, int]:
        """Have a child work at the time of this world."""
        now = self.world.clock.now().isoformat()
        return self.victim.run(f"tests.races.app_refresh:{work}", *self.at, now, self.organization, app, last=last)


@pytest.fixture(params=available_databases() if SOAK else available_databases()[:2])
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Scene, None, None]:
    """A scene over each kind of database."""
    database = fresh_database(request.param, folder=tmp_path)
    schema.create(database.sync_url)
    simulator = AppSimulator(FixedClock())
    with listening(simulator) as port:
        at = (database.sync_url, database.guard_sync_url, str(tmp_path), str(port))
        world = world_at(*at[:3], simulator=simulator, port=port)
        simulator._clock = world.clock
        world.security.prepare()
        ann = world.person("ann@acme.example")
        victim = Victim()
        yield Scene(world, simulator, victim, at, ann, world.organization(ann).id)
        victim.close()
        world.security.close()


def test_a_refresh_that_is_killed_is_no_silent_loss(scene: Scene) -> None:
    """After kill -9 at any step, a statement or what the provider is asked, the next call has a token once the lease is over.

    It has none, and the list of health says that consent is needed, only where the provider had answered and the answer was lost.
    """
    app = scene.connect()
    scene.world.clock.advance(2 * HOUR)
    code, steps = scene.run("refresh", app)
    assert (code, scene.simulator.asked.count("refresh_token")) == (0, 1)
    assert steps > 15
    ends = {"good": 0, "consent": 0}
    for last in range(1, steps + 1, 1 if SOAK else 8):
        scene.world.clock.advance(2 * HOUR)
        before = scene.simulator.asked.count("refresh_token")
        assert scene.run("refresh", app, last=last)[0] == -9
        asked = scene.simulator.asked.count("refresh_token") - before
        scene.world.clock.advance(LEASE)
        found = token_of(scene.world, scene.organization, app)
        (status,) = scene.world.call("apps.of_organization", scene.ann, organization=scene.organization)
        if scene.simulator.accepts(found):
            ends["good"] += 1
            assert status.health is AppHealth.FINE
        else:
            ends["consent"] += 1
            assert asked == 1
            assert (found, status.health, status.problem) == ("revoked", AppHealth.CONSENT_NEEDED, "interrupted")
            app = _connected_again(scene, app)
    assert ends["good"] > ends["consent"] * 3
    assert ends["consent"] > 0 or not SOAK
    print(f"{steps} steps, {ends}")


def _connected_again(scene: Scene, app: str) -> str:
    scene.world.call("apps.disconnect", scene.ann, app, organization=scene.organization)
    made = scene.connect()
    assert scene.simulator.accepts(token_of(scene.world, scene.organization, made))
    return made
