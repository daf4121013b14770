"""An organization whose people connect an app (async source of the twin)."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from ctsec.connections import AccessToken, AppConnection, AppPolicy
from ctsec.principal import Principal
from ctsec.security.parts import EmbeddedOptions
from ctsec.testing import FixedClock
from ctsec.testing.apps import AppSimulator
from tests.services._async_world import AsyncWorld


class LateClock:
    """The clock of a world that is made later than what needs it."""

    def __init__(self) -> None:
        self.clock: FixedClock = FixedClock()

    def now(self) -> Any:
        """Return the time."""
        return self.clock.now()

    def monotonic(self) -> float:
        """Return the other time."""
        return self.clock.monotonic()


class AsyncAppScene:
    """Ann owns Acme, Bob and Mia are members; the app `files` is there to be connected."""

    def __init__(self, world: AsyncWorld, simulator: AppSimulator) -> None:
        self.world = world
        self.simulator = simulator
        self.ann: Any = None
        self.bob: Any = None
        self.organization: Any = ""

    async def prepare(self) -> None:
        """Make the people."""
        self.ann = await self.world.person("ann@acme.example")
        self.organization = (await self.world.organization(self.ann)).id
        self.bob = await self.world.member(self.organization, "bob@acme.example")

    async def connect(self, actor: Principal, *, own: bool = True, **more: Any) -> AppConnection:
        """Connect the app."""
        apps = self.world.security.apps
        begun: Any = await apps.begin(actor, self.simulator.name, organization=self.organization, own=own, **more)
        query = parse_qsl(self.simulator.visit(begun.url))
        done = await apps.complete(actor, self.simulator.name, parameters=query)
        assert isinstance(done, AppConnection), done
        return done

    async def token(self, actor: Principal, app: AppConnection) -> Any:
        """Ask for a token."""
        return await self.world.security.apps.get_token(actor, app.id, organization=self.organization)

    async def good(self, actor: Principal, app: AppConnection) -> str:
        """Return a token that the app accepts."""
        found = await self.token(actor, app)
        assert isinstance(found, AccessToken), found
        assert self.simulator.accepts(found.secret.reveal())
        return found.secret.reveal()


def scene_parts(**more: Any) -> tuple[AppSimulator, EmbeddedOptions, LateClock]:
    """Return an app, the options of a world that can connect it, and the clock that they share once the world is there."""
    clock = LateClock()
    known = {"issuer": more.pop("issuer", ""), "unused_life": more.pop("unused_life", None)}
    simulator = AppSimulator(clock, **more)
    return simulator, EmbeddedOptions(apps=AppPolicy(providers=(simulator.provider(**known),), fetcher=simulator)), clock
