"""One refresh for each connected app, whoever asks and whoever is killed: a strict provider never sees a token twice."""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from ctsec.connections import AppHealth
from ctsec.connections.refresh import LEASE
from ctsec.testing import FixedClock
from ctsec.testing.apps import AppSimulator
from tests.races.app_refresh import listening, token_of, world_at
from tests.services._sync_world import World
from tests.services.probing import DATABASE, empty_sqlite
from tests.victim import Victim

SOAK = bool(os.environ.get("CTSEC_SOAK"))
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Scene:
    """A deployment on SQLite whose organization has connected the app, and processes that ask for its token."""

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


@pytest.fixture
def scene(tmp_path: Path) -> Generator[Scene, None, None]:
    """A scene over a database in a folder."""
    shutil.copytree(empty_sqlite(), tmp_path, dirs_exist_ok=True)
    url = f"sqlite:///{tmp_path / DATABASE}"
    clock = FixedClock()
    simulator = AppSimulator(clock)
    with listening(simulator) as port:
        at = (url, f"{url}-guard", str(tmp_path), str(port))
        world = world_at(*at[:3], simulator=simulator, port=port)
        simulator._clock = world.clock
        world.security.prepare()
        ann = world.person("ann@acme.example")
        victim = Victim()
        yield Scene(world, simulator, victim, at, ann, world.organization(ann).id)
        victim.close()
        world.security.close()


@pytest.mark.proves("SEED-O1")
@pytest.mark.parametrize("rounds", [pytest.param(1000, marks=pytest.mark.slow) if SOAK else 1])
def test_two_hundred_calls_are_one_refresh(scene: Scene, rounds: int) -> None:
    """Of 200 calls at once in four processes one asks the provider, which sees no token twice, and all have the token that it gave."""
    app = scene.connect()
    for done in range(1, rounds + 1):
        scene.world.clock.advance(2 * HOUR)
        assert scene.run("storm", app)[0] == 0
        assert scene.simulator.asked.count("refresh_token") == done
    assert scene.simulator.reused == 0


def test_a_refresh_that_is_killed_is_no_silent_loss(scene: Scene) -> None:
    """After kill -9 at any step the next call, once the lease is over, has a token, or the list of health says that consent is needed."""
    app = scene.connect()
    scene.world.clock.advance(2 * HOUR)
    code, steps = scene.run("refresh", app)
    assert (code, scene.simulator.asked.count("refresh_token")) == (0, 1)
    assert steps > 15
    ends = {"good": 0, "consent": 0}
    for last in range(1, steps + 1, 1 if SOAK else 8):
        scene.world.clock.advance(2 * HOUR)
        assert scene.run("refresh", app, last=last)[0] == -9
        scene.world.clock.advance(LEASE)
        found = token_of(scene.world, scene.organization, app)
        (status,) = scene.world.call("apps.of_organization", scene.ann, organization=scene.organization)
        if scene.simulator.accepts(found):
            ends["good"] += 1
            assert status.health is AppHealth.FINE
        else:
            ends["consent"] += 1
            assert (found, status.health, status.problem) == ("revoked", AppHealth.CONSENT_NEEDED, "interrupted")
            app = _connected_again(scene, app)
    assert ends["good"] > ends["consent"]


def _connected_again(scene: Scene, app: str) -> str:
    scene.world.call("apps.disconnect", scene.ann, app, organization=scene.organization)
    made = scene.connect()
    assert scene.simulator.accepts(token_of(scene.world, scene.organization, made))
    return made
